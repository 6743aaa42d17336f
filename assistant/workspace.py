"""The workspace: the folder that holds the corpus, the settings and, in `.coruja/`, what was built from them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from assistant.settings import Settings, load_settings
from index.embedder import Embedder, load_embedder
from index.manifest import Manifest
from index.reranker import Reranker, load_reranker
from ingest.document import Document
from ingest.errors import CorpusError, IndexMissing, SettingsError
from ingest.redaction import RedactionKind, recipe, redact

if TYPE_CHECKING:
    from index.contents import Entry
    from index.index import Index
    from index.store import Build, Shard, Store
    from ingest.corpus import Problem

SETTINGS_NAME = "coruja.toml"
CORPUS_NAME = "corpus"
BUILT_NAME = ".coruja"

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


def find_workspace(start: Path | None = None) -> Path:
    """Return the nearest folder, at or above `start` (the current folder), that holds a corpus or settings.

    Raises:
        CorpusError: There is none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / SETTINGS_NAME).is_file() or (folder / CORPUS_NAME).is_dir():
            return folder
    message = f"There is no '{CORPUS_NAME}' folder and no {SETTINGS_NAME} in {start} or above it."
    raise CorpusError(message, f"Put your documents into a folder named '{CORPUS_NAME}', or use --workspace DIR.")


def read_settings(workspace: Path, **overrides: object) -> Settings:
    """Read a workspace's settings; an override wins over the environment and over `coruja.toml`.

    Raises:
        SettingsError: A setting has an unknown name or an unusable value.
    """
    return load_settings(workspace / SETTINGS_NAME, **overrides)


def index_folder(workspace: Path) -> Path:
    """Return where a workspace's index lives."""
    return workspace / BUILT_NAME / "index"


def open_store(workspace: Path, settings: Settings) -> "Store":
    """Return where the generations of a workspace's index are kept, as the settings want it."""
    if settings.index.store == "milvus":
        try:
            from index.milvus_store import MilvusStore
        except ImportError as error:
            message = "The client of Milvus is not installed."
            raise SettingsError(message, 'Run: pip install "coruja[milvus]"') from error

        token = settings.index.token.get_secret_value()
        return MilvusStore(index_folder(workspace), settings.index.uri, token, settings.index.name)
    from index.faiss_store import FaissStore

    return FaissStore(index_folder(workspace))


def corpus_folder(workspace: Path, settings: Settings) -> Path:
    """Return where a workspace's documents live."""
    return (workspace / settings.corpus.expanduser()).resolve()


def open_embedder(settings: Settings) -> Embedder:
    """Load the embedder that the settings name.

    Raises:
        EmbedderUnavailable: It is not on this machine, or cannot be used.
    """
    return load_embedder(
        settings.embedder,
        query_prompt=settings.query_prompt,
        passage_prompt=settings.passage_prompt,
        ollama_url=settings.ollama_url,
        ollama_timeout=settings.ollama_timeout,
    )


def open_reranker(settings: Settings) -> Reranker | None:
    """Find the reranker that the settings name, if they name one.

    Raises:
        EmbedderUnavailable: It is not on this machine.
    """
    return load_reranker(settings.reranker) if settings.reranker else None


def open_index(workspace: Path, settings: Settings, embedder: Embedder | None = None) -> "Index":
    """Open the workspace's index as the settings want it; `embedder` is theirs, if it is loaded already.

    Raises:
        IndexMissing: Nothing has been indexed yet.
        IndexMismatch: The index was built by another recipe.
        IndexDamaged: A file of the index is missing or altered.
        EmbedderUnavailable: The embedding model is not on this machine.
    """
    embedder = embedder or open_embedder(settings)
    return open_store(workspace, settings).open(embedder, open_reranker(settings), redaction=recipe(settings.redact))


def build(
    workspace: Path,
    settings: Settings,
    *,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
    shard: tuple[int, int] | None = None,
) -> BuildReport:
    """Bring the index up to what the corpus holds now. Only documents that changed are read, split and embedded.

    Args:
        workspace: The workspace.
        settings: What to read and how to embed it.
        embedder: The settings' embedder where it is loaded already.
        progress: Called with (done, total, what) as the work goes on; total is 0 while it is unknown.
        shard: Number of the part of the corpus that is indexed, and of how many; all of it when None. Every machine
            that indexes a part has the whole corpus; what they build is served when all parts are there.

    Raises:
        SettingsError: The store has no shards.
        StoreUnavailable: The server that keeps the index does not answer.
        CorpusError: The corpus is not there, or has no text at all.
        EmbedderUnavailable: The embedding model is not on this machine.
        IndexBusy: Another process is building here.
    """
    from index.store import Shard
    from ingest.corpus import corpus_checksum

    started = perf_counter()
    corpus = corpus_folder(workspace, settings)
    if not corpus.is_dir():
        raise CorpusError(f"The corpus folder {corpus} does not exist.", "Create it and put documents into it.")
    part = Shard(*shard, corpus_checksum(corpus)) if shard else None
    reading = _Reading(corpus, int(settings.max_file_mb * 1_000_000), settings.redact, progress, part)
    tell = progress or (lambda done, total, what: None)
    store = open_store(workspace, settings)
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
    shard: "Shard | None" = None
    problems: "list[Problem]" = field(default_factory=list)
    repairs: dict[str, str] = field(default_factory=dict)
    redactions: Counter[str] = field(default_factory=Counter)

    def read_into(self, index: "Build") -> None:
        # Reading brings parsers along, which an answer does without.
        from ingest.corpus import Problem, Unchanged, read_documents

        only = self.shard.holds if self.shard else None
        found_all = read_documents(self.corpus, max_bytes=self.max_bytes, known=index.known, only=only)
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
        from ingest.corpus import failed_on
        from ingest.splitter import split

        counts = Counter[str]()
        try:
            if self.redact:
                document, counts = redact(document, self.redact)
            chunks = split(document)
        except Exception as error:  # noqa: BLE001 - whatever a parser raises costs this file and no other
            self.problems.append(failed_on(document.doc_id, error))
            return None
        return index.add(document, chunks, counts)
