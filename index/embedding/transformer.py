"""The multilingual transformer that comes with Coruja: ONNX graphs over one table of word pieces.

The graphs share the pieces, which are most of the weights: a graph begins with their vectors and ends with what it
was made for. The one file that knows onnxruntime.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from tokenizers import Tokenizer

from index.arrays import FloatArray, IntArray
from index.embedding.model_files import MULTILINGUAL, explained, mapped

BEGIN, PAD, END = 0, 1, 2
CORES = os.cpu_count() or 1
Pair = tuple[Sequence[int], int]
"""Two texts as one sequence of pieces, marks included, and at which the second begins."""


class Transformer:
    """Reads pieces of text. Safe to use from several threads.

    The folder holds `tokenizer.json`, `pieces.safetensors` (`embeddings`, int8, shape (pieces, dimension), and
    `weights`, float32, one per row: a vector is its row times its weight) and graphs, each `NAME.onnx`, from vectors
    of pieces (`words`, float32, (n, length, dimension)), what is no padding (`mask`, int64, (n, length)) and which of
    two texts each piece belongs to (`kinds`, int64, (n, length)).

    Args:
        graph: The name of the graph.
        folder: Where the model is.

    Raises:
        EmbedderUnavailable: A file of the model is damaged or missing. Reading and running raise it, too.
    """

    def __init__(self, graph: str, folder: Path = MULTILINGUAL) -> None:
        self._folder = folder
        # onnxruntime loads without Python's lock, the tokenizer does not.
        with explained(folder), ThreadPoolExecutor(1) as beside:
            session = beside.submit(_session, folder / f"{graph}.onnx")
            self._pieces = _shared(folder)
            self._session = session.result()
        self._cores = ThreadPoolExecutor(CORES)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the pieces of each text, without marks of its beginning or end."""
        with explained(self._folder):
            return self._pieces.of(texts)

    def run(self, sequences: Sequence[Pair]) -> FloatArray:
        """Return what the graph gives for each sequence: shape (n, …).

        Args:
            sequences: At least one.
        """
        # One by one: those worked out together would share the scale of their int8 numbers, and depend on each other.
        # A core for each, the longest first, is a quarter faster than all cores for one.
        order = sorted(range(len(sequences)), key=lambda at: -len(sequences[at][0]))
        found = dict(zip(order, self._cores.map(lambda at: self._run(sequences[at]), order), strict=True))
        return np.concatenate([found[at] for at in range(len(sequences))])

    def _run(self, sequence: Pair) -> FloatArray:
        words, mask, kinds = self._pieces.batch([sequence])
        with explained(self._folder):
            values: FloatArray = self._session.run(None, {"words": words, "mask": mask, "kinds": kinds})[0]
        return values


class Pieces:
    """The word pieces of a model and their vectors; see `Transformer` for the files."""

    def __init__(self, folder: Path = MULTILINGUAL) -> None:
        stored = mapped(folder / "pieces.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._codes: NDArray[np.int8] = stored["embeddings"]
        self._weights: FloatArray = stored["weights"]

    def of(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the pieces of each text, without marks of its beginning or end."""
        return [found.ids for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def batch(self, sequences: Sequence[Pair]) -> tuple[FloatArray, IntArray, IntArray]:
        """Return `words`, `mask` and `kinds` (see `Transformer`) of sequences, padded to the longest."""
        shape = len(sequences), max(len(pieces) for pieces, _ in sequences)
        pieces = np.full(shape, PAD)
        mask, kinds = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, (own, second) in enumerate(sequences):
            pieces[row, : len(own)] = own
            mask[row, : len(own)] = 1
            kinds[row, second : len(own)] = 1
        return self._codes[pieces].astype(np.float32) * self._weights[pieces][..., None], mask, kinds


_shared = lru_cache(maxsize=2)(Pieces)


def _session(graph: Path) -> InferenceSession:
    options = SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # see `Transformer.run`
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
