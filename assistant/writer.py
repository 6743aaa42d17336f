"""Who writes an answer: the protocol that every writer keeps."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from assistant.answer import Segment
from assistant.evidence.passage import Passage
from index.hit import Hit


class Writer(Protocol):
    """Writes an answer from hits, stretch by stretch."""

    @property
    def name(self) -> str:
        """Return the writer's name as `Answer.writer` shows it: `extractive`, or `ollama:NAME`."""

    def write(self, question: str, hits: Sequence[Hit], passages: Sequence[Passage] = ()) -> Iterator[Segment]:
        """Yield the answer to a question, in reading order.

        The texts are joined as they are: a segment carries the space or the line break that parts it from the one
        before, the first carries none. No segment at all means that the hits do not answer: the writer abstains.

        Args:
            question: What is asked, able to stand alone.
            hits: What answers, best first.
            passages: What a person would read around them, best first; none where the hits are facts, members of a
                list or the sides of a comparison, which answer by themselves.

        Raises:
            ModelUnavailable: The writer could not begin, or could not go on after the segments yielded so far.
        """
