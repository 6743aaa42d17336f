"""What the reader learns from: questions with texts that answer them and texts that do not."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Example:
    """A question with texts.

    Attributes:
        question: What is asked.
        texts: What it is asked of; at least one.
        answers: Whether each text answers it; none does where the documents do not.
        source: The documentation it is asked of, for holding it out; empty where that is not done.
    """

    question: str
    texts: tuple[str, ...]
    answers: tuple[bool, ...]
    source: str = ""


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write examples, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in examples), encoding="utf-8")


def read_examples(path: Path) -> list[Example]:
    """Read examples back."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [Example(row["question"], tuple(row["texts"]), tuple(row["answers"]), row["source"]) for row in rows]
