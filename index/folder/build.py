"""Building an index: documents and their chunks in, a published generation out.

Work follows what changed. A document whose content hash is that of the generation before keeps its rows; only the
others are analysed and embedded, into a new segment. Small segments are merged as they gather, so that there are never
many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from index.arrays import FloatArray
from index.contents import Entry, read_contents, write_contents
from index.embedding.embedder import Embedder
from index.folder.generations import (
    building,
    candidates,
    checksum,
    current,
    free_name,
    link,
    publish,
    remove_unmasked,
    serve,
    tidy,
    verify,
)
from index.manifest import Manifest, identity
from index.store import Progress
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing

if TYPE_CHECKING:
    from index.folder.segment import SegmentWriter

SEGMENT_ROWS = 131_072
"""Rows after which a segment is full: what building holds in memory grows up to here and no further."""

MERGE_UP_TO = 2
"""A segment is merged into a new one when it is at most this many times as large, so that sizes grow geometrically."""


class IndexBuild:
    """A build under way, and the lock that makes it the only one: every document is added or kept, then published.

    Args:
        root: The index folder; created when missing.
        embedder: Embeds the chunks that are new.
        redaction: What is masked in the documents, and how (see `ingest.redaction.recipe`); empty for nothing.
        progress: Called with (chunks embedded, chunks to embed) as the work goes on.

    Attributes:
        known: Content hash of every document of the generation before, by id: those that can be kept. Empty when there
            is none that is whole and of this recipe.

    Raises:
        IndexBusy: Another process is building here.
        IndexUnwritable: The disk is full, or the folder cannot be written.
    """

    def __init__(
        self, root: Path, embedder: Embedder, *, redaction: str = "", progress: Progress | None = None
    ) -> None:
        self.known: Mapping[str, str] = {}
        self._root = root
        self._embedder = embedder
        self._redaction = redaction
        self._progress = progress
        self._stack = ExitStack()
        self._damaged: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._writers: list[SegmentWriter] = []
        self._embedded = 0

    def __enter__(self) -> Self:
        """Take the lock and look at what is there."""
        self._folder = self._stack.enter_context(building(self._root))
        self._before = self._last_good()
        self.known = {entry.doc_id: entry.content_hash for entry in self._before.entries.values()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the lock go; what was not published is thrown away."""
        for writer in self._writers:
            writer.close()
        self._stack.__exit__(kind, error, trace)

    def keep(self, doc_id: str) -> Entry:
        """Keep a document as the generation before has it, and return what the list of contents says of it."""
        entry = self._entries[doc_id] = self._before.entries[doc_id]
        return entry

    def add(self, document: Document, chunks: Sequence[Chunk], redactions: Mapping[str, int] | None = None) -> Entry:
        """Add a document that is new or changed, and return what the list of contents will say of it.

        Args:
            document: The document, masked if it is to be.
            chunks: Its chunks, in order.
            redactions: How many of each kind were masked in it.
        """
        segment, first = "", 0
        if chunks:
            writer = self._writer(len(chunks))
            segment, first = writer.name, writer.add(document, chunks)
        entry = self._entries[document.doc_id] = Entry(
            document.doc_id, document.content_hash, document.repair, segment, first, len(chunks), dict(redactions or {})
        )
        return entry

    def publish(self) -> Manifest:
        """Make what was kept and added the served generation.

        Returns:
            Its manifest: the one that was there already when nothing differs.

        Raises:
            CorpusError: There is no chunk to index.
        """
        if not any(entry.count for entry in self._entries.values()):
            raise CorpusError("There is no text to index.", "Put documents into the corpus folder.")
        name = self._identity()
        there = self._already(name)
        if there:
            return there
        self._merge()
        self._index()
        segments = self._carry_over() | {writer.name: writer.rows for writer in self._writers}
        write_contents(self._folder, self._entries.values())
        manifest = Manifest(
            generation=free_name(self._root, name),
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            documents=len(self._entries),
            chunks=sum(entry.count for entry in self._entries.values()),
            embedder=self._embedder.name,
            dimension=self._embedder.dimension,
            fingerprint=self._embedder.fingerprint,
            redaction=self._redaction,
            segments=segments,
            files=self._checksums(),
        )
        manifest.write(self._folder)
        publish(self._root, self._folder, manifest.generation)
        self._tidy()
        return manifest

    def _last_good(self) -> "_Before":
        """Return the generation to build on: the served one, or the newest other that is whole."""
        with suppress(IndexMissing):
            for folder in candidates(self._root):
                try:
                    manifest = Manifest.read(folder)
                    manifest.check_recipe(self._embedder.fingerprint, self._embedder.name, self._redaction)
                    verify(folder, manifest)
                    return _Before(folder, manifest, read_contents(folder))
                except IndexMismatch:
                    continue
                except IndexDamaged:
                    self._damaged.append(folder.name)
        return _Before()

    def _identity(self) -> str:
        """Name what would be built: the recipe, and every document with its content."""
        contents = {entry.doc_id: entry.content_hash for entry in self._entries.values()}
        return identity(contents, self._embedder.fingerprint, self._redaction)

    def _already(self, identity: str) -> Manifest | None:
        """Return the manifest of a generation with just this content, served from now on; None when there is none."""
        before = self._before
        if before.manifest and before.folder == current(self._root) and _identity_of(before.folder) == identity:
            remove_unmasked(self._root)  # what an earlier build could not
            return before.manifest
        for folder in (self._root / "generations").glob(f"{identity}*"):
            with suppress(IndexDamaged):
                manifest = Manifest.read(folder)
                verify(folder, manifest)
                serve(self._root, folder.name)
                self._tidy()
                return manifest
        return None

    def _writer(self, rows: int) -> "SegmentWriter":
        """Return the segment that the next rows go into."""
        from index.folder.segment import SegmentWriter

        if not self._writers or self._writers[-1].rows + rows > SEGMENT_ROWS:
            names = (*self._before.segments, *(writer.name for writer in self._writers))
            number = 1 + max(map(int, names), default=0)
            self._writers.append(SegmentWriter(self._folder / f"{number:06}"))
        return self._writers[-1]

    def _merge(self) -> None:
        """Take small segments, and those that are mostly dead, into the last new one."""
        from index.folder.segment import Segment

        live = Counter[str]()
        for entry in self._entries.values():
            if entry.segment in self._before.segments:
                live[entry.segment] += entry.count
        fresh = self._writers[-1].rows if self._writers else 0
        for name in _worth_merging(live, self._before.segments, fresh):
            writer = self._writer(0)
            segment = Segment(self._before.folder / name, self._embedder.dimension)
            self._stack.callback(segment.close)
            for entry in [entry for entry in self._entries.values() if entry.segment == name]:
                first = writer.copy(segment, entry.doc_id, entry.first, entry.count)
                self._entries[entry.doc_id] = replace(entry, segment=writer.name, first=first)

    def _index(self) -> None:
        """Index the words and embed the texts of what is new."""
        from index.embedding.vector_cache import VectorCache

        total = sum(writer.fresh for writer in self._writers)
        with closing(VectorCache(self._root, self._embedder)) as cache:

            def embed(texts: Sequence[str]) -> FloatArray:
                vectors = cache.embed(texts)
                self._embedded += len(texts)
                if self._progress:
                    self._progress(self._embedded, total)
                return vectors

            for writer in self._writers:
                writer.finish(embed, self._embedder.dimension)

    def _carry_over(self) -> dict[str, int]:
        """Link the segments that are still in use, and return how many rows each stores."""
        used = {entry.segment for entry in self._entries.values()}
        carried = {name: rows for name, rows in self._before.segments.items() if name in used}
        for name in carried:
            for file in (self._before.folder / name).iterdir():
                link(file, self._folder / name / file.name)
        return carried

    def _checksums(self) -> dict[str, str]:
        known = self._before.manifest.files if self._before.manifest else {}
        names = sorted(file.relative_to(self._folder).as_posix() for file in self._folder.rglob("*") if file.is_file())
        return {name: known[name] if "/" in name and name in known else checksum(self._folder / name) for name in names}

    def _tidy(self) -> None:
        remove_unmasked(self._root)
        # The new generation is served already: a disk that is full now costs a spare copy, not the build.
        with suppress(OSError):
            tidy(self._root, damaged=self._damaged)


@dataclass(frozen=True, slots=True)
class _Before:
    """The generation that a build starts from; an empty one when there is none."""

    folder: Path = Path()
    manifest: Manifest | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def segments(self) -> Mapping[str, int]:
        return self.manifest.segments if self.manifest else {}


def _identity_of(folder: Path) -> str:
    return folder.name.split("-")[0]


def _worth_merging(live: Mapping[str, int], stored: Mapping[str, int], fresh: int) -> list[str]:
    """Choose the segments to merge into a new one of `fresh` rows, the smallest first."""
    merged, total = [], fresh
    for name in sorted(live, key=lambda name: (live[name], name)):
        worth = live[name] <= MERGE_UP_TO * total or 2 * live[name] < stored[name]
        if worth and total + live[name] <= SEGMENT_ROWS:
            merged.append(name)
            total += live[name]
    return merged
