"""Scores of the words: BM25 over all segments of an index, as if they were one.

What depends on the whole corpus (document frequencies, the mean length) is worked out over the rows that are live, when
it is asked for: an index of many segments scores exactly as one that was built at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.arrays import BoolArray, FloatArray, IntArray
from index.contents import Rows, ranges
from index.ranking.features import Sequences, Terms
from index.ranking.words import VIEWS, SegmentWords
from index.text.analyser import grams, stem, words

ScoreArray = npt.NDArray[np.float64]

# BM25 as Lucene scores it (Kamphuis et al., "Which BM25 do you mean?", ECIR 2020, without the constant factor k1 + 1):
#     idf * tf / (tf + K1 * (1 - B + B * length / mean length)),  idf = ln(1 + (N - n + 0.5) / (n + 0.5))
K1 = 1.5
B = 0.75

POSTINGS = 400_000
"""How many postings of a view are read in search of candidates: those of the rarest terms, whole terms at a time. The
candidates are then scored by all terms. So a question costs about the same however large the index is, and in one with
fewer postings to read nothing is left out."""


REMEMBERED = 50_000
"""Stems whose idf is remembered for the words of questions."""


def idf(frequency: IntArray, chunks: int) -> FloatArray:
    """Return the idf of terms that so many of the chunks have."""
    rare: FloatArray = np.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return rare


class Words:
    """The words of a whole index."""

    def __init__(self, parts: Sequence[SegmentWords], rows: Rows) -> None:
        self.parts = parts
        self.rows = rows
        self._rarity: dict[str, float] = {}
        self.live = [rows.live(number) for number in range(len(parts))]
        lengths = np.concatenate([part.lengths for part in parts], axis=1)
        by_words, by_grams = (_saturation(lengths[kind], rows) for kind in (0, 1))
        self.saturation = {"words": by_words, "stems": by_words, "grams": by_grams}
        self._lengths, self._headings = lengths[0][rows.order].astype(np.int64), lengths[2][rows.order].astype(np.int64)

    def matches(self, query: str) -> "Matches":
        """Look a query's terms up."""
        found = words(query)
        stems = list(map(stem, found))
        terms = {"words": found, "stems": stems, "grams": [gram for word in found for gram in grams(word)]}
        return Matches(self, {view: self._look_up(view, terms[view]) for view in VIEWS})

    def sequences(self, rows: IntArray, stems: "LookedUp") -> Sequences:
        """Return where the given rows have the stems, in the order of their text."""
        lengths = self._lengths[rows]
        starts = np.cumsum(lengths) - lengths
        places = np.empty(lengths.sum(), dtype=np.int64)
        for segment, positions, own in self.rows.by_segment(rows):
            here = ranges(starts[positions], lengths[positions])
            places[here] = self.parts[segment].sequences(own, stems.numbers[segment])
        return Sequences(places, lengths, self._headings[rows])

    def rarity(self, word: str) -> float:
        """Return how much a folded word tells: its stem's idf, looked up once for all the questions that ask it."""
        asked = stem(word)
        if asked not in self._rarity:
            if len(self._rarity) >= REMEMBERED:
                self._rarity = {}
            self._rarity[asked] = float(self._look_up("stems", [asked]).idf[0])
        return self._rarity[asked]

    def _look_up(self, view: str, terms: Sequence[str]) -> "LookedUp":
        times = Counter(terms)
        numbers = np.array([part.numbers(view, list(times)) for part in self.parts])
        firsts, ends = np.array([part.spans(own) for part, own in zip(self.parts, numbers, strict=True)]).swapaxes(0, 1)
        frequency = np.zeros(len(times), dtype=np.int64)
        for part, live, first, end in zip(self.parts, self.live, firsts, ends, strict=True):
            frequency += end - first if live is None else _counted(part, live, first, end)
        rare = idf(frequency, len(self.rows))
        weights = rare * np.array(list(times.values()), dtype=np.float32)
        return LookedUp(tuple(times), rare, weights, numbers, firsts, ends)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The distinct terms of a query in one view.

    Attributes:
        terms: The terms.
        idf: Their idf, shape (terms,).
        weights: The same times how often the query has each.
        numbers: Their numbers in each segment, shape (segments, terms); -1 where it has none.
        firsts: Where their postings begin in each segment, same shape.
        ends: Where those end.
    """

    terms: tuple[str, ...]
    idf: FloatArray
    weights: FloatArray
    numbers: IntArray
    firsts: IntArray
    ends: IntArray

    def rarest(self) -> BoolArray:
        """Return which terms are the rarest, `POSTINGS` postings of them: shape (terms,)."""
        postings = (self.ends - self.firsts).sum(axis=0)
        order = np.argsort(postings, kind="stable")
        before = np.cumsum(postings[order]) - postings[order]
        chosen = np.zeros(len(self.terms), dtype=bool)
        chosen[order[(before == 0) | (before + postings[order] <= POSTINGS)]] = True
        return chosen


class Matches:
    """A query's terms in an index, and the scores that they give.

    Attributes:
        terms: The query's stems with their idf.
    """

    def __init__(self, of: Words, found: dict[str, LookedUp]) -> None:
        self._words = of
        self._found = found
        self.terms = Terms(found["stems"].terms, found["stems"].idf)

    def best(self, view: str, k: int) -> IntArray:
        """Return the k rows that score best in a view by its rarest terms, in no order; none that scores 0."""
        rows, scores = (np.concatenate(parts) for parts in zip(*self._bests(view, k), strict=True))
        best: IntArray = rows[_highest(scores, k)]
        return best

    def scores(self, view: str, rows: IntArray) -> FloatArray:
        """Return the scores of the given rows in a view."""
        found, scores = self._found[view], np.zeros(len(rows), dtype=np.float32)
        for segment, positions, own in self._words.rows.by_segment(rows):
            part, start = self._words.parts[segment], self._words.rows.starts[segment]
            saturation = self._words.saturation[view][start + own]
            at, there = _find(part, own, found.firsts[segment], found.ends[segment])
            often = np.where(there, part.counts[at], 0).astype(np.float32)
            scores[positions] = (found.weights[:, None] * (often / (often + saturation))).sum(axis=0)
        return scores

    def sequences(self, rows: IntArray) -> Sequences:
        """Return where the given rows have the query's stems."""
        return self._words.sequences(rows, self._found["stems"])

    def _bests(self, view: str, k: int) -> list[tuple[IntArray, ScoreArray]]:
        """Return, for each segment, the k live rows that score best by the rarest terms, and those scores."""
        terms = self._found[view].rarest()
        bests = []
        lowest = 0.0  # that can still be among the k best of all
        for segment, live in enumerate(self._words.live):
            scores = self._segment_scores(view, segment, terms)
            if live is not None:
                scores[~live] = 0
            own = np.flatnonzero(scores > lowest)
            own = own[_highest(scores[own], k)]
            lowest = max(lowest, float(scores[own].min())) if len(own) == k else lowest
            bests.append((self._words.rows.row_of(segment, own), scores[own]))
        return bests

    def _segment_scores(self, view: str, segment: int, terms: BoolArray) -> ScoreArray:
        """Score all rows of a segment by some of the terms."""
        found, part, start = self._found[view], self._words.parts[segment], self._words.rows.starts[segment]
        size = part.lengths.shape[1]
        spans = list(zip(found.firsts[segment][terms].tolist(), found.ends[segment][terms].tolist(), strict=True))
        if not spans:
            return np.zeros(size)
        rows = np.concatenate([part.rows[first:end] for first, end in spans])
        often = np.concatenate([part.counts[first:end] for first, end in spans]).astype(np.float32)
        weights = np.repeat(found.weights[terms], [end - first for first, end in spans])
        saturation = self._words.saturation[view][start : start + size][rows]
        gained = weights * (often / (often + saturation))
        return np.bincount(rows, gained, minlength=size).astype(np.float64, copy=False)


