"""Reading data sets: JSON lines, an `Example` each (see `eval.datasets.example`)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.datasets.example import Example
from ingest.errors import DatasetError

PACKAGED = Path(__file__).parent

_FIELDS = 'Each line needs a `question`, and `evidence` ([{"doc": "…", "quote": "…"}]) unless it cannot be answered.'

_EXAMPLE = TypeAdapter(Example)


def read_dataset(source: Path, *, tag: str | None = None) -> list[Example]:
    """Read what is accepted of a data set.

    Args:
        source: A `.jsonl` file, or the name of a packaged set (`aws_sagemaker`).
        tag: Keep only what has this tag.

    Raises:
        DatasetError: There is no such file, or a line of it cannot be used.
    """
    examples = [example for example in read_all(source) if example.state == "accepted"]
    if not examples:
        raise DatasetError(
            f"{source} has no question that is accepted.", 'Take "state": "pending" out of what is right.'
        )
    wanted = [example for example in examples if tag is None or tag in example.tags]
    if not wanted:
        tags = sorted({each for example in examples for each in example.tags})
        step = f"Type --tag {' or --tag '.join(tags)}, or leave it out." if tags else "Leave out --tag."
        raise DatasetError(f"{source} has no question with the tag '{tag}'.", step)
    return wanted


def read_all(source: Path) -> list[Example]:
    """Read a data set, what is pending included; see `read_dataset`."""
    path = locate(source)
    if path.suffix.lower() == ".csv":
        message = f"{path} is CSV; questions are measured as JSON lines."
        raise DatasetError(message, f"Run: coruja eval import {path} --out {path.with_suffix('.jsonl')}")
    examples: dict[str, Example] = {}
    for line, row in json_lines(path):
        example = parse_example(row, path, line)
        if example.id in examples:
            raise DatasetError(
                f"{path}, line {line}: the id {example.id!r} stands twice.", "Give each question its own."
            )
        examples[example.id] = example
    if not examples:
        raise DatasetError(f"{path} has no questions.", _FIELDS)
    return list(examples.values())


def locate(source: Path) -> Path:
    """Return where a data set is: the file, or the packaged set of that name."""
    packaged = PACKAGED / f"{source}.jsonl"
    return packaged if packaged.exists() and not source.exists() else source


def parse_example(row: dict[str, Any], path: Path, line: int) -> Example:
    """Return the example of an object; `answerable` follows from the evidence where it is not given.

    Raises:
        DatasetError: A field is missing, unknown or of the wrong type, or the fields contradict each other.
    """
    row = {"id": str(line), "answerable": bool(row.get("evidence")), **row}
    try:
        example = _EXAMPLE.validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"{path}, line {line}: `{where}`: {first['msg']}.", _FIELDS) from error
    if not example.question.strip():
        raise DatasetError(f"{path}, line {line}: the question is empty.", _FIELDS)
    if example.answerable != any(piece.quote.strip() for piece in example.evidence):
        why = "answerable, but without evidence" if example.answerable else "unanswerable, but with evidence"
        raise DatasetError(f"{path}, line {line}: {why}.", _FIELDS)
    return example


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each JSON object of a JSON lines file with its 1-based line number; blank lines are passed over.

    Raises:
        DatasetError: The file cannot be read, or a line is not a JSON object.
    """
    for number, line in text_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            message = f"{path}, line {number}: not JSON ({error})."
            raise DatasetError(message, "Write one JSON object a line.") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}, line {number}: not a JSON object.", "Write one JSON object a line.")
        yield number, row


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line of a UTF-8 file with its 1-based number, line ends kept.

    Raises:
        DatasetError: The file cannot be read.
    """
    number = 0
    try:
        # Read as it is: a line end within a CSV cell belongs to the cell.
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, start=1):
                yield number, line
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}, after line {number}: not UTF-8.", "Save the file as UTF-8.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).", "Check the path.") from error
