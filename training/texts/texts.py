"""Texts as arrays of word numbers, so that batches with random changes are put together fast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.texts.vocabulary import words_of

IntArray = NDArray[np.int32]


class Lexicon:
    """Numbers for words, in order of first sight."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        """Gives the word's number, a new one for a new word."""
        found = self._numbers.setdefault(word, len(self.words))
        if found == len(self.words):
            self.words.append(word)
        return found

    def encode(self, text: str) -> IntArray:
        """Gives the numbers of the text's folded words."""
        return np.fromiter((self.number(word) for word in words_of(text)), dtype=np.int32)

    def encode_all(self, texts: Iterable[str]) -> list[IntArray]:
        """Encodes each text."""
        return [self.encode(text) for text in texts]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokenizer's pieces of each word of a lexicon, as one flat array with offsets."""

    flat: IntArray
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, lexicon: Lexicon, tokenizer: Tokenizer) -> "Pieces":
        """Tokenizes every word of the lexicon once."""
        encoded = tokenizer.encode_batch_fast(lexicon.words, add_special_tokens=False)
        ids = [one.ids for one in encoded]
        lengths = np.array([len(one) for one in ids], dtype=np.int64)
        flat = np.fromiter((piece for one in ids for piece in one), dtype=np.int32, count=int(lengths.sum()))
        return cls(flat, np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)

    def expand(self, texts: Sequence[IntArray]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Gives the pieces of each text.

        Returns:
            All pieces in a row, and where each text's pieces start (what `EmbeddingBag` takes).
        """
        words = np.concatenate(texts) if texts else np.empty(0, dtype=np.int32)
        lengths = self.lengths[words]
        ends = np.cumsum(lengths)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        flat = self.flat[np.repeat(self.starts[words], lengths) + within].astype(np.int64)
        word_ends = np.cumsum([len(text) for text in texts])[:-1]
        piece_ends = np.concatenate([[0], ends])
        return flat, piece_ends[np.concatenate([[0], word_ends]).astype(np.int64)]

    def frequencies(self, texts: Sequence[IntArray], size: int) -> NDArray[np.float64]:
        """Gives each piece's share of all pieces in the texts, shape (size,)."""
        flat, _ = self.expand(texts)
        totals = np.bincount(flat, minlength=size).astype(np.float64)
        return totals / totals.sum()
