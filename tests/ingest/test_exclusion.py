"""What the owner leaves out of the corpus is neither read nor served, whatever it is."""

from pathlib import Path

import pytest
from commandline import coruja

from ingest.errors import SettingsError
from ingest.exclusion import Exclusion
from ingest.reading.corpus import Problem, corpus_checksum, read_documents

FILES = (
    "guia.md",
    "drafts/plano.md",
    "web/node_modules/pacote/leia.md",
    "node_modules/leia.md",
    "notas/drafts/plano.md",
    "notas/ata.tmp.md",
    ".oculta/segredo.md",
    "notas/.oculta/segredo.md",
    "._guia.md",
    "notas/._ata.docx",
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n\nO cofre abre às nove.\n", encoding="utf-8")
    return tmp_path / "corpus"


def ids(corpus: Path, *patterns: str) -> list[str]:
    found = read_documents(corpus, exclude=Exclusion(patterns))
    return [entry.path if isinstance(entry, Problem) else entry.doc_id for entry in found]


def test_hidden_folders_and_the_files_of_macos_are_left_out_unasked(corpus: Path) -> None:
    assert ids(corpus) == sorted(name for name in FILES if "/." not in f"/{name}")


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        (["**/node_modules/**", "drafts/**"], {FILES[1], FILES[2], FILES[3]}),
        (["drafts/"], {FILES[1], FILES[4]}),
        (["*.tmp.md", "/guia.md"], {FILES[0], FILES[5]}),
        (["*", "!guia.md"], {*FILES} - {"guia.md"}),
        (["# comentário", ""], set[str]()),
    ],
)
def test_patterns_are_those_of_gitignore(corpus: Path, patterns: list[str], gone: set[str]) -> None:
    assert {*ids(corpus, *patterns)} == {*ids(corpus)} - gone


def test_a_bad_file_that_is_excluded_is_no_problem(corpus: Path) -> None:
    (corpus / "quebrado.pdf").write_bytes(b"nada")
    (corpus / "aponta.md").symlink_to(corpus / "nada.md")
    assert {"quebrado.pdf", "aponta.md"} <= {*ids(corpus)}
    assert not {"quebrado.pdf", "aponta.md"} & {*ids(corpus, "quebrado.*", "aponta.md")}


def test_the_shards_of_a_corpus_agree_on_what_is_left_out(corpus: Path) -> None:
    before = corpus_checksum(corpus, Exclusion(["drafts/"]))
    (corpus / "drafts" / "outro.md").write_text("Outro.\n", encoding="utf-8")
    assert corpus_checksum(corpus, Exclusion(["drafts/"])) == before
    assert corpus_checksum(corpus) != before


def test_a_pattern_that_cannot_be_read_is_told() -> None:
    with pytest.raises(SettingsError, match="excluded"):
        Exclusion(["a/", "!"])


def test_a_document_newly_excluded_disappears_and_comes_back(corpus: Path) -> None:
    folder = corpus.parent
    (corpus / "drafts" / "plano.md").write_text("# Plano\n\nA senha secreta é troca-tudo.\n", encoding="utf-8")
    assert coruja(folder, "index").returncode == 0
    assert "troca-tudo" in coruja(folder, "search", "senha secreta").stdout
    (folder / "coruja.toml").write_text('exclude = ["drafts/**"]\n', encoding="utf-8")
    assert "documents, " in coruja(folder, "index").stdout
    assert "troca-tudo" not in coruja(folder, "search", "senha secreta").stdout
    assert coruja(folder, "index", CORUJA_EXCLUDE="guia.md, notas/").returncode == 0
    assert "troca-tudo" in coruja(folder, "search", "senha secreta").stdout
    wrong = coruja(folder, "index", CORUJA_EXCLUDE="!")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (1, False)
    assert ".gitignore" in wrong.stderr
