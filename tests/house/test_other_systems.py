"""What Windows and macOS lack, as far as Linux can tell: see `other_system/sitecustomize.py`, and LOG.md."""

import json
import os
import pty
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from bad_files import docx_bytes
from browser import serving
from commandline import CORUJA, PAGE, coruja, environment, workspace

ELSEWHERE = {"PYTHONPATH": str(Path(__file__).with_name("other_system")), "PYTHONWARNINGS": "ignore"}
QUESTION = "O que faz o SageMaker Clarify?"
ANSWER = "Detecta vieses e fornece explicabilidade"


def elsewhere(folder: Path, *words: str) -> str:
    """Run a command where Unix is missing, see that it says nothing but its result, and return that."""
    run = coruja(folder, *words, CORUJA_WRITER="extractive", **ELSEWHERE)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import fcntl",
        "import os; os.fork()",
        "import os; os.open('.', os.O_RDONLY)",
        "import os; held = open('held', 'w'); os.replace('held', 'other')",
        "import os; open('held', 'w').close(); os.fsync(os.open('held', os.O_RDONLY))",
    ],
)
def test_the_simulation_refuses(tmp_path: Path, code: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(**ELSEWHERE), capture_output=True, text=True
    )
    assert run.returncode == 1
    assert any(name in run.stderr for name in ("ModuleNotFoundError", "AttributeError", "PermissionError", "OSError"))


def test_an_index_is_built_edited_and_taken_back(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "corpus" / "contrato.docx").write_bytes(docx_bytes())
    assert "Indexed 2 documents" in elsewhere(folder, "index")
    note = folder / "corpus" / "nota.md"
    for prey in ("ratos", "gafanhotos", "lagartos", "morcegos"):
        note.write_text(f"# Corujas\n\nA coruja-das-torres caça {prey} à noite.\n", encoding="utf-8")
        elsewhere(folder, "index")
    assert "morcegos" in elsewhere(folder, "ask", "O que a coruja-das-torres caça?")
    assert len(json.loads(elsewhere(folder, "generations", "list", "--json"))["generations"]) == 3
    elsewhere(folder, "generations", "rollback")
    assert "lagartos" in elsewhere(folder, "ask", "O que a coruja-das-torres caça?")
    assert len(json.loads(elsewhere(folder, "generations", "prune", "--keep", "1", "--json"))["removed"]) == 2
    assert ANSWER in elsewhere(folder, "ask", QUESTION)


def test_what_a_running_page_holds_open_is_removed_later(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    elsewhere(folder, "index")
    with serving(folder, CORUJA_WRITER="extractive", **ELSEWHERE):
        for line in ("um", "dois", "três", "quatro"):
            (folder / "corpus" / "nota.md").write_text(f"# Nota\n\nLinha {line} da nota.\n", encoding="utf-8")
            run = coruja(folder, "index", **ELSEWHERE)
            assert run.returncode == 0 or "Another process is indexing" in run.stderr, run.stderr
    # Without `fcntl` the lock is a file, which the page leaves when it is killed while it indexes; Windows' locks go.
    for lock in folder.rglob("write.lock"):
        lock.unlink()
    elsewhere(folder, "index")
    elsewhere(folder, "generations", "prune", "--keep", "1")
    assert len(json.loads(elsewhere(folder, "generations", "list", "--json"))["generations"]) == 1


def test_chat_in_a_terminal_without_readline_in_cp1252(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    assert coruja(folder, "index").returncode == 0
    leader, follower = pty.openpty()
    settings = environment(PYTHONIOENCODING="cp1252", CORUJA_WRITER="extractive", **ELSEWHERE)
    child = subprocess.Popen(
        [CORUJA, "chat"], cwd=folder, env=settings, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.close(follower)
    os.write(leader, f"{QUESTION}\n/quit\n".encode("cp1252"))
    said, errors = child.communicate(timeout=120)
    os.close(leader)
    assert child.returncode == 0, errors
    assert ANSWER in said.decode("cp1252")


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "ascii"])
def test_json_loses_nothing_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    folder = workspace(tmp_path, corujas="# 🦉 Corujas\n\nA coruja-das-torres caça ratos → à noite.\n")
    words = ["search", "--json", "coruja ratos"]
    wanted = json.loads(coruja(folder, *words).stdout)
    assert "🦉" in json.dumps(wanted, ensure_ascii=False)
    assert json.loads(coruja(folder, *words, PYTHONIOENCODING=encoding).stdout) == wanted


@pytest.mark.parametrize(
    "words",
    [
        ["index"],
        ["ask", QUESTION],
        ["search", "Clarify"],
        ["doctor"],
        ["embedders"],
        ["models"],
        ["prompts"],
        ["--help"],
    ],
    ids=lambda words: words[0],
)
def test_every_verb_prints_in_cp1252(tmp_path: Path, words: list[str]) -> None:
    folder = workspace(tmp_path, corujas="# 🦉 Corujas\n\nA coruja caça ratos → à noite; SageMaker Clarify.\n")
    run = subprocess.run(
        [CORUJA, *words], cwd=folder, env=environment(PYTHONIOENCODING="cp1252"), capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert b"Traceback" not in run.stderr
    assert run.stdout.decode("cp1252").strip()


def test_line_ends_and_the_form_of_names_change_nothing(tmp_path: Path) -> None:
    """What Windows saves ends in CR LF, and macOS may take file names apart into letters and accents."""
    answers = []
    for system, name, text in (
        ("linux", "coração.md", PAGE.read_bytes()),
        ("windows", "coração.md", PAGE.read_bytes().replace(b"\n", b"\r\n")),
        ("macos", unicodedata.normalize("NFD", "coração.md"), PAGE.read_bytes()),
    ):
        corpus = tmp_path / system / "corpus"
        corpus.mkdir(parents=True)
        (corpus / name).write_bytes(text)
        answer = json.loads(coruja(corpus.parent, "ask", "--json", QUESTION, CORUJA_WRITER="extractive").stdout)
        answers.append((answer["answer"], answer["citations"]))
    assert answers[0][1][0]["doc"] == "coração.md"
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_written_on_windows(tmp_path: Path, encoding: str) -> None:
    """Notepad puts a mark before UTF-8, PowerShell's `>` writes UTF-16, and lines end in CR LF."""
    shutil.copytree(PAGE.parent, tmp_path / "documentos")
    (tmp_path / "coruja.toml").write_bytes('corpus = "documentos"\r\nwriter = "extractive"\r\n'.encode(encoding))
    assert ANSWER in coruja(tmp_path, "ask", QUESTION).stdout
