"""The journal: every answer with its trace, and what a person said of it, in one SQLite database of the workspace.

Kept only where the owner asks for it (`log = true`), masked as documents are (`redact`), and no longer than `log_days`.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from assistant.answer import Answer, Turn
from ingest.errors import JournalError
from ingest.redaction import RedactionKind, redact_text

NAME = "journal.sqlite"
Label = Literal["", "accepted", "rejected"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, history TEXT NOT NULL, status TEXT NOT NULL,
    probability REAL, generation TEXT NOT NULL, ms REAL NOT NULL, trace TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '', reference TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS answers_at ON answers (at);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer in the journal.

    Attributes:
        id: Its number.
        at: When it was given: ISO 8601, UTC.
        question: What was asked.
        history: The conversation before it, oldest first.
        status: `answered` or `abstained`.
        probability: How sure the assistant was; None where it did not judge.
        generation: The generation that answered.
        ms: Milliseconds that it took.
        trace: The answer as `ask --json` prints it, the texts of its hits left out.
        label: What a person said of it; empty when nobody did.
        reference: What a person would have answered.
        evidence: Where a person says it stands: (document, quote).
    """

    id: int
    at: str
    question: str
    history: tuple[Turn, ...]
    status: str
    probability: float | None
    generation: str
    ms: float
    trace: dict[str, Any] = field(repr=False)
    label: Label = ""
    reference: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


class Journal:
    """The journal of a workspace. Safe to use from several threads, and several processes.

    Args:
        folder: Where it is kept: the workspace's `.coruja`.
        redact: What is masked in questions and answers before they are written.
        days: How long answers are kept; those that bear a label stay.

    Raises:
        JournalError: It cannot be opened.
    """

    def __init__(self, folder: Path, redact: Collection[RedactionKind] = (), days: float = 90) -> None:
        self._redact, self._days = redact, days
        self._lock = Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(folder / NAME, timeout=10, check_same_thread=False)
            self._database.row_factory = sqlite3.Row
            self._database.executescript(f"PRAGMA journal_mode = WAL; {_SCHEMA}")
        except (sqlite3.Error, OSError) as error:
            message = f"The journal {folder / NAME} cannot be opened ({error})."
            raise JournalError(message, "Move it away, or set log = false in coruja.toml.") from error

    def add(self, answer: Answer, history: Sequence[Turn] = (), *, at: datetime | None = None) -> None:
        """Write an answer down. One that cannot be written is lost: what was asked is answered all the same."""
        now = at or datetime.now(UTC)
        trace = self._trace(answer)
        turns = [{"question": turn.question, "answer": turn.answer} for turn in history]
        row = (
            _stamp(now), trace["question"], json.dumps(self._masked(turns), ensure_ascii=False), answer.status,
            answer.probability, answer.generation, answer.timings_ms.get("total", 0.0),
            json.dumps(trace, ensure_ascii=False),
        )  # fmt: skip
        with self._lock, suppress(sqlite3.Error), self._database as database:
            names = "at, question, history, status, probability, generation, ms, trace"
            database.execute(f"INSERT INTO answers ({names}) VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
            oldest = _stamp(now - timedelta(days=self._days))
            database.execute("DELETE FROM answers WHERE at < ? AND label = ''", (oldest,))

    def number(self, answer: Answer) -> int | None:
        """Return the number that an answer has here; None where it is not here."""
        trace = json.dumps(self._trace(answer), ensure_ascii=False)
        with self._lock, suppress(sqlite3.Error):
            found = self._database.execute("SELECT max(id) FROM answers WHERE trace = ?", (trace,)).fetchone()
            return None if found[0] is None else int(found[0])
        return None

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
        """Return the answers given from one time to before another, oldest first."""
        bounds = _stamp(since) if since else "", _stamp(until) if until else "9999"
        with (
            self._lock,
            closing(
                self._database.execute("SELECT * FROM answers WHERE at >= ? AND at < ? ORDER BY at, id", bounds)
            ) as rows,
        ):
            return [_entry(row) for row in rows]

    def label(self, id_: int, label: Label, reference: str = "", evidence: Sequence[tuple[str, str]] = ()) -> None:
        """Say of an answer that it is right or wrong, and what would be right.

        Raises:
            JournalError: There is no answer of this number, or it cannot be written.
        """
        row = label, reference, json.dumps(list(evidence), ensure_ascii=False), id_
        try:
            with self._lock, self._database as database:
                changed = database.execute(
                    "UPDATE answers SET label = ?, reference = ?, evidence = ? WHERE id = ?", row
                )
        except sqlite3.Error as error:
            raise JournalError(f"The journal cannot be written ({error}).", "Try again.") from error
        if not changed.rowcount:
            raise JournalError(f"There is no answer {id_} in the journal.", "Run: coruja labels list")

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def _trace(self, answer: Answer) -> dict[str, Any]:
        trace: dict[str, Any] = self._masked(answer.to_dict())
        trace["hits"] = [{name: value for name, value in hit.items() if name != "text"} for hit in trace["hits"]]
        return trace

    def _masked(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return redact_text(value, self._redact)[0] if self._redact else value
        if isinstance(value, dict):
            return {name: self._masked(each) for name, each in value.items()}
        return [self._masked(each) for each in value] if isinstance(value, list) else value


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _entry(row: sqlite3.Row) -> Entry:
    found = dict(row)
    found["history"] = tuple(Turn(**turn) for turn in json.loads(found["history"]))
    found["trace"] = json.loads(found["trace"])
    found["evidence"] = tuple((doc, quote) for doc, quote in json.loads(found["evidence"]))
    return Entry(**found)
