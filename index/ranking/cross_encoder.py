"""The cross-encoder that comes with Coruja: it reads a question and a text together and says whether it answers.

It is half of a multilingual embedding model, taught on questions with the passages that answer them
(see the README beside the model).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from index.arrays import FloatArray
from index.embedding.model_files import MULTILINGUAL
from index.embedding.transformer import BEGIN, END, Pair, Transformer

LONGEST_QUESTION = 48
LONGEST = 192
"""Pieces of the question, and of both texts together; what comes after is not read."""


class CrossEncoder:
    """Scores texts for a question. Safe to use from several threads.

    Args:
        folder: Where the model is; the shipped one's without.
    """

    def __init__(self, folder: Path = MULTILINGUAL) -> None:
        self._transformer = Transformer("cross-encoder", folder)

    def read(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return for each text the logit of its answering the question: (texts,) float32."""
        if not texts:
            return np.empty(0, dtype=np.float32)
        asked, *said = self._transformer.pieces([question, *texts])
        return self._transformer.run([joined(asked, own) for own in said])


def joined(question: Sequence[int], text: Sequence[int], longest: int = LONGEST) -> Pair:
    """Return a question and a text, as pieces, as one sequence of `longest` pieces at most."""
    head = [BEGIN, *question[:LONGEST_QUESTION], END]
    return [*head, *text[: longest - len(head) - 1], END], len(head)


def cross_encoder() -> CrossEncoder:
    """Return the one that is shipped; loaded once, when it is first asked for, in whatever thread."""
    with _LOADING:
        return _shipped()


_LOADING = Lock()
_shipped = lru_cache(maxsize=1)(CrossEncoder)
