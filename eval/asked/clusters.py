"""Groups of texts that say alike things, by the embedding model that is there anyway."""

from collections.abc import Callable, Sequence

import numpy as np

from index.arrays import FloatArray

ALIKE = 0.6
"""Cosine from which two questions are about the same."""

Embed = Callable[[Sequence[str]], FloatArray]
"""Texts in, unit vectors out: shape (texts, dimension)."""


def clusters(texts: Sequence[str], embed: Embed, alike: float = ALIKE) -> list[list[int]]:
    """Return groups of places, the largest first: each text joins the first group whose first text it is like.

    Leader clustering (Hartigan 1975, chapter 3): one pass, and the same texts in the same order give the same groups.
    """
    if not texts:
        return []
    vectors = embed(list(texts))
    groups: list[list[int]] = []
    for at, vector in enumerate(vectors):
        near = next((group for group in groups if float(np.dot(vectors[group[0]], vector)) >= alike), None)
        if near is None:
            groups.append([at])
        else:
            near.append(at)
    return sorted(groups, key=lambda group: (-len(group), group[0]))
