"""Indexing: `index` and `repair`, and how their reports are printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.errors import SettingsError, UserError
from ui.cli import console
from ui.cli.call import EXIT_GATE, EXIT_PROBLEMS, Json, build, called, encode
from ui.cli.measuring.gate import gate_dataset, hold_to, judged, show_verdict
from ui.cli.measuring.running import evaluate

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.workspace.build import BuildReport


def index(
    ctx: typer.Context,
    corpus: Annotated[Path | None, typer.Argument(help="Folder of documents; the workspace's when not given.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and index every change; Ctrl-C ends.")] = False,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Index part I of N, for N machines and one Milvus.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Serve what was built only if it passes the gate (`coruja eval gate`).")
    ] = False,
    comment: Annotated[Path | None, typer.Option(help="With --gate: also write the verdict as Markdown.")] = None,
    no_meaning: Annotated[
        bool, typer.Option("--no-meaning", help="Leave it at that: the multilingual model reads nothing now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the index up to the corpus: only what changed is read.

    Questions are answered as soon as the report is there; what follows makes answers better, and Ctrl-C may end it.

    Exit status 3: some files could not be read; 4: the gate does not pass, and what was served is served still.
    """
    call = called(ctx)
    if corpus:
        from assistant.workspace.folder import make_workspace

        if made := make_workspace(corpus, call.workspace):
            console.say(f"This folder is a workspace now: {made}")
    workspace, settings = call.settings(
        corpus=corpus.absolute() if corpus else None, meaning=False if no_meaning else None
    )
    if watch and (shard or gate):
        raise SettingsError("Neither a shard nor a gate can be watched.", "Leave out --watch.")
    if watch:
        _watch(workspace, settings, as_json=as_json)
        return
    if gate:
        if shard:
            raise SettingsError("A shard cannot be measured.", "Leave out --shard or --gate.")
        _behind_gate(workspace, settings, comment, as_json=as_json)
        return
    report = build(workspace, settings, _shard(shard) if shard else None)
    show_report(report, as_json=as_json)
    if not report.waiting:
        encode(workspace, settings)
    if report.problems:
        raise typer.Exit(EXIT_PROBLEMS)


def _behind_gate(workspace: Path, settings: "Settings", comment: Path | None, *, as_json: bool) -> None:
    """Build aside, measure, and serve what was built only if it passes."""
    from assistant.assistant import Assistant
    from assistant.workspace.opening import open_candidate

    dataset = gate_dataset(workspace, settings)
    settings = settings.model_copy(update={"log": False})
    hold_to(workspace, settings, dataset.stem)
    with open_candidate(workspace, settings) as (store, adopt):
        built = build(workspace, settings, store=store)
        encode(workspace, settings, store)
        assistant = Assistant.open(workspace, settings, store)
        try:
            run, report = evaluate(workspace, settings, assistant, dataset)
        finally:
            assistant.close()
        verdict = judged(workspace, settings, report)
        if verdict.passed:
            adopt()
    if not as_json:
        show_report(built, as_json=False)
    show_verdict(verdict, run, out=comment, as_json=as_json)
    if not verdict.passed:
        console.say("What was served before is served still.")
        raise typer.Exit(EXIT_GATE)
    if built.problems:
        raise typer.Exit(EXIT_PROBLEMS)


def _shard(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise SettingsError(f"'{text}' is no part of a whole.", "Write it as --shard 1/4, --shard 2/4 and so on.")
    return int(number), int(of)


def _watch(workspace: Path, settings: "Settings", *, as_json: bool) -> None:
    """Index every change until interrupted, with a line (or a JSON object a line) for each build."""
    from threading import Event

    from assistant.workspace.watch import watch

    def tell(outcome: "BuildReport | UserError") -> None:
        if isinstance(outcome, UserError):
            console.show_error(outcome, as_json=as_json)
        else:
            show_report(outcome, as_json=as_json)

    watch(workspace, settings, tell, Event())


def repair(files: Annotated[list[Path], typer.Argument(help="Files to repair.")], as_json: Json = False) -> None:
    """Write files with a damaged encoding back repaired, each beside a copy of what it was."""
    from ingest.reading.repair import repair_file

    repairs: list[tuple[Path, Path | None]] = []
    failures: list[UserError] = []
    for path in files:
        try:
            repairs.append((path, repair_file(path)))
        except UserError as error:
            failures.append(error)
    if as_json:
        done = [{"file": str(path), "backup": str(backup) if backup else None} for path, backup in repairs]
        errors = [{"error": failure.message, "next": failure.next_step} for failure in failures]
        console.print_json({"files": done, "errors": errors})
    else:
        _print_repairs(repairs)
    for failure in failures:
        console.show_error(failure, as_json=False)
    if failures:
        raise typer.Exit(1)


def show_report(report: "BuildReport", *, as_json: bool) -> None:
    """Print what was indexed, then one line for each repair and each problem; or all of it as JSON."""
    if as_json:
        console.print_json(_report_dict(report))
        return
    documents, chunks = console.counted(report.documents, "document"), console.counted(report.chunks, "chunk")
    same = " Nothing has changed since the last time." if report.unchanged else ""
    console.show(f"Indexed {documents}, {chunks} in {report.seconds:.1f} s.{same}")
    if report.waiting:
        missing = ", ".join(map(str, report.waiting))
        console.show(f"It is served when the other shards are indexed, too; missing: {missing}.")
    for path, repair in report.repairs.items():
        console.show(("repaired ", "green"), console.one_line(f"{path}: {repair}"))
    if report.redactions:
        counts = ", ".join(f"{count} {kind}" for kind, count in report.redactions.items())
        console.show(("redacted ", "green"), counts)
    for problem in report.problems:
        console.show(("problem ", "yellow"), console.one_line(f"{problem.path}: {problem.why} — {problem.fix}"))


def _report_dict(report: "BuildReport") -> dict[str, Any]:
    """Return the report as the documented JSON object."""
    return {
        "documents": report.documents,
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
        "generation": report.manifest.generation,
        "unchanged": report.unchanged,
        "waiting": list(report.waiting),
        "repairs": dict(report.repairs),
        "redactions": dict(report.redactions),
        "problems": [{"path": item.path, "why": item.why, "fix": item.fix} for item in report.problems],
    }


def _print_repairs(repairs: list[tuple[Path, Path | None]]) -> None:
    """Print, for each file, where its untouched copy lies, or that nothing was to repair."""
    for path, backup in repairs:
        said = f"{path}: repaired; the file as it was: {backup}" if backup else f"{path}: nothing to repair"
        console.show(console.text(said))
