"""The document: what a file says, as clean text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Format = Literal[
    "markdown", "text", "html", "pdf", "docx", "xlsx", "csv", "pptx", "epub", "eml", "ipynb", "adoc", "rst", "odt"
]


@dataclass(frozen=True, slots=True)
class Document:
    r"""One file of the corpus, decoded, repaired and normalised.

    Attributes:
        doc_id: Path relative to the corpus, with `/` between folders, in NFC. Unique in a corpus.
        text: Unicode text in NFC with `\n` line ends. For Markdown and plain text its lines are the file's lines;
            for any other format it is the Markdown that the file was converted to.
        format: How the file was read.
        title: Title from the front matter, else the first heading, else the file's stem.
        content_hash: SHA-256 of the file's bytes, hexadecimal.
        metadata: Front matter values as text.
        repair: What was repaired in the encoding, in words; empty when nothing was.
    """

    doc_id: str
    text: str
    format: Format
    title: str
    content_hash: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    repair: str = ""
