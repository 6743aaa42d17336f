"""The dense vectors of one segment: an exact inner-product index. The one file that knows FAISS."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.contents import BoolArray
from index.embedder import FloatArray
from index.features import IntArray
from ingest.errors import IndexDamaged

# FAISS's own stubs do not know the constructors that it adds in Python.
_parameters: Any = faiss.SearchParameters
_bitmap: Any = faiss.IDSelectorBitmap

VECTORS_NAME = "vectors.faiss"


class Vectors:
    """Unit vectors by row number; row i belongs to chunk i."""

    def __init__(self, dimension: int) -> None:
        self._index: faiss.Index = faiss.IndexFlatIP(dimension)

    def add(self, vectors: FloatArray) -> None:
        """Append rows of shape (n, dimension)."""
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def write(self, folder: Path) -> None:
        """Write the rows into a segment's folder.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        try:
            faiss.write_index(self._index, str(folder / VECTORS_NAME))
        except RuntimeError as error:
            raise OSError(f"FAISS could not write {folder / VECTORS_NAME}") from error

    @classmethod
    def open(cls, folder: Path, dimension: int) -> "Vectors":
        """Read the rows of a segment whose checksum has been verified: FAISS trusts what it reads.

        Raises:
            IndexDamaged: FAISS cannot read the file, or it holds vectors of another length.
        """
        vectors = cls(dimension)
        try:
            vectors._index = faiss.read_index(str(folder / VECTORS_NAME))
        except RuntimeError as error:
            raise IndexDamaged(f"The vectors in {folder} cannot be read.", "Run: coruja index") from error
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
        bits = None if live is None else np.packbits(live, bitorder="little")
        only: Any = None if bits is None else _parameters(sel=_bitmap(bits))
        scores, rows = self._index.search(query.reshape(1, -1), min(k, len(self)), params=only)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def take(self, rows: IntArray) -> FloatArray:
        """Return the vectors of the given rows, shape (n, dimension)."""
        vectors: FloatArray = self._index.reconstruct_batch(rows)
        return vectors
