"""One writer at a time: the lock of an index, whatever store it is kept in. The one file that knows filelock."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import IndexBusy, IndexUnwritable


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only writer, and sweep what a killed one left.

    Raises:
        IndexBusy: Another process is writing.
        IndexUnwritable: The disk is full, or the folder cannot be written.
    """
    from filelock import FileLock

    with explained(root):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / "write.lock", timeout=0):
            for left in root.glob("building-*"):
                remove(left)
            yield


@contextmanager
def encoding(root: Path) -> Iterator[None]:
    """Be the only one that encodes what is served; it may be built on meanwhile.

    Raises:
        IndexBusy: Another process is at it.
        IndexUnwritable: The disk is full, or the folder cannot be written.
    """
    from filelock import FileLock

    with explained(root), FileLock(root / "meaning.lock", timeout=0):
        yield


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn what the lock, the disk and SQLite raise while an index is written into errors of ours."""
    from filelock import Timeout

    try:
        yield
    except Timeout:
        message = f"Another process is indexing into {root}."
        raise IndexBusy(message, "Wait for it to end, then run the command again.") from None
    except (OSError, sqlite3.Error) as error:
        message = f"The index in {root} cannot be written ({error}). What was served before is served still."
        raise IndexUnwritable(
            message, "Make room on the disk, or the folder writable; then run: coruja index"
        ) from error


def remove(path: Path) -> None:
    """Remove a file or a whole folder, as far as it can be removed."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
