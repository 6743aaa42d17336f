"""What a person gets wrong, and what the terminal and the documents may do to the command line."""

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commandline import CORUJA, coruja, environment, workspace

ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose index is built, with a document that holds terminal escapes."""
    hostile = f"# Cores\n\nA coruja {ESCAPE}[31mvermelha{ESCAPE}]0;tomado{ESCAPE}\\ caça [bold]ratos[/bold] à noite.\n"
    folder = workspace(tmp_path_factory.mktemp("indexed"), hostil=hostile)
    assert coruja(folder, "index").returncode == 0
    return folder


def told(run: "subprocess.CompletedProcess[str]") -> tuple[str, str]:
    """Return what happened and the next step, as a person reads them."""
    assert "Traceback" not in run.stderr
    lines = run.stderr.splitlines()
    error = next(line.removeprefix("error: ") for line in lines if line.startswith("error: "))
    return error, next((line.removeprefix("next: ") for line in lines if line.startswith("next: ")), "")


def test_no_workspace(tmp_path: Path) -> None:
    run = coruja(tmp_path, "ask", "O que é isto?")
    error, step = told(run)
    assert run.returncode == 1
    assert str(tmp_path) in error
    assert "--workspace" in step
    assert run.stdout == ""


def test_workspace_that_does_not_exist(tmp_path: Path) -> None:
    run = coruja(tmp_path, "--workspace", "não/existe", "ask", "O que é isto?")
    assert run.returncode == 1
    assert "não" in told(run)[0]


def test_empty_corpus(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for words in (["index"], ["ask", "O que é isto?"]):
        run = coruja(tmp_path, *words)
        assert run.returncode == 1
        assert told(run)[1]


def test_corpus_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "lista.txt").write_text("texto", encoding="utf-8")
    run = coruja(tmp_path, "index", "lista.txt")
    assert run.returncode == 1
    assert "lista.txt" in told(run)[0]
    assert not (tmp_path / "coruja.toml").exists()


@pytest.mark.parametrize(
    ("words", "error", "step"),
    [
        (
            ["ask", "--writer", "poeta", "O que é isto?"],
            "The setting 'writer' cannot be 'poeta': it has to be 'auto', 'extractive' or 'ollama'.",
            "For example: --writer auto",
        ),
        (
            ["search", "-k", "0", "isto"],
            "The setting 'k' cannot be 0: it has to be a number from 1 to 100.",
            "For example: -k 10",
        ),
        (["ask", "-k", "0", "isto"], "The setting 'k' cannot be 0: it has to be a number from 1 to 100.", "-k 10"),
        (
            ["ui", "--port", "70000"],
            "The setting 'port' cannot be 70000: it has to be a number from 0 to 65535.",
            "--port",
        ),
        (["eval", "run", "aws_sagemaker", "--tag", "nope"], "with the tag 'nope'.", "--tag dev or --tag test"),
    ],
)
def test_option_with_an_unusable_value(indexed: Path, words: list[str], error: str, step: str) -> None:
    run = coruja(indexed, *words)
    assert run.returncode == 1
    assert error in told(run)[0]
    assert step in told(run)[1]
    assert len(run.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("CORUJA_K", "muitos", "The setting 'k' cannot be 'muitos': it has to be a number from 1 to 100."),
        ("CORUJA_INDEX__STORE", "nuvem", "The setting 'index.store' cannot be 'nuvem'"),
        ("CORUJA_KEEP_ALIVE", "sempre", "How long Ollama keeps the model in memory: 10m, 0, or -1 for ever."),
        ("CORUJA_REDACT", "rg", "The setting 'redact' cannot be 'rg'"),
    ],
)
def test_environment_with_an_unusable_value(indexed: Path, variable: str, value: str, error: str) -> None:
    run = coruja(indexed, "search", "isto", **{variable: value})
    assert run.returncode == 1
    assert error in told(run)[0]
    assert told(run)[1] == f"Correct {variable}, or unset it."


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [("CORUJA_WRITTER", "writer"), ("CORUJA_INDEX_STORE", "index.store"), ("CORUJA_INDEX__STOER", "index.store")],
)
def test_unknown_variable_in_the_environment(indexed: Path, variable: str, nearest: str) -> None:
    run = coruja(indexed, "ask", "O que é o Canvas?", **{variable: "ollama"})
    error, step = told(run)
    assert run.returncode == 1
    assert variable in error
    assert step.startswith(f"Did you mean '{nearest}'? Otherwise unset {variable}.")


def test_variable_unlike_any_setting(indexed: Path) -> None:
    run = coruja(indexed, "ask", "O que é o Canvas?", CORUJA_ZZZZ="1")
    error, step = told(run)
    assert "CORUJA_ZZZZ" in error
    assert step.startswith("Unset CORUJA_ZZZZ. Settings are: writer, ")


@pytest.mark.parametrize(
    ("written", "unknown", "nearest"),
    [('writter = "extractive"', "writter", "writer"), ('[index]\nstoer = "faiss"', "index.stoer", "index.store")],
)
def test_unknown_setting_in_the_file(tmp_path: Path, written: str, unknown: str, nearest: str) -> None:
    folder = workspace(tmp_path)
    (folder / "coruja.toml").write_text(f"{written}\n", encoding="utf-8")
    run = coruja(folder, "ask", "O que é o Canvas?")
    error, step = told(run)
    assert run.returncode == 1
    assert f"'{unknown}'" in error
    assert "coruja.toml" in error
    assert step.startswith(f"Did you mean '{nearest}'? Otherwise remove it from coruja.toml.")


def test_settings_file_that_is_not_toml(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "coruja.toml").write_text("isto não é TOML", encoding="utf-8")
    run = coruja(folder, "ask", "O que é o Canvas?")
    assert run.returncode == 1
    assert "coruja.toml" in told(run)[0]


def test_embedder_that_is_not_on_this_machine(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    run = coruja(folder, "index", CORUJA_EMBEDDER="ninguem/modelo-que-nao-existe")
    error, step = told(run)
    assert run.returncode == 1
    assert "ninguem/modelo-que-nao-existe" in error
    assert step
    assert not list((folder / ".coruja").rglob("*.sqlite")), "nothing is half built"


@pytest.mark.extras
def test_index_of_another_embedder(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    assert coruja(folder, "index").returncode == 0
    run = coruja(folder, "search", "Canvas", CORUJA_EMBEDDER="minilm")
    assert run.returncode == 1
    assert "minilm" in told(run)[0]
    assert "coruja index" in told(run)[1]


def test_data_set_that_does_not_exist(indexed: Path) -> None:
    run = coruja(indexed, "eval", "run", "nada.jsonl")
    assert run.returncode == 1
    assert "nada.jsonl" in told(run)[0]


def test_repair_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    good = tmp_path / "bom.txt"
    good.write_text("Ação e reação.\n", encoding="utf-8")
    run = coruja(tmp_path, "repair", "sumido.txt", "bom.txt")
    assert run.returncode == 1
    assert "sumido.txt" in told(run)[0]
    assert "bom.txt: nothing to repair" in run.stdout


@pytest.mark.parametrize("words", [["perguntar"], ["ask"], ["ask", "--colour", "x"], ["eval"]])
def test_command_typed_wrong(indexed: Path, words: list[str]) -> None:
    run = coruja(indexed, *words)
    assert run.returncode == 2
    assert "Usage:" in run.stderr + run.stdout
    assert "Traceback" not in run.stderr


def test_error_as_json(tmp_path: Path) -> None:
    run = coruja(tmp_path, "ask", "--json", "O que é isto?")
    error = json.loads(run.stdout)
    assert run.returncode == 1
    assert set(error) == {"error", "next", "kind"}
    assert error["error"] == told(run)[0]


def test_traceback_only_on_request(tmp_path: Path) -> None:
    run = coruja(tmp_path, "--debug", "ask", "O que é isto?")
    assert run.returncode == 1
    assert "Traceback" in run.stderr


def test_no_control_character_of_a_document_reaches_the_terminal(indexed: Path) -> None:
    for words in (["search", "coruja vermelha"], ["ask", "O que a coruja caça à noite?"]):
        run = coruja(indexed, *words)
        assert "[bold]ratos[/bold]" in run.stdout
        assert ESCAPE not in run.stdout


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_in_a_terminal_that_wants_them(indexed: Path, settings: dict[str, str], coloured: bool) -> None:
    screen = on_terminal(["search", "-k", "1", "Canvas"], indexed, {"TERM": "xterm-256color", **settings})
    assert "Canvas" in screen
    assert (f"{ESCAPE}[1;36m" in screen) is coloured


def on_terminal(words: list[str], folder: Path, settings: dict[str, str]) -> str:
    """Run a command whose output is a terminal, and return what the screen is sent."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [CORUJA, *words], cwd=folder, env=environment(**settings), stdout=follower, stderr=follower
    )
    os.close(follower)
    screen = b""
    try:
        while piece := os.read(leader, 65536):
            screen += piece
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(leader)
    assert child.wait(timeout=60) == 0
    return screen.decode()


