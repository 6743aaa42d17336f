"""The embedder: the protocol behind which every embedding model stands, and the names a person can choose.

An embedder's fingerprint is stored with the index. Two embedders with equal fingerprints give the same vectors.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

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


def load_embedder(
    name: str,
    *,
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    ollama_url: str = OLLAMA_URL,
    ollama_timeout: float = 120.0,
) -> Embedder:
    """Load an embedding model that is on this machine, or that Ollama serves.

    Args:
        name: `coruja` (embedded, no torch), a name or alias of the catalogue (`embedders.toml`), any other
            sentence-transformers model by its hub name or folder, or `ollama:` and a model's name in Ollama.
        query_prompt: Prefix of every query; the catalogue's, else the model's own, when None.
        passage_prompt: Prefix of every passage; the catalogue's, else the model's own, when None.
        ollama_url: Where Ollama listens.
        ollama_timeout: Seconds to wait for the vectors of a batch from Ollama.

    Raises:
        EmbedderUnavailable: The model is not there, or cannot be used.
    """
    if name == EMBEDDED:
        from index.embedding.static import shipped

        return shipped()
    prompts = {"query_prompt": query_prompt, "passage_prompt": passage_prompt}
    if name.startswith(OLLAMA_PREFIX):
        from index.embedding.ollama import OllamaEmbedder

        return OllamaEmbedder(name, url=ollama_url, timeout=ollama_timeout, **prompts)
    from index.embedding.sentence_models import TransformerEmbedder

    return TransformerEmbedder(name, **prompts)
