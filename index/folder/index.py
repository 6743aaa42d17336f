"""The index in a folder of this machine: FAISS, NumPy and SQLite files, verified before they are read."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np

from index.arrays import FloatArray, IntArray
from index.contents import Rows, read_contents
from index.embedding.embedder import Embedder
from index.folder.generations import candidates, current, verify
from index.folder.meaning import Meaning
from index.folder.segment import Segment
from index.folder.vectors import Vectors
from index.index import POOL, Handles, Index
from index.manifest import Manifest
from index.ranking.features import feature_rows
from index.ranking.reranker import Reranker
from index.ranking.scoring import Words
from index.ranking.words import VIEWS
from ingest.chunk import Chunk
from ingest.errors import IndexDamaged, IndexMismatch

_NONE: IntArray = np.empty(0, np.int64)


class FaissIndex(Index):
    """A generation in a folder, open for reading. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        segments: Mapping[str, Segment],
        embedder: Embedder,
        reranker: Reranker | None = None,
    ) -> None:
        super().__init__(manifest, embedder, reranker)
        self._segments = segments
        self._entries = read_contents(folder)
        self._rows = Rows(self._entries.values(), manifest.segments)
        self._parts = list(segments.values())
        self._aside = ThreadPoolExecutor(2)  # NumPy, FAISS and the encoder let each other run
        self._meaning = Meaning(folder.parents[1], manifest)
        self._words = Words([segment.words for segment in self._parts], self._rows)
        self._live = [self._rows.live(number) for number in range(len(self._parts))]
        self._lock = Lock()  # of SQLite's connections

    @classmethod
    def open(
        cls,
        root: Path,
        embedder: Embedder,
        reranker: Reranker | None = None,
        *,
        redaction: str = "",
        before: Index | None = None,
    ) -> "FaissIndex":
        """Open the served generation; if it is damaged, the newest other one that is whole.

        Args:
            root: The index folder.
            embedder: Embeds queries; the one that embedded the chunks.
            reranker: Orders the best candidates of every search anew.
            redaction: How the documents have to be masked (see `ingest.redaction.recipe`).
            before: An index that is open: the segments that both have are shared, not read again.

        Raises:
            IndexMissing: Nothing has been built.
            IndexMismatch: Another embedder, analyser, splitter or redaction built it.
            IndexDamaged: A file is missing or altered, and there is no other generation to answer from.
        """
        damage: IndexDamaged | None = None
        for folder in candidates(root):
            try:
                manifest = Manifest.read(folder)
                manifest.check_recipe(embedder.fingerprint, embedder.name, redaction)
                index = cls(folder, manifest, _open_segments(folder, manifest, before), embedder, reranker)
            except IndexDamaged as error:
                if current(root) != folder and not damage:  # another was served, and this one removed, in between
                    return cls.open(root, embedder, reranker, redaction=redaction, before=before)
                damage = damage or error
            except IndexMismatch:
                if not damage:
                    raise
            else:
                index.damage = f"{damage.message} Answering from generation {folder.name}." if damage else ""
                return index
        raise damage or IndexDamaged(f"There is no whole generation in {root}.", "Run: coruja index")

    @property
    def encoded(self) -> float:
        """The share of the chunks that the encoder has read, in [0, 1]; above 0 what it says changes a search."""
        return self._meaning.share

    def _candidates(self, query: str, vector: FloatArray, asked: str) -> tuple[Handles, FloatArray]:
        alike = self._aside.submit(self._alike, vector)
        meant = self._aside.submit(self._meant, asked) if asked else None
        with self._lock:
            matches = self._words.matches(query)
            best = [matches.best(view, POOL) for view in VIEWS]
        encoded, near = meant.result() if meant else (None, _NONE)
        rows = np.unique(np.concatenate([alike.result(), near, *best]))
        with self._lock:
            scores = {view: matches.scores(view, rows) for view in VIEWS}
            sequences = matches.sequences(rows)
        cosines = None if encoded is None else self._meaning.cosines(encoded, self._rows, rows)
        return rows, feature_rows(matches.terms, sequences, scores, self._cosines(vector, rows), cosines)

    def _alike(self, vector: FloatArray) -> IntArray:
        """Return the rows that are most like a query, by the embedder's vectors."""
        return self._nearest(vector, ((number, segment.vectors) for number, segment in enumerate(self._parts)))

    def _meant(self, asked: str) -> tuple[FloatArray | None, IntArray]:
        """Return the encoder's vector of a question, None while there are none to compare, and the nearest rows."""
        vector = self._meaning.query(asked)
        return vector, _NONE if vector is None else self._nearest(vector, self._meaning.searched)

    def _nearest(self, vector: FloatArray, searched: Iterable[tuple[int, Vectors]]) -> IntArray:
        """Return the rows whose vectors, given by the number of a segment, are nearest."""
        found = [
            (self._rows.row_of(number, own), cosines)
            for number, vectors in searched
            for own, cosines in [vectors.nearest(vector, POOL, self._live[number])]
        ]
        if not found:
            return _NONE
        rows, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
        best: IntArray = rows[np.argsort(-cosines, kind="stable")[:POOL]]
        return best

    def _cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        # One product of all rows: it rounds alike however they are stored, so that equal texts rank alike, too.
        vectors = np.empty((len(rows), len(vector)), dtype=np.float32)
        for number, positions, own in self._rows.by_segment(rows):
            vectors[positions] = self._parts[number].vectors.take(own)
        return vectors @ vector

    def _chunks(self, handles: Handles) -> list[Chunk]:
        found: dict[int, Chunk] = {}
        with self._lock:
            for number, positions, own in self._rows.by_segment(handles):
                store = self._parts[number].chunks
                found.update((at, store.rows(row)[0]) for at, row in zip(positions.tolist(), own.tolist(), strict=True))
        return [found[at] for at in range(len(handles))]

    def _document(self, doc_id: str) -> list[Chunk]:
        entry = self._entries.get(doc_id)
        if not entry or not entry.count:
            return []
        with self._lock:
            return self._segments[entry.segment].chunks.rows(entry.first, entry.count)

    def _first(self, limit: int) -> list[Chunk]:
        return self._chunks(np.arange(min(limit, len(self._rows))))

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of an id, None when the index does not have it."""
        with self._lock:
            for number, segment in enumerate(self._parts):
                found = segment.chunks.find(chunk_id)
                if found and self._rows.row_of(number, np.array([found[0]]))[0] >= 0:
                    return found[1]
        return None

    def document_text(self, doc_id: str) -> str:
        """Return a document's whole text; empty when the index does not have it, or nothing of it."""
        entry = self._entries.get(doc_id)
        if not entry or not entry.count:
            return ""
        with self._lock:
            return self._segments[entry.segment].chunks.document(doc_id).text

    def rarity(self, word: str) -> float:
        """Return how much a folded word tells in this corpus (idf; the highest for a word that it does not have)."""
        with self._lock:
            return self._words.rarity(word)

    def close(self) -> None:
        """Let the files go."""
        self._aside.shutdown()
        for segment in self._parts:
            segment.close()


def _open_segments(folder: Path, manifest: Manifest, before: Index | None) -> dict[str, Segment]:
    """Open a generation's segments, each verified first: FAISS, NumPy and SQLite trust what they read."""
    shared = before if isinstance(before, FaissIndex) else None
    opened: dict[str, Segment] = {}
    try:
        verify(folder, manifest, [name for name in manifest.files if "/" not in name])
        for name in manifest.segments:
            files = manifest.files_of(name)
            if shared and shared.manifest.files_of(name) == files:
                opened[name] = shared._segments[name].hold()
                continue
            verify(folder, manifest, files)
            opened[name] = Segment(folder / name, manifest.dimension)
    except IndexDamaged:
        for segment in opened.values():
            segment.close()
        raise
    return opened
