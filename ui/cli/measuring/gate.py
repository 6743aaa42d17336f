"""The gate: `eval gate`, what `index --gate` needs of it, and how a verdict is printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.call import EXIT_GATE, Json, called
from ui.cli.measuring.running import evaluate, show_flips

if TYPE_CHECKING:
    from assistant.settings import Settings
    from eval.gate import Verdict
    from eval.report import Report


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
        show_flips(verdict.comparison)
    console.show(console.text(f"Report: {run / 'report.html'}", "dim"))
