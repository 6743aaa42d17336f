"""Notebooks of Jupyter: the text cells as they are, the code in fences; what the code printed is left out."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.formats.fences import fenced


def ipynb_markdown(data: bytes) -> str:
    """Return a notebook (UTF-8) as Markdown."""
    book = json.loads(data)
    metadata = book.get("metadata") or {}
    language = (metadata.get("language_info") or metadata.get("kernelspec") or {}).get("name") or "python"
    return "\n\n".join(_cells(book, language if str(language).isalnum() else "python"))


def _cells(book: dict[str, Any], language: str) -> Iterator[str]:
    # Before format 4 the cells stood in worksheets.
    sheets = [book] if "cells" in book else book.get("worksheets") or []
    for cell in (cell for sheet in sheets for cell in sheet.get("cells") or []):
        kind, source = cell.get("cell_type"), cell.get("source", cell.get("input", ""))
        text = ("".join(map(str, source)) if isinstance(source, list) else str(source)).strip("\n")
        if not text.strip():
            continue
        if kind == "heading":
            yield "#" * max(1, min(6, int(cell.get("level", 1)))) + f" {text}"
        elif kind == "markdown":
            yield text
        else:
            yield fenced(text, language if kind == "code" else "")
