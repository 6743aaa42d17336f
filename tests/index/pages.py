"""Small pages to build indexes from, and what is found in them."""

from collections.abc import Iterator, Sequence

from index.index import Index
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

PAGE = """# Guia

Introdução ao produto.

## Manutenção

A manutenção é feita aos domingos.

## Preços

- **Plano básico:** custa dez reais.
- **Plano total:** custa cem reais.
"""
OTHER = "# Férias\n\nAs férias começam em janeiro.\n"


def document(doc_id: str, text: str) -> Document:
    return read_bytes(text.encode(), doc_id)


def parts(**texts: str) -> Iterator[tuple[Document, Sequence[Chunk]]]:
    for name, text in texts.items():
        page = document(f"{name}.md", text)
        yield page, split(page)


def found(index: Index, query: str) -> list[str]:
    return [hit.chunk.text for hit in index.search(query, 3)]
