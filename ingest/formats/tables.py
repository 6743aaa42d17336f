"""Rows as a table of Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence

_PIPE = re.compile(r"(?<!\\)(\\*)\|")


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as Markdown: those of one cell that stand first are its title lines, the next is the header.

    Empty rows, and columns that are empty in all rows, are left out.
    """
    filled = [row for row in ([_cell(cell) for cell in row] for row in rows) if any(row)]
    titles = next((place for place, row in enumerate(filled) if sum(map(bool, row)) > 1), len(filled))
    lines = ["\n\n".join(filter(None, row)) for row in filled[:titles]]
    return "\n\n".join(filter(None, (*lines, "\n".join(_table(filled[titles:])))))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    width = max(map(len, rows), default=0)
    used = [column for column in range(width) if any(column < len(row) and row[column] for row in rows)]
    for place, row in enumerate(rows):
        yield "| " + " | ".join(row[column] if column < len(row) else "" for column in used) + " |"
        if not place:
            yield "|" + "---|" * len(used)


def _cell(text: str) -> str:
    # A bar ends a cell, whatever number of backslashes stands before it; a line end would end the row.
    return _PIPE.sub(lambda match: match[1] * 2 + r"\|", " ".join(text.split()))
