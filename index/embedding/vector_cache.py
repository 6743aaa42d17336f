"""The vector cache: what was embedded once is not embedded again, whatever became of the index it was for.

A file moved or renamed, an edit undone, another branch and back, a build that was killed, an index that was damaged:
the same text under the same embedder has the same vector. It is only ever a help: a cache that cannot be read is
emptied.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TypeVar
from zlib import crc32

import numpy as np

from index.arrays import FloatArray
from index.embedding.embedder import Embedder

_Found = TypeVar("_Found")

CACHE_NAME = "vectors.cache"
MOST_BYTES = 1_000_000_000
"""Vectors kept at most, in bytes; beyond it those stored longest ago make room."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, key BLOB UNIQUE, vector BLOB, crc INTEGER)"


class VectorCache:
    """Embeds passages, each text once. Safe to use from several threads, which take turns.

    Args:
        folder: Where the cache lives; one process at a time.
        embedder: Embeds what is not there.
        most_bytes: Cap on the vectors kept.
        name: Of its file.
    """

    def __init__(
        self, folder: Path, embedder: Embedder, most_bytes: int = MOST_BYTES, *, name: str = CACHE_NAME
    ) -> None:
        self._path = folder / name
        self._embedder = embedder
        self._most_rows = max(1, most_bytes // (4 * embedder.dimension))
        self._database: sqlite3.Connection | None = None
        self._lock = RLock()

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of texts, shape (n, dimension), as `Embedder.embed_passages` gives them."""
        keys = [
            sha256(f"{self._embedder.fingerprint}\0{text}".encode("utf-8", "surrogatepass")).digest() for text in texts
        ]
        known = self._try(lambda database: self._find(database, keys)) or {}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            vectors = self._embedder.embed_passages(list(fresh.values()))
            embedded = dict(zip(fresh, vectors, strict=True))
            self._try(lambda database: self._store(database, embedded))
            known |= embedded
        return np.stack([known[key] for key in keys])

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._database:
                self._database.close()
                self._database = None

    def _find(self, database: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, FloatArray]:
        found = {}
        for key in keys:
            row = database.execute("SELECT vector, crc FROM vectors WHERE key = ?", (key,)).fetchone()
            if row and crc32(row[0], crc32(key)) == row[1]:
                found[key] = np.frombuffer(row[0], dtype=np.float32)
        return found

    def _store(self, database: sqlite3.Connection, vectors: dict[bytes, FloatArray]) -> None:
        rows = [(key, vector.tobytes()) for key, vector in vectors.items()]
        with database:
            database.executemany(
                "INSERT OR REPLACE INTO vectors (key, vector, crc) VALUES (?, ?, ?)",
                ((key, data, crc32(data, crc32(key))) for key, data in rows),
            )
            newest = database.execute("SELECT max(id) FROM vectors").fetchone()[0]
            database.execute("DELETE FROM vectors WHERE id <= ?", (newest - self._most_rows,))

    def _try(self, work: Callable[[sqlite3.Connection], _Found]) -> _Found | None:
        """Do something with the cache; one that fails (damaged, disk full) is emptied, and None is returned."""
        with self._lock:
            try:
                return work(self._open())
            except sqlite3.Error:
                self.close()
                with suppress(OSError):
                    for tail in ("", "-wal", "-shm"):
                        self._path.with_name(self._path.name + tail).unlink(missing_ok=True)
                return None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect(self._path, check_same_thread=False)
            self._database.execute("PRAGMA page_size = 16384")  # at 4096 two vectors fill a page, and a third is lost
            # A power cut may cost the last vectors, never the file: that is what WAL with NORMAL promises.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(_SCHEMA)
        return self._database
