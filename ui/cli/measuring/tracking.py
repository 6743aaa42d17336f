"""Tracking: `eval track`, a finished run in an MLflow store."""

from typing import Annotated

import typer

from ingest.errors import SettingsError
from ui.cli import console
from ui.cli.call import Json, called


def track(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A finished run: its name, or its folder.")],
    to: Annotated[str, typer.Option(metavar="URI", help="sqlite:///runs.db, or a server's http://…")],
    experiment: Annotated[str, typer.Option(help="Under which name.")] = "coruja",
    as_json: Json = False,
) -> None:
    """Log a run to MLflow: what was measured, the measures with their intervals, and the report."""
    from eval.runs import find_run

    try:
        from eval.tracking.store import track as log
    except ImportError as error:
        raise SettingsError("MLflow is not installed.", 'Run: pip install "coruja[mlflow]"') from error

    workspace, _ = called(ctx).settings()
    logged = log(find_run(workspace, run), to, experiment)
    if as_json:
        console.print_json({"run": run, "mlflow": logged, "to": to})
    else:
        console.show(console.text(f"{run} is run {logged} of {experiment} in {to}"))
