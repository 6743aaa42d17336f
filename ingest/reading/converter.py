"""HTML, PDF and DOCX to Markdown, offline.

The one file that knows `markitdown`; only a process of its own imports it (see `converter_process`).

The converters are called directly: the dispatcher of `markitdown` would fall back to reading a broken PDF as text.
"""

import io
import logging
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    # Its audio support complains about programs that no document needs.
    warnings.simplefilter("ignore")
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter, HtmlConverter, PdfConverter

from ingest.document import Format
from ingest.errors import CorpusError

_CONVERTERS = {"html": HtmlConverter, "pdf": PdfConverter, "docx": DocxConverter}
_NAMES = {"html": "HTML page", "pdf": "PDF", "docx": "Word document"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNPACKED_LIMIT = 400_000_000


def convert(data: bytes, kind: Format) -> str:
    """Return the Markdown of an HTML page (UTF-8), a PDF or a DOCX document; scripts and styles are left out.

    Raises:
        CorpusError: The file is encrypted, damaged, or not what its extension says.
    """
    if kind == "docx":
        _check_docx(data)
    if kind == "pdf" and b"%PDF-" not in data[:1024]:
        raise CorpusError("It is not a PDF, whatever its name says.", "Give it the extension of what it is.")
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    info = StreamInfo(extension=f".{kind}", charset="utf-8")
    with explained(data, kind), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text: str = _CONVERTERS[kind]().convert(io.BytesIO(data), info).markdown
    return text.replace("\f", "\n\n")


@contextmanager
def explained(data: bytes, kind: Format) -> Iterator[None]:
    """Turn whatever a converter raises into `CorpusError`."""
    try:
        yield
    except MemoryError as error:
        raise CorpusError(
            f"The {_NAMES[kind]} takes too much memory to read.", "Split it into smaller documents."
        ) from error
    except Exception as error:  # parsers of damaged files raise anything
        raise _explain(error, kind, data) from error


def _explain(error: Exception, kind: Format, data: bytes) -> CorpusError:
    causes = {type(cause).__name__ for cause in (error, error.__context__, error.__cause__) if cause}
    if kind == "pdf" and (b"/Encrypt" in data or any("Password" in cause for cause in causes)):
        return CorpusError("The PDF is protected by a password.", "Save it again without a password.")
    return CorpusError(f"The {_NAMES[kind]} is damaged.", "Open it in its program and save it again.")


def _check_docx(data: bytes) -> None:
    if data.startswith(_OLE):
        raise CorpusError(
            "The document is protected by a password or in the old Word format.", "Save it as DOCX without a password."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            size = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise CorpusError("The Word document is damaged.", "Open it in its program and save it again.") from error
    if size > _UNPACKED_LIMIT:
        raise CorpusError("The Word document unpacks to more than 400 MB.", "Split it into smaller documents.")
