"""A segment: one immutable part of an index, written once, then shared by every generation that holds it."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock

import numpy as np

from index.arrays import FloatArray
from index.folder.chunks import Chunks
from index.folder.vectors import Vectors
from index.ranking.words import SegmentWords, build_words
from ingest.chunk import Chunk
from ingest.document import Document

BATCH = 1024

Embed = Callable[[Sequence[str]], FloatArray]


class SegmentWriter:
    """Writes a segment: documents with their chunks first, then documents copied from other segments, then the rest.

    Args:
        folder: The segment's folder, which is created.

    Attributes:
        name: Its name in the generation.
        rows: How many it holds.
        fresh: How many of those, from the first, were added and not copied.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.name = folder.name
        self.fresh = 0
        self.rows = 0
        self._folder = folder
        self._chunks = Chunks.create(folder)
        self._copied: list[tuple[Vectors, int, int]] = []

    def add(self, document: Document, chunks: Sequence[Chunk]) -> int:
        """Append a document and return the row of its first chunk."""
        first = self.rows
        self._chunks.add(document, chunks)
        self.rows += len(chunks)
        self.fresh = self.rows
        return first

    def copy(self, segment: "Segment", doc_id: str, first: int, count: int) -> int:
        """Append a document as another segment has it, vectors and all, and return the row of its first chunk."""
        at = self.rows
        self._chunks.add(segment.chunks.document(doc_id), segment.chunks.rows(first, count))
        self._copied.append((segment.vectors, first, count))
        self.rows += count
        return at

    def finish(self, embed: Embed, dimension: int) -> None:
        """Index what was added."""
        build_words(self._chunks, self._folder, self._chunks.database)
        vectors = Vectors(dimension, self.rows)
        texts = (chunk.searchable for chunk in islice(self._chunks, self.fresh))
        while batch := list(islice(texts, BATCH)):
            vectors.add(embed(batch))
        for other, first, count in self._copied:
            vectors.add(other.take(np.arange(first, first + count)))
        vectors.write(self._folder)
        self._chunks.commit()
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._chunks.close()


class Segment:
    """A segment, open for reading; several indexes may hold it at once.

    Args:
        folder: Its folder; the checksums of its files have been verified.
        dimension: Length of a vector.

    Raises:
        IndexDamaged: A file cannot be read.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self.chunks = Chunks.open(folder)
        self.words = SegmentWords(folder, self.chunks.query)
        self.vectors = Vectors.open(folder, dimension)
        self._holders = 1
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of stored rows."""
        return len(self.vectors)

    def hold(self) -> "Segment":
        """Keep it open for one more holder."""
        with self._lock:
            self._holders += 1
        return self

    def close(self) -> None:
        """Let go; the last holder closes the files."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self.chunks.close()
