"""The files of the models that come with Coruja: where they are, how they are read, what is told when that fails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import EmbedderUnavailable, said

MULTILINGUAL = Path(__file__).parent / "models" / "multilingual"
"""Where the multilingual transformer is."""
ENCODER = MULTILINGUAL / "encoder.onnx"
ASKING = MULTILINGUAL / "question.onnx"
ENCODER_DIMENSION = 384
"""Its graphs that embed texts and questions, and the length of their vectors."""

_TYPES = {"I8": np.int8, "F32": np.float32}


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn whatever onnxruntime, tokenizers and numpy raise of a model's files into `EmbedderUnavailable`.

    Theirs is no tree of errors to name: tokenizers raises bare `Exception`s, and onnxruntime's share no class.

    Args:
        folder: Where the model is.
    """
    try:
        yield
    except Exception as error:
        raise EmbedderUnavailable(
            f"The model in {folder}, which comes with Coruja, cannot be used ({said(error)}).",
            "Install Coruja again: its files are damaged or missing.",
        ) from error


def mapped(file: Path) -> dict[str, NDArray[Any]]:
    """Map a safetensors file into memory, read only: a start need not read 40 MB to look up some rows.

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
