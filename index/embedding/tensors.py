"""The tensors of a model's file, read as they are looked at: a start need not read 40 MB to look up some rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"I8": np.int8, "F32": np.float32}


def mapped(file: Path) -> dict[str, NDArray[Any]]:
    """Map a safetensors file into memory, read only.

    The format (https://huggingface.co/docs/safetensors): eight bytes say how long the header is, the header, JSON, says
    where after it each tensor stands. The library of this name copies whole tensors.

    Args:
        file: A file of int8 and float32 tensors.
    """
    stored = np.memmap(file, dtype=np.uint8, mode="r")
    start = 8 + int.from_bytes(stored[:8].tobytes(), "little")
    header = json.loads(stored[8:start].tobytes())
    header.pop("__metadata__", None)
    return {name: _tensor(stored[start:], **described) for name, described in header.items()}


def _tensor(stored: NDArray[np.uint8], *, dtype: str, shape: list[int], data_offsets: tuple[int, int]) -> NDArray[Any]:
    first, last = data_offsets
    return np.asarray(stored[first:last]).view(_TYPES[dtype]).reshape(shape)
