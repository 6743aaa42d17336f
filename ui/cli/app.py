"""The command line: every verb of the product, with each engine imported only by the verb that needs it.

Exit status: 0 all good; 1 an error, told with what to do next; 2 a mistake in how the command was typed; 3 done, but
`index` could not read some of the files, a batch of `ask` has questions that could not be answered, or quotes of a data
set are broken; 4 a gate does not pass, or `monitor --alert` has an alarm; 130 interrupted.
Who reads the output may stop reading: that is 0.
"""

import gc
import os
import sys
from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ingest.errors import UserError
from ui.cli import asking, console, generations, indexing, models, workspace
from ui.cli.call import Call, called
from ui.cli.measuring import card, evaluation, labels, tuning

# What libraries send or look up by default stays off unless the owner's environment says otherwise.
_STAY_LOCAL = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LANGSMITH_TRACING": "false",
}

# Usage errors and their like, of whichever Click stands behind Typer, which exports none of their classes.
_TOLD_BY_TYPER = (typer.Exit, typer.Abort, *typer.BadParameter.__mro__[1:3])


class Group(TyperGroup):
    """The commands, with errors told as a person can read them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  (see `invoke`)
        """Read the options; `--workspace`, the one that every verb heeds, may also stand after the verb."""
        try:
            return super().parse_args(ctx, _workspace_first(args))
        except BrokenPipeError:  # of `--version`, which is printed here
            console.print_nowhere()
            raise typer.Exit from None

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Return a verb, whose help shows `--workspace`, too: it is accepted there (see `parse_args`)."""
        command = super().get_command(ctx, cmd_name)
        option = next((each for each in self.params if "--workspace" in each.opts), None)
        if command is not None and option is not None:
            shown = copy(option)
            shown.expose_value = False  # the verb itself is not given it
            _show(command, shown)
        return command

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401  (typer does not export its context's base)
        """Run a verb, and tell what it raises."""
        call = ctx.ensure_object(Call)
        try:
            return super().invoke(ctx)
        except UserError as error:
            if call.debug:
                raise
            console.show_error(error, as_json=call.as_json)
        except Exception as error:
            if isinstance(error, BrokenPipeError):
                # Nothing else of ours writes to a pipe without looking after it.
                console.print_nowhere()
                raise typer.Exit from None
            if call.debug or isinstance(error, _TOLD_BY_TYPER):
                raise
            told = UserError(
                f"Coruja failed: {type(error).__name__}: {error}", "the same command after `coruja --debug`"
            )
            console.show_error(told, as_json=call.as_json)
        raise typer.Exit(1)


def _show(command: Any, option: Any) -> None:  # noqa: ANN401
    """Add an option to a verb, and to those below it."""
    if all(option.opts != each.opts for each in command.params):
        command.params.append(option)
    for below in getattr(command, "commands", {}).values():
        _show(below, option)


def _workspace_first(args: list[str]) -> list[str]:
    """Return the arguments with `--workspace DIR` before the verb, wherever it stands before a `--`."""
    end = args.index("--") if "--" in args else len(args)
    first: list[str] = []
    rest: list[str] = []
    place = 0
    while place < end:
        word = args[place]
        if word == "--workspace" and place + 1 == end:
            return [word]  # without a folder: the error is to say so
        taken = 2 if word == "--workspace" else 1
        (first if taken == 2 or word.startswith("--workspace=") else rest).extend(args[place : place + taken])
        place += taken
    return [*first, *rest, *args[end:]]


app = typer.Typer(
    name="coruja",
    cls=Group,
    help="Answers questions in Portuguese from a folder of documents, with the evidence shown line by line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    indexing.index,
    indexing.repair,
    asking.ask,
    asking.search,
    asking.chat,
    workspace.ui,
    models.prompts,
    labels.monitor,
    card.card,
    tuning.tune,
    workspace.doctor,
):
    app.command()(verb)
app.add_typer(evaluation.app, name="eval")
app.add_typer(labels.app, name="labels")
app.add_typer(models.embedding_app, name="embedders")
app.add_typer(models.chat_app, name="models")
app.add_typer(generations.app, name="generations")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"coruja {version('coruja')}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("--workspace", help="Folder that holds `corpus/` or `coruja.toml`; else at or above this folder."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Keep what was asked for before the verb."""
    call = called(ctx)
    call.workspace, call.debug = folder, debug


def main() -> None:
    """Run the command line."""
    for name, value in _STAY_LOCAL.items():
        os.environ.setdefault(name, value)
    console.write_anything()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        console.flush()
        gc.freeze()  # what is left goes with the process, unsearched: a tenth of what a short command costs
