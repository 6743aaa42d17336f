"""The sentences of a streamed text, each with the passages that it cites."""

import re
from collections.abc import Iterator, Sequence

from assistant.writing.markers import Token
from ingest.splitting.sentences import sentence_spans

_ENDS_SENTENCE = re.compile(r"[.!?…:][\"”»)\]*_]*$")

CitedSentence = tuple[str, tuple[int, ...]]
"""A sentence as the model wrote it, and the passages that it cites."""


class SentenceReader:
    """Cut what the reader of markers gives into sentences, each with the passages that it cites.

    A sentence is certain once the next one has begun: until then a marker may follow its stop.
    """

    def __init__(self) -> None:
        self._text = ""
        self._marks: list[tuple[int, tuple[int, ...]]] = []  # offset in the text, numbers

    def feed(self, events: Sequence[Token]) -> Iterator[CitedSentence]:
        """Yield the sentences that are certain after some more of the text."""
        for event in events:
            if isinstance(event, str):
                self._text += event
            else:
                self._marks.append((len(self._text), event))
        spans = sentence_spans(self._text)
        # The first signs of a sentence do not settle where the one before it ended.
        if spans and not any(char.isalnum() for char in self._text[slice(*spans[-1])]):
            spans.pop()
        yield from self._take([end for _, end in spans[:-1]])

    def finish(self, *, whole: bool = True) -> Iterator[CitedSentence]:
        """Yield the rest; when the text is not whole, without a last sentence that does not end."""
        ends = [end for _, end in sentence_spans(self._text)]
        if ends and not whole and not _ENDS_SENTENCE.search(self._text[: ends[-1]]):
            ends.pop()
        yield from self._take(ends)

    def _take(self, ends: Sequence[int]) -> Iterator[CitedSentence]:
        text, marks, start = self._text, self._marks, 0
        for end in ends:
            cited = [number for offset, numbers in marks if offset <= end for number in numbers]
            marks = [mark for mark in marks if mark[0] > end]
            yield text[start:end], tuple(dict.fromkeys(cited))
            start = end
        self._text = text[start:]
        self._marks = [(offset - start, numbers) for offset, numbers in marks]
