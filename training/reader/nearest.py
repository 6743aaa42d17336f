"""The nearest texts by BM25 over Portuguese stems: those that are taken for the right one."""

from collections.abc import Sequence

import bm25s
import Stemmer


class Nearest:
    """Texts, to be found by the words that they share with a query."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._stem = Stemmer.Stemmer("portuguese")
        self._searcher = bm25s.BM25()
        self._searcher.index(self._words(texts), show_progress=False)
        self._many = len(texts)

    def to(self, queries: Sequence[str], k: int) -> list[list[int]]:
        """Return the places of the k nearest texts to each query, the nearest first; fewer where there are fewer."""
        found, _ = self._searcher.retrieve(self._words(queries), k=min(k, self._many), show_progress=False)
        return [[int(at) for at in own] for own in found]

    def _words(self, texts: Sequence[str]) -> object:
        return bm25s.tokenize(list(texts), stemmer=self._stem, stopwords=None, show_progress=False)
