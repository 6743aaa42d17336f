"""Meaning: the encoder's vectors of what is served, worked out once it is served already.

The encoder is slow, and what it says is a help that a question does without. So a generation is published by words and
by the embedded model, and this goes on from there, as long as it is let: texts are encoded some at a time, each is kept
in a cache by its words, and a segment that is done gets a file of its own in `meaning/`, beside the generations:

    meaning/<segment>.<checksum>.npy     float16 (rows, dimension), 0 in dead rows

named after what the segment and the encoder are made of, and after its own contents: what is not what was written is
not read.
"""

from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.arrays import FloatArray, IntArray
from index.contents import Rows, read_contents
from index.embedding.embedder import EMBEDDED
from index.embedding.model_files import ENCODER, ENCODER_DIMENSION
from index.embedding.vector_cache import VectorCache
from index.folder.chunks import Chunks
from index.folder.generations import checksum, current, link, stored
from index.folder.vectors import Vectors
from index.lock import encoding
from index.manifest import Manifest
from ingest.errors import IndexBusy, IndexDamaged, IndexMismatch

FOLDER = "meaning"
CACHE = "meaning.cache"
AT_A_TIME = 16
MOST_SEARCHED = 262_144
"""Rows of a segment searched by these vectors (0.8 kB of memory each); of a larger one candidates are compared."""

Encoded = npt.NDArray[np.float16]


class Meaning:
    """The encoder's vectors of a generation, as far as there are any; more are found as they come.

    Args:
        root: The index folder.
        manifest: Of the generation.
    """

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self._folder = root / FOLDER
        self._manifest = manifest
        self._found: dict[str, Encoded] = {}
        self._searched: dict[str, Vectors] = {}

    @property
    def share(self) -> float:
        """The share of the rows that there are vectors of, in [0, 1]."""
        self._look()
        rows = self._manifest.segments
        return sum(rows[name] for name in self._found) / max(1, sum(rows.values()))

    def query(self, text: str) -> FloatArray | None:
        """Return the encoder's vector of a query, None while there is nothing to compare it with."""
        if not self.share:
            return None
        from index.embedding.encoder import encoder  # onnxruntime

        return encoder().embed_query(text)

    @property
    def searched(self) -> Iterator[tuple[int, Vectors]]:
        """Yield the number and the vectors of each segment that can be searched by them."""
        for number, name in enumerate(self._manifest.segments):
            found = self._found.get(name)
            if found is not None and len(found) <= MOST_SEARCHED:
                if name not in self._searched:  # copied when it is first searched: not everyone who opens does
                    self._searched[name] = Vectors.of(found)
                yield number, self._searched[name]

    def cosines(self, query: FloatArray, rows: Rows, wanted: IntArray) -> FloatArray:
        """Return the cosines of rows of the index with a query's vector; NaN where there is no vector."""
        vectors = np.zeros((len(wanted), ENCODER_DIMENSION), dtype=np.float32)
        names = list(self._manifest.segments)
        for number, positions, own in rows.by_segment(wanted):
            if names[number] in self._found:
                vectors[positions] = self._found[names[number]][own]
        return np.where(vectors.any(axis=1), vectors @ query, np.float32(np.nan))

    @cached_property
    def _keys(self) -> dict[str, str]:
        return _keys(self._manifest)

    def _look(self) -> None:
        """Open what has come since the last question."""
        if len(self._found) == len(self._manifest.segments) or not self._folder.is_dir():
            return
        for segment, key in self._keys.items():
            if segment not in self._found and (vectors := _read(self._folder, key)) is not None:
                self._found[segment] = vectors


def encode(root: Path) -> Iterator[tuple[int, int]]:
    """Encode what the served generation has and the encoder has not seen; see `index.store.Store.encode`.

    Nothing is done, and nothing yielded, while another process is at it, nor where another embedder was chosen than the
    one that comes with Coruja: it was chosen for its own sense of meaning.
    """
    from index.embedding.encoder import encoder

    folder = current(root)
    manifest = Manifest.read(folder)
    if manifest.embedder != EMBEDDED:
        return
    with suppress(IndexBusy), encoding(root):
        into = root / FOLDER
        into.mkdir(exist_ok=True)
        keys = _keys(manifest)
        lacking = [name for name, key in keys.items() if _read(into, key) is None]
        done = sum(manifest.segments[name] for name in keys if name not in lacking)
        total = sum(manifest.segments.values())
        if lacking:
            rows = Rows(read_contents(folder).values(), manifest.segments)
            with closing(VectorCache(root, encoder(), name=CACHE)) as cache:
                for name in lacking:
                    live = rows.live(list(manifest.segments).index(name))
                    vectors = np.zeros((manifest.segments[name], ENCODER_DIMENSION), dtype=np.float16)
                    with closing(Chunks.open(folder / name)) as chunks:
                        numbered = enumerate(chunks)
                        while batch := list(islice(numbered, AT_A_TIME)):
                            own = [row for row, _ in batch if live is None or live[row]]
                            if own:
                                vectors[own] = cache.embed(
                                    [chunk.headed(chunk.plain) for row, chunk in batch if row in own]
                                )
                            done += len(batch)
                            yield done, total
                    _write(into, keys[name], vectors)
        _tidy(root)


def share(root: Path, other: Path) -> None:
    """Give another index folder what this one has encoded."""
    for path in (root / FOLDER).glob("*.npy"):
        if not (other / FOLDER / path.name).exists():
            link(path, other / FOLDER / path.name)


def _keys(manifest: Manifest) -> dict[str, str]:
    """Return what the file of each segment's vectors is called by: the same rows, the same encoder."""
    graph = checksum(ENCODER)
    return {
        name: sha256("\n".join((graph, *manifest.files_of(name).values())).encode()).hexdigest()[:32]
        for name in manifest.segments
    }


def _read(folder: Path, key: str) -> Encoded | None:
    """Return the vectors of a key; None where there are none, or not as they were written."""
    for path in folder.glob(f"{key}.*.npy"):
        with suppress(OSError, ValueError):
            if checksum(path) == path.name.split(".")[1]:
                vectors: Encoded = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
                return vectors
    return None


def _write(folder: Path, key: str, vectors: Encoded) -> None:
    """Write the vectors of a key at one stroke, in place of what was damaged."""
    for damaged in folder.glob(f"{key}.*"):
        damaged.unlink()
    written = folder / f"{key}.tmp"
    with written.open("wb") as file:
        np.save(file, vectors, allow_pickle=False)
    written.replace(folder / f"{key}.{checksum(written)}.npy")


def _tidy(root: Path) -> None:
    """Remove the vectors of segments that no generation has any more."""
    kept: set[str] = set()
    for folder in stored(root):
        with suppress(IndexDamaged, IndexMismatch):
            kept.update(_keys(Manifest.read(folder)).values())
    for path in (root / FOLDER).iterdir():
        if path.name.split(".")[0] not in kept:
            with suppress(OSError):  # on Windows what a reader has open stays, until the next time
                path.unlink()
