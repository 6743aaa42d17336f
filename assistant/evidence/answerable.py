"""Whether the documents answer a question: a probability, from everything that is known of what was found.

It is a logistic regression on `signs`, learned from questions that real documentations answer, that they do not
answer, and that they no longer answer once the documents with the evidence are taken away (`answerable.json`, set by
`training/weights/passages.py`). The threshold below which Coruja abstains, unless the setting `caution` names another,
lets 12 of 100 questions pass that nothing there answers; below it, one in six of the passages that are shown as
nearest answers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import log1p

import numpy as np

from assistant.asking.question import Question
from assistant.evidence.coverage import cover
from assistant.evidence.passage import Passage
from index.arrays import FloatArray
from index.index import Index

LOOKED_AT = 10
"""Passages that are judged one by one."""
SIGNS = (
    "read",  # logit of the best passage's answering, as read
    "read_best",  # the highest such logit
    "covered",  # share of what the question names that the best passage speaks of
    "covered_best",  # the highest such share
    "terms",  # logarithm of how many words say what the question is about
    "meaning",  # how alike question and best passage are in meaning, beside the other candidates
)


def signs(question: Question, passages: Sequence[Passage], index: Index) -> list[float]:
    """Return what speaks for an answer, in the order of `SIGNS`; `passages` as read, best first, at least one."""
    passages = passages[:LOOKED_AT]
    logits = [passage.logit for passage in passages]
    covered = [cover(question, passage.hit, index, text=passage.plain).share for passage in passages]
    return [
        logits[0],
        max(logits),
        covered[0],
        max(covered),
        log1p(len(question.informative)),
        passages[0].hit.signals.get("meaning") or _model().likeness,
    ]


def probability(question: Question, passages: Sequence[Passage], index: Index) -> float:
    """Return the probability in [0, 1] that the passages answer; 0 when there are none or nothing is named."""
    if not passages or not question.informative:
        return 0.0
    model = _model()
    logit = np.array(signs(question, passages, index)) @ model.weights + model.bias
    return float(1.0 / (1.0 + np.exp(-logit)))


def threshold(chosen: float | None = None) -> float:
    """Return the probability below which Coruja abstains: the chosen one, what was learned where none is."""
    return _model().threshold if chosen is None else chosen


def worth_a_look() -> float:
    """Return the probability from which the best passage is shown as what comes nearest, where it does not answer."""
    return _model().nearest


@dataclass(frozen=True, slots=True)
class _Model:
    """What was learned.

    Attributes:
        weights: One a sign.
        bias: Added to what they say.
        threshold: The probability below which Coruja abstains.
        nearest: The probability from which it then shows what comes nearest.
        likeness: That of question and best passage in meaning, on average: taken where the encoder has not been yet.
    """

    weights: FloatArray
    bias: float
    threshold: float
    nearest: float
    likeness: float


@lru_cache(maxsize=1)
def _model() -> _Model:
    stored = json.loads(resources.files("assistant.evidence").joinpath("answerable.json").read_text("utf-8"))
    weights = np.array([stored["weights"][name] for name in SIGNS], dtype=np.float32)
    return _Model(weights, stored["bias"], stored["threshold"], stored["nearest"], stored["likeness"])
