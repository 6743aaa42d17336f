"""The corpus: a folder of documents, and what is wrong with some of its files."""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TypeVar

from ingest.document import Document
from ingest.errors import CorpusError
from ingest.exclusion import Exclusion
from ingest.reading.converter_process import ConverterProcess
from ingest.reading.readers import FORMATS, Convert, read_bytes

_Made = TypeVar("_Made")
_NOTHING = Exclusion()

MAX_BYTES = 20_000_000
"""Larger files are reported, not read, unless the caller says otherwise."""

# fmt: off
_CONVERTIBLE = frozenset(
    {
        ".doc", ".docm", ".dot", ".dotx", ".ott", ".rtf", ".pages", ".wpd", ".ppt", ".pps", ".ppsx", ".odp", ".key",
        ".xls", ".ods", ".numbers", ".mobi", ".azw3", ".djvu", ".xps", ".ps", ".org", ".tex", ".msg", ".mht",
        ".mhtml", ".xml",
    }
)
# fmt: on
_CONVERT_FIX = "Convert it to Markdown, text, HTML, PDF, DOCX, XLSX or PPTX."


@dataclass(frozen=True, slots=True)
class Problem:
    """A file of the corpus that could not be read.

    Attributes:
        path: Path relative to the corpus, with `/` between folders.
        why: What is wrong, one sentence.
        fix: What to do about it, one sentence.
    """

    path: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file whose bytes are those that are known already.

    Attributes:
        doc_id: The document's id.
    """

    doc_id: str


def read_documents(
    corpus: Path,
    *,
    max_bytes: int = MAX_BYTES,
    known: Mapping[str, str] | None = None,
    only: Callable[[str], bool] | None = None,
    exclude: Exclusion = _NOTHING,
) -> Iterator[Document | Problem | Unchanged]:
    """Read every document of a folder and its subfolders, in the order of their ids; one at a time, as asked for.

    A file that cannot be read gives a `Problem` and never stops the others. Left out without a word: names that begin
    with `.` (macOS's `._*` among them) or `~$`, what the owner excludes, files without an extension, and files that are
    no documents by their extension (images, archives, programs). An extension of a document that cannot be read
    (`.pages`, `.ods`) is a problem. A symbolic link to something inside the corpus is left out, as its target is read
    where it stands; one that leaves the corpus is a problem.

    Args:
        corpus: The folder.
        max_bytes: Size of the largest file that is read.
        known: SHA-256 (hexadecimal) of the bytes of documents known already, by id. A file that still has the bytes is
            `Unchanged`: neither decoded nor parsed. Time stamps are not looked at.
        only: Tells of a document's id whether it is read; all are when None.
        exclude: What is left out without a word.

    Raises:
        CorpusError: The folder does not exist or cannot be listed.
    """
    if not corpus.is_dir():
        raise CorpusError(f"There is no folder {corpus}.", "Create it and put your documents in it.")
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise CorpusError(
            f"The folder {corpus} cannot be listed: {error.strerror}.", "Check its permissions."
        ) from error
    found = _found(corpus, exclude)
    return _read_all(found, max_bytes, known or {}, only or (lambda doc_id: True))


def or_problem(doc_id: str, work: Callable[[], _Made]) -> _Made | Problem:
    """Do a step of reading a document; whatever a parser raises in it costs this document and no other."""
    try:
        return work()
    except CorpusError as error:
        return Problem(doc_id, error.message, error.next_step)
    except Exception as error:  # noqa: BLE001 - parsers of damaged files raise anything
        return _unforeseen(doc_id, error)


def _unforeseen(doc_id: str, error: Exception) -> Problem:
    if isinstance(error, RecursionError):
        return Problem(doc_id, "It is nested too deep to be read.", "Make it flatter, or move it away.")
    if isinstance(error, MemoryError):
        return Problem(doc_id, "It takes more memory to read than there is.", "Split it, or move it away.")
    return Problem(doc_id, f"Reading it failed ({type(error).__name__}).", "Save it as plain text, or move it away.")


def corpus_checksum(corpus: Path, exclude: Exclusion = _NOTHING) -> str:
    """Return a checksum (hexadecimal) of the names and the bytes of all documents in a folder that are not excluded."""
    total = sha256()
    for doc_id, entry in _found(corpus, exclude):
        total.update(doc_id.encode("utf-8", "surrogatepass") + b"\0")
        if isinstance(entry, Path):
            with suppress(OSError), entry.open("rb") as file:
                total.update(file_digest(file, "sha256").digest())
    return total.hexdigest()


def _bytes(path: Path, max_bytes: int) -> bytes:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise CorpusError(f"Files of type {suffix or '(none)'} cannot be read.", _CONVERT_FIX)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CorpusError("It is not a regular file.", "Remove it from the folder.")
        if status.st_size > max_bytes:
            raise CorpusError(
                f"It has {status.st_size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB.",
                "Split it, or raise max_file_mb in the settings.",
            )
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"It cannot be opened: {error.strerror}.", "Check its permissions.") from error


def _found(corpus: Path, exclude: Exclusion) -> list[tuple[str, Path | Problem]]:
    # Sorted as ids, not as names on disk: the same corpus gives the same order on every file system.
    return sorted(_walk(corpus, corpus.resolve(), "", exclude), key=lambda entry: (entry[0], str(entry[1])))


def _read_all(
    found: list[tuple[str, Path | Problem]], max_bytes: int, known: Mapping[str, str], only: Callable[[str], bool]
) -> Iterator[Document | Problem | Unchanged]:
    previous = ""
    with ConverterProcess() as converters:
        for doc_id, entry in found:
            if isinstance(entry, Problem):
                yield entry
            elif doc_id == previous:
                yield Problem(
                    doc_id, "Another file has the same name in other Unicode characters.", "Rename one of them."
                )
            else:
                previous = doc_id
                if not only(doc_id):
                    continue
                yield or_problem(
                    doc_id, partial(_read, entry, doc_id, max_bytes, known.get(doc_id), converters.convert)
                )


def _read(path: Path, doc_id: str, max_bytes: int, known: str | None, convert: Convert) -> Document | Unchanged:
    data = _bytes(path, max_bytes)
    if known is not None and sha256(data).hexdigest() == known:
        return Unchanged(doc_id)
    return read_bytes(data, doc_id, convert)


def _walk(folder: Path, corpus: Path, prefix: str, exclude: Exclusion) -> Iterator[tuple[str, Path | Problem]]:
    """Yield the files below a folder that are documents by their names, and what is wrong with the others."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        name = prefix.rstrip("/")
        yield name, Problem(name, f"The folder cannot be listed: {error.strerror}.", "Check its permissions.")
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")):
            continue
        doc_id = prefix + unicodedata.normalize("NFC", entry.name)
        if exclude.covers(doc_id):
            continue
        if not _is_text(entry.name):
            name = ascii(doc_id)[1:-1]
            yield name, Problem(name, "Its name is not readable text.", "Rename it.")
        elif entry.is_symlink() or getattr(entry, "is_junction", bool)():  # Windows' links to folders: Python 3.12
            yield from _link(Path(entry.path), corpus, doc_id)
        elif entry.is_dir():
            yield from _walk(Path(entry.path), corpus, f"{doc_id}/", exclude)
        elif Path(entry.name).suffix.lower() in _CONVERTIBLE | FORMATS.keys():
            yield doc_id, Path(entry.path)


def _link(path: Path, corpus: Path, doc_id: str) -> Iterator[tuple[str, Problem]]:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        yield doc_id, Problem(doc_id, "It is a link to nothing.", "Delete it, or copy the file here.")
        return
    if not target.is_relative_to(corpus):
        yield doc_id, Problem(doc_id, "It is a link that leaves the corpus.", "Copy the file here instead.")


def _is_text(name: str) -> bool:
    """Tell whether a file name is printable and was valid in the file system's encoding."""
    return name.isprintable()
