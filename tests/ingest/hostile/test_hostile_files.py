"""Files that a parser fails on: each costs its own line in the report, and nothing else."""

from pathlib import Path

import pytest
from commandline import coruja

from ingest.document import Document
from ingest.reading.corpus import Problem, read_documents

GOOD = "# Guia\n\nO atendimento começa às nove horas da manhã.\n"


def indexed_beside_a_good_file(tmp_path: Path, name: str, data: bytes) -> str:
    """Index a file beside a good one, see that the good one answers, and return what was said of the file."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / name).write_bytes(data)
    (corpus / "guia.md").write_text(GOOD, encoding="utf-8")
    done = coruja(tmp_path, "index")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    answer = coruja(tmp_path, "ask", "Quando começa o atendimento?")
    assert "nove horas" in answer.stdout
    lines = [line for line in (done.stdout + done.stderr).split("\n") if name in line]
    assert (done.returncode == 3) == bool(lines)
    return "\n".join(lines)


def nested_quotes(depth: int) -> str:
    return "> " * depth + "fundo\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("declaracao.md", "<div>\n<![foo[bar]]>\n</div>\n"),
        ("declaracao-aberta.md", "<div>\n<!["),
        ("lista-funda.md", "".join(f"{'  ' * level}- nível\n" for level in range(3000))),
        ("citacao-funda.md", nested_quotes(20_000)),
    ],
)
def test_a_markdown_file_that_a_parser_fails_on_stops_no_other(tmp_path: Path, name: str, text: str) -> None:
    said = indexed_beside_a_good_file(tmp_path, name, text.encode())
    assert said.count("\n") == 0


@pytest.mark.parametrize("front", ["a: " + "[" * 200_000, "a: " + "{b: " * 60_000, "a:\n " + "- " * 100_000])
def test_front_matter_nested_too_deep_is_read_as_none(tmp_path: Path, front: str) -> None:
    indexed_beside_a_good_file(tmp_path, "fundo.md", f"---\n{front}\n---\n\nTexto depois.\n".encode())


def test_front_matter_with_brackets_in_its_texts_is_read(tmp_path: Path) -> None:
    front = 'title: "Guia [novo]"\ntags: [férias, {a: b}, "[[["]\nnotas: ver ' + "[x] " * 200
    (tmp_path / "guia.md").write_text(f"---\n{front}\n---\n\nTexto.\n", encoding="utf-8")
    (document,) = read_documents(tmp_path)
    assert isinstance(document, Document)
    assert document.title == "Guia [novo]"


def test_front_matter_that_names_itself_again_and_again_is_bounded(tmp_path: Path) -> None:
    levels = "\n".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 40))
    (tmp_path / "bomba.md").write_text(f"---\na0: &a0 [x]\n{levels}\n---\n\nTexto.\n", encoding="utf-8")
    (found,) = read_documents(tmp_path)
    assert isinstance(found, Document | Problem)
