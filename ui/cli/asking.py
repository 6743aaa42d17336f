"""Asking: `ask`, `search`, `chat`, and how answers, hits and batches are printed."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.call import EXIT_PROBLEMS, Call, Hits, Json, Writer, called

if TYPE_CHECKING:
    from assistant.answer import Answer
    from assistant.notice import Notice
    from assistant.workspace.batch import BatchReport
    from index.hit import Hit

_HEADING_SEPARATOR = " › "


def ask(
    ctx: typer.Context,
    question: Annotated[str | None, typer.Argument(help="The question, in quotes.")] = None,
    writer: Writer = None,
    k: Hits = None,
    batch: Annotated[
        str | None, typer.Option(metavar="FILE", help="Questions: .csv, .jsonl or .txt; `-` for standard input.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where a batch's answers go, as JSON lines.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Questions of a batch asked at the same time.")] = None,
    as_json: Json = False,
) -> None:
    """Answer one question, with the lines that say so; or a batch of them. Exit status 3: some rows failed."""
    if (question is None) == (batch is None):
        raise typer.BadParameter("Give a question, or --batch FILE with --out FILE.")
    if batch is not None:
        if out is None:
            raise typer.BadParameter("--batch needs --out FILE for the answers.")
        _ask_batch(called(ctx), batch, out, writer=writer, k=k, jobs=jobs)
        return
    if question is None:
        return
    gc.disable()  # one answer, and the process ends: looking for what nobody holds any more costs more than it frees
    assistant = called(ctx).open(writer=writer, k=k)
    if as_json:
        console.print_json(assistant.ask(question).to_dict())
    else:
        _print_stream(assistant.stream(question, ()))


def _ask_batch(call: Call, batch: str, out: Path, **overrides: object) -> None:
    from assistant.workspace.batch import parse_questions, read_questions, run_batch
    from ingest.reading.encoding import decode

    rows = parse_questions(decode(sys.stdin.buffer.read())) if batch == "-" else read_questions(Path(batch))
    assistant = call.open(**overrides)
    assistant.load_ahead()
    try:
        with console.progress_bar("Asking") as advance:
            report = run_batch(assistant.ask, rows, out, jobs=assistant.settings.jobs, progress=advance)
    except KeyboardInterrupt:
        console.say("Interrupted. The same command goes on where it stopped.")
        raise
    if call.as_json:
        console.print_json(_batch_dict(report, out))
    else:
        _print_batch(report, out)
    if report.failed:
        raise typer.Exit(EXIT_PROBLEMS)


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Words or a question, in quotes.")],
    k: Hits = None,
    as_json: Json = False,
) -> None:
    """List the chunks found for a query, best first, without writing an answer."""
    from assistant.answer import hit_dict

    assistant = called(ctx).open(k=k)
    hits = assistant.search(query, assistant.settings.k)
    if as_json:
        console.print_json({"query": query, "hits": [hit_dict(hit) for hit in hits]})
    else:
        _print_hits(hits)


def chat(ctx: typer.Context, writer: Writer = None, as_json: Json = False) -> None:
    """Ask and ask on, each question seen with those before it. `/quit` ends."""
    from assistant.answer import Turn

    assistant = called(ctx).open(writer=writer)
    assistant.load_ahead()
    if not as_json:
        console.say("Ask away; /quit ends.")
    history: list[Turn] = []
    told: tuple[Notice, ...] = ()
    while (question := _next_question()) is not None:
        if not question:
            continue
        if as_json:
            answer = assistant.ask(question, history)
            console.print_json(answer.to_dict())
        else:
            answer = _print_stream(assistant.stream(question, history), told)
        told = answer.notices
        history.append(Turn(question, answer.text))


def _next_question() -> str | None:
    """Read one question; None at the end."""
    if sys.stdin.isatty():
        with suppress(ImportError):  # Windows has none: its terminal does that itself
            import readline  # noqa: F401  (line editing and recall at the prompt)
    try:
        line = input("🦉 " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return None
    return None if line in {"/quit", "/exit", "/q"} else line


def _print_stream(pieces: "Iterator[str | Answer]", before: "Sequence[Notice]" = ()) -> "Answer":
    """Print an answer as it comes about, then its evidence; return the final answer.

    Args:
        pieces: What `Assistant.stream` yields.
        before: The notices of the answer before it.
    """
    quoted: Answer | None = None
    streamed = ""
    for piece in pieces:
        if isinstance(piece, str):
            if not streamed:
                console.show()
            streamed += piece
            console.show(console.text(piece), end="")
            continue
        if streamed:
            console.show()
        if quoted is None:
            console.show(console.text(piece.text))
        quoted, answer = quoted or piece, piece
    if quoted is None:
        raise RuntimeError("the assistant ended its stream without an answer")
    _print_evidence(answer, before)
    return answer


def _print_evidence(answer: "Answer", before: "Sequence[Notice]") -> None:
    """Print what an answer cites, line by line, and what is new to tell."""
    from assistant.notice import news

    headings: tuple[str, ...] | None = None
    for citation in answer.citations:
        if citation.headings != headings:
            headings = citation.headings
            console.show()
            console.show(console.one_line(_HEADING_SEPARATOR.join(headings), "dim"))
        place = console.one_line(f"{citation.doc}:{citation.line_start}-{citation.line_end}", "cyan")
        quote = console.one_line(f'"{citation.quote}"')
        console.show((f"[{citation.marker}] ", "bold cyan"), place, "  ", quote)
    for notice in news(answer.notices, before):
        console.note(("note: ", "yellow"), console.one_line(notice.english))


def _print_hits(hits: "Sequence[Hit]") -> None:
    """Print what a search found, best first."""
    for hit in hits:
        chunk = hit.chunk
        place = console.one_line(f"{chunk.doc_id}:{chunk.line_start}-{chunk.line_end}", "cyan")
        console.show((f"{hit.rank:>3}  {hit.score:.3f}  ", "bold cyan"), place)
        if chunk.headings:
            console.show("     ", console.one_line(_HEADING_SEPARATOR.join(chunk.headings), "dim"))
        console.show("     ", console.one_line(chunk.plain))


def _print_batch(report: "BatchReport", out_file: Path) -> None:
    """Print what a batch did, in one line, and where it failed."""
    before = f", {report.kept} from before" if report.kept else ""
    answered = report.rows - len(report.failed)
    console.show(console.text(f"{answered} of {console.counted(report.rows, 'question')} answered{before}: {out_file}"))
    if report.backup:
        console.say(f"Some answers there belonged to other questions; the file as it was: {report.backup}")
    if report.failed:
        lines = ", ".join(map(str, report.failed))
        console.say(f"Failed: line {lines}. See `error` there; the same command tries them again.")


def _batch_dict(report: "BatchReport", out_file: Path) -> dict[str, Any]:
    """Return what a batch did as the documented JSON object."""
    return {
        "rows": report.rows,
        "kept": report.kept,
        "failed": list(report.failed),
        "out": str(out_file),
        "backup": str(report.backup) if report.backup else None,
    }
