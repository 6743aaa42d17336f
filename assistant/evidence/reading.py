"""Reading: which of the passages found answer the question, as the cross-encoder reads both together.

What was found says which passages are worth reading; what is read says which of them answer. Their scores are added,
the read one weighed by what was learned from questions on real documentation (`reading.json`, set by
`training/weights/passages.py`). Beside the best one, those are shown that are likely for their length.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from math import exp, log

from assistant.asking.question import Question
from assistant.evidence.passage import Passage, passage_source
from assistant.settings import EVIDENCE, EvidenceSettings
from index.index import Index
from ingest.markup.site_markup import as_shown


def read_passages(
    question: Question, passages: Sequence[Passage], index: Index, how: EvidenceSettings = EVIDENCE
) -> list[Passage]:
    """Return the passages that are worth reading in the order in which they answer; `passages` most found first."""
    passages = passages[: how.read]
    logits = index.read(question.text, [as_read(passage, index) for passage in passages])
    read = (replace(passage, logit=float(logit)) for passage, logit in zip(passages, logits, strict=True))
    return in_order(read, how.reading)


def in_order(passages: Iterable[Passage], weight: float | None = None) -> list[Passage]:
    """Return read passages, the one that answers best first; `weight` as `score` takes it."""
    return sorted(passages, key=lambda passage: -score(passage, weight))


def worth_showing(passages: Sequence[Passage], how: EvidenceSettings = EVIDENCE) -> list[Passage]:
    """Return the passages that are shown, of those read, best first.

    The first is shown in any case; another one where it is likely enough to answer for its length (`how.worth`). Where
    that is unset, what was learned keeps half of all answers short.
    """
    worth = learned("worth") if how.worth is None else how.worth
    scores = [score(passage, how.reading) for passage in passages]
    lengths = [passage.end - passage.start for passage in passages]
    return [passages[at] for at in first_of(scores, lengths, worth)]


def first_of(scores: Sequence[float], lengths: Sequence[int], worth: float) -> list[int]:
    """Return which passages are shown; see `worth_showing`.

    Args:
        scores: How well each answers, the best first.
        lengths: Characters of each.
        worth: How likely another one than the best has to be to answer, in 1,000 of its characters.
    """
    odds = [exp(own - scores[0]) for own in scores]
    total = sum(odds)
    likely = (own / total * 1000 >= worth * length for own, length in zip(odds, lengths, strict=True))
    return [at for at, shown in enumerate(likely) if shown or not at]


def as_read(passage: Passage, index: Index) -> str:
    """Return what is read of a passage: its headings, and its text as a person sees it."""
    return passage.hit.chunk.headed(as_shown(passage_source(passage, index)))


def score(passage: Passage, weight: float | None = None) -> float:
    """Score a passage that was read; comparable within one question only.

    Args:
        passage: The passage.
        weight: Of what was read, beside what was found; what was learned when None.
    """
    return log(passage.share) + (learned("logit") if weight is None else weight) * passage.logit


@lru_cache(maxsize=2)
def learned(name: str) -> float:
    """Return what was learned: `logit`, the weight of what is read, or `worth`."""
    return float(json.loads(resources.files("assistant.evidence").joinpath("reading.json").read_text("utf-8"))[name])
