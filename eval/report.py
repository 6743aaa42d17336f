"""The report: what an assistant made of a data set."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any, Literal

from eval.measures import score_run

Outcome = Literal["answered", "abstained", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One question and how it went.

    Attributes:
        id: The question's id.
        kind: The question's kind.
        question: As asked.
        answerable: Whether the corpus says.
        outcome: What the assistant did; `failed` when it raised an error that a person would have seen.
        answer: The answer's text.
        cited: The quotes that it cites, in order of marker.
        quotes: The quotes that a full answer cites.
        results: What was retrieved, as (name, score), for `eval.measures.score_run`: a quote found is named by its
            place among `quotes`, a hit that holds none by its chunk.
        right_source: Whether marker 1 cites the quote or, where there are several quotes, whether all are cited.
        recall: Share of the quotes that are cited.
        precision: Share of the citations that cite one of the quotes; 0 without citations.
        exact: How many citations stand in their document word for word.
        f1: Token F1 of the cited quotes against the reference answer, or the quotes where there is none; 0 when
            the question is unanswerable.
        ms: Milliseconds that the answer took.
        error: What a person would have been told, when it failed.
    """

    id: str
    kind: str
    question: str
    answerable: bool
    outcome: Outcome
    answer: str = ""
    cited: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    results: tuple[tuple[str, float], ...] = ()
    right_source: bool = False
    recall: float = 0.0
    precision: float = 0.0
    exact: int = 0
    f1: float = 0.0
    ms: float = 0.0
    error: str = ""

    @property
    def correct(self) -> bool:
        """Tell whether the question was answered from the right source or, if it cannot be, not answered."""
        return self.right_source if self.answerable else self.outcome == "abstained"


@dataclass(frozen=True, slots=True)
class Report:
    """All questions of a data set; every mean is over all that it applies to, failed and unanswered ones included.

    Attributes:
        dataset: Name of the data set.
        rows: One for each question, in the data set's order.
        writers: Who wrote the answers.
        seconds: How long the whole run took.
    """

    dataset: str
    rows: tuple[Row, ...]
    writers: tuple[str, ...]
    seconds: float

    def measures(self) -> dict[str, float]:
        """Return the measures of the whole data set by name, as in `by_kind`, and those of abstention."""
        return {**_measures(self.rows), **_abstention(self.rows)}

    def by_kind(self) -> dict[str, dict[str, float]]:
        """Return the measures of each kind of question, kinds in order of appearance.

        `questions` and `failed` are counts, `median_ms` milliseconds; all others are shares and means in [0, 1].
        Measures of retrieval and of answers are there only where a question is answerable.
        """
        kinds = dict.fromkeys(row.kind for row in self.rows)
        return {kind: _measures([row for row in self.rows if row.kind == kind]) for kind in kinds}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "dataset": self.dataset,
            "writers": list(self.writers),
            "seconds": self.seconds,
            "measures": self.measures(),
            "kinds": self.by_kind(),
            "rows": [{**asdict(row), "correct": row.correct} for row in self.rows],
        }


def _measures(rows: Sequence[Row]) -> dict[str, float]:
    answerable = [row for row in rows if row.answerable]
    citations = sum(len(row.cited) for row in rows)
    return {
        "questions": len(rows),
        "failed": sum(row.outcome == "failed" for row in rows),
        "correct": fmean(row.correct for row in rows),
        "abstained": fmean(row.outcome == "abstained" for row in rows),
        **(_retrieval(answerable) | _answers(answerable) if answerable else {}),
        **({"citation_exactness": sum(row.exact for row in rows) / citations} if citations else {}),
        "median_ms": median(row.ms for row in rows),
    }


def _retrieval(rows: Sequence[Row]) -> dict[str, float]:
    qrels = {row.id: {str(place): 1 for place in range(len(row.quotes))} for row in rows}
    return score_run(qrels, {row.id: row.results for row in rows})


def _answers(rows: Sequence[Row]) -> dict[str, float]:
    return {
        "answered": fmean(row.outcome == "answered" for row in rows),
        **{name: fmean(getattr(row, name) for row in rows) for name in ("right_source", "recall", "precision", "f1")},
    }


def _abstention(rows: Sequence[Row]) -> dict[str, float]:
    """Score abstaining as the detection of unanswerable questions; a precision over nothing is 0."""
    abstained = sum(row.outcome == "abstained" for row in rows)
    unanswerable = sum(not row.answerable for row in rows)
    right = sum(row.outcome == "abstained" and not row.answerable for row in rows)
    if not unanswerable:
        return {}
    return {
        "abstention_precision": right / abstained if abstained else 0.0,
        "abstention_recall": right / unanswerable,
        "abstention_f1": 2 * right / (abstained + unanswerable),
    }
