"""Evaluation: the verbs of `eval`, and how measures are printed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console, datasets
from ui.cli.call import EXIT_GATE, Hits, Json, Writer, called
from ui.cli.datasets import Dataset

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.settings import Settings
    from eval.compare import Comparison
    from eval.gate import Verdict
    from eval.report import Report

app = typer.Typer(help="Measure retrieval and answers on a data set.", no_args_is_help=True)
app.command("check")(datasets.check)
app.command("import")(datasets.import_)
app.command("draft")(datasets.draft)
app.command("accept")(datasets.accept)

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


@app.command("run")
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


@app.command("compare")
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


@app.command("gate")
def eval_gate(
    ctx: typer.Context,
    run: Annotated[
        str | None, typer.Argument(help="A finished run; without one, the setting `gate.dataset` is run.")
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Accept: later runs are compared with this one.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the verdict as Markdown.")] = None,
    as_json: Json = False,
) -> None:
    """Tell whether the served index may answer people. Exit status 4: it does not pass."""
    from eval.report import read_report
    from eval.run import REPORT
    from eval.runs import accept as accept_run
    from eval.runs import find_run

    call = called(ctx)
    workspace, settings = call.settings()
    if run is None:
        if not accept:
            hold_to(workspace, settings, gate_dataset(workspace, settings).stem)
        folder, report = evaluate(workspace, settings, call.open(log=False), gate_dataset(workspace, settings))
    else:
        folder = find_run(workspace, run)
        report = read_report(folder / REPORT)
    verdict = judged(workspace, settings, report)
    if accept:
        accept_run(workspace, folder)
    show_verdict(verdict, folder, out=out, as_json=as_json)
    if accept:
        console.say(f"Accepted: {folder.name}.")
    elif not verdict.passed:
        raise typer.Exit(EXIT_GATE)


def gate_dataset(workspace: Path, settings: "Settings") -> Path:
    """Return the data set that the setting `gate.dataset` names, as a path within the workspace or a packaged set."""
    from eval.datasets.reading import locate
    from ingest.errors import SettingsError

    if settings.gate.dataset is None:
        raise SettingsError(
            "No data set is set for the gate.", 'Write in coruja.toml: [gate] dataset = "questions.jsonl"'
        )
    within = workspace / settings.gate.dataset
    return within if within.exists() else locate(Path(settings.gate.dataset))


def hold_to(workspace: Path, settings: "Settings", dataset: str) -> "Report | None":
    """Return the report that builds are held to, None where only limits are.

    Raises:
        SettingsError: There is neither.
    """
    from eval.runs import accepted
    from ingest.errors import SettingsError

    before, gate = accepted(workspace, dataset), settings.gate
    if not (before or gate.at_least or gate.at_most):
        message = "There is nothing to hold the build to: no run was accepted, and coruja.toml names no limits."
        raise SettingsError(message, "Run: coruja eval gate --accept")
    return before


def judged(workspace: Path, settings: "Settings", report: "Report") -> "Verdict":
    """Judge a run by the settings, the corpus and, if there is one, the run accepted last."""
    from eval.datasets.checking import check_dataset
    from eval.datasets.corpus import cut_corpus
    from eval.gate import judge_run
    from eval.runs import accepted

    before, gate = accepted(workspace, report.made["dataset"]), settings.gate
    broken = check_dataset(report.examples(), cut_corpus(workspace, settings))
    return judge_run(report, accepted=before, broken=broken, at_least=gate.at_least, at_most=gate.at_most)


def show_verdict(verdict: "Verdict", run: Path, *, out: Path | None, as_json: bool) -> None:
    """Print a verdict: the reasons, what differs and the answers that turned; all of it as Markdown in a file."""
    from eval.gate import verdict_text

    if out:
        out.write_text(verdict_text(verdict), encoding="utf-8")
    if as_json:
        compared = verdict.comparison.to_dict() if verdict.comparison else None
        told = {"passed": verdict.passed, "reasons": list(verdict.reasons), "notes": list(verdict.notes)}
        console.print_json({**told, "run": str(run), "comparison": compared})
        return
    console.show(("The gate passes.", "green") if verdict.passed else ("The gate does not pass.", "red"))
    for reason in verdict.reasons:
        console.show(("  ✗ ", "red"), console.one_line(reason))
    for note in verdict.notes:
        console.show(("  · ", "dim"), console.one_line(note))
    if verdict.comparison:
        _print_flips(verdict.comparison)
    console.show(console.text(f"Report: {run / 'report.html'}", "dim"))


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
    _print_flips(comparison)


def _print_flips(comparison: "Comparison") -> None:
    turned = comparison.flips
    console.show(f"{console.counted(len(turned), 'question')} turned, {len(comparison.changed)} more answers changed.")
    for flip in turned:
        console.show(
            ("  + " if flip.better else "  - ", "green" if flip.better else "red"),
            console.one_line(flip.after.question),
        )
        for label, row in (("before", flip.before), ("after", flip.after)):
            console.show((f"      {label}: ", "dim"), console.one_line((row.answer or row.error)[:200]))


@app.command("beir")
def eval_beir(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    embedder: Annotated[
        str | None, typer.Option(help="Embedding model; the setting `embedder` when not given.")
    ] = None,
    reranker: Annotated[str | None, typer.Option(help="Reranker; the setting `reranker` when not given.")] = None,
    as_json: Json = False,
) -> None:
    """Measure retrieval alone on a folder in BEIR layout, through the same index as answers."""
    from assistant.workspace.opening import open_embedder, open_reranker
    from eval.beir import run_beir

    settings = called(ctx).settings_anywhere(embedder=embedder, reranker=reranker)
    with console.progress_bar("Measuring") as advance:
        result = run_beir(folder, open_embedder(settings), reranker=open_reranker(settings), progress=advance)
    _print_result(folder.name, result, as_json=as_json)


@app.command("answers")
def eval_answers(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and answers.jsonl.")],
    as_json: Json = False,
) -> None:
    """Measure quoted answers on a folder in BEIR layout with answers: the sentence, and the span marked in it."""
    from eval.answers import run_answers

    settings = called(ctx).settings_anywhere()
    with console.progress_bar("Measuring") as advance:
        result = run_answers(folder, settings, progress=advance)
    _print_result(folder.name, result, as_json=as_json)


def _print_result(name: str, result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a folder's measuring returned: its measures, how many queries and seconds."""
    if as_json:
        console.print_json(result)
    else:
        _print_measures({name: {**result["measures"], "queries": result["queries"], "seconds": result["seconds"]}})


def _print_measures(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print measures as a table: a row for each measure, a column for each name."""
    measures = dict.fromkeys(measure for column in columns.values() for measure in column)
    rows = ((measure, *(_figure(column.get(measure)) for column in columns.values())) for measure in measures)
    console.show_table(("", *columns), rows, right=columns)


def _figure(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
