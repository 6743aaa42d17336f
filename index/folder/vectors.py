"""Dense vectors of one segment. The one file that knows FAISS.

Up to `EXACT_ROWS` rows are searched exactly. More are searched in two steps: product quantisation, four bits for every
four numbers, finds `LOOKED_AT` times as many rows as are wanted, and their vectors, eight bits a number, say which are
nearest. LOG.md has the measurements behind the rule: recall, time and size, against HNSW and IVF.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.arrays import BoolArray, FloatArray, IntArray
from ingest.errors import IndexDamaged

# FAISS's own stubs do not know the constructors that it adds in Python.
_parameters: Any = faiss.SearchParameters
_bitmap: Any = faiss.IDSelectorBitmap
_refine_parameters: Any = faiss.IndexRefineSearchParameters
_halves: Any = faiss.IndexScalarQuantizer
_HALF: Any = faiss.ScalarQuantizer.QT_fp16

VECTORS_NAME = "vectors.faiss"

EXACT_ROWS = 32_768
QUANTISED = 4
"""Numbers of a vector that share one code of four bits."""
LOOKED_AT = 5
TRAINED_ON = 32_768
"""Rows that the codes are learned from, evenly spread over the segment."""


class Vectors:
    """Unit vectors by row number; row i belongs to chunk i.

    Args:
        dimension: Length of a vector.
        rows: How many will be added.
    """

    def __init__(self, dimension: int, rows: int = 0) -> None:
        self._index: faiss.Index = _empty(dimension, rows)
        self._waiting: list[FloatArray] = []

    def add(self, vectors: FloatArray) -> None:
        """Append rows of shape (n, dimension)."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if self._index.is_trained:
            self._index.add(vectors)
        else:
            self._waiting.append(vectors)

    def _learn(self) -> None:
        """Learn the codes from the rows that wait for them, and add those."""
        step = max(1, sum(map(len, self._waiting)) // TRAINED_ON)
        self._index.train(np.concatenate([part[::step] for part in self._waiting]))
        while self._waiting:
            self._index.add(self._waiting.pop(0))

    def write(self, folder: Path) -> None:
        """Write the rows into a segment's folder.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        if self._waiting:
            self._learn()
        try:
            faiss.write_index(self._index, str(folder / VECTORS_NAME))
        except RuntimeError as error:
            raise OSError(f"FAISS could not write {folder / VECTORS_NAME}") from error

    @classmethod
    def of(cls, stored: NDArray[np.float16]) -> "Vectors":
        """Return rows of shape (n, dimension) as they are stored, sixteen bits a number; they are copied."""
        vectors = cls(stored.shape[1])
        vectors._index = _halves(stored.shape[1], _HALF, faiss.METRIC_INNER_PRODUCT)
        vectors._index.add_sa_codes(np.ascontiguousarray(stored).view(np.uint8))
        return vectors

    @classmethod
    def open(cls, folder: Path, dimension: int) -> "Vectors":
        """Read the rows of a segment whose checksum has been verified: FAISS trusts what it reads.

        Raises:
            IndexDamaged: FAISS cannot read the file, or it holds vectors of another length.
        """
        vectors = cls(dimension)
        with explained():
            vectors._index = faiss.read_index(str(folder / VECTORS_NAME))
        if vectors._index.d != dimension:
            message = f"The vectors in {folder} have length {vectors._index.d}, not {dimension}."
            raise IndexDamaged(message, "Run: coruja index")
        return vectors

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self._index.ntotal)

    def nearest(self, query: FloatArray, k: int, live: BoolArray | None = None) -> tuple[IntArray, FloatArray]:
        """Return the rows nearest to a query of shape (dimension,), best first, and their cosines.

        Args:
            query: What is searched for.
            k: At most this many rows.
            live: Shape (rows,): which rows may be found; all of them when None.
        """
        with explained():
            if isinstance(self._index, faiss.IndexRefine):
                return self._nearest_of_many(query, k, live)
            return self._nearest_of_few(query, k, live)

    def _nearest_of_few(self, query: FloatArray, k: int, live: BoolArray | None) -> tuple[IntArray, FloatArray]:
        bits = None if live is None else np.packbits(live, bitorder="little")
        only: Any = None if bits is None else _parameters(sel=_bitmap(bits))
        scores, rows = self._index.search(query.reshape(1, -1), min(k, len(self)), params=only)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def _nearest_of_many(self, query: FloatArray, k: int, live: BoolArray | None) -> tuple[IntArray, FloatArray]:
        # The scan of the codes cannot leave rows out: ask for more until enough of those that are found live.
        wanted = min(k, len(self) if live is None else int(live.sum()))
        asked = wanted
        while True:
            scores, rows = self._index.search(
                query.reshape(1, -1), asked, params=_refine_parameters(k_factor=float(LOOKED_AT))
            )
            found = (rows[0] >= 0) if live is None else (rows[0] >= 0) & live[rows[0]]
            if found.sum() >= wanted or asked == len(self):
                return rows[0][found][:wanted], scores[0][found][:wanted]
            asked = min(2 * asked, len(self))

    def take(self, rows: IntArray) -> FloatArray:
        """Return the vectors of the given rows, shape (n, dimension)."""
        with explained():
            stored = self._index
            if isinstance(stored, faiss.IndexRefine):
                stored = faiss.downcast_index(stored.refine_index)
            vectors: FloatArray = stored.reconstruct_batch(rows)
        return vectors


@contextmanager
def explained() -> Iterator[None]:
    """Turn what FAISS's C++ exceptions become in Python into `IndexDamaged`."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise IndexDamaged(f"The vectors of the index cannot be read ({error}).", "Run: coruja index") from error


def _empty(dimension: int, rows: int) -> faiss.Index:
    """Return the index for so many rows."""
    if rows <= EXACT_ROWS or dimension % QUANTISED:
        return faiss.IndexFlatIP(dimension)
    description = f"PQ{dimension // QUANTISED}x4fs,Refine(SQ8)"
    return faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
