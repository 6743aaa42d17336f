"""Watching the corpus: an edit is indexed moments after it is saved. The one file that knows watchfiles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Protocol

from assistant.settings import Settings
from assistant.workspace.build import BuildReport, build, encode
from assistant.workspace.folder import corpus_folder
from assistant.workspace.opening import open_embedder
from index.embedding.embedder import Embedder
from ingest.errors import CorpusError, EncodingFailed, IndexBusy, UserError
from ingest.exclusion import Exclusion

DEBOUNCE_MS = 400
"""Files that go on changing within this time, but no longer, are waited for."""

STEP_MS = 50
"""Quiet for this long means that the files have been written."""

LOOK_MS = 500
"""How often it is looked whether something is due."""

ENCODING_SECONDS = 0.5
"""How long it is gone on with encoding at a time: an edit is waiting no longer for it, and questions have the rest."""

RETRY_SECONDS = 5.0
"""How long after a build that failed it is tried again; twice as long after each further one,"""
LONGEST_RETRY = 300.0
"""up to this."""

Told = Callable[[BuildReport | UserError], None]


def watch(
    workspace: Path,
    settings: Settings,
    told: Told,
    stop: Event,
    *,
    embedder: Embedder | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Bring the index up to the corpus, and again whenever a document changes, until stopped.

    What goes wrong is told, once for each reason, and does not end the watch: the last good index goes on being served,
    and the build is tried again, at once with the next change or when the corpus folder comes back. While another
    process is indexing, this one waits its turn.

    Args:
        workspace: The workspace.
        settings: What to read and how to embed it.
        told: Called after every build with its report, or with the error that ended it.
        stop: Ends the watch when it is set.
        embedder: The settings' embedder where it is loaded already.
        retry_seconds: How long after a build that failed it is tried again; twice as long after each further one.

    Raises:
        EmbedderUnavailable: The embedding model is not on this machine.
        SettingsError: A pattern of what is excluded cannot be read.
    """
    embedder = embedder or open_embedder(settings)
    corpus = corpus_folder(workspace, settings)
    attempts = _Attempts(
        partial(build, workspace, settings, embedder=embedder),
        partial(encode, workspace, settings),
        told,
        retry_seconds,
    )
    missing = polling = False
    while not stop.is_set():
        if _is_folder(corpus):
            missing = False
            try:
                _watch_folder(corpus, Exclusion(settings.exclude), attempts, stop, polling=polling)
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
        if not isinstance(outcome, EncodingFailed):
            assistant.behind = outcome.message if isinstance(outcome, UserError) else ""
        assistant.refresh()
        told(outcome)

    return tell


def _watch_folder(corpus: Path, exclude: Exclusion, attempts: "_Attempts", stop: Event, *, polling: bool) -> None:
    """Build at first and after every change, and again while that fails; until the folder goes."""
    attempts.change()
    for changed in _changes(corpus, exclude, stop, polling=polling):
        if changed:
            attempts.change()
        if not _is_folder(corpus):
            return
        attempts.make_due()


def _changes(corpus: Path, exclude: Exclusion, stop: Event, *, polling: bool) -> Iterator[bool]:
    """Yield over and over whether a document changed since the last time."""
    from watchfiles import watch as changes

    batches = changes(
        corpus,
        watch_filter=lambda _, path: _is_document(Path(path), corpus, exclude),
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


def _is_document(path: Path, corpus: Path, exclude: Exclusion) -> bool:
    """Tell whether a change may concern a document: hidden files and folders, such as our own, are none."""
    # Counted, not compared: macOS and Windows may spell the corpus's own path in another case or form of Unicode.
    parts = path.parts[len(corpus.parts) :]
    return not any(part.startswith((".", "~$")) for part in parts) and not exclude.covers("/".join(parts))


class _Attempts:
    """Builds that are due: the first, one after every change, and those that failed or were not this process's turn.

    In between, what was built is encoded, bit by bit.

    Args:
        build: Builds.
        encode: Begins to encode what was built.
        told: Called after every build; of a failure that comes again with the same words, only the first time.
        retry_seconds: See `watch`.
    """

    def __init__(
        self,
        build: Callable[[], BuildReport],
        encode: Callable[[], Iterator[tuple[int, int]]],
        told: Told,
        retry_seconds: float,
    ) -> None:
        self._build = build
        self._encode = encode
        self._encoding: Iterator[tuple[int, int]] = iter(())
        self._told = told
        self._due = 0.0
        self._retry_seconds = self._pause = retry_seconds
        self._failure = ""

    def change(self) -> None:
        """Be due at once."""
        self._due, self._pause, self._failure = 0.0, self._retry_seconds, ""

    def make_due(self) -> None:
        """Build if that is due, and tell how it went; otherwise go on with encoding."""
        if monotonic() < self._due:
            self._go_on()
            return
        outcome: BuildReport | UserError
        try:
            outcome = self._build()
        except IndexBusy:
            return
        except UserError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - a defect met by one build must not hide every later edit
            outcome = _failed("Indexing what changed failed", error, "coruja --debug index")
        self._settle(outcome)

    def _go_on(self) -> None:
        """Encode for a moment; what goes wrong is told, and tried again after the next build."""
        began = monotonic()
        try:
            while monotonic() < began + ENCODING_SECONDS and next(self._encoding, None):
                pass
        except Exception as error:  # noqa: BLE001 - as with a build
            known = error if isinstance(error, UserError) else _failed("Encoding failed", error, "coruja --debug index")
            self._told(EncodingFailed(known.message, known.next_step))

    def _settle(self, outcome: BuildReport | UserError) -> None:
        """Tell how a build went, and be due again in a while if it failed."""
        known, self._failure = self._failure, ""
        self._due = inf
        if isinstance(outcome, UserError):
            self._failure = outcome.message
            self._due = monotonic() + self._pause
            self._pause = min(2 * self._pause, LONGEST_RETRY)
        else:
            self._encoding = self._encode()
        if not self._failure or self._failure != known:
            self._told(outcome)


def _failed(what: str, error: Exception, next_step: str) -> UserError:
    return UserError(f"{what} ({type(error).__name__}: {error}).", next_step)
