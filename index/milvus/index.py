"""The index in Milvus: the server finds the candidates by vector and by BM25, the fusion is ours as everywhere."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index.arrays import FloatArray
from index.embedding.embedder import Embedder
from index.index import POOL, Handles, Index
from index.manifest import Manifest
from index.milvus.client import Row
from index.milvus.generation import MilvusGeneration, terms
from index.ranking.features import Sequences, Terms, feature_rows
from index.ranking.reranker import Reranker
from index.ranking.scoring import idf
from index.ranking.words import VIEWS
from index.text.analyser import stem, words
from ingest.chunk import Chunk

_SIGNALS = 1 + len(VIEWS)


class MilvusIndex(Index):
    """A generation in Milvus, open for reading. Safe to use from several threads."""

    def __init__(
        self,
        generation: MilvusGeneration,
        manifest: Manifest,
        embedder: Embedder,
        reranker: Reranker | None = None,
    ) -> None:
        super().__init__(manifest, embedder, reranker)
        self._generation = generation
        self._milvus = generation.milvus
        self._aside = ThreadPoolExecutor(2 * _SIGNALS)
        self._rarity: dict[str, float] = {}

    def _candidates(self, query: str, vector: FloatArray, asked: str) -> tuple[Handles, FloatArray]:
        found = words(query)
        searched = terms(found)
        chunks = self._generation.chunks
        nearest = self._aside.submit(self._milvus.nearest, chunks, vector, POOL)
        best = [self._aside.submit(self._milvus.matching, chunks, view, searched[view], POOL) for view in VIEWS]
        ids = sorted({*nearest.result(), *(each for scores in best for each in scores.result())})
        # A candidate of one signal has a score in the others, too.
        scored = [
            self._aside.submit(self._milvus.matching, chunks, view, searched[view], len(ids), ids) for view in VIEWS
        ]
        fields = ("id", "doc", "ordinal", "heading_words", "stems", "dense")
        rows = self._milvus.get(chunks, ids, fields)
        ids = sorted(rows, key=lambda each: (rows[each]["doc"], rows[each]["ordinal"]))
        scores = {view: _in_order(ids, scored[at].result()) for at, view in enumerate(VIEWS)}
        stems = tuple(dict.fromkeys(map(stem, found)))
        weights = self._idf(stems)
        vectors = np.array([rows[each]["dense"] for each in ids], dtype=np.float32).reshape(len(ids), len(vector))
        sequences = _sequences([rows[each] for each in ids], stems)
        return np.array(ids, dtype=object), feature_rows(Terms(stems, weights), sequences, scores, vectors @ vector)

    def _chunks(self, handles: Handles) -> list[Chunk]:
        rows = self._milvus.get(self._generation.chunks, handles.tolist(), ["id", "chunk"])
        return [self._generation.chunk(rows[each]) for each in handles.tolist()]

    def _document(self, doc_id: str) -> list[Chunk]:
        return self._generation.chunks_of(doc_id)

    def _first(self, limit: int) -> list[Chunk]:
        each = max(1, limit // max(1, self.manifest.documents))
        fields = ["id", "chunk", "doc", "ordinal"]
        rows = self._milvus.where(self._generation.chunks, f"ordinal < {each}", fields, limit)
        ordered = sorted(rows, key=lambda row: (row["doc"], row["ordinal"]))
        return [self._generation.chunk(row) for row in ordered]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of an id, None when the index does not have it."""
        found = self._milvus.get(self._generation.chunks, [chunk_id], ["id", "chunk"])
        return self._generation.chunk(found[chunk_id]) if found else None

    def document_text(self, doc_id: str) -> str:
        """Return a document's whole text; empty when the index does not have it."""
        return self._generation.document_text(doc_id)

    def rarity(self, word: str) -> float:
        """Return how much a folded word tells in this corpus (idf; the highest for a word that it does not have)."""
        return float(self._idf([stem(word)])[0])

    def close(self) -> None:
        """Let the threads go; the connection is the store's."""
        self._aside.shutdown()

    def _idf(self, stems: Sequence[str]) -> FloatArray:
        unknown = [each for each in stems if each not in self._rarity]
        if unknown:
            found = self._generation.frequency(unknown, list(self.manifest.segments))
            rare = idf(np.array([found[each] for each in unknown]), self.manifest.chunks)
            self._rarity.update(zip(unknown, rare.tolist(), strict=True))
        return np.array([self._rarity[each] for each in stems], dtype=np.float32)


def _in_order(ids: list[str], scores: Mapping[str, float]) -> FloatArray:
    return np.array([scores.get(each, 0.0) for each in ids], dtype=np.float32)


def _sequences(rows: list[Row], stems: tuple[str, ...]) -> Sequences:
    """Return where the rows have the stems."""
    place = {each: at for at, each in enumerate(stems)}
    texts = [row["stems"].split(" ") if row["stems"] else [] for row in rows]
    return Sequences(
        np.array([place.get(each, -1) for text in texts for each in text], dtype=np.int64),
        np.array([len(text) for text in texts], dtype=np.int64),
        np.array([row["heading_words"] for row in rows], dtype=np.int64),
    )
