"""The cross-encoders that come with Coruja: each reads two texts together and judges.

One says whether a text answers a question, the other whether a text says a sentence. Each is half of a multilingual
embedding model, taught on examples (see the README beside the models).
"""

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np

from index.arrays import FloatArray
from index.embedding.model_files import MULTILINGUAL
from index.embedding.transformer import BEGIN, END, Pair, Transformer

LONGEST_QUESTION, LONGEST_SENTENCE = 48, 96
"""Pieces of the first text, by what it is; what comes after is not read."""
WITH_QUESTION, WITH_SENTENCE = 256, 192
"""Pieces of both together, as each model learned to read."""


class CrossEncoder:
    """Judges texts beside a first one. Safe to use from several threads.

    Args:
        graph: The name of its graph.
        first: Pieces of the first text that are read.
        longest: Pieces of both that are.
    """

    def __init__(self, graph: str, first: int, longest: int) -> None:
        self._transformer = Transformer(graph, MULTILINGUAL)
        self._first, self._longest = first, longest

    def read(self, first: str, texts: Sequence[str]) -> FloatArray:
        """Return for each text its logit: (texts,) float32."""
        if not texts:
            return np.empty(0, dtype=np.float32)
        asked, *said = self._transformer.pieces([first, *texts])
        return self._transformer.run([joined(asked[: self._first], own, self._longest) for own in said])


def joined(first: Sequence[int], text: Sequence[int], longest: int) -> Pair:
    """Return two texts, as pieces, as one sequence of `longest` pieces at most; the first is whole."""
    head = [BEGIN, *first, END]
    return [*head, *text[: longest - len(head) - 1], END], len(head)


def cross_encoder() -> CrossEncoder:
    """Return the one that says whether a text answers a question; loaded when it is first asked for."""
    return _loaded("cross-encoder", LONGEST_QUESTION, WITH_QUESTION)


def entailment() -> CrossEncoder:
    """Return the one that says whether a text says a sentence; loaded when it is first asked for."""
    return _loaded("entailment", LONGEST_SENTENCE, WITH_SENTENCE)


def _loaded(graph: str, first: int, longest: int) -> CrossEncoder:
    with _LOADING:  # once, in whatever thread
        return _shipped(graph, first, longest)


_LOADING = Lock()
_shipped = lru_cache(maxsize=2)(CrossEncoder)
