"""Runs of a data set: `eval run` and `eval compare`, and how measures are printed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.call import Hits, Json, Writer, called
from ui.cli.measuring.datasets import Dataset

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.settings import Settings
    from eval.compare import Comparison
    from eval.report import Report

Jobs = Annotated[
    int | None, typer.Option(min=1, max=64, help="Questions at a time; the setting `jobs` when not given.")
]
Name = Annotated[str | None, typer.Option(help="What the run is called; numbered after its data set when not given.")]
Tag = Annotated[str | None, typer.Option(help="Only the questions with this tag.")]

_HEADLINE = (
    "correct",
    "evidence_shown",
    "precision",
    "completeness",
    "f1",
    "right_document",
    "grounded",
    "abstained_wrongly",
    "answered_wrongly",
    "abstention_f1",
    "document@5",
    "Success@1",
    "Success@5",
    "RR@10",
)


def eval_run(
    ctx: typer.Context,
    dataset: Dataset,
    tag: Tag = None,
    name: Name = None,
    writer: Writer = None,
    k: Hits = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> None:
    """Ask every question of a data set; leave a report as JSON and as a page. Interrupted, the same command goes on."""
    from eval.datasets.reading import locate, read_dataset

    call = called(ctx)
    workspace, settings = call.settings(writer=writer, k=k, jobs=jobs)
    read_dataset(dataset, tag=tag)  # what cannot be asked is told before anything is indexed
    assistant = call.open(writer=writer, k=k, jobs=jobs, log=False)
    run, report = evaluate(workspace, settings, assistant, locate(dataset), name=name, tag=tag)
    if as_json:
        console.print_json({"run": str(run), **report.to_dict()})
    else:
        _print_report(run, report)


def evaluate(
    workspace: Path,
    settings: "Settings",
    assistant: "Assistant",
    dataset: Path,
    *,
    name: str | None = None,
    tag: str | None = None,
) -> "tuple[Path, Report]":
    """Run a data set with a progress bar, and return the run's folder and its report."""
    from eval.datasets.reading import read_dataset
    from eval.run import run_dataset
    from eval.runs import begin, measured_now

    examples = read_dataset(dataset, tag=tag)
    made = measured_now(dataset, examples, settings, assistant.index.manifest)
    run = begin(workspace, made, name)
    with console.progress_bar("Asking") as advance:
        return run, run_dataset(assistant.ask, examples, run, made=made, jobs=settings.jobs, progress=advance)


def eval_compare(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="A run: its name, or its folder.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another run of the same questions.")],
    out: Annotated[Path | None, typer.Option(help="Also write a page with the questions that turned.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two runs: what changed, how surely (paired bootstrap), and the questions that turned."""
    from eval.compare import compare_runs
    from eval.pages.page import comparison_page
    from eval.report import read_report
    from eval.run import REPORT
    from eval.runs import find_run

    workspace, _ = called(ctx).settings()
    comparison = compare_runs(*(read_report(find_run(workspace, name) / REPORT) for name in (before, after)))
    if out:
        out.write_text(comparison_page(before, after, comparison), encoding="utf-8")
    if as_json:
        console.print_json(comparison.to_dict())
    else:
        _print_comparison(before, after, comparison)


def _print_report(run: Path, report: "Report") -> None:
    measures = report.measures()
    rows = [
        (name.replace("_", " "), f"{each.value:.3f}", f"{each.low:.3f} to {each.high:.3f}")
        for name in _HEADLINE
        if (each := measures.get(name))
    ]
    console.show_table(("", "value", "95 %"), rows, right=("value", "95 %"))
    timings = json.loads((run / "timings.json").read_text("utf-8"))
    wrong = sum(not row.correct for row in report.rows)
    console.show(
        f"{console.counted(len(report.rows), 'question')}, {wrong} wrong; half answered within {timings['p50']:.0f} ms."
    )
    console.show(console.text(f"Report: {run / 'report.html'}"))


def _print_comparison(before: str, after: str, comparison: "Comparison") -> None:
    rows = [
        (
            name.replace("_", " "),
            *(f"{each:.3f}" for each in (change.before, change.after)),
            f"{change.low:+.3f} to {change.high:+.3f}",
            f"{change.p:.3f}",
        )
        for name, change in comparison.changes.items()
    ]
    headings = ("", before, after, "difference, 95 %", "p")
    console.show_table(headings, rows, right=headings[1:])
    for name, (old, new) in comparison.made.items():
        console.show(("  · ", "dim"), console.one_line(f"{name}: {old} → {new}"))
    if comparison.left_out:
        console.show(f"{console.counted(comparison.left_out, 'question')} only in one of the runs.")
    show_flips(comparison)


def show_flips(comparison: "Comparison") -> None:
    """Print each question that turned, with both answers."""
    turned = comparison.flips
    console.show(f"{console.counted(len(turned), 'question')} turned, {len(comparison.changed)} more answers changed.")
    for flip in turned:
        console.show(
            ("  + " if flip.better else "  - ", "green" if flip.better else "red"),
            console.one_line(flip.after.question),
        )
        for label, row in (("before", flip.before), ("after", flip.after)):
            console.show((f"      {label}: ", "dim"), console.one_line((row.answer or row.error)[:200]))
