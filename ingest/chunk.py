"""The chunk: the unit that is searched and cited."""

from dataclasses import dataclass
from typing import Literal

SPLITTER_VERSION = "1"
"""Changes whenever `ingest.splitting.splitter` cuts the same document otherwise, so that old indexes are rebuilt."""

ChunkKind = Literal["prose", "row", "item", "code"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one document that states something on its own.

    Attributes:
        chunk_id: Stable identity: the same text in the same place (document, heading path) keeps it.
        doc_id: The document it comes from.
        text: Exactly `document.text[start:end]`.
        start: Offset of the first character in the document's text, 0-based.
        end: Offset after the last character.
        line_start: First line, 1-based.
        line_end: Last line, inclusive.
        headings: Heading path as plain text, outermost first; empty before the first heading. The title that the front
            matter gives stands above it where the text has no heading of level 1.
        section_start: Offset where the section of the innermost heading starts (its heading line).
        section_end: Offset where that section ends: at the next heading of any level, or at the end.
        kind: What it was in the document.
        plain: The text without markup, as a person reads it; a row as `Column: value` pairs. An item that needs it is
            preceded by the sentence that introduces its list, or by the first words of the item that it is nested in.
        subject: What the chunk is about, where the structure says so: the bold lead of a list item, the
            first cell of a row; empty elsewhere.
    """

    chunk_id: str
    doc_id: str
    text: str
    start: int
    end: int
    line_start: int
    line_end: int
    headings: tuple[str, ...]
    section_start: int
    section_end: int
    kind: ChunkKind
    plain: str
    subject: str = ""

    @property
    def section_id(self) -> str:
        """Identify the section that the chunk stands in, within one index."""
        return f"{self.doc_id}#{self.section_start}"

    @property
    def searchable(self) -> str:
        """Return what is indexed: the heading path, then the plain text, one part a line."""
        return "\n".join((*self.headings, self.plain))

    def headed(self, text: str) -> str:
        """Return a text of the chunk's section under its headings, these in one line: as models read it."""
        return " › ".join(self.headings) + "\n" + text
