"""Tuning: `coruja tune`, and how what it found is printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import SettingsError
from ui.cli import console
from ui.cli.call import EXIT_GATE, Json, called
from ui.cli.measuring.datasets import Dataset

if TYPE_CHECKING:
    from eval.tuning.tune import Tuned


def tune(
    ctx: typer.Context,
    dataset: Dataset,
    trials: Annotated[int, typer.Option(min=1, help="How many values are tried, earlier ones included.")] = 60,
    held_out: Annotated[
        float, typer.Option(min=0.1, max=0.9, help="Share of the questions that the gain is measured on.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Another one parts the documents otherwise.")] = 0,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what was found to coruja.toml, if it is better on what was held out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look for settings that suit the documents. Interrupted, the same command goes on.

    Exit status 4: what was found is no better on the questions held out, and --apply wrote nothing.
    """
    from assistant.workspace.folder import BUILT_NAME, SETTINGS_NAME
    from eval.datasets.reading import locate, read_dataset
    from eval.pages.page import tuning_page

    try:
        from eval.tuning.applying import apply as write
        from eval.tuning.tune import tune
    except ImportError as error:
        raise SettingsError("What tunes is not installed.", 'Run: pip install "coruja[tune]"') from error

    call = called(ctx)
    workspace, settings = call.settings(log=False)
    name, examples = locate(dataset).stem, read_dataset(dataset)
    call.open(log=False).close()  # what was never indexed is
    with console.progress_bar("Tuning") as advance:
        found = tune(workspace, settings, name, examples, trials=trials, held_out=held_out, seed=seed, progress=advance)
    page = workspace / BUILT_NAME / "tuning" / f"{name}.html"
    told = {**found.to_dict(), "changed": found.changed}
    page.write_text(
        tuning_page(told, found.comparison.changes, [(each.gained, each.allowed) for each in found.tried]), "utf-8"
    )
    written = apply and found.better
    if written:
        write(workspace / SETTINGS_NAME, {name: after for name, (_, after) in found.changed.items()})
    if as_json:
        console.print_json({**found.to_dict(), "written": written, "page": str(page)})
    else:
        _show(found, page)
    if written:
        console.say(f"Written to {SETTINGS_NAME}. Without --apply nothing is.")
    elif apply:
        console.say("Nothing was written: on the questions held out it is no better.")
        raise typer.Exit(EXIT_GATE)


def _show(found: "Tuned", page: Path) -> None:
    gain = found.gain
    kept = sum(each.allowed for each in found.tried)
    console.show(
        f"{console.counted(len(found.tried), 'trial')} ({kept} keep the precision) on "
        f"{console.counted(found.looked, 'question')}; {found.held_out} held out, {found.left_out} in neither part."
    )
    rows = [(name, f"{before:.4g}", f"{after:.4g}") for name, (before, after) in found.changed.items()]
    if rows:
        console.show_table(("", "as it is", "tuned"), rows, right=("as it is", "tuned"))
    console.show(
        f"Right answers, held out: {gain.before:.3f} → {gain.after:.3f} "
        f"({gain.low:+.3f} to {gain.high:+.3f}, p {gain.p:.3f})."
    )
    console.show(console.text(f"Page: {page}"))
