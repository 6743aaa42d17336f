"""Models of the Hugging Face hub: which are on this machine, and bringing one. The one file that knows huggingface_hub.

Nothing is looked up online but by `pull`, which its owner asks for by name.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import EmbedderUnavailable, said

PULL = "coruja embedders pull"

_DESCRIBING = frozenset({".json", ".txt", ".model"})
_DESCRIPTIONS = ("modules.json", "config.json")  # one of them says what the model is
_WEIGHTS = frozenset({".safetensors", ".bin"})
_OTHER_FORMATS = ("onnx/*", "openvino/*", "*.onnx*", "*.h5", "*.ot", "*.msgpack", "*.gguf", "*.pt", "*.png", "*.jpg")

_ANSWER_SECONDS = 20.0


def stay_local() -> None:
    """Keep the hub's libraries from looking anything up and from printing; call it before any of them is imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def model_folder(name: str) -> Path | None:
    """Return the folder of a model that is on this machine; None when it is not.

    Args:
        name: A folder, or a hub name: `owner/model`.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        snapshot = _snapshot(name)
        if snapshot is None:
            return None
        folder = snapshot
    described = any((folder / name).is_file() for name in _DESCRIPTIONS)
    return folder if described and any(_files(folder, _WEIGHTS)) else None


def _snapshot(name: str) -> Path | None:
    """Return the hub's local copy of a model; what `pull` leaves out makes it no less whole."""
    stay_local()
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = [try_to_load_from_cache(name, file) for file in _DESCRIPTIONS]
    except HFValidationError:
        return None
    return next((Path(path).parent for path in found if isinstance(path, str)), None)


def content_id(folder: Path) -> str:
    """Identify what a model computes, in 16 characters.

    A folder of the hub's cache is named after its revision, which names its contents; that spares reading gigabytes at
    each start. Of any other folder, every file that decides over the vectors is hashed: weights, tokenizer,
    configuration (some seconds for 2 GB, which loading reads anyway).
    """
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return folder.name[:16]
    digest = hashlib.sha256()
    for path in sorted(_files(folder, _WEIGHTS | _DESCRIBING)):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """Yield the model's files of these kinds; exports for other engines lie in folders of their own."""
    for path in folder.rglob("*"):
        if path.suffix in suffixes and not {"onnx", "openvino"} & {*path.relative_to(folder).parts}:
            yield path


def pull(name: str, *, progress: bool = False) -> Path:
    """Download a model from the hub, and return its folder. What is here already is not downloaded again.

    Args:
        name: A hub name: `owner/model`.
        progress: Whether to show bars on standard error.

    Raises:
        EmbedderUnavailable: The hub cannot be reached, does not have the model, or wants its terms accepted first.
    """
    os.environ["HF_HUB_OFFLINE"] = "0"  # the owner asks for it; read when huggingface_hub is imported
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "0" if progress else "1"
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # what goes wrong is told below
    from huggingface_hub import HfApi, snapshot_download

    with explained(name):
        files = HfApi().model_info(name, timeout=_ANSWER_SECONDS).siblings or []
        same_again = ["*.bin"] if any(file.rfilename.endswith(".safetensors") for file in files) else []
        return Path(snapshot_download(name, ignore_patterns=[*_OTHER_FORMATS, *same_again]))


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn whatever bringing a model raises into `EmbedderUnavailable`."""
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        yield
    except GatedRepoError as error:
        message = f"The publisher of '{name}' wants its terms accepted first."
        raise EmbedderUnavailable(
            message, f"Accept them at https://huggingface.co/{name}, then: hf auth login"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise EmbedderUnavailable(f"The hub has no model '{name}'.", "See what is ready: coruja embedders") from error
    except Exception as error:  # no network, no space, or whatever the hub's HTTP library of the day raises
        message = f"'{name}' could not be downloaded ({said(error)})."
        raise EmbedderUnavailable(message, f"Check the network and the disk, then again: {PULL} {name}") from error
