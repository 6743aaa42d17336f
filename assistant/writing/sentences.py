"""The sentences of a streamed text; a fence of code is one, whatever stands in it."""

import re
from collections.abc import Iterator

from ingest.splitting.sentences import sentence_spans

_FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}|~{3,}).*?(?:^[ \t]*(?P=mark)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_ENDS_SENTENCE = re.compile(r"[.!?…:][\"”»)\]*_]*$")


class SentenceReader:
    """Cut a text into sentences while it is written; joined they are the text.

    A sentence is certain once the next one has begun.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[str]:
        """Yield the sentences that are certain after some more of the text."""
        self._text += piece
        spans = _spans(self._text)
        # The first signs of a sentence do not settle where the one before it ended.
        if spans and not any(char.isalnum() for char in self._text[slice(*spans[-1])]):
            spans.pop()
        yield from self._take([end for _, end in spans[:-1]])

    def finish(self, *, whole: bool = True) -> Iterator[str]:
        """Yield the rest; when the text is not whole, without a last sentence that does not end."""
        ends = [end for _, end in _spans(self._text)]
        if ends and not whole and not _ENDS_SENTENCE.search(self._text[: ends[-1]]):
            ends.pop()
        yield from self._take(ends)

    def _take(self, ends: list[int]) -> Iterator[str]:
        text, start = self._text, 0
        for end in ends:
            yield text[start:end]
            start = end
        self._text = text[start:]


def is_code(sentence: str) -> bool:
    """Tell whether what the reader took for one sentence is a fence of code."""
    return _FENCE.fullmatch(sentence.strip()) is not None


def _spans(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for fence in _FENCE.finditer(text):
        spans += _prose(text, start, fence.start())
        spans.append(fence.span())
        start = fence.end()
    return [*spans, *_prose(text, start, len(text))]


def _prose(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(start + first, start + last) for first, last in sentence_spans(text[start:end])]
