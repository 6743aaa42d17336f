"""What the reader learns from: questions with texts that answer them and texts that do not."""

import argparse
import json
from collections.abc import Callable, Iterable
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


def write_from(make: Callable[[Path], Iterable[Example]], data: str, out: str, about: str | None) -> None:
    """Write what is made of a data folder, as the command line names both.

    Args:
        make: Makes the examples.
        data: The folder, unless another one is named.
        out: The file, unless another one is named.
        about: What the command does; its first line is shown.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else "")
    parser.add_argument("--data", type=Path, default=Path(data))
    parser.add_argument("--out", type=Path, default=Path(out))
    given = parser.parse_args()
    write_examples(given.out, make(given.data))
