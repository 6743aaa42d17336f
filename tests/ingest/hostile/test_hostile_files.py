"""Files that a parser fails on: each costs its own line in the report, and nothing else."""

from pathlib import Path

from commandline import coruja

from ingest.document import Document
from ingest.reading.corpus import Problem, read_documents

GOOD = "# Guia\n\nO atendimento começa às nove horas da manhã.\n"


HOSTILE = {
    "declaracao.md": "<div>\n<![foo[bar]]>\n</div>\n",
    "declaracao-aberta.md": "<div>\n<![",
    "lista-funda.md": "".join(f"{'  ' * level}- nível\n" for level in range(3000)),
    "citacao-funda.md": "> " * 20_000 + "fundo\n",
    "frente-de-listas.md": f"---\na: {'[' * 200_000}\n---\n\nTexto depois.\n",
    "frente-de-nomes.md": f"---\na: {'{b: ' * 60_000}\n---\n\nTexto depois.\n",
    "frente-de-itens.md": f"---\na:\n {'- ' * 100_000}\n---\n\nTexto depois.\n",
}


def test_files_that_a_parser_fails_on_cost_their_line_and_stop_no_other(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in {**HOSTILE, "guia.md": GOOD}.items():
        (corpus / name).write_text(text, encoding="utf-8")
    done = coruja(tmp_path, "index")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "nove horas" in coruja(tmp_path, "ask", "Quando começa o atendimento?").stdout
    told = [line for line in (done.stdout + done.stderr).splitlines() if any(name in line for name in HOSTILE)]
    problems = [line.split()[1].rstrip(":") for line in told if line.startswith("problem ")]
    assert len(problems) == len(told) == len(set(problems)), told
    assert (done.returncode == 3) == bool(problems)
    assert "guia.md" not in done.stdout + done.stderr


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
