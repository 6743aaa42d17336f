"""The corpus of a workspace as it is indexed: every document, masked if it is to be, with its chunks."""

from collections.abc import Iterator
from pathlib import Path

from assistant.settings import Settings
from assistant.workspace.folder import corpus_folder
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.reading.corpus import read_documents
from ingest.redaction import redact
from ingest.splitting.splitter import split


def cut_corpus(workspace: Path, settings: Settings) -> Iterator[tuple[Document, list[Chunk]]]:
    """Yield every document that can be read, with its chunks.

    Raises:
        CorpusError: The corpus folder is not there.
    """
    limit = int(settings.max_file_mb * 1_000_000)
    for found in read_documents(corpus_folder(workspace, settings), max_bytes=limit):
        if isinstance(found, Document):
            document = redact(found, settings.redact)[0] if settings.redact else found
            yield document, split(document)
