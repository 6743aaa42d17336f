"""Fusion: one score from everything that speaks for a candidate, by weights learned from questions and their passages.

Ranks are not fused: with a dense model weaker than the words, reciprocal ranks let its mistakes outvote their evidence
(LOG.md has the figures). The score is linear in the features of `index.ranking.features`; the weights, and how they
were learned, are in `fusion.json` beside this file.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np

from index.arrays import FloatArray
from index.ranking.features import FEATURES


def fuse(features: FloatArray) -> FloatArray:
    """Return one score a candidate from its features of shape (candidates, features)."""
    return (features @ _weights()).astype(np.float32)


@lru_cache(maxsize=1)
def _weights() -> FloatArray:
    stored = json.loads(resources.files("index.ranking").joinpath("fusion.json").read_text("utf-8"))["weights"]
    return np.array([stored[name] for name in FEATURES], dtype=np.float32)
