"""The embedder: the protocol behind which every embedding model stands, and the names a person can choose.

An embedder's fingerprint is stored with the index. Two embedders with equal fingerprints give the same vectors.
"""

from collections.abc import Sequence
from typing import Protocol

from index.arrays import FloatArray

EMBEDDED = "coruja"

OLLAMA_PREFIX = "ollama:"
OLLAMA_URL = "http://127.0.0.1:11434"


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def name(self) -> str:
        """The name that a person chose it by."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Name, dimension, prompts, and the weights' revision or hash."""

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts that will be searched: (n, dimension) float32, rows of length 1 (or 0 for an empty text)."""

    def embed_query(self, text: str) -> FloatArray:
        """Embed what is searched for: (dimension,) float32 of length 1 (or 0 for an empty text)."""
