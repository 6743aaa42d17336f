"""The files of the models that come with Coruja, and what is told when an engine fails on one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import EmbedderUnavailable, said


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
