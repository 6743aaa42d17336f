"""Building an index in Milvus: a generation is written beside the served one, and takes its place when it is whole.

The whole corpus is built by one process, or its shards by several, on as many machines as one likes: each writes its
documents into the same generation, and the one that finds all of them there serves it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from index.contents import Entry
from index.embedding.embedder import Embedder
from index.embedding.vector_cache import VectorCache
from index.lock import writing
from index.manifest import Manifest, identity
from index.milvus.client import BATCH, Row
from index.milvus.generation import CHUNK_FIELDS, MilvusGeneration, MilvusGenerations, named
from index.store import Progress, Shard
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing

UNDER_WAY = "milvus.building"
"""File that names the generation that is being built, so that the next build can remove what a killed one left."""

WHOLE = Shard(1, 1, "")


class MilvusBuild:
    """A build under way, the only one of this workspace; see `index.store.Build`.

    Args:
        generations: Where to.
        folder: A folder of this machine for the lock, and for the vectors embedded before.
        embedder: Embeds the chunks that are new.
        redaction: What is masked in the documents, and how (see `ingest.redaction.recipe`); empty for nothing.
        progress: Called with (chunks embedded, chunks to embed) as the work goes on.
        shard: The part of the corpus that is built here; all of it when None.
    """

    def __init__(
        self,
        generations: MilvusGenerations,
        folder: Path,
        embedder: Embedder,
        *,
        redaction: str = "",
        progress: Progress | None = None,
        shard: Shard | None = None,
    ) -> None:
        self.known: Mapping[str, str] = {}
        self._generations = generations
        self._folder = folder
        self._embedder = embedder
        self._redaction = redaction
        self._progress = progress
        self._shard = shard or WHOLE
        self._stack = ExitStack()
        self._target: MilvusGeneration | None = None
        self._before: MilvusGeneration | None = None
        self._heads: Mapping[str, Mapping[str, Any]] = {}
        self._entries: dict[str, Entry] = {}
        self._kept: list[str] = []
        self._waiting: list[tuple[Chunk, int]] = []
        self._stems = Counter[str]()
        self._chunks = 0
        self._embedded = 0

    def __enter__(self) -> Self:
        """Be the only writer of this workspace, and look at what is there."""
        self._stack.enter_context(writing(self._folder))
        self._cache = VectorCache(self._folder, self._embedder)
        self._stack.callback(self._cache.close)
        self._remove_left()
        with suppress(IndexMissing, IndexMismatch, IndexDamaged):
            before = self._generations.get(self._generations.served())
            manifest = before.manifest()
            manifest.check_recipe(self._embedder.fingerprint, self._embedder.name, self._redaction)
            before.verify(manifest)
            self._before, self._heads = before, before.documents()
        self.known = {doc_id: head["content_hash"] for doc_id, head in self._heads.items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next writer in; what was not published is removed, unless it is of a shard and can go on."""
        with self._stack:
            if self._shard == WHOLE:
                self._remove_left()

    def keep(self, doc_id: str) -> Entry:
        """Keep a document as the generation before has it, and return what the list of contents says of it."""
        self._kept.append(doc_id)
        entry = self._entries[doc_id] = Entry(**{name: self._heads[doc_id][name] for name in Entry.__slots__})
        return entry

    def add(self, document: Document, chunks: Sequence[Chunk], redactions: Mapping[str, int] | None = None) -> Entry:
        """Add a document that is new or changed, and return what the list of contents will say of it."""
        entry = self._entries[document.doc_id] = Entry(
            document.doc_id, document.content_hash, document.repair, "", 0, len(chunks), dict(redactions or {})
        )
        self._chunks += len(chunks)
        self._writing().put_document(document, asdict(entry))
        self._waiting += zip(chunks, range(len(chunks)), strict=True)
        while len(self._waiting) >= BATCH:
            self._write(BATCH)
        return entry

    def publish(self) -> Manifest:
        """Make what was kept and added the served generation, once the other shards are there, too.

        Returns:
            Its manifest: the one that was there already when nothing differs. While other shards are missing, one of
            what this shard wrote, whose generation is not served yet.

        Raises:
            CorpusError: There is no chunk to index.
        """
        there = self._already()
        if there:
            return there
        if self._shard == WHOLE and not any(entry.count for entry in self._entries.values()):
            raise CorpusError("There is no text to index.", "Put documents into the corpus folder.")
        target = self._writing()
        self._copy_kept(target)
        while self._waiting:
            self._write(BATCH)
        number = self._shard.number
        target.put_records({f"stem:{number}:{named(each)}": str(count) for each, count in self._stems.items()})
        rows = sum(entry.count for entry in self._entries.values())
        target.put_records({f"shard:{number}": json.dumps({"documents": len(self._entries), "chunks": rows})})
        target.seal()
        return self._finish(target)

    def _already(self) -> Manifest | None:
        """Return the manifest of a generation with just this content, served from now on; None when there is none."""
        if self._shard != WHOLE:
            with suppress(IndexDamaged, IndexMismatch):
                return self._served_anew(self._writing())
            return None
        wanted = self._identity({doc_id: entry.content_hash for doc_id, entry in self._entries.items()})
        stored = [self._generations.get(name) for name in self._generations.stored()]
        for generation in sorted(stored, key=lambda each: each.chunks != (self._before and self._before.chunks)):
            with suppress(IndexDamaged, IndexMismatch):
                if generation.values(["identity"]).get("identity") == wanted:
                    return self._served_anew(generation)
        return None

    def _served_anew(self, generation: MilvusGeneration) -> Manifest:
        manifest = generation.manifest()
        generation.verify(manifest)
        self._generations.serve(generation)
        return manifest

    def _identity(self, contents: Mapping[str, str]) -> str:
        return identity(contents, self._embedder.fingerprint, self._redaction)

    def _writing(self) -> MilvusGeneration:
        """Return the generation that is written, created with the first thing that goes into it."""
        if not self._target:
            if self._shard == WHOLE:
                name = f"{datetime.now(UTC):%Y%m%dt%H%M%S}{token_hex(3)}"
                (self._folder / UNDER_WAY).write_text(name, encoding="utf-8")
            else:
                name = self._identity({"": self._shard.corpus, "shards": str(self._shard.of)})
            self._target = self._generations.get(name)
            self._target.create(self._embedder.dimension)
        return self._target

    def _write(self, count: int) -> None:
        """Embed and write the first chunks that wait."""
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        chunks, ordinals = zip(*batch, strict=True)
        vectors = self._cache.embed([chunk.searchable for chunk in chunks])
        self._count(self._writing().put_chunks(chunks, ordinals, vectors))
        self._embedded += len(batch)
        if self._progress:
            self._progress(self._embedded, self._chunks)

    def _count(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._stems.update(filter(None, set(row["stems"].split(" "))))

    def _copy_kept(self, target: MilvusGeneration) -> None:
        """Copy the documents that are kept from the generation before."""
        for batch in self._batches():
            assert self._before is not None  # noqa: S101 - for the type checker: what is kept was there
            rows = self._before.rows_of(batch, CHUNK_FIELDS)
            target.milvus.put(target.chunks, rows)
            self._count(rows)
            target.put_records(self._before.records_of([self._heads[doc_id] for doc_id in batch], rows))

    def _batches(self) -> Iterator[list[str]]:
        """Yield the documents that are kept, so many at once as have few chunks together, or one."""
        batch: list[str] = []
        chunks = 0
        for doc_id in self._kept:
            if batch and chunks + self._entries[doc_id].count > BATCH:
                yield batch
                batch, chunks = [], 0
            batch.append(doc_id)
            chunks += self._entries[doc_id].count
        if batch:
            yield batch

    def _finish(self, target: MilvusGeneration) -> Manifest:
        """Serve the generation if all of its shards are there."""
        keys = [f"shard:{number}" for number in range(1, self._shard.of + 1)]
        shards = {key: json.loads(value) for key, value in target.values(keys).items()}
        manifest = Manifest(
            generation=target.chunks.removeprefix(f"{self._generations.name}_"),
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            documents=sum(shard["documents"] for shard in shards.values()),
            chunks=sum(shard["chunks"] for shard in shards.values()),
            embedder=self._embedder.name,
            dimension=self._embedder.dimension,
            fingerprint=self._embedder.fingerprint,
            redaction=self._redaction,
            segments={key.partition(":")[2]: shards[key]["chunks"] for key in keys if key in shards},
        )
        if len(shards) < self._shard.of:
            return manifest
        if not manifest.chunks:
            raise CorpusError("There is no text to index.", "Put documents into the corpus folder.")
        target.verify(manifest)
        contents = {doc_id: head["content_hash"] for doc_id, head in target.documents().items()}
        target.put_records({"identity": self._identity(contents), "manifest": manifest.text()})
        self._generations.serve(target)
        (self._folder / UNDER_WAY).unlink(missing_ok=True)
        self._generations.tidy(self._folder)
        return manifest

    def _remove_left(self) -> None:
        """Remove the generation whose build did not end."""
        left = self._folder / UNDER_WAY
        if left.exists():
            self._generations.get(left.read_text(encoding="utf-8")).drop()
            left.unlink()
