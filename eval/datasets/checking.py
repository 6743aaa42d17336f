"""Checking a data set against its corpus: does each quote still stand there, and does it survive being cut?

What an edit has broken is named with the nearest text that the document has now, so that a person can accept it or
write another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.datasets.example import Evidence, Example
from eval.measures.texts import SHOWN, content_words, share_shown
from ingest.chunk import Chunk
from ingest.document import Document

Fault = Literal["no document", "no such text", "cut apart"]

NEAREST = 0.5
"""Share of a quote's words that a stretch has to have, for it to be proposed in the quote's place."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A quote that is not what it should be.

    Attributes:
        example: The example's id.
        question: Its question.
        doc: The document that the quote should stand in.
        quote: The quote.
        fault: What is wrong: there is no such document, the document does not say so (any more), or no one section
            holds most of it, so that no passage can show it.
        nearest: The nearest text of the document, or of another one; empty when there is nothing like it.
        nearest_doc: Where that stands.
    """

    example: str
    question: str
    doc: str
    quote: str
    fault: Fault
    nearest: str = ""
    nearest_doc: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


def check_dataset(examples: Iterable[Example], corpus: Iterable[tuple[Document, Sequence[Chunk]]]) -> list[Broken]:
    """Return every quote that does not stand in its document, or that cutting takes apart.

    Args:
        examples: The data set.
        corpus: Every document with its chunks, as they are indexed.
    """
    texts: dict[str, str] = {}
    chunks: dict[str, Sequence[Chunk]] = {}
    for document, cut in corpus:
        texts[document.doc_id], chunks[document.doc_id] = document.text, cut
    found = (_broken(example, piece, texts, chunks) for example in examples for piece in example.evidence)
    return [broken for broken in found if broken]


def _broken(
    example: Example, piece: Evidence, texts: Mapping[str, str], chunks: Mapping[str, Sequence[Chunk]]
) -> Broken | None:
    named = [doc for doc in texts if doc.endswith(piece.doc)]
    pattern = quote_pattern(piece.quote)
    standing = [(doc, match) for doc in named if (match := pattern.search(texts[doc]))]
    if standing:
        if any(_holds(chunks[doc], match.start(), match.end(), piece.quote) for doc, match in standing):
            return None
        return Broken(example.id, example.question, piece.doc, piece.quote, "cut apart")
    doc, nearest = nearest_text(piece.quote, {doc: texts[doc] for doc in named} or texts)
    fault: Fault = "no such text" if named else "no document"
    return Broken(example.id, example.question, piece.doc, piece.quote, fault, nearest, doc)


def quote_pattern(quote: str) -> re.Pattern[str]:
    """Return what finds a quote whatever its white space."""
    return re.compile(r"\s+".join(re.escape(word) for word in quote.split()))


def _holds(chunks: Sequence[Chunk], start: int, end: int, quote: str) -> bool:
    """Tell whether the chunks of one section hold most of the words of a stretch."""
    sections: dict[int, set[str]] = {}
    for chunk in chunks:
        if chunk.start < end and chunk.end > start:
            sections.setdefault(chunk.section_start, set()).update(content_words(chunk.text))
    return any(share_shown(quote, frozenset(held)) >= SHOWN for held in sections.values())


def nearest_text(quote: str, texts: Mapping[str, str]) -> tuple[str, str]:
    """Return the document and its stretch of whole lines that is most like a quote; both empty when none is.

    Lines that share the quote's words are tried with as many neighbours as the quote has lines; the most like by
    `difflib`'s ratio is taken.
    """
    from difflib import SequenceMatcher

    wanted = frozenset(content_words(quote))
    height = quote.strip().count("\n") + 1
    best, doc_of_best, nearest = 0.0, "", ""
    for doc, text in texts.items():
        lines = text.split("\n")
        shares = [len(wanted & frozenset(content_words(line))) for line in lines]
        windows = sorted(range(len(lines)), key=lambda at: -sum(shares[at : at + height]))[:3]
        for at in windows:
            stretch = "\n".join(lines[at : at + height]).strip()
            if len(wanted & frozenset(content_words(stretch))) < NEAREST * len(wanted):
                continue
            alike = SequenceMatcher(None, quote, stretch, autojunk=False).ratio()
            if alike > best:
                best, doc_of_best, nearest = alike, doc, stretch
    return doc_of_best, nearest
