"""Judging one answer against its example: what was found, what is shown, what is cited, whether silence was right."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from assistant.asking.language import language_of
from eval.datasets.example import Evidence, Example
from eval.measures.ranking import score_run
from eval.measures.texts import SHOWN, content_words, grounded_share, share_shown, shown_precision, squad_f1
from eval.row import Cited, Row

DEPTH = 10
"""Hits that count as found."""

_MARKER = re.compile(r" ?\[\d+\]")

Answer = Mapping[str, Any]
"""An answer as `ask --json` prints it, or the error object of a batch."""


def judge(example: Example, answer: Answer) -> Row:
    """Return how an answer does; an error object counts as wrong, and citations beside an abstention earn nothing."""
    asked: dict[str, Any] = {
        name: getattr(example, name) for name in ("id", "question", "style", "kind", "tags", "answerable")
    }
    known: dict[str, Any] = {"evidence": example.evidence, "reference": example.reference, "why": example.why}
    if "error" in answer:
        error = f"{answer['error']} {answer.get('next', '')}".strip()
        return Row(**asked, **known, status="failed", error=error, retrieval=_retrieval(example, ()))
    answered = answer["status"] == "answered"
    text = _MARKER.sub("", answer["answer"])
    row: dict[str, Any] = {
        "status": answer["status"],
        "answer": answer["answer"],
        "cited": tuple(_cited(each) for each in answer["citations"]) if answered else (),
        "found": tuple(dict.fromkeys(hit["doc"] for hit in answer["hits"][:DEPTH])),
        "retrieval": _retrieval(example, answer["hits"][:DEPTH]),
        "probability": answer.get("probability"),
        "writer": answer["writer"],
        "same_language": language_of(text) == language_of(example.question),
    }
    return Row(**asked, **known, **row, **(_shown(example, answer, text) if answered else {}))


def _cited(citation: Mapping[str, Any]) -> Cited:
    return Cited(citation["doc"], citation["line_start"], citation["line_end"], citation["quote"])


def _shown(example: Example, answer: Answer, text: str) -> dict[str, Any]:
    """Return what an answer shows; `text` is that of the answer without markers."""
    quotes = [citation["quote"] for citation in answer["citations"]]
    grounded = round(grounded_share(text, quotes), 6)
    if not example.answerable:
        return {"grounded": grounded}
    shares = [shown_of(piece, answer) for piece in example.evidence]
    pieces = [piece.quote for piece in example.evidence]
    references = [example.reference] if example.reference else pieces
    return {
        "grounded": grounded,
        "shown": tuple(round(share, 6) for share in shares),
        "evidence_shown": _enough(example, [share >= SHOWN for share in shares]),
        "complete": round(fmean(share >= SHOWN for share in shares) if example.needs_all else max(shares), 6),
        "precision": round(shown_precision(list(dict.fromkeys(quotes)), pieces), 6),
        "f1": round(squad_f1(" ".join(dict.fromkeys(quotes)) or text, references), 6),
        "document": any(_of(citation["doc"], piece) for citation in answer["citations"] for piece in example.evidence),
    }


def shown_of(piece: Evidence, answer: Answer) -> float:
    """Return which share of a quote an answer shows: in its text and in what it cites of the quote's document."""
    quotes = (citation["quote"] for citation in answer["citations"] if _of(citation["doc"], piece))
    return share_shown(piece.quote, frozenset(content_words(" ".join((answer["answer"], *quotes)))))


def _enough(example: Example, shown: Sequence[bool]) -> bool:
    return all(shown) if example.needs_all else any(shown)


def _of(doc: str, piece: Evidence) -> bool:
    return doc.endswith(piece.doc)


def _retrieval(example: Example, hits: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Score the hits: a piece of evidence is found by the first hit that holds most of it, a document by any of it."""
    if not example.answerable:
        return {}
    missing = dict(enumerate(example.evidence))
    results: list[tuple[str, float]] = []
    for rank, hit in enumerate(hits):
        words = frozenset(content_words(hit["text"]))
        holds = [
            at for at, piece in missing.items() if _of(hit["doc"], piece) and share_shown(piece.quote, words) >= SHOWN
        ]
        missing = {at: piece for at, piece in missing.items() if at not in holds}
        results += [(str(at), -float(rank)) for at in holds] or [(f"hit {rank}", -float(rank))]
    scores = score_run({"q": {str(at): 1 for at in range(len(example.evidence))}}, {"q": results})
    right = [any(_of(hit["doc"], piece) for piece in example.evidence) for hit in hits]
    documents = {"document@1": float(any(right[:1])), "document@5": float(any(right[:5]))}
    return {name: round(value, 6) for name, value in (scores | documents).items()}
