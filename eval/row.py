"""The row: one question and how it went."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from eval.datasets.example import Evidence

Status = Literal["answered", "abstained", "failed"]


@dataclass(frozen=True, slots=True)
class Cited:
    """What an answer cites: the document, its lines and the exact words."""

    doc: str
    line_start: int
    line_end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Row:
    """One question and how it went. Shares are in [0, 1]; those of answers are 0 where nothing was answered.

    Attributes:
        id: The question's id.
        question: As asked.
        style: The question's style.
        kind: The question's kind.
        tags: The question's tags.
        answerable: Whether the corpus says.
        evidence: Where it says so.
        reference: The reference answer.
        why: Why the corpus does not say.
        status: What the assistant did; `failed` when it raised an error that a person would have seen.
        answer: The answer's text.
        cited: What it cites, in order of marker.
        found: The documents of the best ten hits, each once, best first.
        retrieval: Measures of the hits (see `eval.measures.ranking`); empty where the corpus does not say.
        probability: How sure the assistant was; None where it did not judge.
        writer: Who wrote the answer.
        same_language: Whether the answer reads as of the question's language.
        grounded: Which share of the answer stands in what it cites.
        shown: Which share of each piece of evidence is shown.
        evidence_shown: Whether what suffices of the evidence is shown.
        complete: Share of the evidence that is shown, where all is needed; else the largest share of one piece.
        precision: Which share of what is shown is evidence.
        f1: Token F1 of what is cited against the reference, or the evidence where there is none.
        document: Whether a document of the evidence is cited.
        error: What a person would have been told, when it failed.
    """

    id: str
    question: str
    style: str
    kind: str
    tags: tuple[str, ...]
    answerable: bool
    evidence: tuple[Evidence, ...]
    reference: str
    why: str
    status: Status
    answer: str = ""
    cited: tuple[Cited, ...] = ()
    found: tuple[str, ...] = ()
    retrieval: Mapping[str, float] = field(default_factory=dict)
    probability: float | None = None
    writer: str = ""
    same_language: bool = False
    grounded: float = 0.0
    shown: tuple[float, ...] = ()
    evidence_shown: bool = False
    complete: float = 0.0
    precision: float = 0.0
    f1: float = 0.0
    document: bool = False
    error: str = ""

    @property
    def correct(self) -> bool:
        """Tell whether the evidence was shown or, where there is none, nothing was answered."""
        return self.evidence_shown if self.answerable else self.status == "abstained"

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return asdict(self) | {"correct": self.correct}
