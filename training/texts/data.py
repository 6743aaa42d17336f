"""The training data as it lies in the data folder, and the split that holds validation pairs out.

Everything here is deterministic: a pair's side of the split depends on its own words only, so that the embedding
model and anything trained after it (the fusion) hold out the same pairs.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

HELD_OUT_PER_MILLE = 40
PATH_SEPARATOR = " - "


@dataclass(frozen=True, slots=True)
class Segment:
    """One English-Portuguese segment of `parallel.jsonl.gz`."""

    english: str
    portuguese: str
    source: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One query and the passage that answers it, of `pairs_qp.jsonl.gz`."""

    query: str
    passage: str
    source: str
    kind: str

    @property
    def page(self) -> str:
        """Names the page that the pair comes from: what stands on one side of the split as a whole."""
        if self.kind == "titulo":
            return f"{self.source}\n{self.query.split(PATH_SEPARATOR)[0]}"
        if self.kind in ("desc", "finalidade"):
            return f"{self.source}\n{self.passage.split('. ')[0].split(':')[0]}"
        return f"{self.source}\n{self.passage}"


@dataclass(frozen=True, slots=True)
class Graded:
    """Two sentences and how alike people found them, from 1 (unrelated) to 5 (the same)."""

    first: str
    second: str
    score: float


def read_segments(data: Path) -> list[Segment]:
    """Reads the parallel segments in file order; neighbours in the file are neighbours in their document."""
    rows = _read_lines(data / "parallel.jsonl.gz")
    return [Segment(row["en"], row["pt"], row["src"]) for row in rows]


def read_pairs(data: Path) -> list[Pair]:
    """Reads every query-passage pair in file order, held-out ones included."""
    rows = _read_lines(data / "pairs_qp.jsonl.gz")
    return [Pair(row["q"], row["p"], row["src"], row["kind"]) for row in rows]


def read_graded(data: Path) -> list[Graded]:
    """Reads the sentence pairs with human similarity grades (ASSIN, training parts)."""
    rows = (row for path in sorted(data.glob("sts_*.jsonl")) for row in _read_lines(path))
    return [Graded(row["s1"], row["s2"], float(row["score"])) for row in rows]


def split_pairs(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Splits pairs into training and held-out ones, about 96 to 4, whole documents at a time.

    A pair's group is its source with the first heading of its path (for a description, the page's title, with
    which its passage starts; for an encyclopaedia question, its passage), so that sections of one page stand on
    one side. A passage that also stands on the training side under another group is dropped from the held-out side.

    Returns:
        Training pairs and held-out pairs, each in the order given.
    """
    kept = [pair for pair in pairs if not _is_held_out(pair)]
    seen = {pair.passage for pair in kept}
    held_out = [pair for pair in pairs if _is_held_out(pair) and pair.passage not in seen]
    return kept, held_out


def _is_held_out(pair: Pair) -> bool:
    digest = blake2b(pair.page.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % 1000 < HELD_OUT_PER_MILLE


def _read_lines(path: Path) -> Iterator[dict[str, str]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return map(json.loads, text.decode().rstrip("\n").split("\n"))
