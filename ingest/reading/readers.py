"""From a file's bytes to a `Document`."""

import re
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from pathlib import PurePosixPath

from ingest.document import Document, Format
from ingest.errors import CorpusError
from ingest.formats.extras import OCR_EXTRA, install, installed, missing
from ingest.markup.front_matter import front_matter, front_matter_end
from ingest.markup.markdown_tree import heading_plain, inline_tokens
from ingest.reading.converter_process import ConverterProcess
from ingest.reading.encoding import decode, normalise
from ingest.reading.repair import repair_text

Convert = Callable[[bytes, Format], str]

FORMATS: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".pptx": "pptx",
    ".epub": "epub",
    ".eml": "eml",
    ".ipynb": "ipynb",
    ".adoc": "adoc",
    ".asciidoc": "adoc",
    ".rst": "rst",
    ".odt": "odt",
}
"""Extensions that can be read, in lower case."""

_WRITTEN: frozenset[Format] = frozenset({"markdown", "text"})
_CONVERTED_TEXT: frozenset[Format] = frozenset({"html", "csv", "ipynb", "adoc", "rst"})
_FENCED = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<hashed>.+?)[ \t#]*$|^(?P<underlined>\S.*)\n=+[ \t]*$", re.MULTILINE)
_HTML_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title\s*>", re.IGNORECASE)
_TITLE_REACH = 20_000


def read_bytes(data: bytes, doc_id: str, convert: Convert | None = None) -> Document:
    """Read one file's bytes as the format that its extension names.

    Args:
        data: The whole file.
        doc_id: Path relative to the corpus; its suffix is one of `FORMATS`.
        convert: Turns what is not Markdown or text into Markdown (pages and other text as UTF-8); when None, a process
            that is started for this file does (see `ingest.reading.converter_process`).

    Raises:
        CorpusError: The file says nothing that can be read: empty, binary, damaged, encrypted, only images.
    """
    suffix = PurePosixPath(doc_id).suffix.lower()
    kind = FORMATS[suffix]
    if extra := missing(kind):
        raise CorpusError(f"Files of type {suffix} are read by an extra.", f"Install it: {install(extra)}")
    if not data.strip():
        raise CorpusError("It is empty.", "Write something in it, or delete it.")
    text, title, repair = _text(data, kind, convert or _convert_alone)
    body = front_matter_end(text) if kind in _WRITTEN else 0
    if not text[body:].strip():
        raise _no_text(kind)
    metadata = front_matter(text) if body else {}
    return Document(
        doc_id=doc_id,
        text=text,
        format=kind,
        title=metadata.get("title") or title or _first_heading(text[body:], kind) or PurePosixPath(doc_id).stem,
        content_hash=sha256(data).hexdigest(),
        metadata=metadata,
        repair=repair,
    )


def _text(data: bytes, kind: Format, convert: Convert) -> tuple[str, str, str]:
    """Return a file's text, the title that HTML declares, and what was repaired."""
    if kind not in _WRITTEN | _CONVERTED_TEXT:
        return normalise(convert(data, kind)), "", ""
    text, repair = repair_text(decode(data))
    if kind in _WRITTEN:
        return normalise(text), "", repair
    declared = _HTML_TITLE.search(text) if kind == "html" else None
    title = " ".join(unescape(declared[1]).split()) if declared else ""
    return normalise(convert(text.encode("utf-8", "replace"), kind)), normalise(title), repair


def _convert_alone(data: bytes, kind: Format) -> str:
    with ConverterProcess() as converters:
        return converters.convert(data, kind)


def _no_text(kind: Format) -> CorpusError:
    if kind == "pdf" and not installed(OCR_EXTRA):
        return CorpusError(
            "The PDF holds only images, no text.", f"To have its text recognised (OCR): {install(OCR_EXTRA)}"
        )
    return CorpusError("It holds no text.", "Write something in it, or delete it.")


def _first_heading(body: str, kind: Format) -> str:
    if kind == "pdf":
        return ""
    heading = _HEADING.search(_FENCED.sub("", body[:_TITLE_REACH]))
    return heading_plain(inline_tokens(heading["hashed"] or heading["underlined"])) if heading else ""
