"""Reading questions with their reference answers, from JSON lines or CSV.

Fields of a question: `question`; `quotes`, everything that a full answer must cite, as exact text of the corpus (not
chunks, which are cut anew with every splitter); `answer`, the reference in the corpus's language; `answerable`, which
follows from `quotes` when it is not given; `history`, a list of earlier `{question, answer}`; `id`, `kind` and `split`
to group by. In CSV the first row names the fields, `quotes` stand one on a line within their cell, `history` is JSON.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.answer import Turn
from ingest.errors import DatasetError

PACKAGED = Path(__file__).parent / "datasets"

_FIELDS = "Each line needs a `question`, and `quotes` unless it cannot be answered."


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and what a right answer to it is.

    Attributes:
        id: Unique in its data set.
        question: As a person asks it.
        quotes: Exact text of the corpus that a full answer cites; empty when the corpus does not say.
        answer: The reference answer, in the corpus's language whatever the question's, as it is compared with quotes;
            may be empty.
        answerable: Whether the corpus says.
        kind: What sort of question it is; results are also given by kind.
        split: Part of the data set, such as `dev` or `test`; may be empty.
        history: Earlier exchanges, oldest first.
    """

    id: str
    question: str
    quotes: tuple[str, ...]
    answerable: bool
    answer: str = ""
    kind: str = "question"
    split: str = ""
    history: tuple[Turn, ...] = ()


_EXAMPLE = TypeAdapter(Example)


def read_dataset(source: Path, *, split: str | None = None) -> list[Example]:
    """Read a data set.

    Args:
        source: A `.jsonl` or `.csv` file, or the name of a packaged set (`aws_sagemaker`).
        split: Keep only this part.

    Raises:
        DatasetError: There is no such file, or a line of it cannot be used.
    """
    path = _locate(source)
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else json_lines(path)
    examples: dict[str, Example] = {}
    for line, row in rows:
        example = _example(path, line, row)
        if example.id in examples:
            message = f"{path}, line {line}: the id {example.id!r} stands twice."
            raise DatasetError(message, "Give each question its own.")
        examples[example.id] = example
    wanted = [example for example in examples.values() if split in (None, example.split)]
    if not examples:
        raise DatasetError(f"{path} has no questions.", _FIELDS)
    if not wanted:
        splits = sorted({example.split for example in examples.values() if example.split})
        step = f"Type --split {' or --split '.join(splits)}, or leave it out." if splits else "Leave out --split."
        raise DatasetError(f"{path} has no split '{split}'.", step)
    return wanted


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


def _locate(source: Path) -> Path:
    packaged = PACKAGED / f"{source}.jsonl"
    if source.exists() or not packaged.exists():
        return source
    return packaged


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = [line for _, line in text_lines(path)]
    # Spreadsheets set to Portuguese part the cells with semicolons.
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, _from_cells(path, reader.line_num, cells)
    except csv.Error as error:
        message = f"{path}, line {reader.reader.line_num}: not CSV ({error})."
        raise DatasetError(message, "Quote a cell that has quotation marks, and double those.") from error


def _from_cells(path: Path, line: int, cells: dict[str | None, Any]) -> dict[str, Any]:
    if None in cells or None in cells.values():
        raise DatasetError(f"{path}, line {line}: not as many cells as the first row names.", "Check the separators.")
    row: dict[str, Any] = {str(name): cell for name, cell in cells.items() if cell.strip()}
    row["quotes"] = [quote.strip() for quote in row.get("quotes", "").splitlines() if quote.strip()]
    if "history" in row:
        try:
            row["history"] = json.loads(row["history"])
        except ValueError as error:
            message = f"{path}, line {line}: `history` is not JSON."
            raise DatasetError(message, "Leave the cell empty, or fix it.") from error
    return row


def _example(path: Path, line: int, row: dict[str, Any]) -> Example:
    row = {"id": str(line), "quotes": [], **row}
    row.setdefault("answerable", bool(row["quotes"]))
    try:
        example = _EXAMPLE.validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"{path}, line {line}: `{where}`: {first['msg']}.", _FIELDS) from error
    if not example.question.strip():
        raise DatasetError(f"{path}, line {line}: the question is empty.", _FIELDS)
    if example.answerable != any(quote.strip() for quote in example.quotes):
        why = "answerable, but without a quote" if example.answerable else "unanswerable, but with a quote"
        raise DatasetError(f"{path}, line {line}: {why}.", _FIELDS)
    return example
