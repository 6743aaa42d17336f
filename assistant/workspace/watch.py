"""Watching the corpus: an edit is indexed moments after it is saved. The one file that knows watchfiles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from assistant.settings import Settings
from assistant.workspace.build import BuildReport, build
from assistant.workspace.folder import corpus_folder
from assistant.workspace.opening import open_embedder
from index.embedding.embedder import Embedder
from ingest.errors import CorpusError, IndexBusy, UserError

DEBOUNCE_MS = 400
"""Files that go on changing within this time, but no longer, are waited for."""

STEP_MS = 50
"""Quiet for this long means that the files have been written."""

LOOK_MS = 500
"""How often a retry that is due is made."""

Told = Callable[[BuildReport | UserError], None]


def watch(workspace: Path, settings: Settings, told: Told, stop: Event, *, embedder: Embedder | None = None) -> None:
    """Bring the index up to the corpus, and again whenever a document changes, until stopped.

    What goes wrong is told and does not end the watch: the last good index goes on being served, and the next change,
    or the corpus folder coming back, is another chance. While another process is indexing, this one waits its turn.

    Args:
        workspace: The workspace.
        settings: What to read and how to embed it.
        told: Called after every build with its report, or with the error that ended it.
        stop: Ends the watch when it is set.
        embedder: The settings' embedder where it is loaded already.

    Raises:
        EmbedderUnavailable: The embedding model is not on this machine.
    """
    embedder = embedder or open_embedder(settings)
    corpus = corpus_folder(workspace, settings)
    missing = polling = False
    while not stop.is_set():
        if _is_folder(corpus):
            missing = False
            try:
                _watch_folder(corpus, lambda: _build(workspace, settings, told, embedder), stop, polling=polling)
            except _Unwatchable as error:
                if not polling:
                    told(
                        UserError(
                            f"{corpus} cannot be watched ({error}).", "It is looked at every few moments instead."
                        )
                    )
                polling = True
        elif not missing:
            missing = True
            told(CorpusError(f"The corpus folder {corpus} does not exist.", "Create it and put documents into it."))
        stop.wait(LOOK_MS / 1000)


@contextmanager
def watching(workspace: Path, settings: Settings, told: Told, *, embedder: Embedder | None = None) -> Iterator[None]:
    """Watch in a thread of its own while the block runs, so that answers know of an edit moments after it is saved.

    Args:
        workspace: The workspace.
        settings: What to read and how to embed it.
        told: See `watch`.
        embedder: See `watch`.
    """
    stop = Event()
    watcher = Thread(target=watch, args=(workspace, settings, told, stop), kwargs={"embedder": embedder}, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


class _Unwatchable(Exception):
    """The system does not tell of changes: no watch is left, or the folder is on a disk that has none."""


class Follower(Protocol):
    """What follows the index: an assistant.

    Attributes:
        behind: Why the index could not be brought up to the documents; empty when it was.
    """

    behind: str

    def refresh(self) -> None:
        """Go on with what is served now."""


def following(assistant: Follower, told: Told) -> Told:
    """Return what is told after each build so that an assistant answers from it, or says that it is behind.

    Args:
        assistant: Answers from the workspace that is watched.
        told: Called afterwards.
    """

    def tell(outcome: BuildReport | UserError) -> None:
        assistant.behind = outcome.message if isinstance(outcome, UserError) else ""
        assistant.refresh()
        told(outcome)

    return tell


def _watch_folder(corpus: Path, attempt: Callable[[], bool], stop: Event, *, polling: bool) -> None:
    """Attempt a build at first and after every change, and again while it could not be made; until the folder goes."""
    due = True
    for changed in _changes(corpus, stop, polling=polling):
        due = due or changed
        if not _is_folder(corpus):
            return
        if due:
            due = not attempt()


def _changes(corpus: Path, stop: Event, *, polling: bool) -> Iterator[bool]:
    """Yield over and over whether a document changed since the last time."""
    from watchfiles import watch as changes

    batches = changes(
        corpus,
        watch_filter=lambda _, path: _is_document(Path(path), corpus),
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        stop_event=stop,
        force_polling=polling or None,
    )
    try:
        yield from map(bool, batches)
    except Exception as error:
        raise _Unwatchable(str(error)) from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_document(path: Path, corpus: Path) -> bool:
    """Tell whether a change may concern a document: hidden files and folders, such as our own, are none."""
    # Counted, not compared: macOS and Windows may spell the corpus's own path in another case or form of Unicode.
    return not any(part.startswith((".", "~$")) for part in path.parts[len(corpus.parts) :])


def _build(workspace: Path, settings: Settings, told: Told, embedder: Embedder) -> bool:
    """Build, tell how it went, and return whether it was this process's turn."""
    outcome: BuildReport | UserError
    try:
        outcome = build(workspace, settings, embedder=embedder)
    except IndexBusy:
        return False
    except UserError as error:
        outcome = error
    except Exception as error:  # noqa: BLE001 - a defect met by one build must not hide every later edit
        outcome = _failed("Indexing what changed failed", error, "coruja --debug index, then save a document again")
    told(outcome)
    return True


def _failed(what: str, error: Exception, next_step: str) -> UserError:
    return UserError(f"{what} ({type(error).__name__}: {error}).", next_step)
