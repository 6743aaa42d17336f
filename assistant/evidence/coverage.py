"""Coverage: how much of what a question names a text speaks of. It decides between answering and abstaining."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.asking.question import Question, states_quantity
from index.arrays import FloatArray
from index.hit import Hit
from index.index import Index
from index.text.analyser import word_spans, words
from index.text.similar import alike

ENOUGH = 0.45
COVERED = 0.3
NAMED = 0.9
GLOSSARY_WEIGHT = 0.95


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a hit covers a question.

    Attributes:
        hit: The hit.
        share: Share in [0, 1] of the question's informative words that its text covers, rarer words weighing more.
        uncovered: The words, as asked, that it does not cover.
        answers: Whether that is enough to answer from it.
    """

    hit: Hit
    share: float
    uncovered: tuple[str, ...]
    answers: bool


def cover(question: Question, hit: Hit, index: Index, *, text: str | None = None) -> Coverage:
    """Judge a hit for a question; by another text than the whole chunk's if one is given."""
    if not question.informative:
        return Coverage(hit, 0.0, (), answers=False)
    said = list(dict.fromkeys(words(hit.chunk.searchable if text is None else text)))
    covered = _covered(question, said)
    weights = _weights(question.informative, hit, index)
    share = float(weights @ covered / weights.sum())
    lost = {word for word, degree in zip(question.informative, covered, strict=True) if degree < COVERED}
    as_asked = tuple(
        dict.fromkeys(question.text[start:end] for word, start, end in word_spans(question.text) if word in lost)
    )
    counted = not question.quantity or states_quantity(hit.chunk.plain)
    uncovered = dict.fromkeys((*(() if counted else (question.quantity,)), *as_asked))
    return Coverage(hit, share, tuple(uncovered), answers=counted and share >= ENOUGH)


def _covered(question: Question, said: Sequence[str]) -> FloatArray:
    """Return how well each informative word, or what the glossary also calls it, is said: values in [0, 1]."""
    covered: FloatArray = alike(question.informative, said).max(axis=1, initial=0.0)
    for at, word in enumerate(question.informative):
        for name in question.also.get(word, ()):  # of several words, all have to be there
            covered[at] = max(covered[at], GLOSSARY_WEIGHT * float(alike(name, said).max(axis=1, initial=0.0).min()))
    return covered


def _weights(informative: Sequence[str], hit: Hit, index: Index) -> FloatArray:
    """Weigh each word by its rarity; those that together name what the hit is about weigh as much as the rarest alone.

    Otherwise a long name would outvote what is asked about it: "Qual é o SLA do Feature Store?" is about the SLA.
    """
    weights = np.array([index.rarity(word) for word in informative], dtype=np.float32)
    names = words(" ".join((hit.chunk.subject, *hit.chunk.headings)))
    naming = alike(informative, names).max(axis=1, initial=0.0) >= NAMED
    if naming.any():
        weights[naming] *= weights[naming].max() / weights[naming].sum()
    return weights
