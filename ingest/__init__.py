"""From files to chunks."""

from ingest.chunk import Chunk
from ingest.document import Document

__all__ = ["Chunk", "Document"]
