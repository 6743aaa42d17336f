"""Running a data set: every question asked, every answer judged."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol

from assistant.answer import Answer, Citation, Turn
from eval.dataset import Example
from eval.judge import found, is_exact, quoted, source_is_right
from eval.measures import squad_f1
from eval.report import Report, Row
from ingest.errors import UserError

Progress = Callable[[int, int, str], None]


class Answering(Protocol):
    """What is measured; `assistant.assistant.Assistant` is one."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question."""

    def section_text(self, citation: Citation) -> tuple[str, int]:
        """Return the text of the section that a citation stands in, and the offset at which it starts."""


def run_dataset(
    assistant: Answering, examples: Sequence[Example], *, name: str = "", progress: Progress | None = None
) -> Report:
    """Ask every question of a data set and judge the answers.

    A question that ends in a `UserError` counts as wrong and is in the report with what was said.

    Args:
        assistant: Who is asked.
        examples: The questions (see `eval.dataset.read_dataset`).
        name: What the report calls the data set.
        progress: Called before each question with (questions done, questions in all, the question).
    """
    began = perf_counter()
    rows: list[Row] = []
    writers: dict[str, None] = {}
    for example in examples:
        if progress:
            progress(len(rows), len(examples), example.question)
        asked = perf_counter()
        try:
            answer = assistant.ask(example.question, example.history)
        except UserError as error:
            rows.append(_failed(example, error, 1000 * (perf_counter() - asked)))
            continue
        writers[answer.writer] = None
        rows.append(_judged(assistant, example, answer, 1000 * (perf_counter() - asked)))
    return Report(name, tuple(rows), tuple(writers), perf_counter() - began)


def _failed(example: Example, error: UserError, ms: float) -> Row:
    return Row(
        id=example.id,
        kind=example.kind,
        question=example.question,
        answerable=example.answerable,
        outcome="failed",
        quotes=example.quotes,
        ms=ms,
        error=str(error),
    )


def _judged(assistant: Answering, example: Example, answer: Answer, ms: float) -> Row:
    """Judge an answer; citations beside an abstention are no answer, and earn nothing."""
    citations = answer.citations if answer.status == "answered" else ()
    sections = [assistant.section_text(citation) for citation in citations]
    pairs = list(zip(citations, sections, strict=True))
    cited = [quoted(example.quotes, citation, *section) for citation, section in pairs]
    quotes = tuple(citation.quote for citation in citations)
    reference = (example.answer or " ".join(example.quotes)) if example.answerable else ""
    return Row(
        id=example.id,
        kind=example.kind,
        question=example.question,
        answerable=example.answerable,
        outcome=answer.status,
        answer=answer.text,
        cited=quotes,
        quotes=example.quotes,
        results=found(example.quotes, answer.hits),
        right_source=source_is_right(example.quotes, cited),
        recall=len(frozenset().union(*cited)) / len(example.quotes) if example.quotes else 0.0,
        precision=sum(map(bool, cited)) / len(cited) if cited else 0.0,
        exact=sum(is_exact(citation, *section) for citation, section in pairs),
        f1=squad_f1(" ".join(dict.fromkeys(quotes)), [reference]) if reference else 0.0,
        ms=ms,
    )
