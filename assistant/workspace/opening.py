"""Opening what a workspace's settings name: the store, the index, the models that embed and order anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.settings import Settings
from assistant.workspace.folder import BUILT_NAME, index_folder
from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.ranking.reranker import Reranker, load_reranker
from ingest.errors import SettingsError
from ingest.redaction import recipe

if TYPE_CHECKING:
    from assistant.workspace.journal import Journal
    from index.index import Index
    from index.store import Store


def open_store(workspace: Path, settings: Settings) -> "Store":
    """Return where the generations of a workspace's index are kept, as the settings want it."""
    if settings.index.store == "milvus":
        try:
            from index.milvus.store import MilvusStore
        except ImportError as error:
            message = "The client of Milvus is not installed."
            raise SettingsError(message, 'Run: pip install "coruja[milvus]"') from error

        token = settings.index.token.get_secret_value()
        return MilvusStore(index_folder(workspace), settings.index.uri, token, settings.index.name)
    from index.folder.store import FaissStore

    return FaissStore(index_folder(workspace))


def open_journal(workspace: Path, settings: Settings) -> "Journal":
    """Return the journal that answers are written down in.

    Raises:
        JournalError: It cannot be opened.
    """
    from assistant.workspace.journal import Journal

    return Journal(workspace / BUILT_NAME, settings.redact, settings.log_days)


@contextmanager
def open_candidate(workspace: Path, settings: Settings) -> "Iterator[tuple[Store, Callable[[], None]]]":
    """Lend a store to build in that nobody is answered from, and what makes its generation the served one.

    Raises:
        SettingsError: The index is kept where there is none.
        IndexBusy: Another process is building here.
    """
    from index.folder.store import FaissStore

    store = open_store(workspace, settings)
    if not isinstance(store, FaissStore):
        message = "Only an index in a folder of this machine can be built behind a gate."
        raise SettingsError(message, "Run `coruja eval gate` after `coruja index`, or leave out --gate.")
    with store.candidate() as candidate:
        yield candidate, lambda: store.adopt(candidate)


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
