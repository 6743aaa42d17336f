"""The store in a folder of this machine: a generation is a folder of FAISS, NumPy and SQLite files."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from index.contents import Entry, read_contents
from index.embedding.embedder import Embedder
from index.folder.build import IndexBuild
from index.folder.candidate import adopt, beside
from index.folder.chunks import Chunks
from index.folder.generations import current, serve, stored, tidy, verify
from index.folder.index import FaissIndex
from index.folder.meaning import encode
from index.history import Difference, Generation, difference, older, pick
from index.index import Index
from index.lock import writing
from index.manifest import Manifest
from index.ranking.reranker import Reranker
from index.store import Progress, Shard
from ingest.chunk import Chunk
from ingest.errors import IndexDamaged, IndexMismatch, SettingsError


class FaissStore:
    """The generations in a folder; see `index.store` for what each method does and raises.

    Args:
        root: The index folder; the first build creates it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def served(self) -> str:
        """Return the name of the generation that is served."""
        return current(self.root).name

    def open(
        self,
        embedder: Embedder,
        reranker: Reranker | None = None,
        *,
        redaction: str = "",
        before: Index | None = None,
    ) -> Index:
        """Open the served generation; if it is damaged, the newest other one that is whole."""
        return FaissIndex.open(self.root, embedder, reranker, redaction=redaction, before=before)

    def build(
        self,
        embedder: Embedder,
        *,
        redaction: str = "",
        progress: Progress | None = None,
        shard: Shard | None = None,
    ) -> IndexBuild:
        """Begin a build."""
        if shard:
            message = "An index in a folder of this machine cannot be built in shards."
            raise SettingsError(message, 'Set index.store = "milvus" in coruja.toml, or leave --shard out.')
        return IndexBuild(self.root, embedder, redaction=redaction, progress=progress)

    def encode(self) -> Iterator[tuple[int, int]]:
        """Encode what is served and has not been."""
        return encode(self.root)

    def generations(self, *, look_into: bool = False) -> list[Generation]:
        """Return all generations, the newest first; `look_into` reads every file and compares its checksum."""
        served = current(self.root)
        folders = dict.fromkeys((*stored(self.root), served))
        return [_generation(folder, folder == served, look_into) for folder in folders]

    def diff(self, before: str, after: str) -> Difference:
        """Return what a generation has that another one has not."""
        one, other = self._find(before), self._find(after)
        for folder in (one, other):
            verify(folder, Manifest.read(folder))
        old, new = read_contents(one), read_contents(other)
        return difference(
            {doc_id: entry.content_hash for doc_id, entry in old.items()},
            {doc_id: entry.content_hash for doc_id, entry in new.items()},
            lambda doc_id: (_chunks(one, old.get(doc_id)), _chunks(other, new.get(doc_id))),
        )

    def promote(self, name: str) -> Manifest:
        """Serve a generation that is there, once every file of it is verified."""
        with writing(self.root):
            folder = self._find(name)
            manifest = Manifest.read(folder)
            verify(folder, manifest, anew=True)
            serve(self.root, folder.name)
            with suppress(OSError):  # it is served already
                tidy(self.root, keep=len(stored(self.root)))
        return manifest

    def rollback(self) -> Manifest:
        """Serve the newest generation that is older than the served one."""
        return self.promote(older([folder.name for folder in stored(self.root)], self.served()))

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest generations until `keep` are left, and return the names of those removed."""
        with writing(self.root):
            return tidy(self.root, keep=keep)

    @contextmanager
    def candidate(self) -> Iterator["FaissStore"]:
        """Lend a store that begins where this one stands; nobody else builds here meanwhile.

        What is built there is not served here, unless it is adopted before the store is given back.

        Raises:
            IndexBusy: Another process is building here.
        """
        with beside(self.root) as scratch:
            yield FaissStore(scratch)

    def adopt(self, candidate: "FaissStore") -> None:
        """Serve what a store that `candidate` lends serves."""
        adopt(self.root, candidate.root)

    def _find(self, name: str) -> Path:
        current(self.root)
        return self.root / "generations" / pick([folder.name for folder in stored(self.root)], name)


def _generation(folder: Path, served: bool, look_into: bool) -> Generation:
    manifest = None
    try:
        manifest = Manifest.read(folder)
        if look_into:
            verify(folder, manifest, anew=True)
    except (IndexDamaged, IndexMismatch) as error:
        return Generation(folder.name, served, manifest, error.message)
    return Generation(folder.name, served, manifest)


def _chunks(folder: Path, entry: Entry | None) -> list[Chunk]:
    if entry is None or not entry.count:
        return []
    with closing(Chunks.open(folder / entry.segment)) as chunks:
        return chunks.rows(entry.first, entry.count)
