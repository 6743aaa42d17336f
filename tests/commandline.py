"""Runs the installed `coruja` command as a person would, on workspaces made for a test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "corpus" / "aws-sagemaker-e-seguranca.md"
CORUJA = Path(sys.executable).with_name("coruja")

NO_OLLAMA = "http://127.0.0.1:9"
"""Nobody listens on the discard port: these tests go without a model even where one is installed."""

USUAL = {"CORUJA_OLLAMA_URL": NO_OLLAMA, "CORUJA_MEANING": "false"}
"""Loading the encoder takes as long as indexing: those that test what it does ask for it."""


def environment(**settings: str) -> dict[str, str]:
    """Return this environment without any setting of Coruja's but `USUAL` and the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CORUJA_")}
    return {**kept, **USUAL, **settings}


def coruja(folder: Path, *words: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and return what it printed and its exit status.

    Args:
        folder: Where the command is typed.
        words: What follows `coruja`.
        stdin: What is typed into it.
        settings: Environment variables.
    """
    return subprocess.run(
        [CORUJA, *words],
        cwd=folder,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


def workspace(parent: Path, **documents: str) -> Path:
    """Make a workspace with the shipped page and more documents, in a folder with blanks and accents in its name."""
    folder = parent / "Área de trabalho"
    (folder / "corpus" / "guia rápido").mkdir(parents=True)
    shutil.copy(PAGE, folder / "corpus" / "guia rápido" / "página.md")
    for name, text in documents.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    return folder
