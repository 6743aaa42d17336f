"""The corpus of a workspace as it is indexed: every document, masked if it is to be, with its chunks."""

from collections.abc import Iterator
from pathlib import Path

from assistant.settings import Settings
from assistant.workspace.build import cut
from assistant.workspace.folder import corpus_folder
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.exclusion import Exclusion
from ingest.reading.corpus import read_documents


def cut_corpus(workspace: Path, settings: Settings) -> Iterator[tuple[Document, list[Chunk]]]:
    """Yield every document that can be read, with its chunks.

    Raises:
        CorpusError: The corpus folder is not there.
        SettingsError: A pattern of what is excluded cannot be read.
    """
    corpus, limit = corpus_folder(workspace, settings), int(settings.max_file_mb * 1_000_000)
    for found in read_documents(corpus, max_bytes=limit, exclude=Exclusion(settings.exclude)):
        made = cut(found, settings.redact) if isinstance(found, Document) else None
        if isinstance(made, tuple):
            document, _, chunks = made
            yield document, chunks
