"""A model's opinion: `eval judge`, with how far it agrees with people."""

from dataclasses import asdict
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.call import Json, called


def judge(
    ctx: typer.Context,
    run: Annotated[str | None, typer.Argument(help="A finished run to judge, too.")] = None,
    as_json: Json = False,
) -> None:
    """Have the chat model judge the answers that people labelled, and those of a run. No gate asks for it."""
    from assistant.models.choice import model_away, open_model
    from assistant.workspace.opening import open_journal
    from eval.asked.opinion import FEWEST, judged_by, opinion
    from eval.report import read_report
    from eval.run import REPORT
    from eval.runs import find_run

    workspace, settings = called(ctx).settings()
    if away := model_away(settings):
        raise away
    rows = read_report(find_run(workspace, run) / REPORT).rows if run else ()
    journal = open_journal(workspace, settings)
    try:
        with console.progress_bar("Judging") as advance:
            found = opinion(judged_by(open_model(settings)), journal.entries(), rows, advance)
    finally:
        journal.close()
    if as_json:
        console.print_json({"model": settings.model, **asdict(found)})
        return
    if found.kappa is None:
        console.show("Nobody labelled an answer: how far the model may be trusted is not known (coruja labels list).")
    else:
        few = "" if found.labelled >= FEWEST else f" Too few to tell: label {FEWEST} at least."
        console.show(
            f"It agrees with people on {found.agreed} of {console.counted(found.labelled, 'labelled answer')}: "
            f"Cohen's kappa {found.kappa:.2f}.{few}"
        )
    if run:
        console.show(f"Of {console.counted(found.judged, 'answer')} of {run}, it thinks {found.right} right.")
    if found.unclear:
        console.say(f"{console.counted(found.unclear, 'time')} it said neither.")
