"""Who writes an answer: the protocol that every writer keeps."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from assistant.answer import Segment
from index.hit import Hit


class Writer(Protocol):
    """Writes an answer from hits, stretch by stretch."""

    @property
    def name(self) -> str:
        """Return the writer's name as `Answer.writer` shows it: `extractive`, or `ollama:NAME`."""

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Segment]:
        """Yield the answer to a question, in reading order.

        The texts are joined as they are: a segment carries the space or the line break that parts it from the one
        before, the first carries none. No segment at all means that the hits do not answer: the writer abstains.

        Args:
            question: What is asked, able to stand alone.
            hits: What the search found, best first.

        Raises:
            ModelUnavailable: The writer could not begin, or could not go on after the segments yielded so far.
        """