@pytest.mark.parametrize(
    "words",
    [
        ["search", "-k", "10", "SageMaker"],
        ["search", "--json", "SageMaker"],
        ["ask", "O que é o SageMaker?"],
        ["ask", "--json", "O que é o SageMaker?"],
        ["index"],
        ["--version"],
        ["--debug", "generations", "list"],
    ],
)
def test_reader_that_goes_away(indexed: Path, words: list[str]) -> None:
    """`coruja search … | head -0`: a closed pipe is no error to tell, nor one to report."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    run = subprocess.run(
        [str(CORUJA), *words],
        cwd=indexed,
        env=environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert (run.returncode, "" if words == ["index"] else run.stderr) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ["search", "--workspace", "{}", "SageMaker"],
        ["search", "SageMaker", "--workspace={}"],
        ["generations", "list", "--workspace", "{}"],
        ["--workspace", "{}", "generations", "list"],
    ],
)
def test_the_workspace_is_named_before_or_after_the_verb(indexed: Path, tmp_path: Path, words: list[str]) -> None:
    run = coruja(tmp_path, *(word.format(indexed) for word in words))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_a_workspace_without_a_folder_or_in_a_question(indexed: Path) -> None:
    run = coruja(indexed, "index", "--workspace")
    assert run.returncode == 2
    assert "requires an argument" in run.stderr
    assert coruja(indexed, "search", "--", "--workspace").returncode == 0


def test_interrupt_ends_quietly(indexed: Path) -> None:
    child = subprocess.Popen(
        [CORUJA, "chat"],
        cwd=indexed,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert child.stderr.readline().startswith("Ask away")
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors == ""


def test_ascii_terminal(indexed: Path) -> None:
    run = coruja(indexed, "search", "-k", "1", "Canvas", PYTHONIOENCODING="ascii")
    assert run.returncode == 0
    assert "Canvas" in run.stdout
