"""HTML, PDF, office documents and what else has to be converted, to Markdown, offline.

The one file that knows `markitdown`; only a process of its own imports it (see `converter_process`). The families that
it does not know, or not well enough, are read by `ingest.formats`.

The converters are called directly: the dispatcher of `markitdown` would fall back to reading a broken PDF as text.
"""

import io
import logging
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    # Its audio support complains about programs that no document needs.
    warnings.simplefilter("ignore")
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter, EpubConverter, HtmlConverter, PdfConverter

from ingest.document import Format
from ingest.errors import CorpusError
from ingest.formats.extras import OCR_EXTRA, installed

_MARKITDOWN = {"html": HtmlConverter, "pdf": PdfConverter, "docx": DocxConverter, "epub": EpubConverter}
_NAMES: dict[Format, str] = {
    "html": "HTML page",
    "pdf": "PDF",
    "docx": "Word document",
    "xlsx": "workbook",
    "csv": "table",
    "pptx": "presentation",
    "epub": "book",
    "eml": "message",
    "ipynb": "notebook",
    "adoc": "document",
    "rst": "document",
    "odt": "document",
}
_PACKAGES = {"docx": "DOCX", "xlsx": "XLSX", "pptx": "PPTX", "epub": "EPUB", "odt": "ODT"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNPACKED_LIMIT = 400_000_000


def convert(data: bytes, kind: Format) -> str:
    """Return the Markdown of a file; what is text is given in UTF-8. Scripts and styles are left out.

    Raises:
        CorpusError: The file is encrypted, damaged, or not what its extension says.
    """
    if kind in _PACKAGES:
        _check_package(data, kind)
    if kind == "pdf" and b"%PDF-" not in data[:1024]:
        raise CorpusError("It is not a PDF, whatever its name says.", "Give it the extension of what it is.")
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    with explained(data, kind), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = _reader(kind)(data)
        if kind == "pdf" and not text.strip() and installed(OCR_EXTRA):
            from ingest.formats.scans import pdf_text

            text = pdf_text(data)
    return text.replace("\f", "\n\n")


def _reader(kind: Format) -> Callable[[bytes], str]:
    if kind in _MARKITDOWN:
        return lambda data: _by_markitdown(data, kind)
    if kind in ("xlsx", "csv"):
        from ingest.formats import sheets

        return sheets.xlsx_markdown if kind == "xlsx" else sheets.csv_markdown
    if kind == "pptx":
        from ingest.formats.slides import pptx_markdown

        return pptx_markdown
    if kind == "ipynb":
        from ingest.formats.notebook import ipynb_markdown

        return ipynb_markdown
    if kind == "adoc":
        from ingest.formats.asciidoc import adoc_markdown

        return adoc_markdown
    if kind == "eml":
        from ingest.formats.mail import eml_markdown

        return lambda data: eml_markdown(data, _page)
    if kind == "rst":
        from ingest.formats.restructured import rst_html

        return lambda data: _page(rst_html(data))
    from ingest.formats.opendocument import odt_html

    return lambda data: _page(odt_html(data))


def _page(html: str) -> str:
    return _by_markitdown(html.encode("utf-8", "replace"), "html")


def _by_markitdown(data: bytes, kind: Format) -> str:
    info = StreamInfo(extension=f".{kind}", charset="utf-8")
    text: str = _MARKITDOWN[kind]().convert(io.BytesIO(data), info).markdown
    return text


@contextmanager
def explained(data: bytes, kind: Format) -> Iterator[None]:
    """Turn whatever a converter raises into `CorpusError`."""
    try:
        yield
    except CorpusError:
        raise
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


def _check_package(data: bytes, kind: Format) -> None:
    """Look into a document that is a ZIP package before a parser does."""
    name = _NAMES[kind]
    if data.startswith(_OLE):
        raise CorpusError(
            f"The {name} is protected by a password or in an old format.",
            f"Save it as {_PACKAGES[kind]} without a password.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            size = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise CorpusError(f"The {name} is damaged.", "Open it in its program and save it again.") from error
    if size > _UNPACKED_LIMIT:
        raise CorpusError(f"The {name} unpacks to more than 400 MB.", "Split it into smaller documents.")
