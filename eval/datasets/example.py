"""The example: a question, and what a right answer to it is. Written as one JSON object a line.

{"id": "vue-002", "question": "Quem criou o Vue?", "style": "direta", "kind": "fato", "answerable": true,
 "reference": "Evan You, em 2014.", "evidence": [{"doc": "about/faq.md", "quote": "Ela foi criada por Evan You"}]}
{"id": "vue-u01", "question": "Quanto custa o Vue?", "answerable": false, "why": "o preço não é dito em página alguma"}
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

from assistant.answer import Turn

State = Literal["accepted", "pending"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Text of the corpus that answers.

    Attributes:
        doc: Path of the document relative to the corpus, or how that path ends; empty for any document.
        quote: Exact text of the document, but for white space. Not a chunk: those are cut anew with every splitter.
    """

    doc: str
    quote: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and what a right answer to it is.

    Attributes:
        id: Unique in its data set.
        question: As a person asks it.
        answerable: Whether the corpus says.
        evidence: Where it does; any of these suffices unless `needs_all`. None when the corpus does not say.
        reference: An answer in somebody's own words; may be empty.
        why: Why the corpus does not say; may be empty.
        style: How it is asked (straight, paraphrased, colloquial), to group by; may be empty.
        kind: What is asked for (a fact, a list, how to), to group by; may be empty.
        tags: Whatever else to group or choose by.
        needs_all: Whether a full answer shows every piece of the evidence: a list, a comparison, several questions.
        history: Earlier exchanges, oldest first.
        state: `pending` until a person has accepted what was drafted; only what is accepted is measured.
    """

    id: str
    question: str
    answerable: bool
    evidence: tuple[Evidence, ...] = ()
    reference: str = ""
    why: str = ""
    style: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    needs_all: bool = False
    history: tuple[Turn, ...] = ()
    state: State = "accepted"

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid"}

    def to_dict(self) -> dict[str, Any]:
        """Return the example as its line has it: what is empty is left out."""
        row: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("id", "question", "answerable") or (value and value != field.default):
                row[field.name] = _plain(value)
        return row


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Evidence):
        return {"doc": value.doc, "quote": value.quote}
    return {"question": value.question, "answer": value.answer} if isinstance(value, Turn) else value


def dataset_text(examples: Iterable[Example]) -> str:
    """Return the text of a data set's file."""
    return "".join(json.dumps(example.to_dict(), ensure_ascii=False) + "\n" for example in examples)


def write_dataset(path: Path, examples: Iterable[Example]) -> None:
    """Write a data set."""
    write_whole(path, dataset_text(examples))


def write_whole(path: Path, text: str) -> None:
    """Write a file at one stroke: at every moment, it is the old one or the new one."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8", newline="\n")
    new.replace(path)
