"""From text to the terms that are matched: folded words, their stems and their character 4-grams.

Accents and case are folded before anything else, so a question typed without accents finds the same chunks. The
Portuguese stemmer, though, knows its suffixes by their accents ("-ção", "-ência"), so the accents that the spelling
of those suffixes makes certain are put back first: `manutencao` and `Manutenção` meet in one stem.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

ANALYSER_VERSION = "pt-1"

GRAM_LENGTH = 4

_WORD = re.compile(r"[^\W_]+")
# Folded ending -> its only Portuguese spelling; the plurals that the stemmer does not know, in the singular.
_SUFFIXES = (
    ("encias", "ências"),
    ("ancias", "âncias"),
    ("encia", "ência"),
    ("ancia", "ância"),
    ("aveis", "ável"),
    ("iveis", "ível"),
    ("avel", "ável"),
    ("ivel", "ível"),
    ("coes", "ções"),
    ("soes", "sões"),
    ("cao", "ção"),
    ("sao", "são"),
)


def fold(text: str) -> str:
    """Return the text in lower case without accents; its length may differ."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word that is not a stop word, folded, with its start and end offsets in the text (in NFC)."""
    stop = _stop_words()
    for match in _WORD.finditer(text):
        word = _fold_word(match.group())
        if word not in stop:
            yield word, match.start(), match.end()


def words(text: str) -> list[str]:
    """Return the folded words of a text in order, stop words left out."""
    return [word for word, _, _ in word_spans(unicodedata.normalize("NFC", text))]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the folded stem of a folded word."""
    for folded, spelled in _SUFFIXES:
        if word.endswith(folded):
            word = word[: -len(folded)] + spelled
            break
    return fold(_stemmer().stemWord(word))


def grams(word: str) -> list[str]:
    """Return the character 4-grams of a folded word with its ends marked; a shorter word gives itself."""
    marked = f"_{word}_"
    return [marked[at : at + GRAM_LENGTH] for at in range(len(marked) - GRAM_LENGTH + 1)] or [marked]


def is_stop_word(word: str) -> bool:
    """Tell whether a folded word carries no meaning of its own in Portuguese."""
    return word in _stop_words()


_fold_word = lru_cache(maxsize=200_000)(fold)


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    return frozenset(resources.files("index.text").joinpath("stopwords.pt.txt").read_text("utf-8").split())


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401 - the extension module has no stubs
    import Stemmer

    return Stemmer.Stemmer("portuguese")
