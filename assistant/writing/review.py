"""The review of an answer while it is written: what is proven is shown with its proof, the rest dropped or marked."""

import re
from collections.abc import Iterator, Sequence

from assistant.answer import Segment
from assistant.asking.language import surely_not
from assistant.checking.checker import Checker
from assistant.notice import ModelFailure, Notice, remark
from assistant.phrases import phrase
from assistant.quoting.quotes import cite
from assistant.writing.chain import ABSTENTION
from assistant.writing.sentences import CitedSentence
from index.text.analyser import fold

_MAX_REPEATS = 3


class NothingSupported(ModelFailure):
    """The model answered, and the passages support none of it."""


class Review:
    """Turns the sentences of one answer into segments, and remembers what became of them.

    Args:
        checker: Judges them.
        language: What the answer should be in.
        mark: Mark unsupported sentences instead of leaving them out.
    """

    def __init__(self, checker: Checker, language: str, *, mark: bool) -> None:
        self._checker = checker
        self._language = language
        self._mark = mark
        self._said: set[str] = set()
        self._held: list[Segment] = []  # not proven, to be shown with what is
        self._written: list[str] = []
        self._unsupported = 0
        self._abstained = False
        self.shown = False

    def segments(self, sentences: Iterator[CitedSentence]) -> Iterator[Segment]:
        """Yield what is shown, from the first sentence that is proven on."""
        repeats = 0
        for text, numbers in sentences:
            sense = _bare(text)
            if sense == _bare(ABSTENTION):
                self._abstained = not self._said
                if self._abstained:
                    return
                continue
            if sense and sense in self._said:
                repeats += 1
                if repeats == _MAX_REPEATS:
                    return
                continue
            self._said.add(sense)
            self._written.append(text)
            yield from self._judged(text, numbers)

    def finish(self, model: str) -> Iterator[Segment]:
        """Yield what was still held, and notices of what the answer lacks.

        Raises:
            NothingSupported: Something was written, and nothing of it is proven.
        """
        if self._abstained:
            return
        if not self.shown:
            raise NothingSupported("nothing_supported", model=model)
        while self._held and self._held[-1].text.rstrip().endswith(":"):
            self._held.pop()  # opens a list of which nothing is left
        yield from self._held
        for notice in self._notices():
            yield Segment("", notice=notice)

    def _judged(self, text: str, numbers: Sequence[int]) -> Iterator[Segment]:
        verdict = self._checker.check(text, numbers)
        if verdict.quotes:
            held, self._held = self._held, []
            for segment in (*held, Segment(text, tuple(dict.fromkeys(map(cite, verdict.quotes))))):
                yield segment if self.shown else Segment(segment.text.lstrip(), segment.citations)
                self.shown = True
        elif verdict.supported:
            self._held.append(Segment(text))
        else:
            self._unsupported += 1
            if self._mark:
                self._held.append(Segment(f"{text.rstrip()} {phrase('unverified', self._language)}"))

    def _notices(self) -> Iterator[Notice]:
        if self._unsupported and self._mark:
            yield remark("marked")
        elif self._unsupported == 1:
            yield remark("dropped_one")
        elif self._unsupported:
            yield remark("dropped", count=str(self._unsupported))
        if surely_not(" ".join(self._written), self._language):
            yield remark("other_language")


def _bare(text: str) -> str:
    """Return a text's words alone, to tell whether two sentences say the same."""
    return " ".join(re.findall(r"\w+", fold(text)))
