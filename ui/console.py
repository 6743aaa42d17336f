"""What the command line prints: answers, hits and reports for people, JSON for programs.

Results go to standard output, everything else to standard error. Text of documents and models is printed as text:
no markup of rich's, and no control character reaches the terminal.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ingest.errors import UserError

if TYPE_CHECKING:
    from assistant.answer import Answer
    from assistant.batch import BatchReport
    from assistant.models import Installed, KnownModel
    from assistant.notice import Notice
    from assistant.workspace import BuildReport
    from index.history import Difference, Generation
    from index.hit import Hit
    from index.manifest import Manifest
    from ui.doctor import Check
    from ui.embedders import Choice

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HEADING_SEPARATOR = " › "
_WIDE = 200
"""Columns of a table that no terminal limits."""


class _Console(Console):
    """Ends quietly when who reads the output does not want more."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        print_nowhere()
        raise SystemExit(0)


def flush() -> None:
    """Print what waits to be printed, if somebody still reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        print_nowhere()


def print_nowhere() -> None:
    """Let what is still to be printed go nowhere: who read standard output closed it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def out() -> Console:
    """Return the console of standard output; it has colours only where a person reads it."""
    return _Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Return the console of standard error."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON value on one line of standard output; escaped where that is not UTF-8, so that nothing is lost."""
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(value, ensure_ascii=escaped))  # noqa: T201


