"""The signs by which `assistant.checking.entailment` judges whether a statement says a sentence."""

from collections.abc import Sequence
from itertools import pairwise
from math import log1p

import numpy as np
from numpy.typing import NDArray

from assistant.checking.claims import Word
from assistant.checking.entailment import Signs
from assistant.checking.statements import Statement
from index.arrays import FloatArray
from index.text.analyser import stem
from index.text.similar import weights

NEAR = 4
"""Words between two, within which a statement says them near each other."""
CLAUSE = 3
"""Words that tell something from which a clause is looked at by itself: a shorter one frames another."""
TRANSLATED = 0.8
"""Likeness from which two words name the same thing, in whatever language."""


def signs_of(
    words: Sequence[Word],
    likeness: FloatArray,
    enough: float,
    numbers: int,
    statement: Statement,
    beside: Sequence[Statement],
    asked: frozenset[str],
    differing: tuple[float, ...],
) -> Signs:
    """Return the signs of a statement for the words of a sentence.

    Args:
        words: What the sentence says; at least one word that tells something.
        likeness: Of its words to those of the vocabulary, shape (words, columns).
        enough: From which likeness one word covers another.
        numbers: How many numbers the sentence has.
        statement: What may say it.
        beside: The statements before and after it, of the same section.
        asked: Stems of what the question says: an answer that says it again claims nothing by that.
        differing: The signs of what both say otherwise, as the checker compares them.
    """
    rows = [row for row, word in enumerate(words) if word.telling]
    weight = weights([words[row].text for row in rows])
    own = likeness[np.ix_(rows, statement.columns)].clip(max=1.0)
    columns = sorted({column for one in (statement, *beside) for column in one.columns})
    best, near = own.max(axis=1, initial=0.0), likeness[np.ix_(rows, columns)].clip(max=1.0).max(axis=1, initial=0.0)
    total = max(float(weight.sum()), 1e-6)
    lost = near < enough
    new = np.array([stem(words[row].text) not in asked for row in rows])
    news = float(weight[new].sum())
    names = [row for row in rows if words[row].name and words[row].known_as not in statement.known]
    values = (
        float(weight @ np.where(best >= enough, best, 0.0)) / total,
        float(weight @ np.where(near >= enough, near, 0.0)) / total,
        float(weight @ (best >= 1.0)) / total,
        float(weight @ (near >= 1.0)) / total,
        log1p(int(lost.sum())),
        float(weight[lost].max(initial=0.0)),
        float(len(names)),
        _pairs(own, enough, statement),
        _back(own, enough, statement),
        float(numbers),
        log1p(len(rows)),
        float(weight[new] @ np.where(near[new] >= enough, near[new], 0.0)) / news if news else 1.0,
        log1p(int((lost & new).sum())),
        log1p(int(new.sum())),
        *differing,
    )
    return Signs(values, _least_said(words, rows, weight, near >= enough))


def has_stranger(
    words: Sequence[Word], likeness: FloatArray, statement: Statement, beside: Sequence[Statement]
) -> bool:
    """Tell whether among words is a name that a statement, and what is read with it, does not have in any language.

    What a row or an item says, it says of its own subject; in prose a name may stand a sentence before.
    """
    known = statement.known.union(*(one.known for one in beside), () if statement.subject else statement.around)
    return any(
        word.name and word.known_as not in known and likeness[row, statement.columns].max(initial=0.0) < TRANSLATED
        for row, word in enumerate(words)
    )


def _least_said(words: Sequence[Word], rows: Sequence[int], weight: FloatArray, said: NDArray[np.bool_]) -> float:
    """Return of the clauses of some words the share that is said, by weight, of the one of which least is."""
    clauses = np.array([words[row].clause for row in rows])
    own = [clauses == clause for clause in np.unique(clauses)]
    return min((float(weight[at] @ said[at] / weight[at].sum()) for at in own if at.sum() >= CLAUSE), default=1.0)


def _pairs(own: FloatArray, enough: float, statement: Statement) -> float:
    """Return the share of neighbouring words of the sentence that the statement says near each other."""
    places: dict[int, list[int]] = {}
    spoken = {column: at for at, column in enumerate(statement.columns)}
    for place, column in enumerate(statement.spoken):
        places.setdefault(spoken[column], []).append(place)
    found = [int(row.argmax()) if row.max(initial=0.0) >= enough else -1 for row in own]
    pairs = list(pairwise(found))
    near = [
        first >= 0
        and second >= 0
        and any(abs(a - b) <= NEAR for a in places.get(first, ()) for b in places.get(second, ()))
        for first, second in pairs
    ]
    return sum(near) / len(pairs) if pairs else 1.0


def _back(own: FloatArray, enough: float, statement: Statement) -> float:
    """Return the share of the statement's own words, titles left out, that the sentence says."""
    said = set(np.flatnonzero(own.max(axis=0, initial=0.0) >= enough))
    at = {column: place for place, column in enumerate(statement.columns)}
    places = {at[column] for column in statement.spoken}
    return len(places & said) / max(len(places), 1)
