"""How alike words are: the same stem, a typing error apart, or near in meaning.

What is compared are folded words (see `index.text.analyser`). The result is 1 for the same stem and below 1 for
anything less certain, so that a sum over a question's words says how much of it a text covers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from index.arrays import FloatArray
from index.text.analyser import stem

if TYPE_CHECKING:
    from index.embedding.static import StaticEmbedder

# The longer of two words, for an edit between them to be a typing error: shorter ones are too easily another word.
TYPO_LENGTH = 5
TYPO_WEIGHT = 0.95

# Cosines of word vectors below the first say nothing, above the second they are near synonyms.
COSINE_FLOOR = 0.25
COSINE_CEILING = 0.6
MEANING_WEIGHT = 0.9
MEANING_LENGTH = 4


def alike(asked: Sequence[str], said: Sequence[str]) -> FloatArray:
    """Return how well each asked word is matched by each said word: shape (asked, said), values in [0, 1]."""
    if not asked or not said:
        return np.zeros((len(asked), len(said)), dtype=np.float32)
    stems = np.array([stem(word) for word in said])
    same = np.stack([stems == stem(word) for word in asked]).astype(np.float32)
    likeness: FloatArray = np.maximum.reduce([same, TYPO_WEIGHT * misspelled(asked, said), _meaning(asked, said)])
    return likeness


def misspelled(asked: Sequence[str], said: Sequence[str]) -> FloatArray:
    """Return 1 where an asked word is probably a said word with a typing error, else 0: shape (asked, said).

    A suspect is a word that the language does not know; it must be one edit away (a letter wrong, missing, too many, or
    two swapped).
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    suspects = np.array([not _vectors().knows(word) for word in asked])
    if not suspects.any() or not said:
        return np.zeros((len(asked), len(said)), dtype=np.float32)
    near = cdist(asked, said, scorer=OSA.distance, score_cutoff=1) <= 1
    long = np.maximum.outer(np.array([*map(len, asked)]), np.array([*map(len, said)])) >= TYPO_LENGTH
    errors: FloatArray = (near & long & suspects[:, None]).astype(np.float32)
    return errors


def weights(words: Sequence[str]) -> FloatArray:
    """Return how much each folded word says, shape (words,): a frequent one little, a rare one much."""
    return _vectors().word_weights(words)


class Vocabulary:
    """Words that many others are compared with, by stem and by meaning: a typing error counts as another word.

    Args:
        said: Folded words, each once.
    """

    def __init__(self, said: Sequence[str]) -> None:
        self._stems = np.array([stem(word) for word in said])
        self._words = _vectors().word_vectors(said)

    def alike(self, asked: Sequence[str]) -> FloatArray:
        """Return how well each asked word is matched by each word: shape (asked, words), values in [0, 1]."""
        if not asked or not len(self._stems):
            return np.zeros((len(asked), len(self._stems)), dtype=np.float32)
        same = (np.array([stem(word) for word in asked])[:, None] == self._stems[None, :]).astype(np.float32)
        cosines = _vectors().word_vectors(asked) @ self._words.T
        likeness: FloatArray = np.maximum(same, _near(cosines))
        return likeness


def _meaning(asked: Sequence[str], said: Sequence[str]) -> FloatArray:
    """Match by the cosine of the embedded model's word vectors."""
    vectors = _vectors()
    # The vector of a word of two or three letters says more of its letters than of a meaning.
    meaningful = np.array([len(word) >= MEANING_LENGTH for word in asked], np.float32)
    return _near(vectors.word_vectors(asked) @ vectors.word_vectors(said).T) * meaningful[:, None]


def _near(cosines: FloatArray) -> FloatArray:
    nearness = np.clip((cosines - COSINE_FLOOR) / (COSINE_CEILING - COSINE_FLOOR), 0.0, 1.0)
    return np.asarray(MEANING_WEIGHT * nearness, dtype=np.float32)


def _vectors() -> "StaticEmbedder":
    from index.embedding.static import shipped

    return shipped()
