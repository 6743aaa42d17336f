"""The index: opened once, searched many times."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np

from index.contents import Rows, read_contents
from index.embedder import Embedder, FloatArray
from index.features import FEATURES, IntArray, match_features, standardise
from index.fusion import fuse
from index.generations import candidates, current, verify
from index.hit import Hit
from index.manifest import Manifest
from index.reranker import CANDIDATES, Reranker
from index.scoring import Words
from index.segment import Segment
from index.words import VIEWS
from ingest.chunk import Chunk
from ingest.errors import IndexDamaged, IndexMismatch

POOL = 100


class Index:
    """One generation, open for reading. Safe to use from several threads.

    Attributes:
        manifest: What the generation is made of.
        embedder: Embeds the queries.
        reranker: Orders the best candidates of every search anew, if there is one.
        damage: What is damaged in the served generation, when another one answers in its place; empty otherwise.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        segments: Mapping[str, Segment],
        embedder: Embedder,
        reranker: Reranker | None = None,
    ) -> None:
        self.manifest = manifest
        self.embedder = embedder
        self.reranker = reranker
        self.damage = ""
        self._segments = segments
        self._entries = read_contents(folder)
        self._rows = Rows(self._entries.values(), manifest.segments)
        self._parts = list(segments.values())
        self._aside = ThreadPoolExecutor(1)  # NumPy and FAISS let each other run
        self._words = Words([segment.words for segment in self._parts], self._rows)
        self._live = [self._rows.live(number) for number in range(len(self._parts))]
        self._lock = Lock()

    @classmethod
    def open(
        cls,
        root: Path,
        embedder: Embedder,
        reranker: Reranker | None = None,
        *,
        redaction: str = "",
        before: "Index | None" = None,
    ) -> "Index":
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

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """Return the k chunks that fit the query best, best first; fewer when the index is smaller.

        Candidates are the best of each signal; their scores are fused (see `index.fusion`). A reranker's scores replace
        the fused ones, which then stand among the signals.
        """
        vector = self.embedder.embed_query(query)
        with self._lock:
            rows, features = self._candidates(query, vector)
            fused = fuse(features)
            best = np.argsort(-fused, kind="stable")[: max(k, CANDIDATES) if self.reranker else k]
            found = self._chunks(rows[best])
        hits = [
            Hit(chunk, float(fused[at]), rank, dict(zip(FEATURES, features[at].tolist(), strict=True)))
            for rank, (at, chunk) in enumerate(zip(best, found, strict=True), start=1)
        ]
        return _reranked(self.reranker, query, hits)[:k] if self.reranker else hits

    def candidates(self, query: str) -> tuple[list[str], FloatArray]:
        """Return the ids of the chunks that a query's signals bring up, and their features (see `index.features`).

        The features have the shape (candidates, features), in the order of `FEATURES`. Fusion is learned from these.
        """
        vector = self.embedder.embed_query(query)
        with self._lock:
            rows, features = self._candidates(query, vector)
            return [chunk.chunk_id for chunk in self._chunks(rows)], features

    def _candidates(self, query: str, vector: FloatArray) -> tuple[IntArray, FloatArray]:
        nearest = self._aside.submit(self._nearest, vector, POOL)
        matches = self._words.matches(query)
        best = [matches.best(view, POOL) for view in VIEWS]
        rows = np.unique(np.concatenate([nearest.result(), *best])).astype(np.int64)
        cosines = self._cosines(vector, rows)
        values = match_features(matches.terms, matches.sequences(rows))
        for view in VIEWS:
            scores = matches.scores(view, rows)
            values[view] = scores / matches.terms.total
            values[f"{view}_z"] = standardise(scores)
        values["dense"] = cosines
        values["dense_gap"] = cosines * (1.0 - values["coverage"].max(initial=0.0))
        return rows, np.stack([values[name] for name in FEATURES], axis=1).astype(np.float32)

    def _nearest(self, vector: FloatArray, k: int) -> IntArray:
        """Return the k rows whose vectors are nearest."""
        found = [
            (self._rows.row_of(number, own), cosines)
            for number, (segment, live) in enumerate(zip(self._parts, self._live, strict=True))
            for own, cosines in [segment.vectors.nearest(vector, k, live)]
        ]
        rows, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
        best: IntArray = rows[np.argsort(-cosines, kind="stable")[:k]]
        return best

    def _cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        # One product of all rows: it rounds alike however they are stored, so that equal texts rank alike, too.
        vectors = np.empty((len(rows), len(vector)), dtype=np.float32)
        for number, positions, own in self._rows.by_segment(rows):
            vectors[positions] = self._parts[number].vectors.take(own)
        return vectors @ vector

    def _chunks(self, rows: IntArray) -> list[Chunk]:
        found: dict[int, Chunk] = {}
        for number, positions, own in self._rows.by_segment(rows):
            store = self._parts[number].chunks
            found.update((at, store.rows(row)[0]) for at, row in zip(positions.tolist(), own.tolist(), strict=True))
        return [found[at] for at in range(len(rows))]

    def _document(self, doc_id: str) -> list[Chunk]:
        entry = self._entries.get(doc_id)
        return self._segments[entry.segment].chunks.rows(entry.first, entry.count) if entry and entry.count else []

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of an id, None when the index does not have it."""
        with self._lock:
            for number, segment in enumerate(self._parts):
                found = segment.chunks.find(chunk_id)
                if found and self._rows.row_of(number, np.array([found[0]]))[0] >= 0:
                    return found[1]
        return None

    def section(self, chunk: Chunk) -> list[Chunk]:
        """Return all chunks of the section that a chunk stands in, in order."""
        with self._lock:
            return [part for part in self._document(chunk.doc_id) if part.section_start == chunk.section_start]

    def under(self, doc_id: str, headings: Sequence[str]) -> list[Chunk]:
        """Return the chunks of a document under a heading path, those of its subsections too, in order."""
        with self._lock:
            return [part for part in self._document(doc_id) if part.headings[: len(headings)] == tuple(headings)]

    def topics(self, limit: int = 500) -> list[str]:
        """Return what the first chunks are about, each once: their subjects, or their headings if there are none."""
        with self._lock:
            chunks = self._chunks(np.arange(min(limit, len(self._rows))))
        subjects = [chunk.subject for chunk in chunks if chunk.subject]
        return list(dict.fromkeys(subjects or [chunk.headings[-1] for chunk in chunks if chunk.headings]))

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

    def lacks(self, word: str) -> bool:
        """Tell whether no chunk has a folded word, nor another of its stem."""
        return self.rarity(word) >= self.rarity("")  # no text has the empty word

    def close(self) -> None:
        """Let the files go."""
        self._aside.shutdown()
        for segment in self._parts:
            segment.close()


def _open_segments(folder: Path, manifest: Manifest, before: Index | None) -> dict[str, Segment]:
    """Open a generation's segments, each verified first: FAISS, NumPy and SQLite trust what they read."""
    opened: dict[str, Segment] = {}
    try:
        verify(folder, manifest, [name for name in manifest.files if "/" not in name])
        for name in manifest.segments:
            files = manifest.files_of(name)
            if before and before.manifest.files_of(name) == files:
                opened[name] = before._segments[name].hold()
                continue
            verify(folder, manifest, files)
            opened[name] = Segment(folder / name, manifest.dimension)
    except IndexDamaged:
        for segment in opened.values():
            segment.close()
        raise
    return opened


def _reranked(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits in the order of the reranker's scores; those that it scores alike keep theirs."""
    scores = reranker.rerank(query, [hit.chunk for hit in hits])
    return [
        Hit(hits[at].chunk, float(scores[at]), rank, {**hits[at].signals, "fused": hits[at].score})
        for rank, at in enumerate(np.argsort(-scores, kind="stable"), start=1)
    ]
