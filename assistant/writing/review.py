"""The review of an answer while it is written: what is proven is shown with its proof, the rest dropped or marked."""

import re
from collections.abc import Iterator

from assistant.answer import Segment
from assistant.checking.checker import Checker
from assistant.notice import ModelFailure, Notice, remark
from assistant.phrases import phrase
from assistant.quoting.quotes import cite
from index.text.analyser import fold

ENOUGH = 0.5
"""Share of a model's statements that have to be proven for its text to be worth showing."""
_MAX_REPEATS = 3
# How models say that they do not know, whatever words follow.
_UNKNOWING = re.compile(
    r"^nao sabe$|\bnao (?:sei|sou capaz de|encontrei|encontro"
    r"|tenho (?:\w+ ){0,2}(?:informac\w+|resposta|acesso|conhecimento)|posso "
    r"(?:responder|ajudar|fornecer|determinar|dizer)|consigo (?:responder|encontrar|fornecer)"
    r"|(?:ha|existe\w?|encontra\w*|e possivel encontrar) (?:\w+ ){0,2}(?:informac\w+|resposta|menc\w+|detalhe\w*)"
    r"|(?:e|foi) possivel (?:responder|determinar|saber))\b"
    r"|\b(?:trechos?|documentos?|documentac\w+|textos?|passage\w*) (?:\w+ ){0,2}nao (?:\w+ )?"
    r"(?:diz\w*|dao|da|menciona\w*|fornece\w*|informa\w*|responde\w*|especifica\w*|cont\w+|fala\w*|inclu\w+|aborda\w*)\b"
    r"|\b(?:i (?:do not|don t) know|(?:passages?|documents?|documentation) (?:do|does) not (?:say|mention|provide))\b"
)


class NotWorthShowing(ModelFailure):
    """The model answered, but found no answer, or the passages support too little of what it wrote."""


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
        self._proven = self._unsupported = 0
        self._begun = self._unknowing = False

    @property
    def shown(self) -> bool:
        """Tell whether anything was proven, and so shown."""
        return self._proven > 0

    def segments(self, sentences: Iterator[str]) -> Iterator[Segment]:
        """Yield what is shown, from the first sentence that is proven on."""
        repeats = 0
        for text in sentences:
            sense = _bare(text)
            if sense and sense in self._said:
                repeats += 1
                if repeats == _MAX_REPEATS:
                    return
                continue
            self._said.add(sense)
            if _UNKNOWING.search(sense):
                self._unknowing = True
                continue
            yield from self._judged(text)

    def finish(self, model: str) -> Iterator[Segment]:
        """Yield what was still held, and notices of what the answer lacks.

        Raises:
            NotWorthShowing: The model does not know, or too little of what it wrote is proven.
        """
        if self._unknowing and not self._proven:
            raise NotWorthShowing("found_nothing", model=model)
        if not self._proven:
            raise NotWorthShowing("nothing_supported", model=model)
        if self._proven < ENOUGH * (self._proven + self._unsupported):
            raise NotWorthShowing("little_supported", model=model)
        while self._held and self._held[-1].text.rstrip().endswith(":"):
            self._held.pop()  # opens a list of which nothing is left
        yield from self._held
        for notice in self._notices():
            yield Segment("", notice=notice)

    def _judged(self, text: str) -> Iterator[Segment]:
        verdict = self._checker.check(text)
        if verdict.quotes:
            held, self._held = self._held, []
            for segment in (*held, Segment(text, tuple(dict.fromkeys(map(cite, verdict.quotes))))):
                yield segment if self._begun else Segment(segment.text.lstrip(), segment.citations)
                self._begun = True
            self._proven += 1
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


def _bare(text: str) -> str:
    """Return a text's words alone, to tell whether two sentences say the same."""
    return " ".join(re.findall(r"\w+", fold(text)))