def text(content: str, style: str = "") -> Text:
    """Return foreign text as it may be printed: no control character but line feed and tab."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", content), style=style)


def one_line(content: str, style: str = "") -> Text:
    """Return foreign text with every run of white space as one space."""
    return text(" ".join(content.split()), style)


def say(message: str) -> None:
    """Tell the person something that is not the result."""
    err().print(text(message, "dim"))


def show_error(error: UserError, *, as_json: bool) -> None:
    """Print an error: what happened, and what to do next."""
    if as_json:
        print_json({"error": error.message, "next": error.next_step, "kind": type(error).__name__})
    console = err()
    console.print(Text.assemble(("error: ", "bold red"), text(error.message)))
    if error.next_step:
        console.print(Text.assemble(("next: ", "bold"), text(error.next_step)))


def print_answer(answer: "Answer", before: "Sequence[Notice]" = (), *, streamed: str | None = None) -> None:
    """Print an answer and its evidence.

    Args:
        answer: What to print.
        before: The notices of the answer before it.
        streamed: The answer's text as it was already printed; it is printed again only where the final text differs.
    """
    from assistant.notice import news

    console = out()
    if streamed is None or streamed.strip() != answer.text.strip():
        console.print(text(answer.text))
    headings: tuple[str, ...] | None = None
    for citation in answer.citations:
        if citation.headings != headings:
            headings = citation.headings
            console.print()
            console.print(one_line(_HEADING_SEPARATOR.join(headings), "dim"))
        place = f"{citation.doc}:{citation.line_start}-{citation.line_end}"
        quote = one_line(f'"{citation.quote}"')
        console.print(Text.assemble((f"[{citation.marker}] ", "bold cyan"), one_line(place, "cyan"), "  ", quote))
    for notice in news(answer.notices, before):
        err().print(Text.assemble(("note: ", "yellow"), one_line(notice.english)))


def print_stream(pieces: "Iterator[str | Answer]", before: "Sequence[Notice]" = ()) -> "Answer":
    """Print an answer as it is written, then its evidence; return the final answer.

    Args:
        pieces: What `Assistant.stream` yields.
        before: The notices of the answer before it.
    """
    console, streamed = out(), ""
    for piece in pieces:
        if not isinstance(piece, str):
            if streamed:
                console.print()
            print_answer(piece, before, streamed=streamed)
            return piece
        streamed += piece
        console.print(text(piece), end="")
    raise RuntimeError("the assistant ended its stream without an answer")


def print_hits(hits: "Sequence[Hit]") -> None:
    """Print what a search found, best first."""
    console = out()
    for hit in hits:
        chunk = hit.chunk
        place = one_line(f"{chunk.doc_id}:{chunk.line_start}-{chunk.line_end}", "cyan")
        console.print(Text.assemble((f"{hit.rank:>3}  {hit.score:.3f}  ", "bold cyan"), place))
        if chunk.headings:
            console.print(Text.assemble("     ", one_line(_HEADING_SEPARATOR.join(chunk.headings), "dim")))
        console.print(Text.assemble("     ", one_line(chunk.plain)))


def print_prompts(prompts: "Sequence[Mapping[str, Any]]") -> None:
    """Print what a model is told."""
    console = out()
    for prompt in prompts:
        head = f"{prompt['name']}  version {prompt['version']}  {prompt['digest']}"
        console.print(Text.assemble((head, "bold cyan"), "  ", prompt["purpose"], "\n"))
        console.print(Text(f"{prompt['rules']}\n\n---\n\n{prompt['asked']}\n"))


def print_report(report: "BuildReport") -> None:
    """Print what was indexed, then one line for each repair and each problem."""
    console = out()
    documents, chunks = _count(report.documents, "document"), _count(report.chunks, "chunk")
    same = " Nothing has changed since the last time." if report.unchanged else ""
    console.print(f"Indexed {documents}, {chunks} in {report.seconds:.1f} s.{same}")
    if report.waiting:
        missing = ", ".join(map(str, report.waiting))
        console.print(f"It is served when the other shards are indexed, too; missing: {missing}.")
    for path, repair in report.repairs.items():
        console.print(Text.assemble(("repaired ", "green"), one_line(f"{path}: {repair}")))
    if report.redactions:
        counts = ", ".join(f"{count} {kind}" for kind, count in report.redactions.items())
        console.print(Text.assemble(("redacted ", "green"), counts))
    for problem in report.problems:
        console.print(Text.assemble(("problem ", "yellow"), one_line(f"{problem.path}: {problem.why} — {problem.fix}")))


def report_dict(report: "BuildReport") -> dict[str, Any]:
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


def print_batch(report: "BatchReport", out_file: Path) -> None:
    """Print what a batch did, in one line, and where it failed."""
    before = f", {report.kept} from before" if report.kept else ""
    answered = report.rows - len(report.failed)
    out().print(text(f"{answered} of {_count(report.rows, 'question')} answered{before}: {out_file}"))
    if report.backup:
        say(f"Some answers there belonged to other questions; the file as it was: {report.backup}")
    if report.failed:
        say(f"Failed: line {', '.join(map(str, report.failed))}. See `error` there; the same command tries them again.")


def batch_dict(report: "BatchReport", out_file: Path) -> dict[str, Any]:
    """Return what a batch did as the documented JSON object."""
    return {
        "rows": report.rows,
        "kept": report.kept,
        "failed": list(report.failed),
        "out": str(out_file),
        "backup": str(report.backup) if report.backup else None,
    }


def print_models(
    there: "Sequence[Installed]", known: "Sequence[KnownModel]", chosen: str, away: UserError | None
) -> None:
    """Print the models that Ollama has, then those that it could have."""
    console = out()
    names = {model.name.removesuffix(":latest") for model in there}
    if away:
        say(str(away))
    for model in there:
        mark = "*" if model.name.removesuffix(":latest") == chosen else " "
        console.print(
            Text.assemble((f"{mark} {'installed':<12}", "green"), one_line(f"{model.name:<18} {model.disk:.1f} GB"))
        )
    for entry in known:
        if entry.name not in names:
            facts = (
                f"{entry.name:<18} {entry.disk:.1f} GB on disk, about {entry.memory:.1f} GB of memory, {entry.licence}"
            )
            console.print(Text.assemble((f"  {'to download':<12}", "cyan"), f"{facts}"))
            console.print(Text(f"{'':<15}Portuguese: {entry.portuguese}. {entry.note}", "dim"))
    console.print("Download one with: coruja models pull NAME")


def models_dict(
    there: "Sequence[Installed]", known: "Sequence[KnownModel]", chosen: str, away: UserError | None
) -> dict[str, Any]:
    """Return the models as the documented JSON object."""
    return {
        "model": chosen,
        "installed": [asdict(model) for model in there],
        "catalogue": [asdict(entry) for entry in known],
        "notice": str(away) if away else "",
    }


def print_generations(generations: "Sequence[Generation]", *, as_json: bool) -> None:
    """Print one line for each generation; the served one is marked."""
    if as_json:
        print_json({"generations": [_generation_dict(generation) for generation in generations]})
        return
    for generation in generations:
        made = generation.manifest
        counts = f"{_count(made.documents, 'document')}, {_count(made.chunks, 'chunk')}" if made else ""
        created = made.created[:19].replace("T", " ") if made else ""
        line = f"{'*' if generation.served else ' '} {generation.name}  {created}  {counts}".rstrip()
        out().print(Text.assemble(line, (f"  damaged: {generation.damage}" if generation.damage else "", "red")))


def _generation_dict(generation: "Generation") -> dict[str, Any]:
    made = generation.manifest
    return {
        "generation": generation.name,
        "served": generation.served,
        "created": made.created if made else None,
        "documents": made.documents if made else None,
        "chunks": made.chunks if made else None,
        "embedder": made.embedder if made else None,
        "damage": generation.damage,
    }


def print_difference(difference: "Difference", *, as_json: bool) -> None:
    """Print what one generation adds to, changes in and removes from another: documents, then chunks."""
    if as_json:
        print_json(asdict(difference))
        return
    for noun, changes in (("document", difference.documents), ("chunk", difference.chunks)):
        counts = (len(changes.added), len(changes.changed), len(changes.removed))
        out().print("{}s: {} added, {} changed, {} removed".format(noun, *counts))
        for sign, style, names in (
            ("+", "green", changes.added),
            ("~", "yellow", changes.changed),
            ("-", "red", changes.removed),
        ):
            for name in names:
                out().print(Text.assemble((f"  {sign} ", style), one_line(name)))


def print_served(manifest: "Manifest", *, as_json: bool) -> None:
    """Print which generation answers from now on."""
    if as_json:
        print_json({"served": manifest.generation})
    else:
        counts = f"{_count(manifest.documents, 'document')}, {_count(manifest.chunks, 'chunk')}"
        out().print(f"Generation {manifest.generation} answers now: {counts}.")


def print_measures(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print measures as a table: a row for each measure, a column for each name."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", *columns):
        table.add_column(one_line(name), justify="right" if name else "left")
    for measure in dict.fromkeys(measure for column in columns.values() for measure in column):
        cells = (column.get(measure) for column in columns.values())
        table.add_row(one_line(measure), *("" if cell is None else _figure(cell) for cell in cells))
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def print_result(name: str, result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a folder's measuring returned: its measures, how many queries and seconds."""
    if as_json:
        print_json(result)
    else:
        print_measures({name: {**result["measures"], "queries": result["queries"], "seconds": result["seconds"]}})


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"


