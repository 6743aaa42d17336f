"""Parting a data set by document, so that what was looked for on one part is measured on documents it never saw."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from eval.datasets.example import Example
from ingest.errors import DatasetError

STARTS = 8
"""Ways of dealing out the documents that are improved on; the best is taken."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A data set in two parts, each in its order: no document is asked about in both.

    Attributes:
        looked: The questions that settings are looked for on.
        held: Those that they are measured on.
        left_out: Those whose documents stand in both parts: in neither.
    """

    looked: list[Example]
    held: list[Example]
    left_out: list[Example]


def part(examples: Sequence[Example], held_out: float, seed: int = 0) -> Parts:
    """Part a data set in two, so that as few questions as possible are left out.

    The documents are dealt out in an order that follows from the seed; then each changes sides as long as that fills
    the emptier part (a local search, as Kernighan and Lin 1970 cut a graph). Questions without an answer are dealt out
    by themselves.

    Args:
        examples: The data set.
        held_out: Share of the questions that is held out.
        seed: Another one gives another parting.

    Raises:
        DatasetError: One of the parts would be empty: all questions ask about the same documents.
    """
    able = [example for example in examples if example.answerable]
    dealt = [_Sides(able, held_out, f"{seed}\0{start}") for start in range(STARTS)]
    best = max(dealt, key=lambda sides: sides.worth())
    others = sorted(
        (each for each in examples if not each.answerable), key=lambda each: _share(f"{seed}\0{each.question}")
    )
    silent = {each.id for each in others[: round(held_out * len(others))]}

    def side(example: Example) -> bool | None:
        return best.side(example) if example.answerable else example.id in silent

    parts = Parts(*([each for each in examples if side(each) is wanted] for wanted in (False, True, None)))
    if not all(any(each.answerable for each in questions) for questions in (parts.looked, parts.held)):
        message = "The questions cannot be parted by document: they all ask about the same ones."
        raise DatasetError(message, "Add questions about other documents.")
    return parts


class _Sides:
    """The documents in two parts; True is the one that is held out."""

    def __init__(self, examples: Sequence[Example], held_out: float, seed: str) -> None:
        self._wanted = {True: held_out, False: 1 - held_out}
        self._asking: dict[str, list[Example]] = {}
        for example in examples:
            for piece in example.evidence:
                self._asking.setdefault(piece.doc, []).append(example)
        chance = {doc: _share(f"{seed}\0{doc}") for doc in self._asking}
        order = sorted(chance, key=lambda doc: chance[doc])
        self._of = {doc: chance[doc] < held_out for doc in order}
        self._kept: dict[bool | None, int] = {True: 0, False: 0, None: 0}
        for example in examples:
            self._kept[self.side(example)] += 1
        moved = True
        while moved:
            moved = sum(map(self._better_there, order)) > 0

    def side(self, example: Example) -> bool | None:
        """Return the part that a question's documents are in; None where they are in both."""
        sides = {self._of[piece.doc] for piece in example.evidence}
        return sides.pop() if len(sides) == 1 else None

    def worth(self) -> tuple[float, int]:
        """Return how full the emptier part is, and how many questions are in either."""
        fullest = min(self._kept[side] / max(share, 1e-9) for side, share in self._wanted.items())
        return fullest, -self._kept[None]

    def _better_there(self, doc: str) -> bool:
        """Move a document to the other part if that is worth more; tell whether it was."""
        before = self.worth()
        self._move(doc)
        if self.worth() > before:
            return True
        self._move(doc)
        return False

    def _move(self, doc: str) -> None:
        asking = {example.id: example for example in self._asking[doc]}.values()
        for example in asking:
            self._kept[self.side(example)] -= 1
        self._of[doc] = not self._of[doc]
        for example in asking:
            self._kept[self.side(example)] += 1


def _share(text: str) -> float:
    """Return a number in [0, 1) that follows from a text, and looks drawn."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
