"""What is measured of a run: every measure as what a question gained of what it could."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.statistics import Figures
from eval.row import Row

Share = tuple[float, float]
"""What a question gained, and what it could; (0, 0) where a measure does not apply."""

NOTHING: Share = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure.

    Attributes:
        name: As reports, settings and JSON write it.
        group: Under which heading it stands.
        says: What it says, for people.
        of: What a question gained of what it could; the measure is the sum of the one over the sum of the other.
        higher: Whether higher is better.
    """

    name: str
    group: str
    says: str
    of: Callable[[Row], Share]
    higher: bool = True


def _answerable(value: Callable[[Row], float]) -> Callable[[Row], Share]:
    return lambda row: (float(value(row)), 1.0) if row.answerable else NOTHING


def _answered(value: Callable[[Row], float]) -> Callable[[Row], Share]:
    return lambda row: (float(value(row)), 1.0) if row.status == "answered" else NOTHING


def _found(name: str) -> Callable[[Row], Share]:
    return _answerable(lambda row: row.retrieval.get(name, 0.0))


def _silent(row: Row) -> bool:
    return row.status == "abstained"


MEASURES = (
    Measure("correct", "answers", "evidence shown, or rightly silent", lambda row: (float(row.correct), 1.0)),
    Measure(
        "evidence_shown",
        "answers",
        "answerable questions whose evidence is shown (60 % of its content words)",
        _answerable(lambda row: row.evidence_shown),
    ),
    Measure(
        "precision",
        "answers",
        "share of what answers show that is evidence",
        lambda row: (row.precision, 1.0) if row.answerable and row.status == "answered" else NOTHING,
    ),
    Measure("completeness", "answers", "share of the evidence that is shown", _answerable(lambda row: row.complete)),
    Measure("f1", "answers", "token F1 of what is cited against the reference", _answerable(lambda row: row.f1)),
    Measure("right_document", "answers", "a document of the evidence is cited", _answerable(lambda row: row.document)),
    Measure(
        "grounded",
        "answers",
        "share of an answer's words that stand in what it cites",
        _answered(lambda row: row.grounded),
    ),
    Measure("language", "answers", "answers in the question's language", _answered(lambda row: row.same_language)),
    Measure(
        "failed",
        "answers",
        "questions that ended in an error",
        lambda row: (float(row.status == "failed"), 1.0),
        higher=False,
    ),
    Measure(
        "abstained_wrongly",
        "silence",
        "answerable questions that were not answered",
        _answerable(lambda row: row.status != "answered"),
        higher=False,
    ),
    Measure(
        "answered_wrongly",
        "silence",
        "unanswerable questions that were answered",
        lambda row: NOTHING if row.answerable else (float(row.status == "answered"), 1.0),
        higher=False,
    ),
    Measure(
        "abstention_precision",
        "silence",
        "silences that were right",
        lambda row: (float(not row.answerable), 1.0) if _silent(row) else NOTHING,
    ),
    Measure(
        "abstention_recall",
        "silence",
        "unanswerable questions met with silence",
        lambda row: NOTHING if row.answerable else (float(_silent(row)), 1.0),
    ),
    # 2 tp / (2 tp + fp + fn) is twice what is right, over all silences and all that were due.
    Measure(
        "abstention_f1",
        "silence",
        "F1 of silence (van Rijsbergen 1979)",
        lambda row: (2.0 * (_silent(row) and not row.answerable), float(_silent(row)) + (not row.answerable)),
    ),
    Measure("document@1", "retrieval", "the first hit is of a document of the evidence", _found("document@1")),
    Measure("document@5", "retrieval", "one of five hits is", _found("document@5")),
    Measure("Success@1", "retrieval", "the first hit holds evidence", _found("Success@1")),
    Measure("Success@5", "retrieval", "one of five hits holds evidence", _found("Success@5")),
    Measure("R@10", "retrieval", "share of the evidence that ten hits hold", _found("R@10")),
    Measure("RR@10", "retrieval", "one over the rank of the first evidence", _found("RR@10")),
    Measure("nDCG@10", "retrieval", "discounted gain of evidence (Järvelin and Kekäläinen 2002)", _found("nDCG@10")),
)
"""All measures of answers and of what was found. The sources of those of texts and ranks are in `eval.measures`.

Abstention is scored as the detection of unanswerable questions, as in SQuAD 2.0 (Rajpurkar et al. 2018).
"""


def shares(rows: Sequence[Row]) -> tuple[Figures, Figures]:
    """Return what each question gained in each measure and what it could: each of shape (questions, measures)."""
    pairs = np.array([[measure.of(row) for measure in MEASURES] for row in rows], dtype=np.float64)
    pairs = pairs.reshape(len(rows), len(MEASURES), 2)
    return pairs[:, :, 0], pairs[:, :, 1]


def total(rows: Sequence[Row], name: str) -> float:
    """Return a measure of these questions; 0 where it applies to none."""
    of = next(measure.of for measure in MEASURES if measure.name == name)
    gained, possible = (sum(each) for each in zip(*map(of, rows), strict=True))
    return gained / possible if possible else 0.0
