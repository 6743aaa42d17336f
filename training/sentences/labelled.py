"""Sentences that a real model wrote, each labelled by reading it beside the passages that the model was given.

A file a documentation of `train_docs`, a row an answer: `kind, question`, `passages` (document and the offsets of each
passage's chunks, in the order of their numbers) and `sentences` (`text` and `label`: `yes` where the passages say it,
`no` where they do not, `none` where it claims nothing of its own: a preface, politeness, "não sei"; `unsure` where a
reader could say either: a clumsy translation, half of a meaning). The documents themselves are not here: they are read
from the folder that the questions come from.
"""

import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.hit import Hit
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.reading.corpus import read_documents
from ingest.splitting.splitter import split

HERE = Path(__file__).parent
ASKED = "asked"
"""The kind of what was asked of a whole documentation, with the passages that Coruja found for it."""
FRESH = "fresh"
"""The kind of what was asked in the same way once the weights were chosen: measured on, never learned from."""
LEARNED_FROM = frozenset({"campaign", "lambda_en"})
"""The documentations whose sentences are learned from; the others are held out."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer of a model, cut into sentences.

    Attributes:
        corpus: The documentation.
        kind: How the question relates to the passages (see `training.sentences.asked`).
        question: What was asked.
        hits: The chunks that the model was given.
        sentences: What it wrote, in order.
    """

    corpus: str
    kind: str
    question: str
    hits: tuple[Hit, ...]
    sentences: tuple[Sentence, ...]

    @property
    def side(self) -> str:
        """Return what it is used for: `learned from`, or measured on, `held out` or `fresh`."""
        if self.kind == FRESH:
            return FRESH
        return "learned from" if self.corpus in LEARNED_FROM else "held out"

    @property
    def held_out(self) -> bool:
        """Tell whether it is measured on, and never learned from."""
        return self.side != "learned from"


def read_labelled(data: Path) -> list[Labelled]:
    """Return every labelled answer; `data` holds a folder a documentation, with its `corpus.tar.gz`."""
    return [one for path in sorted(HERE.glob("*.jsonl")) for one in _read(path, data)]


def _read(path: Path, data: Path) -> Iterator[Labelled]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    chunks = _chunks(data / path.stem / "corpus.tar.gz", {doc for row in rows for doc, _ in row["passages"]})
    for row in rows:
        given = [chunks[doc, start, end] for doc, places in row["passages"] for start, end in places]
        yield Labelled(
            path.stem,
            row["kind"],
            row["question"],
            tuple(Hit(chunk, 0.0, rank) for rank, chunk in enumerate(given, 1)),
            tuple(_sentence(one) for one in row["sentences"]),
        )


def _sentence(row: dict[str, Any]) -> Sentence:
    return Sentence(row["text"], row["label"])


def _chunks(packed: Path, docs: set[str]) -> dict[tuple[str, int, int], Chunk]:
    """Return the chunks of some documents by where they stand."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(packed) as files:
        wanted = [one for one in files.getmembers() if one.name.partition("/")[2] in docs]
        files.extractall(folder, members=wanted, filter="data")
        documents = [one for one in read_documents(Path(folder) / "corpus") if isinstance(one, Document)]
    found = (chunk for document in documents for chunk in split(document))
    return {(chunk.doc_id, chunk.start, chunk.end): chunk for chunk in found}
