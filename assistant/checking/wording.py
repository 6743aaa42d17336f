"""What the lists of words in `words/` say: which words deny, frame, or exclude each other.

All words are folded (see `index.text.analyser.fold`).
"""

from functools import lru_cache
from importlib import resources

from index.text.analyser import is_stop_word, stem

# A prefix that turns a word into its contrary; what is left must be a word that is compared with it.
_CONTRARY_PREFIXES = ("des", "dis", "in", "im", "ir", "i", "a", "anti", "nao", "un", "non")


def denies(word: str) -> bool:
    """Tell whether a word denies what follows it."""
    return word in _one_set("negations")


@lru_cache(maxsize=50_000)
def says_something(word: str) -> bool:
    """Tell whether a word of a statement states something, rather than frames it."""
    return not (is_stop_word(word) or stem(word) in _framing())


def opposed(one: str, other: str) -> bool:
    """Tell whether two words exclude each other: so listed, or parted by a prefix like "des-"."""
    first, second = stem(one), stem(other)
    if first == second:
        return False
    sides = _sides()
    listed = any(
        row in sides.get(second, {}) and sides[second][row] != side for row, side in sides.get(first, {}).items()
    )
    short, long = sorted((first, second), key=len)
    return listed or (len(short) > 2 and long.endswith(short) and long[: -len(short)] in _CONTRARY_PREFIXES)


def _lines(name: str) -> list[str]:
    text = resources.files("assistant.checking").joinpath("words", f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache
def _one_set(name: str) -> frozenset[str]:
    return frozenset(word for line in _lines(name) for word in line.split())


@lru_cache(maxsize=1)
def _framing() -> frozenset[str]:
    """Return the stems of words that frame."""
    return frozenset(stem(word) for word in _one_set("frame"))


@lru_cache(maxsize=1)
def _sides() -> dict[str, dict[int, int]]:
    """Return, by stem, the rows that a word stands in, and on which side."""
    sides: dict[str, dict[int, int]] = {}
    for row, line in enumerate(_lines("opposites")):
        for side, listed in enumerate(line.split("|")):
            for word in listed.split():
                sides.setdefault(stem(word), {})[row] = side
    return sides
