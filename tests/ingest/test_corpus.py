"""A folder of mixed files: every good one is read, every bad one gives one line."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest
from bad_files import HTML, docx_bytes, pdf_bytes, write_mixed_corpus

from ingest.document import Document
from ingest.errors import CorpusError
from ingest.reading.corpus import Problem, Unchanged, read_documents
from ingest.splitting.splitter import split

LIMIT = 400_000


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Document | Problem], set[str], dict[str, str]]:
    root = tmp_path_factory.mktemp("misto")
    good, bad = write_mixed_corpus(root)
    found = read_documents(root / "corpus", max_bytes=LIMIT)
    return [each for each in found if not isinstance(each, Unchanged)], good, bad


def test_no_good_file_is_lost_and_every_bad_one_gives_one_line(
    mixed: tuple[list[Document | Problem], set[str], dict[str, str]],
) -> None:
    found, good, bad = mixed
    problems = [entry for entry in found if isinstance(entry, Problem)]
    assert {entry.doc_id for entry in found if isinstance(entry, Document)} == good
    assert sorted(problem.path for problem in problems) == sorted(bad)
    for problem in problems:
        assert bad[problem.path] in problem.why
        assert problem.fix
        assert "\n" not in problem.why + problem.fix


def test_the_order_is_that_of_the_ids(mixed: tuple[list[Document | Problem], set[str], dict[str, str]]) -> None:
    names = [entry.path if isinstance(entry, Problem) else entry.doc_id for entry in mixed[0]]
    assert names == sorted(names)


def test_every_good_file_gives_chunks(mixed: tuple[list[Document | Problem], set[str], dict[str, str]]) -> None:
    for entry in mixed[0]:
        if isinstance(entry, Document):
            assert split(entry), entry.doc_id


def test_a_folder_that_is_missing_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="There is no folder"):
        read_documents(tmp_path / "nada")
    (tmp_path / "arquivo").write_text("x", encoding="utf-8")
    with pytest.raises(CorpusError, match="There is no folder"):
        read_documents(tmp_path / "arquivo")


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert list(read_documents(tmp_path)) == []


def test_a_corpus_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Olá.\n", encoding="utf-8")
    (tmp_path / "corpus").symlink_to(tmp_path / "docs")
    assert [getattr(entry, "doc_id", "") for entry in read_documents(tmp_path / "corpus")] == ["a.md"]


def test_ids_are_composed_and_two_names_that_look_alike_are_told(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "ação.md")).write_text("Olá.\n", encoding="utf-8")
    first, second = read_documents(tmp_path)
    assert isinstance(first, Document)
    assert isinstance(second, Problem)
    assert first.doc_id == second.path == "ação.md"


def test_names_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"mau\xff.md")).write_text("Olá.\n", encoding="utf-8")
    (tmp_path / "linha\nnova.md").write_text("Olá.\n", encoding="utf-8")
    problems = list(read_documents(tmp_path))
    assert all(isinstance(problem, Problem) and problem.path.isprintable() for problem in problems)
    assert len(problems) == 2


def test_what_may_not_be_read_is_told() -> None:
    # The reader runs as a user without rights: the tests themselves may run as root, to whom nothing is forbidden.
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name)
        (corpus / "pasta").mkdir()
        for path in (corpus / "aberto.md", corpus / "fechado.md"):
            path.write_text("Olá.\n", encoding="utf-8")
        corpus.chmod(0o755)
        (corpus / "fechado.md").chmod(0)
        (corpus / "pasta").chmod(0)
        code = (
            "import os, sys; from pathlib import Path; from ingest.reading.corpus import read_documents, Problem\n"
            "os.geteuid() or os.seteuid(65534)\n"
            "for entry in read_documents(Path(sys.argv[1])):\n"
            "    print(entry.path if isinstance(entry, Problem) else 'ok ' + entry.doc_id)\n"
        )
        run = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True, timeout=60)
        (corpus / "pasta").chmod(0o755)
    assert run.stdout.splitlines() == ["ok aberto.md", "fechado.md", "pasta"]


# --- one file --------------------------------------------------------------------------------------------------------


def read(tmp_path: Path, name: str, data: bytes) -> Document:
    (tmp_path / name).write_bytes(data)
    (document,) = read_documents(tmp_path)
    assert isinstance(document, Document)
    return document


def test_markdown_keeps_its_front_matter_in_the_text(tmp_path: Path) -> None:
    text = "---\ntitle: 'Guia: início'\ndata: 2024-01-02\ntags: [a, b]\nvazio:\n---\n# Outro\n\nTexto.\n"
    document = read(tmp_path, "a.md", text.encode())
    assert document.text == text
    assert document.title == "Guia: início"
    assert document.metadata == {"title": "Guia: início", "data": "2024-01-02", "tags": "a, b"}
    assert document.content_hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "head",
    [
        "---\ntitle: [aberto\n---\n",
        "---\n- lista\n---\n",
        "---\ntitle: sem fim\n\n",
        "---\ntitle: &a [*a]\n---\n",
        "---\nTexto entre linhas, sem chave.\n---\n",
        "---\n---\n",
        "---\na: !!python/object:os.system x\n---\n",
    ],
)
def test_a_broken_front_matter_does_not_lose_the_document(tmp_path: Path, head: str) -> None:
    document = read(tmp_path, "a.md", f"{head}Corpo do texto.\n".encode())
    assert document.text == f"{head}Corpo do texto.\n"
    assert any("Corpo do texto." in chunk.plain for chunk in split(document))


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# **Guia** de `uso` {#guia}\n", "Guia de uso"),
        ("```sh\n# comentário\n```\n\n## Seção\n", "Seção"),
        ("Título\n======\n\nTexto\n", "Título"),
        ("Só texto.\n", "arquivo"),
    ],
)
def test_titles(tmp_path: Path, text: str, title: str) -> None:
    assert read(tmp_path, "arquivo.md", text.encode()).title == title


def test_line_ends_and_marks_do_not_move_the_lines(tmp_path: Path) -> None:
    document = read(tmp_path, "a.txt", "\ufeffum\r\ndois\rtrês\n".encode())
    assert document.text == "um\ndois\ntrês\n"


def test_html_says_no_script_and_keeps_its_title(tmp_path: Path) -> None:
    document = read(tmp_path, "a.html", HTML.encode("cp1252"))
    assert document.title == "Guia & ajuda"
    said = "\n".join(chunk.plain for chunk in split(document))
    assert "Porta: o serviço escuta na porta 8080 por padrão." in said
    assert "List<Integer>" in said
    for hidden in ("nunca", "tampouco", "color"):
        assert hidden not in document.text


def test_pdf_says_its_text(tmp_path: Path) -> None:
    document = read(tmp_path, "a.pdf", pdf_bytes("O contrato dura doze meses.", "A multa é de dez por cento."))
    said = "\n".join(chunk.plain for chunk in split(document))
    assert "O contrato dura doze meses." in said
    assert "A multa é de dez por cento." in said


def test_docx_keeps_headings_items_and_rows(tmp_path: Path) -> None:
    document = read(tmp_path, "a.docx", docx_bytes())
    assert document.title == "Política de férias"
    chunks = split(document)
    assert [(chunk.kind, chunk.subject) for chunk in chunks] == [
        ("prose", ""),
        ("item", "Resposta"),
        ("item", "Abono"),
        ("row", "Analista"),
    ]
    assert chunks[-1].plain == "Cargo: Analista; Dias: 30"
    assert chunks[-1].headings == ("Política de férias", "Prazos")


def test_reading_markdown_imports_no_converter(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Olá\n\nTexto.\n", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from ingest.reading.corpus import read_documents; from ingest.splitting.splitter import split\n"
        "print([len(split(document)) for document in read_documents(Path(sys.argv[1]))])\n"
        "print(sorted({'markitdown', 'langchain_text_splitters', 'bs4', 'pdfminer'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.splitlines() == ["[1]", "[]"]
