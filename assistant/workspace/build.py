"""Building: the index of a workspace brought up to what its corpus holds now."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from assistant.settings import Settings
from assistant.workspace.folder import corpus_folder
from assistant.workspace.opening import open_embedder, open_store
from index.embedding.embedder import Embedder
from index.manifest import Manifest
from ingest.document import Document
from ingest.errors import CorpusError, IndexMissing
from ingest.redaction import RedactionKind, recipe, redact

if TYPE_CHECKING:
    from index.contents import Entry
    from index.store import Build, Shard, Store
    from ingest.chunk import Chunk
    from ingest.exclusion import Exclusion
    from ingest.reading.corpus import Problem

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What indexing did.

    Attributes:
        documents: Documents read.
        chunks: Chunks indexed.
        problems: Files that could not be read, and what to do about each.
        repairs: What was repaired, by document.
        redactions: How many of each kind were masked, by kind.
        manifest: The generation now served.
        unchanged: Whether that generation was there already.
        seconds: How long it took.
        waiting: The other shards that have to be indexed before all are served; empty when none is missing.
    """

    documents: int
    chunks: int
    problems: "list[Problem]"
    repairs: dict[str, str]
    redactions: dict[str, int]
    manifest: Manifest
    unchanged: bool
    seconds: float
    waiting: tuple[int, ...] = ()


def build(
    workspace: Path,
    settings: Settings,
    *,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
    shard: tuple[int, int] | None = None,
    store: "Store | None" = None,
) -> BuildReport:
    """Bring the index up to what the corpus holds now. Only documents that changed are read, split and embedded.

    Args:
        workspace: The workspace.
        settings: What to read and how to embed it.
        embedder: The settings' embedder where it is loaded already.
        progress: Called with (done, total, what) as the work goes on; total is 0 while it is unknown.
        shard: Number of the part of the corpus that is indexed, and of how many; all of it when None. Every machine
            that indexes a part has the whole corpus; what they build is served when all parts are there.
        store: Where to build; where the settings say when None.

    Raises:
        SettingsError: The store has no shards, or a pattern of what is excluded cannot be read.
        StoreUnavailable: The server that keeps the index does not answer.
        CorpusError: The corpus is not there, or has no text at all.
        EmbedderUnavailable: The embedding model is not on this machine.
        IndexBusy: Another process is building here.
    """
    from index.store import Shard
    from ingest.exclusion import Exclusion
    from ingest.reading.corpus import corpus_checksum

    started = perf_counter()
    corpus = corpus_folder(workspace, settings)
    if not corpus.is_dir():
        raise CorpusError(f"The corpus folder {corpus} does not exist.", "Create it and put documents into it.")
    exclude = Exclusion(settings.exclude)
    part = Shard(*shard, corpus_checksum(corpus, exclude)) if shard else None
    reading = _Reading(corpus, int(settings.max_file_mb * 1_000_000), settings.redact, progress, part, exclude)
    tell = progress or (lambda done, total, what: None)
    store = store or open_store(workspace, settings)
    before = _served_generation(store)
    with store.build(
        embedder or open_embedder(settings),
        redaction=recipe(settings.redact),
        progress=lambda done, total: tell(done, total, "embedding"),
        shard=part,
    ) as index:
        reading.read_into(index)
        manifest = index.publish()
    return BuildReport(
        documents=manifest.documents,
        chunks=manifest.chunks,
        problems=reading.problems,
        repairs=reading.repairs,
        redactions=dict(reading.redactions),
        manifest=manifest,
        unchanged=manifest.generation == before,
        waiting=tuple(number for number in range(1, part.of + 1) if str(number) not in manifest.segments)
        if part
        else (),
        seconds=perf_counter() - started,
    )


def encode(workspace: Path, settings: Settings, *, store: "Store | None" = None) -> Iterator[tuple[int, int]]:
    """Encode what is served and has not been, where the settings want it; see `index.store.Store.encode`.

    Args:
        workspace: The workspace.
        settings: Whether to.
        store: Where the index is; where the settings say when None.

    Yields:
        Chunks that are done, and how many there are.
    """
    if settings.meaning:
        yield from (store or open_store(workspace, settings)).encode()


def _served_generation(store: "Store") -> str:
    try:
        return store.served()
    except IndexMissing:
        return ""


@dataclass(slots=True)
class _Reading:
    """Hands documents on one by one, and remembers what was wrong with which."""

    corpus: Path
    max_bytes: int
    redact: tuple[RedactionKind, ...]
    progress: Progress | None
    shard: "Shard | None"
    exclude: "Exclusion"
    problems: "list[Problem]" = field(default_factory=list)
    repairs: dict[str, str] = field(default_factory=dict)
    redactions: Counter[str] = field(default_factory=Counter)

    def read_into(self, index: "Build") -> None:
        # Reading brings parsers along, which an answer does without.
        from ingest.reading.corpus import Problem, Unchanged, read_documents

        only = self.shard.holds if self.shard else None
        found_all = read_documents(
            self.corpus, max_bytes=self.max_bytes, known=index.known, only=only, exclude=self.exclude
        )
        for done, found in enumerate(found_all, start=1):
            if self.progress:
                self.progress(done, 0, "reading")
            if isinstance(found, Problem):
                self.problems.append(found)
                continue
            entry = index.keep(found.doc_id) if isinstance(found, Unchanged) else self._add(found, index)
            if entry is None:
                continue
            self.redactions.update(entry.redactions)
            if entry.repair:
                self.repairs[entry.doc_id] = entry.repair
            if not entry.count:
                why = "It has no text of its own: only front matter, comments or inclusions."
                self.problems.append(Problem(entry.doc_id, why, "Write something into it, or move it away."))

    def _add(self, document: Document, index: "Build") -> "Entry | None":
        """Add a document that can be cut into chunks; one that cannot becomes a problem, whatever went wrong."""
        from ingest.reading.corpus import Problem

        made = cut(document, self.redact)
        if isinstance(made, Problem):
            self.problems.append(made)
            return None
        masked, counts, chunks = made
        return index.add(masked, chunks, counts)


def cut(document: Document, kinds: Collection[RedactionKind]) -> "tuple[Document, Counter[str], list[Chunk]] | Problem":
    """Return a document as it is indexed, masked, with how often what was, and its chunks; or what went wrong."""
    from ingest.reading.corpus import or_problem
    from ingest.splitting.splitter import split

    def done() -> "tuple[Document, Counter[str], list[Chunk]]":
        masked, counts = redact(document, kinds) if kinds else (document, Counter[str]())
        return masked, counts, split(masked)

    return or_problem(document.doc_id, done)
