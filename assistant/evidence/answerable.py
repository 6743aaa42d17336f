"""Whether the documents answer a question: a probability, from everything that is known of what was found.

It is a logistic regression on `signs`, learned from questions that real documentations answer, that they do not
answer, and that they no longer answer once the documents with the evidence are taken away (`answerable.json`, set by
`training/weights/passages.py`). The threshold below which Coruja abstains is the one with the best F1 of abstention
there.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from math import exp, log, log1p

import numpy as np

from assistant.asking.language import language_of
from assistant.asking.question import Question
from assistant.evidence.coverage import cover
from assistant.evidence.passage import passage_score
from index.hit import Hit
from index.index import Index

LOOKED_AT = 10
"""Hits that are judged one by one."""
SIGNS = (
    "score",  # of the best hit, as the heart of a passage
    "lead",  # what the fifth lacks to it
    "mass",  # logarithm of how many hits are as good
    "covered",  # share of what the question names that the best hit speaks of
    "covered_best",  # the highest such share
    "coverage",  # the same by stems alone (see `index.ranking.features`)
    "coverage_best",
    "near",
    "heading",
    "pairs",
    "dense",
    "dense_best",
    "dense_gap",
    "terms",  # logarithm of how many words say what the question is about
    "foreign",  # whether the best hit is in another language
    "together",  # share of the hits that stand in the best one's document
    "lacks",  # whether no document has one of those words
)


def signs(question: Question, hits: Sequence[Hit], index: Index) -> list[float]:
    """Return what speaks for an answer, in the order of `SIGNS`; `hits` best first as passages, at least one."""
    hits = hits[:LOOKED_AT]
    scores = [passage_score(hit) for hit in hits]
    covered = [cover(question, hit, index).share for hit in hits]
    best, first = hits[0], hits[0].signals
    return [
        scores[0],
        scores[0] - scores[min(4, len(scores) - 1)],
        log(sum(exp(score - scores[0]) for score in scores)),
        covered[0],
        max(covered),
        first["coverage"],
        max(hit.signals["coverage"] for hit in hits),
        first["near"],
        first["heading"],
        first["pairs"],
        first["dense"],
        max(hit.signals["dense"] for hit in hits),
        first["dense_gap"],
        log1p(len(question.informative)),
        float(language_of(best.chunk.plain) != question.language),
        sum(hit.chunk.doc_id == best.chunk.doc_id for hit in hits) / len(hits),
        float(any(map(index.lacks, question.informative))),
    ]


def probability(question: Question, hits: Sequence[Hit], index: Index) -> float:
    """Return the probability in [0, 1] that the hits answer; 0 when there are none or nothing is named."""
    if not hits or not question.informative:
        return 0.0
    weights, bias, _ = _model()
    return float(1.0 / (1.0 + np.exp(-(np.array(signs(question, hits, index)) @ weights + bias))))


def is_answered(question: Question, hits: Sequence[Hit], index: Index) -> bool:
    """Tell whether the hits answer, as far as can be told.

    A passage that speaks of all that a question names does, whatever its signals are: in a corpus of a few lines they
    are not what they are in a documentation.
    """
    if not hits:
        return False
    first = cover(question, hits[0], index)
    return (first.answers and not first.uncovered) or probability(question, hits, index) >= _model()[2]


@lru_cache(maxsize=1)
def _model() -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", float, float]:
    stored = json.loads(resources.files("assistant.evidence").joinpath("answerable.json").read_text("utf-8"))
    return np.array([stored["weights"][name] for name in SIGNS]), float(stored["bias"]), float(stored["threshold"])
