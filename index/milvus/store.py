"""The store in Milvus: a generation is a pair of collections, and an alias says which one is served.

What an edit leaves alone is copied from one generation to the next, vectors and all; nothing is embedded twice. The
alias moves in one step, when everything has been written, sealed and counted.
"""

from collections.abc import Iterator
from pathlib import Path

from index.embedding.embedder import Embedder
from index.history import Difference, Generation, difference, older, pick
from index.index import Index
from index.lock import writing
from index.manifest import Manifest
from index.milvus.build import MilvusBuild
from index.milvus.client import Milvus
from index.milvus.generation import MilvusGeneration, MilvusGenerations
from index.milvus.index import MilvusIndex
from index.ranking.reranker import Reranker
from index.store import Progress, Shard
from ingest.errors import IndexDamaged, IndexMismatch


class MilvusStore:
    """The generations in a Milvus server; see `index.store` for what each method does and raises.

    Every method also raises `StoreUnavailable` when the server does not answer.

    Args:
        folder: A folder of this machine for the lock of its builds, and for the vectors embedded before.
        uri: Where the server listens.
        token: `user:password`, or an API key; empty for none.
        name: The alias of the served generation, with which the names of all collections begin.
    """

    def __init__(self, folder: Path, uri: str, token: str = "", name: str = "coruja") -> None:
        self._folder = folder
        self._generations = MilvusGenerations(Milvus(uri, token), name)

    def served(self) -> str:
        """Return the name of the generation that is served."""
        return self._generations.served()

    def open(
        self,
        embedder: Embedder,
        reranker: Reranker | None = None,
        *,
        redaction: str = "",
        before: Index | None = None,
    ) -> Index:
        """Open the served generation; if it is damaged, the newest other one that is whole."""
        damage: IndexDamaged | None = None
        served = self.served()
        for name in (served, *(each for each in self._generations.stored() if each != served)):
            generation = self._generations.get(name)
            try:
                manifest = generation.manifest()
                manifest.check_recipe(embedder.fingerprint, embedder.name, redaction)
                generation.verify(manifest)
            except IndexDamaged as error:
                damage = damage or error
            except IndexMismatch:
                if not damage:
                    raise
            else:
                index = MilvusIndex(generation, manifest, embedder, reranker)
                index.damage = f"{damage.message} Answering from generation {name}." if damage else ""
                return index
        raise damage or IndexDamaged(
            f"There is no whole generation of '{self._generations.name}'.", "Run: coruja index"
        )

    def build(
        self,
        embedder: Embedder,
        *,
        redaction: str = "",
        progress: Progress | None = None,
        shard: Shard | None = None,
    ) -> MilvusBuild:
        """Begin a build."""
        return MilvusBuild(
            self._generations, self._folder, embedder, redaction=redaction, progress=progress, shard=shard
        )

    def encode(self) -> Iterator[tuple[int, int]]:
        """Do nothing: a server keeps the vectors of one embedder."""
        return iter(())

    def generations(self, *, look_into: bool = False) -> list[Generation]:
        """Return all generations, the newest first; `look_into` counts what each has."""
        served = self.served()
        return [
            self._told(name, name == served, look_into) for name in dict.fromkeys((*self._generations.stored(), served))
        ]

    def diff(self, before: str, after: str) -> Difference:
        """Return what a generation has that another one has not."""
        one, other = self._found(before), self._found(after)
        for generation in (one, other):
            generation.verify(generation.manifest())
        return difference(
            {doc_id: head["content_hash"] for doc_id, head in one.documents().items()},
            {doc_id: head["content_hash"] for doc_id, head in other.documents().items()},
            lambda doc_id: (one.chunks_of(doc_id), other.chunks_of(doc_id)),
        )

    def promote(self, name: str) -> Manifest:
        """Serve a generation that is there, once what it has is counted."""
        with writing(self._folder):
            generation = self._found(name)
            manifest = generation.manifest()
            generation.verify(manifest)
            self._generations.serve(generation)
        return manifest

    def rollback(self) -> Manifest:
        """Serve the newest generation that is older than the served one."""
        return self.promote(older(self._generations.stored(), self.served()))

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest generations until `keep` are left, and return the names of those removed."""
        with writing(self._folder):
            return self._generations.tidy(self._folder, keep)

    def _found(self, name: str) -> MilvusGeneration:
        self.served()
        return self._generations.get(pick(self._generations.stored(), name))

    def _told(self, name: str, served: bool, look_into: bool) -> Generation:
        manifest = None
        try:
            manifest = self._generations.get(name).manifest()
            if look_into:
                self._generations.get(name).verify(manifest)
        except (IndexDamaged, IndexMismatch) as error:
            return Generation(name, served, manifest, error.message)
        return Generation(name, served, manifest)