def _find(part: SegmentWords, rows: IntArray, firsts: IntArray, ends: IntArray) -> tuple[IntArray, BoolArray]:
    """Find rows in the postings of several terms at once, by halving: where each is and whether; shape (terms, rows).

    Args:
        part: The segment.
        rows: Its own rows, shape (rows,).
        firsts: Where the postings of each term begin, shape (terms,).
        ends: Where those end.
    """
    low = np.repeat(firsts[:, None], len(rows), axis=1)
    high = np.repeat(ends[:, None], len(rows), axis=1)
    last = len(part.rows) - 1
    for _ in range(int((ends - firsts).max(initial=0)).bit_length()):
        middle = (low + high) >> 1
        before = (middle < high) & (part.rows[np.minimum(middle, last)] < rows)
        low = np.where(before, middle + 1, low)
        high = np.where(before, high, middle)
    at = np.minimum(low, last)
    return at, (low < ends[:, None]) & (part.rows[at] == rows)


def _counted(part: SegmentWords, live: BoolArray, firsts: IntArray, ends: IntArray) -> IntArray:
    """Return how many live rows each term has."""
    spans = zip(firsts.tolist(), ends.tolist(), strict=True)
    return np.array([np.count_nonzero(live[part.rows[first:end]]) for first, end in spans], dtype=np.int64)


def _highest(scores: ScoreArray, k: int) -> IntArray:
    """Return the places of the k highest scores above 0, in no order."""
    above = np.flatnonzero(scores > 0)
    if len(above) <= k:
        return above
    return above[np.argpartition(-scores[above], k - 1)[:k]]


def _saturation(lengths: npt.NDArray[np.int32], rows: Rows) -> FloatArray:
    """Return `K1 * (1 - B + B * length / mean length)` of every stored row; the mean is over the live ones."""
    mean = lengths[rows.order].mean() or 1.0  # no row has a word
    return (K1 * (1 - B + B * lengths / mean)).astype(np.float32)
