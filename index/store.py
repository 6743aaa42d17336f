"""The store: where the generations of an index are kept, behind one protocol. One file of ours per engine."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Protocol, Self

from index.contents import Entry
from index.embedding.embedder import Embedder
from index.history import Difference, Generation
from index.index import Index
from index.manifest import Manifest
from index.ranking.reranker import Reranker
from ingest.chunk import Chunk
from ingest.document import Document

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of a corpus, which several machines index into one generation.

    Attributes:
        number: Which part, from 1.
        of: How many there are.
        corpus: A checksum of the whole corpus, the same on every machine.
    """

    number: int
    of: int
    corpus: str

    def holds(self, doc_id: str) -> bool:
        """Tell whether a document is in this part: its id's checksum says so, whatever else the corpus holds."""
        digest = sha256(doc_id.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1


class Build(Protocol):
    """A build under way: every document is added or kept, then all is published at once.

    Attributes:
        known: Content hash of every document of the generation before, by id: those that can be kept. Empty when there
            is none that is whole and of this recipe.
    """

    known: Mapping[str, str]

    def __enter__(self) -> Self:
        """Be the only writer here, and look at what is there."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next writer in; what was not published is thrown away."""

    def keep(self, doc_id: str) -> Entry:
        """Keep a document as the generation before has it, and return what the list of contents says of it."""

    def add(self, document: Document, chunks: Sequence[Chunk], redactions: Mapping[str, int] | None = None) -> Entry:
        """Add a document that is new or changed, and return what the list of contents will say of it.

        Args:
            document: The document, masked if it is to be.
            chunks: Its chunks, in order.
            redactions: How many of each kind were masked in it.
        """

    def publish(self) -> Manifest:
        """Make what was kept and added the served generation.

        Returns:
            Its manifest: the one that was there already when nothing differs.

        Raises:
            CorpusError: There is no chunk to index.
        """


class Store(Protocol):
    """Where the generations of one index are kept."""

    def served(self) -> str:
        """Return the name of the generation that is served.

        Raises:
            IndexMissing: Nothing has been built.
        """

    def open(
        self,
        embedder: Embedder,
        reranker: Reranker | None = None,
        *,
        redaction: str = "",
        before: Index | None = None,
    ) -> Index:
        """Open the served generation; if it is damaged, the newest other one that is whole.

        Args:
            embedder: Embeds queries; the one that embedded the chunks.
            reranker: Orders the best candidates of every search anew.
            redaction: How the documents have to be masked (see `ingest.redaction.recipe`).
            before: An index that is open: what both have may be shared, and is not read again.

        Raises:
            IndexMissing: Nothing has been built.
            IndexMismatch: Another embedder, analyser, splitter or redaction built it.
            IndexDamaged: Something is missing or altered, and there is no other generation to answer from.
        """

    def build(
        self,
        embedder: Embedder,
        *,
        redaction: str = "",
        progress: Progress | None = None,
        shard: Shard | None = None,
    ) -> Build:
        """Begin a build.

        Args:
            embedder: Embeds the chunks that are new.
            redaction: What is masked in the documents, and how (see `ingest.redaction.recipe`); empty for nothing.
            progress: Called with (chunks embedded, chunks to embed) as the work goes on.
            shard: The part of the corpus that is built here, of a generation that is served when all parts are there.

        Raises:
            SettingsError: The store has no shards.
            IndexBusy: Another process is building here.
            IndexUnwritable: The disk is full, or the folder cannot be written.
        """

    def encode(self) -> Iterator[tuple[int, int]]:
        """Encode by the multilingual model what is served and has not been: answers get better by it.

        It may be left at any time, and is gone on with the next time. Nothing is yielded where there is nothing to do,
        or where the store keeps no such vectors.

        Yields:
            Chunks that are done, and how many there are, after each few.

        Raises:
            IndexMissing: Nothing has been built.
            IndexDamaged: A file cannot be read.
            IndexUnwritable: The disk is full, or the folder cannot be written.
            EmbedderUnavailable: The encoder's files are damaged or missing.
        """

    def generations(self, *, look_into: bool = False) -> list[Generation]:
        """Return all generations, the newest first.

        Args:
            look_into: Whether to compare all of each with its manifest.

        Raises:
            IndexMissing: Nothing has been built.
        """

    def diff(self, before: str, after: str) -> Difference:
        """Return what a generation has that another one has not.

        Raises:
            GenerationMissing: There is none of a name.
            IndexDamaged: One of them cannot be read.
        """

    def promote(self, name: str) -> Manifest:
        """Serve a generation that is there, once all of it is verified.

        Raises:
            GenerationMissing: There is none of that name.
            IndexDamaged: It is not whole; what was served goes on being served.
            IndexMismatch: It is of another layout.
            IndexBusy: Another process is writing.
        """

    def rollback(self) -> Manifest:
        """Serve the newest generation that is older than the served one.

        Raises:
            GenerationMissing: There is no older one.
            IndexDamaged: It is not whole; what was served goes on being served.
        """

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest generations until `keep` are left, and return the names of those removed.

        The served one always stays, and those open for reading answer until they are closed.

        Raises:
            IndexMissing: Nothing has been built.
            IndexBusy: Another process is writing.
        """


def build_index(
    store: Store,
    documents: Iterable[tuple[Document, Sequence[Chunk]]],
    embedder: Embedder,
    *,
    redaction: str = "",
    progress: Progress | None = None,
) -> Manifest:
    """Build a generation of these documents and serve it; nothing is written when it would equal the served one.

    Args:
        store: Where to.
        documents: Every document with its chunks; read once, never held whole.
        embedder: Embeds the chunks.
        redaction: What was masked in the documents, and how (see `ingest.redaction.recipe`); empty for nothing.
        progress: Called with (chunks embedded, chunks to embed) as the work goes on.

    Raises:
        CorpusError: There is no chunk to index.
        IndexBusy: Another process is building here.
    """
    with store.build(embedder, redaction=redaction, progress=progress) as build:
        for document, chunks in documents:
            if build.known.get(document.doc_id) == document.content_hash:
                build.keep(document.doc_id)
            else:
                build.add(document, chunks)
        return build.publish()
