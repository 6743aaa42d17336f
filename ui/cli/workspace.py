"""The workspace as a whole: `doctor` examines it, `ui` opens the page on it."""

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import UserError
from ui.cli import console
from ui.cli.call import Json, called
from ui.cli.indexing import show_report

if TYPE_CHECKING:
    from assistant.workspace.build import BuildReport
    from ui.doctor import Check


def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Say what works, what is missing, and the command that mends it."""
    from ui.doctor import examine, works

    checks = examine(called(ctx).workspace)
    if as_json:
        console.print_json({"works": works(checks), "checks": [check.to_dict() for check in checks]})
    else:
        _print_checks(checks)
    if not works(checks):
        raise typer.Exit(1)


def _print_checks(checks: "Sequence[Check]") -> None:
    """Print what the doctor found, one line for each check and one for each fix."""
    for check in checks:
        mark, style = ("ok", "green") if check.ok else ("MISSING", "bold red") if check.needed else ("--", "yellow")
        console.show((f"{mark:<8}", style), f"{check.name:<10}", console.one_line(check.found))
        if check.fix:
            console.show(" " * 18, ("next: ", "bold"), console.one_line(check.fix))


def ui(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port; a free one is taken if it is busy.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in the browser.")] = False,
) -> None:
    """Open the chat page on this machine (127.0.0.1)."""
    call = called(ctx)
    assistant = call.open(port=port)
    from assistant.workspace.folder import corpus_folder
    from assistant.workspace.watch import following, watching
    from ui.web.examples import example_questions
    from ui.web.page import serve

    questions = example_questions(assistant.index.topics())
    workspace, settings = call.settings()[0], assistant.settings

    def announce(line: str) -> None:
        typer.echo(f"{line}\nnext: {_what_next(corpus_folder(workspace, settings))}")

    with watching(workspace, settings, following(assistant, _tell), embedder=assistant.index.embedder):
        serve(assistant, questions, port=settings.port, announce=announce, browser=browser)


def _what_next(corpus: Path) -> str:
    """Say what a person may do once the page can be opened."""
    # Where `make run` installed it, the command is not on the path.
    command = "coruja" if shutil.which("coruja") else sys.argv[0]
    documents = f"put documents into {corpus}: they are indexed as they are saved"
    return f"open the address and ask there; {documents}; {command} --help lists what else there is"


def _tell(outcome: "BuildReport | UserError") -> None:
    # A terminal that was closed must not end the watch: the page goes on answering.
    with suppress(OSError, ValueError):
        if isinstance(outcome, UserError):
            console.show_error(outcome, as_json=False)
        elif not outcome.unchanged:
            show_report(outcome, as_json=False)
