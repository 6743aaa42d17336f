"""The answer, its citations, and what a writer hands over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.notice import Notice
from index.hit import Hit

Status = Literal["answered", "abstained"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement of an answer comes from.

    Attributes:
        marker: The number that stands in the answer as `[marker]`, from 1, in order of first appearance.
            A writer leaves it 0; the assistant numbers.
        chunk_id: The cited chunk.
        doc: The document's path relative to the corpus.
        line_start: First line of the quote, 1-based.
        line_end: Last line of the quote, inclusive.
        start: Offset of the quote in the document's text.
        end: Offset after the quote.
        quote: Exactly `document.text[start:end]`.
        headings: Heading path of the cited chunk.
        highlight: Offsets, in the document's text, of the stretch inside the quote that answers, where one is short
            and sure; None elsewhere.
    """

    marker: int
    chunk_id: str
    doc: str
    line_start: int
    line_end: int
    start: int
    end: int
    quote: str
    headings: tuple[str, ...] = ()
    highlight: tuple[int, int] | None = None

    @property
    def answering(self) -> str:
        """Return the stretch that answers: what is highlighted, else the whole quote."""
        start, end = self.highlight or (self.start, self.end)
        return self.quote[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an answer as a writer produces it, and the evidence for it.

    The text carries no markers: the assistant places `[n]` after it, one for each citation. The notice is
    no part of the answer: it is told beside it.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says to a question.

    Attributes:
        question: What the person asked, as asked.
        query: What was searched: the question, perhaps rewritten from the history.
        text: The answer with its `[n]` markers.
        status: `answered`, or `abstained` when the corpus does not say.
        language: ISO 639-1 code of the language that the answer is written in.
        writer: `extractive`, or the chat model's name as `ollama:NAME` or `PROVIDER:NAME`.
        citations: In order of marker.
        hits: What the search found, best first.
        missing: What the question asks or names, as asked, that the answer says is not in the documentation.
        notices: What was not as the settings asked (Ollama away, say), each with the command that would fix it.
        timings_ms: Milliseconds by stage: `search`, `write`, `total`.
        generation: The index generation that answered.
        probability: How sure the assistant was that the documents answer, in [0, 1]; None where no passage was judged.
    """

    question: str
    query: str
    text: str
    status: Status
    language: str
    writer: str
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    missing: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    generation: str = ""
    probability: float | None = None

    @property
    def notice(self) -> str:
        """All notices in English, on one line; empty when there are none."""
        return " ".join(notice.english for notice in self.notices)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the documented JSON object (see README, "JSON")."""
        return {
            "question": self.question,
            "query": self.query,
            "answer": self.text,
            "status": self.status,
            "language": self.language,
            "writer": self.writer,
            "citations": [_citation_dict(citation) for citation in self.citations],
            "hits": [hit_dict(hit) for hit in self.hits],
            "missing": list(self.missing),
            "notice": self.notice,
            "timings_ms": dict(self.timings_ms),
            "generation": self.generation,
            "probability": None if self.probability is None else round(self.probability, 6),
        }


def _citation_dict(citation: Citation) -> dict[str, Any]:
    return {
        "marker": citation.marker,
        "doc": citation.doc,
        "line_start": citation.line_start,
        "line_end": citation.line_end,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "chunk_id": citation.chunk_id,
        "headings": list(citation.headings),
        "highlight": list(citation.highlight) if citation.highlight else None,
    }


def hit_dict(hit: Hit) -> dict[str, Any]:
    """Return a hit as the documented JSON object."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "doc": hit.chunk.doc_id,
        "chunk_id": hit.chunk.chunk_id,
        "text": hit.chunk.text,
        "headings": list(hit.chunk.headings),
    }
