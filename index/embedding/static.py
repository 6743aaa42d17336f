"""The embedded embedding model: a table of vectors, one per word piece, on numpy and tokenizers alone.

What it does not know: word order, and any word whose pieces never occurred in training.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.arrays import FloatArray
from index.embedding.model_files import explained, mapped

SHIPPED = Path(__file__).parent / "models" / "coruja"
_BATCH = 256
CACHED_WORDS = 200_000
"""Words whose pieces are kept, about."""
# Pieces never cross a space or an ASCII mark: the tokenizer cuts there itself.
_WORD = re.compile(r"[^\s!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")


class StaticEmbedder:
    """Embeds a text as the sum of its pieces' vectors, at length one.

    The folder holds `model.safetensors` (`embeddings`, int8, shape (pieces, dimension), and `weights`, float32, one
    per row: a vector is its row times its weight) and `tokenizer.json`. `model2vec` and `sentence_transformers` load
    the same folder and give the same vectors. This class exists because it is faster than both: a piece list per
    word is kept, so that only new words are tokenized, and texts are summed as a small matrix product. Safe to use from
    several threads.

    Args:
        folder: Where the model is.
        cached_words: See `CACHED_WORDS`.

    Attributes:
        name: The folder's name.
        dimension: Length of a vector.

    Raises:
        EmbedderUnavailable: A file of the model is damaged or missing.
    """

    def __init__(self, folder: Path = SHIPPED, *, cached_words: int = CACHED_WORDS) -> None:
        self._cached_words = cached_words
        self.name = folder.name
        self._file = folder / "model.safetensors"
        with explained(folder):
            tensors = mapped(self._file)
            self._codes: NDArray[np.int8] = tensors["embeddings"]
            self._weights: FloatArray = tensors["weights"]
            self.dimension = int(self._codes.shape[1])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._known: dict[str, list[int]] = {}

    @cached_property
    def fingerprint(self) -> str:
        """Name, dimension and the model file's hash: vectors of another fingerprint are not comparable."""
        digest = sha256(np.memmap(self._file, mode="r").data).hexdigest()
        return f"{self.name}/{self.dimension}/{digest[:16]}"

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embeds passages.

        Args:
            texts: Any texts; one without a known piece gets the zero vector.

        Returns:
            Shape (n, dimension), float32, rows of length one (or zero).
        """
        vectors = self._sums(texts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def embed_query(self, text: str) -> FloatArray:
        """Embeds a query as a passage is embedded, shape (dimension,)."""
        vector: FloatArray = self.embed_passages([text])[0]
        return vector

    def word_vectors(self, words: Sequence[str]) -> FloatArray:
        """Gives one unit vector per word, shape (n, dimension), for comparing words softly."""
        return self.embed_passages(words)

    def word_weights(self, words: Sequence[str]) -> FloatArray:
        """Gives how much each word says, shape (n,): the length of its vector, which grows as words get rarer."""
        weights: FloatArray = np.linalg.norm(self._sums(words), axis=1)
        return weights

    def _sums(self, texts: Sequence[str]) -> FloatArray:
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, pieces in enumerate(self._pieces_of(texts)):
            # Not a BLAS product: its threads cost more than they bring on so few numbers.
            sums[row] = np.einsum("i,ij->j", self._weights[pieces], self._codes[pieces].astype(np.float32))
        return sums

    def knows(self, word: str) -> bool:
        """Tells whether a word is a piece of its own: frequent enough in training not to be a misspelling."""
        return len(self._tokenizer.encode(word, add_special_tokens=False).ids) == 1

    def _pieces_of(self, texts: Sequence[str]) -> Iterator[NDArray[np.intp]]:
        """Yields each text's pieces; words not met before are tokenized some texts at a time."""
        for start in range(0, len(texts), _BATCH):
            split = [_WORD.findall(text) for text in texts[start : start + _BATCH]]
            known = self._learn(set().union(*split))
            for words in split:
                yield np.fromiter(chain.from_iterable(map(known.__getitem__, words)), dtype=np.intp)

    def _learn(self, words: set[str]) -> dict[str, list[int]]:
        """Tokenizes words not met before, and returns a table that has all of them, whatever other threads do.

        A word's pieces are the same in any text. A table that is full is replaced, never emptied.
        """
        known = self._known
        if len(known) > self._cached_words:
            known = self._known = {}
        fresh = [word for word in words if word not in known]
        encoded = self._tokenizer.encode_batch_fast(fresh, add_special_tokens=False)
        known.update(zip(fresh, (one.ids for one in encoded), strict=True))
        return known


@cache
def shipped() -> StaticEmbedder:
    """Return the model that is shipped, loaded once: what embeds also says how alike two words are."""
    return StaticEmbedder(SHIPPED)
