"""Files in, documents and chunks out. A change here may touch what every index holds, and what is quoted."""

from ingest.chunk import Chunk
from ingest.document import Document

__all__ = ["Chunk", "Document"]