@contextmanager
def progress_bar(title: str, *, in_bytes: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Show a progress bar on standard error, where a person reads it.

    Args:
        title: What is going on.
        in_bytes: Whether bytes are counted, and not things.

    Yields:
        A function that takes how much is done, how much there is in all (0: unknown), and what is being done.
    """
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

    console = err()
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), count)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def advance(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total or None, description=one_line(what).plain or title)

        yield advance


def print_repairs(repairs: "Sequence[tuple[Path, Path | None]]") -> None:
    """Print, for each file, where its untouched copy lies, or that nothing was to repair."""
    for path, backup in repairs:
        said = f"{path}: repaired; the file as it was: {backup}" if backup else f"{path}: nothing to repair"
        out().print(text(said))


def print_checks(checks: "Sequence[Check]") -> None:
    """Print what the doctor found, one line for each check and one for each fix."""
    console = out()
    for check in checks:
        mark, style = ("ok", "green") if check.ok else ("MISSING", "bold red") if check.needed else ("--", "yellow")
        console.print(Text.assemble((f"{mark:<8}", style), f"{check.name:<10}", one_line(check.found)))
        if check.fix:
            console.print(Text.assemble(" " * 18, ("next: ", "bold"), one_line(check.fix)))


def print_choices(found: "Sequence[Choice]") -> None:
    """Print the models that can be chosen as a table; a star marks those in use."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", "name", "alias", "here", "vectors", "MB", "licence", "note"):
        table.add_column(name, justify="right" if name in {"vectors", "MB"} else "left")
    for choice in found:
        model = choice.model
        here = "yes" if choice.here else "no"
        figures = (str(model.dimension or model.kind), str(model.megabytes))
        table.add_row("*" * choice.chosen, model.name, model.alias, here, *figures, model.licence, model.note)
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def write_anything() -> None:
    """Make sure that no character of a document can end the program on a narrow terminal encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
