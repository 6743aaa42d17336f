"""Trying a chat model: the same questions with it and without, each answer judged, and how long a person waits.

Without it are the documents' words, which stand there at once in either case. So a model is judged by what it adds or
takes away, and by how much of what it writes the documents support.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

from assistant.answer import Answer, Turn
from assistant.workspace.batch import Progress
from eval.datasets.checking import check_dataset
from eval.datasets.drafting import draft
from eval.datasets.example import Example
from eval.datasets.reading import PACKAGED, read_dataset
from eval.judge import judge
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import DatasetError

QUESTIONS = 20
"""Questions that a model is tried on, where nobody names others."""
SHIPPED = "aws_sagemaker"
DRAFTED = "drafted"

MOST_DISCARDED = 0.34
"""Share of its answers that a model may lose whole, to be worth waiting for."""
MOST_SECONDS = 15.0
"""Seconds to its first checked sentence that a person is asked to wait."""

Stream = Callable[[str, Sequence[Turn]], Iterator["str | Answer"]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model brought. Counts are of questions, seconds medians; None where there was nothing to measure.

    Attributes:
        model: Its name.
        questions: The data set; `drafted` for questions that were drafted from the documents by rule.
        asked: How many questions.
        right: Right with the model.
        right_quoting: Right by the documents' words alone.
        answered_wrongly: Answered with the model though the documents do not say.
        written: Answers in which the model wrote what the documents support.
        refused: Answers in which it said that it does not know.
        discarded: Answers in which the documents support too little of what it wrote; it is not shown.
        left_out: Sentences left out of answers that were shown.
        failed: Answers in which it failed.
        other_language: Answers in another language than the question's.
        quotes_s: Until the documents' words were there.
        first_s: Until the first checked sentence of the model was there.
        whole_s: Until the answer was whole.
        memory_gb: What the model takes up, as Ollama says.
        when: Date and time of the trial.
        generation: The index generation that was asked.
    """

    model: str
    questions: str
    asked: int
    right: int
    right_quoting: int
    answered_wrongly: int
    written: int
    refused: int
    discarded: int
    left_out: int
    failed: int
    other_language: int
    quotes_s: float | None
    first_s: float | None
    whole_s: float | None
    memory_gb: float | None
    when: str
    generation: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object, with what is recommended."""
        return asdict(self) | {"worth_it": self.worth_it, "recommendation": self.recommendation}

    @property
    def tried(self) -> int:
        """Return how many times the model was asked: the documents answered."""
        return self.written + self.refused + self.discarded + self.failed

    @property
    def worth_it(self) -> bool:
        """Tell whether the model is worth waiting for here."""
        return not self._against

    @property
    def recommendation(self) -> str:
        """Return one plain sentence."""
        if self._against:
            return f"Not worth it here: {self._against}"
        more = self.right - self.right_quoting
        gain = f"{more} more right" if more else "as many right"
        waits = f", the first sentence after {self.first_s:.0f} s" if self.first_s is not None else ""
        return f"Worth it: {gain} of {self.asked}, prose in {self.written} of {self.tried} answers{waits}."

    @property
    def _against(self) -> str:
        if not self.tried:
            return "no question of these is answered by the documents, so it was never asked."
        if self.failed > self.tried / 2:
            return f"it failed in {self.failed} of {self.tried} answers."
        if self.right < self.right_quoting:
            return f"{self.right} right with it, {self.right_quoting} by quotes alone."
        if self.discarded > MOST_DISCARDED * self.tried:
            return f"the documents support too little of what it wrote in {self.discarded} of {self.tried} answers."
        if self.other_language > MOST_DISCARDED * self.tried:
            return f"{self.other_language} of {self.tried} answers are in another language than the question."
        if self.written <= self.tried / 2:
            return f"it wrote something in {self.written} of {self.tried} answers only."
        if self.first_s is not None and self.first_s > MOST_SECONDS:
            return f"its first sentence comes after {self.first_s:.0f} s."
        return ""


@dataclass(frozen=True, slots=True)
class _Tried:
    """How one question went."""

    right: bool
    right_quoting: bool
    wrongly: bool
    asked_model: bool
    answer: Answer
    quotes_s: float
    first_s: float | None
    whole_s: float

    def told(self, *names: str) -> bool:
        """Tell whether the answer carries one of these notices."""
        return any(notice.name in names for notice in self.answer.notices)


def try_model(
    stream: Stream,
    examples: Sequence[Example],
    *,
    model: str,
    questions: str,
    when: str,
    progress: Progress | None = None,
) -> Trial:
    """Ask every question, and return how the model did. Its memory is left to be told.

    Args:
        stream: `Assistant.stream` of an assistant that is to write with the model.
        examples: The questions.
        model: The model's name.
        questions: What the questions are called.
        when: Date and time.
        progress: Called with (questions done, questions in all, the question).
    """
    tried: list[_Tried] = []
    for done, example in enumerate(examples):
        if progress:
            progress(done, len(examples), example.question)
        tried.append(_try(stream, example))
    asked = [one for one in tried if one.asked_model]
    written = [one for one in asked if one.answer.written]
    refused = [one for one in asked if one.told("found_nothing")]
    discarded = [one for one in asked if one.told("little_supported", "nothing_supported")]
    foreign = [one for one in asked if one.told("other_language")]
    return Trial(
        model=model,
        questions=questions,
        asked=len(tried),
        right=sum(one.right for one in tried),
        right_quoting=sum(one.right_quoting for one in tried),
        answered_wrongly=sum(one.wrongly for one in tried),
        written=len(written),
        refused=len(refused),
        discarded=len(discarded),
        left_out=sum(notice.count for one in written for notice in one.answer.notices),
        failed=len(asked) - len(written) - len(refused) - len(discarded) - len(foreign),
        other_language=len(foreign),
        quotes_s=_middle(one.quotes_s for one in asked),
        first_s=_middle(one.first_s for one in written if one.first_s is not None),
        whole_s=_middle(one.whole_s for one in asked),
        memory_gb=None,
        when=when,
        generation=tried[-1].answer.generation if tried else "",
    )


def _try(stream: Stream, example: Example) -> _Tried:
    started = perf_counter()
    quotes = answer = None
    quotes_s = first_s = None
    for piece in stream(example.question, example.history):
        now = perf_counter() - started
        if not isinstance(piece, Answer):
            first_s = now if first_s is None else first_s
        elif quotes is None:
            quotes = answer = piece
            quotes_s = now
        else:
            answer = piece
    if quotes is None or answer is None or quotes_s is None:  # pragma: no cover - a stream ends with an answer
        raise TypeError(quotes)
    return _Tried(
        right=judge(example, answer.to_dict()).correct,
        right_quoting=judge(example, quotes.to_dict()).correct,
        wrongly=not example.answerable and answer.status == "answered",
        asked_model=answer is not quotes,
        answer=answer,
        quotes_s=quotes_s,
        first_s=first_s,
        whole_s=perf_counter() - started,
    )


def _middle(seconds: Iterable[float]) -> float | None:
    found = list(seconds)
    return round(median(found), 2) if found else None


def chosen(corpus: Iterable[tuple[Document, Sequence[Chunk]]], count: int = QUESTIONS) -> tuple[str, list[Example]]:
    """Return questions for documents for which nobody has any, and what they are called.

    Those of the shipped page where its text is among the documents; else what is drafted by rule.

    Raises:
        DatasetError: Nothing can be drafted from these documents.
    """
    documents = list(corpus)
    shipped = read_dataset(PACKAGED / f"{SHIPPED}.jsonl")
    if not check_dataset(shipped, documents):
        return SHIPPED, spread(shipped, count)
    drafted = draft(documents, count)
    if not drafted:
        message = "No questions can be drafted from these documents."
        raise DatasetError(message, "Write some, and name the file: coruja models try NAME --questions FILE")
    return DRAFTED, drafted


def spread(examples: Sequence[Example], count: int) -> list[Example]:
    """Return some of the examples, evenly spread over the set."""
    if len(examples) <= count:
        return list(examples)
    return [examples[int(place * len(examples) / count)] for place in range(count)]
