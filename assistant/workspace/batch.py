"""Batches: many questions from a file, their answers in another, in the order of the questions.

Questions come as CSV (first row names the columns), as JSON lines, or as plain lines. Fields: `question` (or
`pergunta`), `id` (the line's number where there is none), `history`: a list of earlier `{question, answer}`, in CSV as
JSON.

Answers are written line by line as they are ready, in the order of the questions. A batch that was interrupted, however
hard, goes on where it stopped; what failed is asked again. A row that cannot be used or answered becomes an error
object and stops no other.
"""

import csv
import io
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.answer import Answer, Turn
from assistant.asking.question import LONGEST_QUESTION
from ingest.errors import BatchError, CorpusError, UserError
from ingest.reading.encoding import decode

Ask = Callable[[str, Sequence[Turn]], Answer]
Progress = Callable[[int, int, str], None]
_Span = tuple[int, int]

_NAMES = ("question", "pergunta")
_AHEAD = 4  # rows asked ahead of the one that is written next, for each job
_HISTORY = TypeAdapter(tuple[Turn, ...])


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a batch.

    Attributes:
        id: As given, else the line's number.
        line: 1-based line of the file that the row ends on.
        question: What is asked, as an `Answer` repeats it.
        history: Earlier exchanges, oldest first.
        error: Why the row cannot be asked; empty when it can.
    """

    id: str | int
    line: int
    question: str = ""
    history: tuple[Turn, ...] = ()
    error: str = ""

    @property
    def key(self) -> str:
        """Return what an earlier answer to this row is recognised by."""
        return _key(self.id, self.question)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did.

    Attributes:
        rows: Questions in all.
        kept: Answers that an earlier run had left.
        failed: Lines of the questions that have an error object for an answer.
        backup: Copy of the answers as they were, made where some belong to none of the questions; else None.
    """

    rows: int
    kept: int
    failed: tuple[int, ...]
    backup: Path | None = None


def read_questions(source: Path) -> list[Row]:
    """Read a file of questions, as its extension says: `.csv`, `.jsonl` (also `.ndjson`), or plain lines in `.txt`.

    Raises:
        BatchError: The file cannot be read, is of another kind, or names no column for the questions.
    """
    readers = {".csv": _from_csv, ".jsonl": _from_json_lines, ".ndjson": _from_json_lines, ".txt": parse_questions}
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise BatchError(f"Questions cannot be read from {source.name}.", f"Use one of: {', '.join(readers)}, or -.")
    try:
        text = decode(source.read_bytes())
    except OSError as error:
        raise BatchError(f"{source} cannot be read ({error.strerror}).", "Check the path.") from error
    except CorpusError as error:
        raise BatchError(f"{source} cannot be read: {error.message}", "Save it as UTF-8.") from error
    return reader(text)


def parse_questions(text: str) -> list[Row]:
    """Read questions one a line: a JSON object where the line begins with `{`, else the question itself."""
    return _checked(
        (line, _object(written) if written.startswith("{") else {"question": written}) for line, written in _lines(text)
    )


def run_batch(
    ask: Ask, rows: Sequence[Row], out: Path, *, jobs: int = 1, progress: Progress | None = None
) -> BatchReport:
    """Ask the questions that have no answer yet, and leave all answers in the order of the questions.

    Args:
        ask: Answers one question; called from several threads where `jobs` is above 1.
        rows: The questions.
        out: JSON lines: what `ask --json` prints with the row's `id`, or `{id, line, question, error, next}`.
        jobs: How many questions are asked at the same time.
        progress: Called with (rows done, rows in all, the question last answered).

    Raises:
        BatchError: `out` cannot be written, or holds something else than answers.
    """
    try:
        return _run(ask, rows, out, jobs, progress or (lambda done, total, what: None))
    except OSError as error:
        raise BatchError(f"{out} cannot be written ({error.strerror}).", "Choose another --out.") from error


def _run(ask: Ask, rows: Sequence[Row], out: Path, jobs: int, progress: Progress) -> BatchReport:
    before = list(_answers(out))
    wanted = {row.key for row in rows if not row.error}
    backup = _back_up(out) if any(key and key not in wanted for key, _ in before) else None
    kept = {key: span for key, span in before if key in wanted}
    places = dict(zip(kept, _arrange(out, kept.values()), strict=True))
    missing = [row for row in rows if row.error or row.key not in kept]
    failed: list[int] = []
    new: dict[int, _Span] = {}
    with out.open("ab") as file:
        for row, found in _asked(ask, missing, jobs):
            start = file.tell()
            file.write(json.dumps(found, ensure_ascii=False).encode(errors="replace") + b"\n")
            file.flush()
            new[row.line] = start, file.tell()
            failed += [row.line] if "error" in found else []
            progress(len(kept) + len(new), len(rows), row.question)
    order = [new[row.line] if row.line in new else places[row.key] for row in rows]
    if order != sorted(order):
        _arrange(out, order)
    return BatchReport(len(rows), len(kept), tuple(failed), backup)


