"""Files that a parser fails on: each costs its own line in the report, and nothing else."""

from pathlib import Path

import pytest
from commandline import coruja

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
