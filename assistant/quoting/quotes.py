"""Quotes: what a chunk states, part by part, and the citation of each. Writers quote them, the checker compares."""

import re
from dataclasses import dataclass

from assistant.answer import Citation
from index.hit import Hit
from ingest.chunk import Chunk
from ingest.splitting.sentences import sentence_spans

BULLET = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_MARKUP = re.compile(r"[*_`\[\]<>\\&~]")


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a chunk: its offsets in the chunk's text, and how a person reads it."""

    hit: Hit
    start: int
    end: int
    plain: str


def quotes_of(hit: Hit) -> list[Quote]:
    """Return what a chunk states, part by part: prose by the sentence, anything else whole."""
    chunk = hit.chunk
    if chunk.kind != "prose":
        bullet = BULLET.match(chunk.text) if chunk.kind == "item" else None
        return [Quote(hit, bullet.end() if bullet else 0, len(chunk.text.rstrip()), chunk.plain)]
    spans = sentence_spans(chunk.text)
    return [Quote(hit, start, end, _plain(chunk, start, end)) for start, end in spans]


def cite(quote: Quote) -> Citation:
    """Return the citation of a quote; the assistant numbers it."""
    chunk = quote.hit.chunk
    line = chunk.line_start + chunk.text.count("\n", 0, quote.start)
    text = chunk.text[quote.start : quote.end]
    return Citation(
        marker=0,
        chunk_id=chunk.chunk_id,
        doc=chunk.doc_id,
        line_start=line,
        line_end=line + text.count("\n"),
        start=chunk.start + quote.start,
        end=chunk.start + quote.end,
        quote=text,
        headings=chunk.headings,
    )


def _plain(chunk: Chunk, start: int, end: int) -> str:
    text = chunk.text[start:end]
    if not _MARKUP.search(text):
        return " ".join(text.split())
    from ingest.markup.markdown_tree import inline_plain, inline_tokens

    return " ".join(inline_plain(inline_tokens(text)).split())