def _asked(ask: Ask, rows: Sequence[Row], jobs: int) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row with its answer, in order, a few rows asked ahead."""
    waiting: deque[tuple[Row, Future[dict[str, Any]]]] = deque()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="batch")
    try:
        for row in rows:
            waiting.append((row, pool.submit(_answer, ask, row)))
            if len(waiting) > jobs * _AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _answer(ask: Ask, row: Row) -> dict[str, Any]:
    """Return the answer's object, or the error's: whatever happens to one row, the others go on."""
    if row.error:
        return _failure(row, row.error, "Correct the line and run the command again.")
    try:
        return {"id": row.id, **ask(row.question, row.history).to_dict()}
    except UserError as error:
        return _failure(row, error.message, error.next_step)
    except Exception as error:  # noqa: BLE001 - a defect met by one question is told in its place
        return _failure(
            row, f"Coruja failed: {type(error).__name__}: {error}", "coruja --debug ask, with this question"
        )


def _failure(row: Row, message: str, next_step: str) -> dict[str, Any]:
    return {"id": row.id, "line": row.line, "question": row.question, "error": message, "next": next_step}


# --- the answers that are there ---


def _answers(out: Path) -> Iterator[tuple[str, _Span]]:
    """Yield the key of each line of an earlier run, empty for an error, and where it stands.

    A last line that was cut short is left out.
    """
    if not out.exists():
        return
    end = 0
    with out.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            start, end = end, end + len(line)
            yield _key_of(line, f"{out}, line {number}"), (start, end)


def _key_of(line: bytes, place: str) -> str:
    try:
        found = json.loads(line)
        if "error" in found:
            return ""
        return _key(found["id"], found["question"]) if isinstance(found["answer"], str) else ""
    except (ValueError, TypeError, KeyError) as error:
        raise BatchError(f"{place}: not an answer of a batch.", "Choose another --out, or remove the file.") from error


def _key(id_: object, question: str) -> str:
    return json.dumps([id_, question])


def _back_up(out: Path) -> Path:
    """Copy the answers to the first name that is free: a backup is never written over."""
    for number in count(1):
        backup = out.with_name(f"{out.name}.old{f'.{number}' if number > 1 else ''}")
        with suppress(FileExistsError), out.open("rb") as answers, backup.open("xb") as copy:
            shutil.copyfileobj(answers, copy)
            break
    return backup


def _arrange(out: Path, spans: Iterable[_Span]) -> list[_Span]:
    """Leave only these stretches of a file, in this order, and return where each stands now.

    The file is written anew at one stroke: at every moment, it is the old one or the new one.
    """
    arranged: list[_Span] = []
    new = out.with_name(out.name + ".new")
    out.touch()
    with out.open("rb") as old, new.open("wb") as file:
        for start, end in spans:
            old.seek(start)
            place = file.tell()
            file.write(old.read(end - start))
            arranged.append((place, file.tell()))
    new.replace(out)
    return arranged


# --- the questions ---


def _from_json_lines(text: str) -> list[Row]:
    return _checked((line, _object(written)) for line, written in _lines(text))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _object(written: str) -> dict[str, Any] | str:
    """Return a line's object, or why it is none."""
    try:
        value = json.loads(written)
    except ValueError as error:
        return f"The line is not JSON ({error})."
    return value if isinstance(value, dict) else "The line is not a JSON object."


def _from_csv(text: str) -> list[Row]:
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    # Spreadsheets set to Portuguese part the cells with semicolons.
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    if not set(_NAMES) & set(names):
        found = ", ".join(names) or "none"
        raise BatchError(f"No column is named question or pergunta; found: {found}.", "Name it in the first row.")
    return _checked(_csv_rows(reader, names))


def _csv_rows(reader: Any, names: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:  # noqa: ANN401 - csv's
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"The line is not CSV ({error})."
            continue
        if len(cells) != len(names) and any(cells):
            yield reader.line_num, f"The line has {len(cells)} cells; the first row names {len(names)}."
        elif any(map(str.strip, cells)):
            yield reader.line_num, _filled(dict(zip(names, cells, strict=False)))


def _filled(cells: dict[str, str]) -> dict[str, Any] | str:
    """Return the cells that hold something, the history read."""
    row: dict[str, Any] = {name: cell for name, cell in cells.items() if cell.strip()}
    if "history" in row:
        try:
            row["history"] = json.loads(row["history"])
        except ValueError as error:
            return f"`history` is not JSON ({error})."
    return row


def _checked(rows: Iterator[tuple[int, dict[str, Any] | str]]) -> list[Row]:
    """Return the rows, those that cannot be used with the reason."""
    checked: list[Row] = []
    lines: dict[str | int, int] = {}
    for line, found in rows:
        row = Row(line, line, error=found) if isinstance(found, str) else _row(line, found)
        first = lines.setdefault(row.id, line)
        if first != line and not row.error:
            row = Row(row.id, line, row.question, error=f"The id {row.id!r} stands on line {first}, too.")
        checked.append(row)
    return checked


def _row(line: int, found: dict[str, Any]) -> Row:
    id_ = found.get("id", line)
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        return Row(line, line, error="`id` is neither text nor a number.")
    question = next((found[name] for name in _NAMES if name in found), "")
    if not isinstance(question, str) or not question.strip():
        return Row(id_, line, error="There is no question.")
    question = question.strip()[:LONGEST_QUESTION]
    try:
        return Row(id_, line, question, _HISTORY.validate_python(found.get("history") or ()))
    except ValidationError:
        return Row(id_, line, question, error="`history` is not a list of {question, answer}.")
