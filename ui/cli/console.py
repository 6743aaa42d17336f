"""How the command line prints: lines, tables and progress for people, JSON for programs. The one file that knows rich.

Results go to standard output, everything else to standard error. Text of documents and models is printed as text:
no markup of rich's, and no control character reaches the terminal.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from ingest.errors import UserError

Part = Text | str | tuple[str, str]
"""A piece of a line: foreign text as `text` and `one_line` give it, or our own words, with their style or without."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
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


def show(*parts: Part, end: str = "\n") -> None:
    """Print one line of the result; it has colours only where a person reads it."""
    _Console(highlight=False, soft_wrap=True).print(Text.assemble(*parts), end=end)


def note(*parts: Part) -> None:
    """Print one line that is not the result."""
    _err().print(Text.assemble(*parts))


def _err() -> Console:
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
    note(text(message, "dim"))


def show_error(error: UserError, *, as_json: bool) -> None:
    """Print an error: what happened, and what to do next."""
    if as_json:
        print_json({"error": error.message, "next": error.next_step, "kind": type(error).__name__})
    note(("error: ", "bold red"), text(error.message))
    if error.next_step:
        note(("next: ", "bold"), text(error.next_step))


def show_table(headings: Iterable[str], rows: Iterable[Iterable[str]], right: Container[str]) -> None:
    """Print a table; the columns whose headings are in `right` are set to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(one_line(heading), justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*map(one_line, row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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

    console = _err()
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), count)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def advance(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total or None, description=one_line(what).plain or title)

        yield advance


def write_anything() -> None:
    """Make sure that no character of a document can end the program on a narrow terminal encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
