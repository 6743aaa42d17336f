"""What a chat model reads: passages as Markdown under their titles, in the order of their documents, as many as fit.

A document may hold what looks like the form of a prompt: the marks with which chat models part turns, or a line that
begins as our question does. Such marks are broken up, so that they are text; what gives orders to a model (see
`assistant.evidence.orders`) is not given to it at all. The documents are quoted and compared as they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import groupby

from assistant.evidence.orders import tainted
from assistant.evidence.passage import LONGEST, Passage
from assistant.models.tokens import most_tokens
from index.hit import Hit
from ingest.chunk import Chunk
from ingest.markup.site_markup import as_shown

MOST = 10
"""Stretches that a model is given at most."""

# Marks of turns in the templates of chat models: <|im_start|>, <start_of_turn>, [INST], <<SYS>>, </s>, <think>, ….
_TURNS = re.compile(
    r"<[|｜][^<>\n]{1,60}[|｜]>|</?(?:s|think|thinking|start_of_turn|end_of_turn|eos|bos|pad)>"
    r"|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|SYSTEM_PROMPT)\]|<</?SYS>>",
    re.IGNORECASE,
)
_ASKS = re.compile(r"^([ \t>#*]*)(Pergunta|Resposta|Question|Answer|Trechos)[ \t]*:", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of one section that a model is given.

    Attributes:
        chunks: Its chunks, in the order of the document; at least one.
        text: How a model reads it, without its titles.
    """

    chunks: tuple[Chunk, ...]
    text: str

    @property
    def titles(self) -> str:
        """Return its heading path on one line; the document's name where it has none."""
        return " › ".join(self.chunks[0].headings) or self.chunks[0].doc_id

    @property
    def tokens(self) -> int:
        """Return how many tokens it has at most, in any vocabulary in use."""
        return most_tokens(self.titles + self.text)


def sources(hits: Sequence[Hit], passages: Sequence[Passage]) -> list[Source]:
    """Return what a model may be given, best first: the passages, then the hits that stand in none of them."""
    inside = {chunk.chunk_id for passage in passages for chunk in passage.chunks}
    alone = [(hit.chunk,) for hit in hits if hit.chunk.chunk_id not in inside]
    found = [*(passage.chunks for passage in passages), *alone]
    return [_source(chunks) for chunks in found[:MOST] if not any(map(tainted, chunks))]


def fitting(found: Sequence[Source], room: int) -> list[Source]:
    """Return the best of the sources, as many as `room` tokens hold (as `most_tokens` counts)."""
    kept: list[Source] = []
    for source in found:
        room -= source.tokens
        if room < 0:
            break
        kept.append(source)
    return kept


def as_markdown(given: Sequence[Source]) -> str:
    """Return sources in the order of their documents, each section's titles above what is given of it."""
    documents = list(dict.fromkeys(source.chunks[0].doc_id for source in given))
    ordered = sorted(given, key=lambda source: (documents.index(source.chunks[0].doc_id), source.chunks[0].start))
    return "\n\n".join(
        f"## {harmless(titles)}\n\n" + "\n\n".join(source.text for source in same)
        for titles, same in groupby(ordered, key=lambda source: source.titles)
    )


def harmless(text: str) -> str:
    """Return a text in which nothing is a mark of turns, or begins a line as a prompt of ours does."""
    return _ASKS.sub(r"\1\2 -", _TURNS.sub(lambda mark: " ".join(re.findall(r"\w+", mark[0])), text))


def _source(chunks: Sequence[Chunk]) -> Source:
    return Source(tuple(chunks), harmless("".join(_texts(chunks))))


def _texts(chunks: Sequence[Chunk]) -> Iterator[str]:
    before: Chunk | None = None
    for chunk in chunks:
        if before is not None:
            # Members of one list or table stand line under line.
            yield "\n" if before.kind == chunk.kind and chunk.kind in ("item", "row") else "\n\n"
        # A row without the head of its table says nothing: it is told with the names of its columns.
        text = f"- {chunk.plain}" if chunk.kind == "row" else as_shown(_beginning(chunk.text))
        yield text if chunk.kind == "code" else unescape(text)
        before = chunk


def _beginning(text: str) -> str:
    """Return a text, or of a very long one the lines that it begins with."""
    return text if len(text) <= LONGEST else text[: max(text.rfind("\n", 0, LONGEST), LONGEST // 2)]
