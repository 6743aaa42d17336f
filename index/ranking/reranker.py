"""The reranker: the protocol of models that order the best candidates anew."""

from collections.abc import Sequence
from typing import Protocol

from index.arrays import FloatArray
from ingest.chunk import Chunk

CANDIDATES = 50
"""How many of the best candidates a reranker reads; more when more hits are wanted."""


class Reranker(Protocol):
    """Scores chunks for a query, slower and better than the search that found them."""

    @property
    def name(self) -> str:
        """The name of the model."""

    def rerank(self, query: str, chunks: Sequence[Chunk]) -> FloatArray:
        """Score each chunk for a query: (chunks,) float32, higher is better; comparable within one call."""


def load_reranker(name: str) -> Reranker:
    """Find a reranker that is on this machine; it is loaded when it is first used.

    Args:
        name: A sentence-transformers cross-encoder: a name or alias of the catalogue, a folder, or a hub name.

    Raises:
        EmbedderUnavailable: The model is not on this machine.
    """
    from index.embedding.sentence_models import CrossEncoderReranker

    return CrossEncoderReranker(name)
