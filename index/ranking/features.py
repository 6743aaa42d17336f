"""What speaks for a candidate: the signals that the fusion weighs.

Every feature is higher for a better candidate and comparable between corpora of different sizes: BM25 scores are
divided by the query's total idf, or standardised over the candidates; the others are shares of that total.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index.arrays import BoolArray, FloatArray, IntArray

FEATURES = (
    "words",  # BM25 of the whole words over the query's idf
    "stems",  # the same of stems
    "grams",  # the same of character 4-grams
    "words_z",  # the BM25 scores, standardised over the candidates
    "stems_z",
    "grams_z",
    "dense",  # cosine
    "coverage",  # share of the query's idf that the chunk has
    "count",  # share of the query's terms that the chunk has
    "near",  # highest coverage within NEAR words
    "around",  # highest coverage within AROUND words
    "pairs",  # share of the idf in neighbouring query terms that are neighbours here too
    "heading",  # coverage by the headings
    "brevity",  # minus the logarithm of the length in words
    "dense_gap",  # cosine, as far as the best coverage of any candidate leaves the query uncovered
    "meaning",  # cosine of the encoder's vectors, beside the candidates' mean; 0 where the encoder has not been yet
)

NEAR = 10
AROUND = 25
NEIGHBOURS = 3  # words, for two terms to count as neighbours

_APART = 1 << 32  # more than any chunk has words: keeps candidates apart in one sorted array of keys


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a query that are searched for in sequences.

    Attributes:
        stems: The terms, in the query's order, each once.
        weights: Their idf, shape (terms,).
    """

    stems: tuple[str, ...]
    weights: FloatArray

    @property
    def total(self) -> float:
        """Return the query's idf: what a chunk with every term covers. At least a trifle, to divide by."""
        return max(float(self.weights.sum()), 1e-6)


@dataclass(frozen=True, slots=True)
class Sequences:
    """The candidates' words, one sequence after the other.

    Attributes:
        terms: For every word, which of the query's terms it is (0-based), -1 for any other word.
        lengths: Number of words of each candidate.
        heading_lengths: How many of those, from the first, are its headings'.
    """

    terms: IntArray
    lengths: IntArray
    heading_lengths: IntArray


def feature_rows(
    terms: Terms,
    sequences: Sequences,
    scores: Mapping[str, FloatArray],
    cosines: FloatArray,
    meant: FloatArray | None = None,
) -> FloatArray:
    """Return the features of candidates: shape (candidates, features), in the order of `FEATURES`.

    Args:
        terms: The query's stems.
        sequences: Where the candidates have them.
        scores: Their BM25 scores in each view, shape (candidates,).
        cosines: Those of their vectors with the query's, same shape.
        meant: Those of the encoder's vectors, same shape, NaN where there is none; None where there are none at all.
    """
    values = match_features(terms, sequences)
    for view, found in scores.items():
        values[view] = found / terms.total
        values[f"{view}_z"] = standardise(found)
    values["dense"] = cosines
    values["dense_gap"] = cosines * (1.0 - values["coverage"].max(initial=0.0))
    values["meaning"] = np.zeros_like(cosines) if meant is None else np.nan_to_num(meant - _mean(meant))
    return np.stack([values[name] for name in FEATURES], axis=1).astype(np.float32)


def match_features(terms: Terms, sequences: Sequences) -> dict[str, FloatArray]:
    """Return the features that look at which terms stand where: each of shape (candidates,)."""
    count = len(sequences.lengths)
    candidate = np.repeat(np.arange(count), sequences.lengths)
    place = np.arange(len(sequences.terms)) - np.repeat(
        np.cumsum(sequences.lengths) - sequences.lengths, sequences.lengths
    )
    found = np.flatnonzero(sequences.terms >= 0)
    candidate, place, term = candidate[found], place[found], sequences.terms[found]
    has = np.zeros((count, len(terms.stems)), dtype=bool)
    has[candidate, term] = True
    in_heading = np.zeros_like(has)
    heads = place < sequences.heading_lengths[candidate]
    in_heading[candidate[heads], term[heads]] = True
    distance = _distance_to_next(candidate * _APART + place, term, len(terms.stems))
    shares = terms.weights / terms.total
    return {
        "coverage": _weigh(has, shares),
        "count": has.mean(axis=1, dtype=np.float32) if len(terms.stems) else np.zeros(count, np.float32),
        "near": _highest(candidate, _weigh(distance < NEAR, shares), count),
        "around": _highest(candidate, _weigh(distance < AROUND, shares), count),
        "pairs": _pairs(candidate, term, distance, shares, count),
        "heading": _weigh(in_heading, shares),
        "brevity": -np.log1p(sequences.lengths).astype(np.float32),
    }


def _distance_to_next(keys: IntArray, term: IntArray, terms: int) -> IntArray:
    """Return, for every match and term, how many words on that term stands next: shape (matches, terms)."""
    distance = np.full((len(keys), terms), _APART)
    for number in range(terms):
        own = keys[term == number]
        after = np.searchsorted(own, keys)
        there = after < len(own)
        distance[there, number] = own[after[there]] - keys[there]
    return distance


def _weigh(which: BoolArray, shares: FloatArray) -> FloatArray:
    """Sum the shares of the terms that are there, for each row of `which`."""
    # Not a matrix product: on some processors BLAS raises floating-point flags for products of so few columns.
    weighed: FloatArray = np.where(which, shares, np.float32(0)).sum(axis=1, dtype=np.float32)
    return weighed


def _highest(candidate: IntArray, values: FloatArray, count: int) -> FloatArray:
    best = np.zeros(count, dtype=np.float32)
    np.maximum.at(best, candidate, values.astype(np.float32))
    return best


def _pairs(candidate: IntArray, term: IntArray, distance: IntArray, shares: FloatArray, count: int) -> FloatArray:
    terms = len(shares)
    paired = np.zeros((count, max(terms - 1, 0)), dtype=bool)
    first = term < terms - 1
    near = distance[first, term[first] + 1] <= NEIGHBOURS
    paired[candidate[first][near], term[first][near]] = True
    return _weigh(paired, shares[:-1] + shares[1:])


def _mean(values: FloatArray) -> float:
    """Return the mean of those that are known; 0 where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def standardise(scores: FloatArray) -> FloatArray:
    """Return scores with mean 0 and standard deviation 1; all 0 when they do not differ."""
    spread = scores.std()
    return (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)
