"""The encoder that comes with Coruja: multilingual-e5-small, whose vectors know what a text means in either language.

It is twelve layers where the embedded model is a table, and a few hundred times as slow: chunks are searchable before
it has seen them (see `index.folder.meaning`). A question is embedded by a graph of its own, which learned where the
vectors of passages stand: what a person asks without the words of the documentation is found all the same, and what is
encoded once stays.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from hashlib import sha256

import numpy as np

from index.arrays import FloatArray
from index.embedding.model_files import ASKING, ENCODER, ENCODER_DIMENSION
from index.embedding.transformer import BEGIN, END, Pair, Transformer

LONGEST = 192
"""Pieces of a text that are read; what comes after is not."""
QUERY, PASSAGE = "query: ", "passage: "
"""What a text begins with, as the model was trained (Wang et al. 2024, "Multilingual E5 Text Embeddings")."""


class Encoder:
    """Embeds texts as unit vectors; see `index.embedding.embedder.Embedder`. Safe to use from several threads.

    Each graph is loaded when it is first needed: who asks does not wait for the one that reads passages.

    Raises:
        EmbedderUnavailable: A file of the model is damaged or missing; embedding raises it.
    """

    name = "multilingual"
    dimension = ENCODER_DIMENSION

    @cached_property
    def _passages(self) -> Transformer:
        return Transformer(ENCODER.stem, ENCODER.parent)

    @cached_property
    def _questions(self) -> Transformer:
        return Transformer(ASKING.stem, ASKING.parent)

    @cached_property
    def fingerprint(self) -> str:
        """Name, dimension and the hash of what embeds passages: vectors of another fingerprint are not comparable."""
        digest = sha256(ENCODER.read_bytes()).hexdigest()
        return f"{self.name}/{self.dimension}/{digest[:16]}"

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts that will be searched: (n, dimension) float32, rows of length 1."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return _embedded(self._passages, PASSAGE, texts)

    def embed_query(self, text: str) -> FloatArray:
        """Embed what is searched for: (dimension,) float32 of length 1."""
        vector: FloatArray = _embedded(self._questions, QUERY, [text])[0]
        return vector


def _embedded(model: Transformer, prefix: str, texts: Sequence[str]) -> FloatArray:
    read = model.pieces([prefix + text for text in texts])
    return model.run([alone(own) for own in read])


def alone(text: Sequence[int], longest: int = LONGEST) -> Pair:
    """Return a text, as pieces, as a sequence of `longest` pieces at most."""
    return [BEGIN, *text[: longest - 2], END], 0


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """Return the one that is shipped; loaded when it is first asked for."""
    return Encoder()
