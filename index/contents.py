"""The contents of a generation: which documents it holds, and in which segment the chunks of each stand."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.arrays import BoolArray, IntArray
from ingest.errors import IndexDamaged

CONTENTS_NAME = "documents.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a generation.

    Attributes:
        doc_id: The document.
        content_hash: SHA-256 of its file, by which a change is known.
        repair: What was repaired in its encoding, in words; empty when nothing was.
        segment: The segment that its chunks stand in.
        first: The row of its first chunk there, 0-based.
        count: How many chunks it has, one row after the other.
        redactions: How many of each kind were masked in it, by kind.
    """

    doc_id: str
    content_hash: str
    repair: str
    segment: str
    first: int
    count: int
    redactions: Mapping[str, int]


def write_contents(folder: Path, entries: Iterable[Entry]) -> None:
    """Write the contents list into a generation's folder."""
    rows = ([getattr(entry, name) for name in Entry.__slots__] for entry in entries)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / CONTENTS_NAME).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def read_contents(folder: Path) -> dict[str, Entry]:
    """Read the contents list of a generation: its documents by id, in order of id.

    Raises:
        IndexDamaged: It is missing or is not such a list.
    """
    try:
        entries = [Entry(*row) for row in json.loads((folder / CONTENTS_NAME).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamaged(
            f"The list of documents in {folder} cannot be read ({error}).", "Run: coruja index"
        ) from error
    return {entry.doc_id: entry for entry in sorted(entries, key=lambda entry: entry.doc_id)}


class Rows:
    """Row numbers: those of the whole index, and where each row is stored.

    An index numbers its chunks by their documents' ids and then by their places, however its segments lie, so that it
    answers alike whether it was built at once or edit by edit. Stored rows count through the segments, one after the
    other; rows of documents that were changed or deleted since are stored still, and dead.

    Attributes:
        order: Stored row of each row, shape (rows,).
        starts: First stored row of each segment, and the end of the last, shape (segments + 1,).
    """

    def __init__(self, entries: Iterable[Entry], sizes: Mapping[str, int]) -> None:
        self.starts = np.cumsum([0, *sizes.values()], dtype=np.int64)
        start_of = dict(zip(sizes, self.starts.tolist(), strict=False))
        held = [(start_of[entry.segment] + entry.first, entry.count) for entry in entries if entry.count]
        firsts, counts = np.array(held, dtype=np.int64).reshape(-1, 2).T
        self.order: IntArray = ranges(firsts, counts)
        self._row_of = np.full(self.starts[-1], -1, dtype=np.int64)
        self._row_of[self.order] = np.arange(len(self.order))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.order)

    def by_segment(self, rows: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Yield, for each segment that holds some of the rows: its number, their positions among them, its own rows."""
        stored = self.order[rows]
        segment_of = np.searchsorted(self.starts, stored, side="right") - 1
        for segment in sorted(set(segment_of.tolist())):
            positions = np.flatnonzero(segment_of == segment)
            yield segment, positions, stored[positions] - self.starts[segment]

    def row_of(self, segment: int, own: IntArray) -> IntArray:
        """Return the rows of a segment's own rows, -1 for a dead one."""
        rows: IntArray = self._row_of[self.starts[segment] + own]
        return rows

    def live(self, segment: int) -> BoolArray | None:
        """Return which of a segment's own rows are live; None when all are."""
        live: BoolArray = self._row_of[self.starts[segment] : self.starts[segment + 1]] >= 0
        return None if live.all() else live


def ranges(firsts: IntArray, counts: IntArray) -> IntArray:
    """Return the numbers of several ranges, one after the other: `counts[i]` numbers from `firsts[i]` on."""
    numbers: IntArray = np.arange(counts.sum()) + np.repeat(firsts - (np.cumsum(counts) - counts), counts)
    return numbers
