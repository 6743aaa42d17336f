"""Documents cut into chunks, and what holds for the chunks of every document."""

from ingest.chunk import Chunk
from ingest.document import Document, Format
from ingest.splitting.splitter import split


def document(text: str, doc_id: str = "a.md", kind: Format = "markdown") -> Document:
    return Document(doc_id, text, kind, "", "")


def chunks_of(text: str) -> list[Chunk]:
    return split(document(text))


def plains(text: str) -> list[str]:
    return [chunk.plain for chunk in chunks_of(text)]


def check_invariants(source: Document) -> list[Chunk]:
    """Check what holds for the chunks of every document."""
    chunks = split(source)
    text, last = source.text, 0
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        assert chunk.plain.strip()
        assert last <= chunk.start
        assert chunk.section_start <= chunk.start < chunk.end <= chunk.section_end <= len(text)
        assert chunk.line_start == text.count("\n", 0, chunk.start) + 1
        assert chunk.line_end == text.count("\n", 0, chunk.end - 1) + 1
        last = chunk.end
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    return chunks
