"""Sizes: how long a chunk of prose may be, and where longer text is cut."""

from collections.abc import Iterator

from ingest.splitting.sentences import sentence_spans

TARGET = 1000
"""Characters that prose is gathered up to."""
MAXIMUM = 1500
"""Characters that a chunk of prose never exceeds, if it can be cut at all."""


def pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut `text[start:end]` on sentences into spans of about `TARGET` characters; short text is one span.

    A sentence longer than `MAXIMUM` (a log line, minified data) is cut at the best place that its characters offer.
    """
    if end - start <= MAXIMUM:
        return [(start, end)]
    spans: list[tuple[int, int]] = []
    for sentence in _sentences(text, start, end):
        if spans and sentence[1] - spans[-1][0] <= TARGET:
            spans[-1] = (spans[-1][0], sentence[1])
        else:
            spans.append(sentence)
    return spans


def cut_text(text: str, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut text without sentences into spans of at most `size` characters: at blank lines, lines, then words."""
    # Half a second to import, and needed for few documents.
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=0, keep_separator="end", strip_whitespace=False
    )
    for part in splitter.split_text(text[start:end]):
        inner = part.strip()
        if inner:
            offset = start + part.index(inner)
            yield offset, offset + len(inner)
        start += len(part)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for first, last in sentence_spans(text[start:end]):
        if last - first > MAXIMUM:
            yield from cut_text(text, start + first, start + last, TARGET)
        else:
            yield start + first, start + last
