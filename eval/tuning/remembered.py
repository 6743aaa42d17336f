"""What all trials of a study share: an index that remembers what it found, and what was read is read once.

What was read is kept in a file: a study that goes on need not read again. A logit may depend a little on what is read
beside it (the model's activations are quantised together), so what is held out is never measured with these.
"""

import sqlite3
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from assistant.asking.glossary import load_glossary
from assistant.assistant import Assistant
from assistant.settings import Settings
from index.arrays import FloatArray
from index.hit import Hit
from index.index import Handles, Index
from index.live import LiveIndex
from index.store import Store
from ingest.chunk import Chunk

Found = TypeVar("Found")

_DEEPEST = 100  # hits that any settings of the space look at


class Remembered(Index):
    """An index that remembers, over one that is open; for one thread.

    Args:
        index: The index.
        reads: The file of what was read, created when it is not there.
    """

    def __init__(self, index: Index, reads: Path) -> None:
        super().__init__(index.manifest, index.embedder, index.reranker)
        self._index = index
        self._found: dict[tuple[object, ...], object] = {}
        self._reads = sqlite3.connect(reads)
        self._reads.execute("CREATE TABLE IF NOT EXISTS reads (pair BLOB PRIMARY KEY, logit REAL NOT NULL)")

    @property
    def encoded(self) -> float:
        """The share of the chunks that the encoder has read."""
        return self._index.encoded

    def search(self, query: str, k: int = 10, *, asked: str | None = None) -> list[Hit]:
        """Return the k chunks that fit the query best."""
        # A reranker orders as many as are asked for: what it gives for fewer is no beginning of what it gives for more.
        depth = k if self.reranker or k > _DEEPEST else _DEEPEST
        return self._once(("search", query, depth, asked), lambda: self._index.search(query, depth, asked=asked))[:k]

    def read(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return for each text the logit of its answering the question; what was read is not read again."""
        pairs = [blake2b(f"{question}\0{text}".encode(), digest_size=16).digest() for text in texts]
        known = {pair: self._known(pair) for pair in pairs}
        new = {pair: text for pair, text in zip(pairs, texts, strict=True) if known[pair] is None}
        if new:
            logits = self._index.read(question, list(new.values())).tolist()
            known.update(zip(new, logits, strict=True))
            with self._reads:
                self._reads.executemany("INSERT OR REPLACE INTO reads VALUES (?, ?)", zip(new, logits, strict=True))
        return np.array([known[pair] for pair in pairs], dtype=np.float32)

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of an id."""
        return self._once(("chunk", chunk_id), lambda: self._index.chunk(chunk_id))

    def document_text(self, doc_id: str) -> str:
        """Return a document's whole text."""
        return self._once(("text", doc_id), lambda: self._index.document_text(doc_id))

    def under(self, doc_id: str, headings: Sequence[str]) -> list[Chunk]:
        """Return the chunks of a document under a heading path."""
        return self._once(("under", doc_id, tuple(headings)), lambda: self._index.under(doc_id, headings))

    def rarity(self, word: str) -> float:
        """Return how much a folded word tells in this corpus."""
        return self._once(("rarity", word), lambda: self._index.rarity(word))

    def close(self) -> None:
        """Let go of the file; the index stays open."""
        self._reads.close()

    def _candidates(self, query: str, vector: FloatArray, asked: str) -> tuple[Handles, FloatArray]:
        return self._index._candidates(query, vector, asked)

    def _chunks(self, handles: Handles) -> list[Chunk]:
        return self._index._chunks(handles)

    def _document(self, doc_id: str) -> list[Chunk]:
        return self._index._document(doc_id)

    def _first(self, limit: int) -> list[Chunk]:
        return self._index._first(limit)

    def _known(self, pair: bytes) -> float | None:
        row = self._reads.execute("SELECT logit FROM reads WHERE pair = ?", (pair,)).fetchone()
        return float(row[0]) if row else None

    def _once(self, asked: tuple[object, ...], look: Callable[[], Found]) -> Found:
        if asked not in self._found:
            self._found[asked] = look()
        return cast(Found, self._found[asked])


class _Lent:
    """A store of one index, which is open."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def served(self) -> str:
        return self._index.manifest.generation

    def open(self, *_: object, **__: object) -> Index:
        return self._index


def assistant_over(index: Index, settings: Settings, workspace: Path) -> Assistant:
    """Return an assistant over an index that is open; to be let go, not closed."""
    live = LiveIndex(cast(Store, _Lent(index)), index.embedder, index.reranker)
    return Assistant(live, settings, load_glossary(workspace))
