"""The READMEs say what is there: every command and setting, and what is shown of a terminal or a program runs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import CORUJA, ROOT, environment
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from assistant.settings import TABLES, Settings
from ui.cli.app import app

ENGLISH = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = ("README.md", "README.pt-BR.md", "index/milvus/README.md")
READMES = {
    name: (ROOT / name).read_text("utf-8") for name in ("README.md", "README.pt-BR.md", "index/milvus/README.md")
}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"\bcoruja((?: +[^\s`#|&)\]]+)+)")
_SETTING_ROW = re.compile(r"^\| ((?:`[a-z_.]+`(?:, )?)+) \| (.+?) \|", re.MULTILINE)


def verbs(group: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield every command that can be typed, with its options."""
    command = group or get_command(app)
    assert isinstance(command, TyperGroup)
    for name, below in command.commands.items():
        if isinstance(below, TyperGroup):
            if below.invoke_without_command:
                yield (*path, name), options(below)
            yield from verbs(below, (*path, name))
        else:
            yield (*path, name), options(below)


def options(command: object) -> set[str]:
    return {option for parameter in getattr(command, "params", ()) for option in getattr(parameter, "opts", ())}


VERBS = dict(verbs())


def typed(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the commands that a text types, each as the longest verb that it begins with, and the words after it."""
    for match in _TYPED.finditer(text):
        words = match[1].split()
        named = tuple(words[:1])
        if words[0][0] in "-.<=" or not re.fullmatch(r"[a-z-]+", words[0]):
            continue  # "coruja --debug", or a sentence
        longest = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in VERBS), named)
        yield longest, words[len(longest) :]


@pytest.mark.parametrize("name", READMES)
def test_every_command_that_is_written_exists(name: str) -> None:
    found = list(typed(code_of(READMES[name])))
    assert found
    for verb, words in found:
        assert verb in VERBS, verb
        written = {word.strip("[]").partition("=")[0] for word in words if re.match(r"\[?--?[a-z]", word)}
        assert written <= VERBS[verb] | {"--workspace", "--debug"}, verb


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_help_of_every_verb_shows_how_to_name_the_workspace(verb: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*verb, "--help"])
    assert shown.exit_code == 0
    assert "--workspace" in shown.output


def code_of(text: str) -> str:
    """Return what a text has between backticks and on indented lines."""
    return "\n".join(
        inline or line for inline, line in re.findall(r"`([^`\n]+)`|^(?:    |\$ )(.*)$", text, re.MULTILINE)
    )


def test_every_command_is_in_the_readme() -> None:
    assert set(VERBS) - {verb for verb, _ in typed(code_of(ENGLISH))} == set()


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    table = ENGLISH[ENGLISH.index("| setting |") :].partition("\n\n")[0]
    rows = [(re.findall(r"`([^`]+)`", names), default) for names, default in _SETTING_ROW.findall(table)]
    known = {name: field.default for name, field in Settings.model_fields.items() if name not in TABLES}
    for table, model in TABLES.items():
        known |= {f"{table}.{name}": field.default for name, field in model.model_fields.items()}
    assert {name for names, _ in rows for name in names} == set(known)
    for (name, *others), default in rows:
        if default.startswith("`") and not others:
            value = known[name]
            shown = f"{value:g}" if isinstance(value, float) else "[]" if value == () else str(value)
            assert default.strip("`") == shown


@pytest.fixture
def folder(page_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of the shipped page, indexed, that a block may change."""
    return Path(shutil.copytree(page_workspace, tmp_path / "workspace", dirs_exist_ok=True))


CONSOLE = [block for text in READMES.values() for kind, block in _BLOCK.findall(text) if kind == "console"]
PYTHON = [block for text in READMES.values() for kind, block in _BLOCK.findall(text) if kind == "python"]


@pytest.mark.parametrize("block", CONSOLE)
def test_what_is_shown_of_a_terminal_is_what_it_shows(folder: Path, block: str) -> None:
    shown = [part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    for command, _, expected in shown:
        words = shlex.split(command)
        assert words[0] == "coruja"
        run = subprocess.run(
            [CORUJA, *words[1:]], cwd=folder, env=environment(), capture_output=True, encoding="utf-8", check=True
        )
        pattern = ".*".join(map(re.escape, expected.strip().split("…")))
        assert re.fullmatch(pattern, run.stdout.strip()), run.stdout


@pytest.mark.parametrize("block", PYTHON)
def test_what_is_shown_of_a_program_runs(folder: Path, block: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", block], cwd=folder, env={**os.environ, **environment()}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_there_is_something_to_run() -> None:
    assert CONSOLE
    assert PYTHON
