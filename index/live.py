"""The live index: whichever generation is served now, swapped under the questions without failing one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock

from index.embedding.embedder import Embedder
from index.index import Index
from index.ranking.reranker import Reranker
from index.store import Store
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreUnavailable


class LiveIndex:
    """Lends the served generation; who borrowed one keeps it until done, whatever is served meanwhile.

    Args:
        store: Where the generations are.
        embedder: Embeds the queries.
        reranker: Orders the best candidates of every search anew.
        redaction: How the documents have to be masked (see `ingest.redaction.recipe`).

    Raises:
        IndexMissing: Nothing has been built.
        IndexMismatch: Another embedder, analyser, splitter or redaction built it.
        IndexDamaged: A file is missing or altered, and no other generation is whole.
        StoreUnavailable: The server that keeps the index does not answer.
    """

    def __init__(
        self, store: Store, embedder: Embedder, reranker: Reranker | None = None, *, redaction: str = ""
    ) -> None:
        self._store = store
        self._open = partial(store.open, embedder, reranker, redaction=redaction)
        self._opened = store.served()
        self._held = _Held(self._open())
        self._swapping = Lock()
        self._counting = Lock()
        self._problem = ""

    @property
    def index(self) -> Index:
        """The generation that the next question is answered from, as far as is known."""
        return self._held.index

    @property
    def problem(self) -> str:
        """What keeps the served generation from being opened, or what is damaged in it; empty when nothing is."""
        return self._problem or self.index.damage

    @contextmanager
    def using(self) -> Iterator[Index]:
        """Lend the served generation for one question."""
        self.refresh()
        with self._counting:
            held = self._held
            held.users += 1
        try:
            yield held.index
        finally:
            self._let_go(held)

    def refresh(self) -> None:
        """Swap to the served generation if it is another; costs one small read when it is not.

        A generation that cannot be opened leaves the one that answers in place (see `problem`), and is tried again the
        next time: a passing error must not hide it for ever.
        """
        if not self._swapping.acquire(blocking=False):
            return  # another thread is at it; until it is done the old one answers
        try:
            self._problem = self._swap()
        finally:
            self._swapping.release()

    def close(self) -> None:
        """Let the files go, those of questions under way when they are done."""
        self._let_go(self._held)

    def _swap(self) -> str:
        """Swap if another generation is served, and return what kept this from being done; empty when nothing did."""
        try:
            name = self._store.served()
            if name == self._opened:
                return ""
            fresh = _Held(self._open(before=self.index))
        except (IndexMissing, IndexMismatch, IndexDamaged, StoreUnavailable) as error:
            return error.message
        except OSError as error:
            return f"It cannot be opened: {error.strerror or error}."
        # Only now: what failed may have passed by the next question.
        self._opened = name
        with self._counting:
            old, self._held = self._held, fresh
        self._let_go(old)
        return ""

    def _let_go(self, held: "_Held") -> None:
        with self._counting:
            held.users -= 1
            last = not held.users
        if last:
            held.index.close()


class _Held:
    """An index and how many use it; the live index itself is one."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.users = 1
