"""The index: one generation, open for reading, searched many times. What every store does alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from index.arrays import FloatArray
from index.embedding.embedder import Embedder
from index.hit import Hit
from index.manifest import Manifest
from index.ranking.features import FEATURES
from index.ranking.fusion import fuse
from index.ranking.reranker import CANDIDATES, Reranker
from ingest.chunk import Chunk
from ingest.errors import EmbedderUnavailable

POOL = 100
"""How many of the best chunks of each signal are candidates."""

Handles = npt.NDArray[Any]
"""Names of candidates, as the store that found them knows them: shape (candidates,)."""


class Index(ABC):
    """One generation, open for reading. Safe to use from several threads.

    Attributes:
        manifest: What the generation is made of.
        embedder: Embeds the queries.
        reranker: Orders the best candidates of every search anew, if there is one.
        damage: What is damaged in the served generation, when another one answers in its place; empty otherwise.
    """

    def __init__(self, manifest: Manifest, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self.manifest = manifest
        self.embedder = embedder
        self.reranker = reranker
        self.damage = ""

    @property
    def encoded(self) -> float:
        """The share of the chunks that the encoder has read, in [0, 1]; above 0 what it says changes a search."""
        return 0.0

    def search(self, query: str, k: int = 10, *, asked: str | None = None) -> list[Hit]:
        """Return the k chunks that fit the query best, best first; fewer when the index is smaller.

        Candidates are the best of each signal; their scores are fused (see `index.ranking.fusion`). A reranker's scores
        replace the fused ones, which then stand among the signals.

        Args:
            query: What is sought.
            k: How many chunks.
            asked: What the encoder reads, where that is not the query: words that stand beside a question for what the
                documents may call it mislead it. Empty, it is not asked: a cold start takes half a second to load it.
        """
        handles, features = self._candidates(query, self.embedder.embed_query(query), query if asked is None else asked)
        fused = fuse(features)
        best = np.argsort(-fused, kind="stable")[: max(k, CANDIDATES) if self.reranker else k]
        hits = [
            Hit(chunk, float(fused[at]), rank, dict(zip(FEATURES, features[at].tolist(), strict=True)))
            for rank, (at, chunk) in enumerate(zip(best, self._chunks(handles[best]), strict=True), start=1)
        ]
        return _reranked(self.reranker, query, hits)[:k] if self.reranker else hits

    def read(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return for each text the logit of its answering the question, as the cross-encoder reads both together."""
        from index.ranking.cross_encoder import cross_encoder  # onnxruntime: facts and lists are answered without it

        return cross_encoder().read(question, texts)

    def expect_reading(self) -> None:
        """Load what `read` needs beside what is done meanwhile; what goes wrong is raised by `read`."""
        _begin_to_load()

    def candidates(self, query: str) -> tuple[list[str], FloatArray]:
        """Return the ids of the chunks that a query's signals bring up, and their features.

        The features (see `index.ranking.features`) have the shape (candidates, features), in the order of `FEATURES`.
        Fusion is learned from these.
        """
        handles, features = self._candidates(query, self.embedder.embed_query(query), query)
        return [chunk.chunk_id for chunk in self._chunks(handles)], features

    @abstractmethod
    def _candidates(self, query: str, vector: FloatArray, asked: str) -> tuple[Handles, FloatArray]:
        """Return the best of each signal, in the order of the index, and their features; see `search`."""

    @abstractmethod
    def _chunks(self, handles: Handles) -> list[Chunk]:
        """Return the chunks of candidates, in their order."""

    @abstractmethod
    def _document(self, doc_id: str) -> list[Chunk]:
        """Return the chunks of a document, in order; none when the index does not have it."""

    @abstractmethod
    def _first(self, limit: int) -> list[Chunk]:
        """Return the first chunks of the index."""

    @abstractmethod
    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of an id, None when the index does not have it."""

    @abstractmethod
    def document_text(self, doc_id: str) -> str:
        """Return a document's whole text; empty when the index does not have it, or nothing of it."""

    @abstractmethod
    def rarity(self, word: str) -> float:
        """Return how much a folded word tells in this corpus (idf; the highest for a word that it does not have)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""

    def under(self, doc_id: str, headings: Sequence[str]) -> list[Chunk]:
        """Return the chunks of a document under a heading path, those of its subsections too, in order."""
        return [part for part in self._document(doc_id) if part.headings[: len(headings)] == tuple(headings)]

    def topics(self, limit: int = 500) -> list[str]:
        """Return what the first chunks are about, each once: their subjects, or their headings if there are none."""
        chunks = self._first(limit)
        subjects = [chunk.subject for chunk in chunks if chunk.subject]
        return list(dict.fromkeys(subjects or [chunk.headings[-1] for chunk in chunks if chunk.headings]))

    def lacks(self, word: str) -> bool:
        """Tell whether no chunk has a folded word, nor another of its stem."""
        return self.rarity(word) >= self.rarity("")  # no text has the empty word


@cache
def _begin_to_load() -> None:
    Thread(target=_load_cross_encoder, daemon=True).start()


def _load_cross_encoder() -> None:
    from index.ranking.cross_encoder import cross_encoder

    with suppress(EmbedderUnavailable):
        cross_encoder()


def _reranked(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits in the order of the reranker's scores; those that it scores alike keep theirs."""
    scores = reranker.rerank(query, [hit.chunk for hit in hits])
    return [
        Hit(hits[at].chunk, float(scores[at]), rank, {**hits[at].signals, "fused": hits[at].score})
        for rank, at in enumerate(np.argsort(-scores, kind="stable"), start=1)
    ]
