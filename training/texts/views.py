"""Random views of texts: what a question or a passage may look like in use.

Every change works on word numbers. Case and accents need none: the tokenizer folds them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.texts.corpus import Corpus
from training.texts.texts import IntArray, Lexicon
from training.texts.vocabulary import words_of

TEMPLATES = (
    "como {}", "como {}?", "como faço para {}?", "como funciona {}?", "o que é {}?", "o que e {}", "para que serve {}?",
    "quais são {}?", "qual é {}?", "onde encontro {}?", "quando usar {}?", "por que {}?", "quero saber sobre {}",
    "preciso de ajuda com {}", "explique {}", "é possível {}?", "posso {}?", "não consigo {}", "problema com {}",
    "what is {}?", "how to {}", "how does {} work?",
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Noise:
    """Misspelt variants of words, made once so that the lexicon knows their pieces."""

    def __init__(self, lexicon: Lexicon, rng: Generator, per_word: int = 3) -> None:
        known = len(lexicon.words)
        self._variants = np.zeros((known, per_word), dtype=np.int32)
        for number in range(known):
            word = lexicon.words[number]
            long_enough = len(word) >= 4 and word.isalpha()
            for column in range(per_word):
                self._variants[number, column] = lexicon.number(_misspell(word, rng)) if long_enough else number

    def apply(self, text: IntArray, rng: Generator, share: float) -> IntArray:
        """Misspells about `share` of the words."""
        hit = rng.random(len(text)) < share
        column = rng.integers(self._variants.shape[1], size=len(text))
        return np.where(hit, self._variants[text, column], text)


class Templates:
    """Question frames around a heading."""

    def __init__(self, lexicon: Lexicon) -> None:
        halves = [template.split("{}") for template in TEMPLATES]
        self._frames = [(lexicon.encode(before), lexicon.encode(after)) for before, after in halves]

    def apply(self, text: IntArray, rng: Generator) -> IntArray:
        """Puts the text into a random frame."""
        before, after = self._frames[rng.integers(len(self._frames))]
        return np.concatenate([before, text, after])


class PairViews:
    """What a pair of question and passage may look like in use."""

    def __init__(self, corpus: Corpus, noise: Noise, templates: Templates) -> None:
        self._encoded, self._noise, self._templates = corpus.encoded, noise, templates
        self._is_path = [pair.kind == "titulo" for pair in corpus.pairs]

    def pair(self, row: int, rng: Generator) -> tuple[IntArray, IntArray]:
        """Gives the whole path or its last heading, bare or as a question, some misspelt; and the passage.

        Half of the passages lose some of the words shared with the question: words alone find the others already.
        """
        query, leaf = self._encoded["query"][row], self._encoded["leaf"][row]
        if self._is_path[row] and len(leaf) >= 2 and rng.random() < 0.7:
            query = self._templates.apply(leaf, rng) if rng.random() < 0.3 else leaf
        if rng.random() < 0.15:
            query = self._noise.apply(query, rng, 0.25)
        query, passage = drop(query, rng, 0.1), self.passage(row, rng)
        return query, drop_shared(passage, query, rng, 0.3) if rng.random() < 0.5 else passage

    def passage(self, row: int, rng: Generator) -> IntArray:
        """Gives 40 to 120 words of the passage in a row, three in ten times after the headings above it."""
        passage = crop(self._encoded["passage"][row], rng, 40, 120)
        if rng.random() < 0.3:
            passage = np.concatenate([self._encoded["path"][row], passage])
        return drop(passage, rng, 0.1)


def drop(text: IntArray, rng: Generator, share: float) -> IntArray:
    """Leaves out about `share` of the words, never all of them."""
    kept = text[rng.random(len(text)) >= share]
    return kept if len(kept) else text


def drop_shared(passage: IntArray, query: IntArray, rng: Generator, share: float) -> IntArray:
    """Leaves out of the passage about `share` of the words that it shares with the query."""
    kept = passage[~(np.isin(passage, query) & (rng.random(len(passage)) < share))]
    return kept if len(kept) else passage


def crop(text: IntArray, rng: Generator, shortest: int, longest: int) -> IntArray:
    """Gives a random stretch of the text."""
    length = int(rng.integers(shortest, longest + 1))
    if len(text) <= length:
        return text
    start = int(rng.integers(len(text) - length + 1))
    return text[start : start + length]


def sentence_out(passage: IntArray, stops: NDArray[np.bool_], rng: Generator) -> tuple[IntArray, IntArray] | None:
    """Takes one sentence of 4 to 40 words out of a passage as its question (inverse cloze: Lee et al. 2019).

    Args:
        passage: Word numbers.
        stops: For each word number, whether it ends a sentence.
        rng: Randomness.

    Returns:
        The sentence and the rest (the sentence itself left in one time in three), or None if no sentence fits.
    """
    ends = np.flatnonzero(stops[passage]) + 1
    bounds = np.unique(np.concatenate([[0], ends, [len(passage)]]))
    fitting = np.flatnonzero((np.diff(bounds) >= 4) & (np.diff(bounds) <= 40))
    if len(fitting) == 0 or len(bounds) < 4:
        return None
    chosen = fitting[rng.integers(len(fitting))]
    start, end = bounds[chosen], bounds[chosen + 1]
    rest = passage if rng.random() < 1 / 3 else np.concatenate([passage[:start], passage[end:]])
    return passage[start:end], rest


def sentence_ends(lexicon: Lexicon) -> NDArray[np.bool_]:
    """Gives, for each word number, whether it ends a sentence."""
    ends = np.zeros(len(lexicon.words), dtype=np.bool_)
    ends[[lexicon.number(mark) for mark in words_of(". ! ? ;")]] = True
    return ends


def _misspell(word: str, rng: Generator) -> str:
    place = int(rng.integers(len(word) - 1))
    letter = _LETTERS[int(rng.integers(26))]
    changed: Sequence[str] = (
        word[:place] + word[place + 1 :],
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place] + word[place:],
    )
    return changed[int(rng.integers(4))]
