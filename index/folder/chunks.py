"""The chunks of one segment, and the texts of their documents, in SQLite."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import IndexDamaged

DATABASE_NAME = "chunks.sqlite"

_SCHEMA = """
CREATE TABLE documents (
    doc_id TEXT PRIMARY KEY, title TEXT, format TEXT, content_hash TEXT, text TEXT
) WITHOUT ROWID;
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, chunk_id TEXT UNIQUE, doc_id TEXT, text TEXT, start INTEGER, end INTEGER,
    line_start INTEGER, line_end INTEGER, headings TEXT, section_start INTEGER, section_end INTEGER,
    kind TEXT, plain TEXT, subject TEXT
);
CREATE TABLE terms (view TEXT, term TEXT, id INTEGER, PRIMARY KEY (view, term)) WITHOUT ROWID;
"""

_COLUMNS = (
    "chunk_id, doc_id, text, start, end, line_start, line_end, headings, section_start, section_end, kind, plain, "
    "subject"
)


class Chunks:
    """The chunks of one segment by row number (0-based), and the documents that they come from."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    @classmethod
    def create(cls, folder: Path) -> "Chunks":
        """Create the empty store of a segment that is being built."""
        database = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
        # The folder is thrown away if the build dies, so the journal would protect nothing.
        database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        database.execute("BEGIN")
        return cls(database)

    @classmethod
    def open(cls, folder: Path) -> "Chunks":
        """Open the store of a finished segment, for any thread to read.

        Raises:
            IndexDamaged: SQLite cannot read it.
        """
        with explained():
            uri = (folder / DATABASE_NAME).resolve().as_uri() + "?mode=ro&immutable=1"
            return cls(sqlite3.connect(uri, uri=True, check_same_thread=False))

    def add(self, document: Document, chunks: Sequence[Chunk]) -> None:
        """Append a document and its chunks, whose rows follow those already there."""
        self.database.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            (document.doc_id, document.title, document.format, document.content_hash, document.text),
        )
        self.database.executemany(
            f"INSERT INTO chunks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
            (
                (
                    chunk.chunk_id,
                    chunk.doc_id,
                    chunk.text,
                    chunk.start,
                    chunk.end,
                    chunk.line_start,
                    chunk.line_end,
                    json.dumps(chunk.headings, ensure_ascii=False),
                    chunk.section_start,
                    chunk.section_end,
                    chunk.kind,
                    chunk.plain,
                    chunk.subject,
                )
                for chunk in chunks
            ),
        )

    def commit(self) -> None:
        """Make what was added durable in the file."""
        self.database.execute("COMMIT")

    def close(self) -> None:
        """Let the file go."""
        self.database.close()

    def __iter__(self) -> Iterator[Chunk]:
        """Yield every chunk by row."""
        yield from self._select("ORDER BY row", ())

    def __len__(self) -> int:
        """Return the number of chunks."""
        return int(self.query("SELECT count(*) FROM chunks")[0][0])

    def rows(self, first: int, count: int = 1) -> list[Chunk]:
        """Return `count` chunks from the given row on."""
        return list(self._select("WHERE row > ? AND row <= ? ORDER BY row", (first, first + count)))

    def find(self, chunk_id: str) -> tuple[int, Chunk] | None:
        """Return the row and the chunk of an id, None when it is not there."""
        found = self.query("SELECT row FROM chunks WHERE chunk_id = ?", chunk_id)
        return (found[0][0] - 1, self.rows(found[0][0] - 1)[0]) if found else None

    def document(self, doc_id: str) -> Document:
        """Return a document that is there, as it was added; without its metadata, which the chunks have seen."""
        columns = "doc_id, text, format, title, content_hash"
        return Document(*self.query(f"SELECT {columns} FROM documents WHERE doc_id = ?", doc_id)[0])  # noqa: S608 - constant

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows that a query finds.

        Raises:
            IndexDamaged: SQLite cannot read them.
        """
        with explained():
            return self.database.execute(sql, values).fetchall()

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[Chunk]:
        with explained():  # one by one: an index may hold a million
            for row in self.database.execute(f"SELECT {_COLUMNS} FROM chunks {where}", values):  # noqa: S608 - constant
                fields = dict(zip(_COLUMNS.split(", "), row, strict=True))
                fields["headings"] = tuple(json.loads(fields["headings"]))
                yield Chunk(**fields)


@contextmanager
def explained() -> Iterator[None]:
    """Turn every error and warning of SQLite's, met in reading a finished segment, into `IndexDamaged`."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise IndexDamaged(f"The chunks of the index cannot be read ({error}).", "Run: coruja index") from error
