"""What Portuguese words are called in English documents.

`translations.pt.txt`, learned from parallel texts (`training/weights/translations.py`): a stem and its words, likeliest
first, a line each. It knows words one by one, without their context.
"""

from functools import lru_cache
from importlib import resources

from index.text.analyser import stem


def translations(word: str) -> tuple[str, ...]:
    """Return the folded English words that a folded Portuguese word is mostly translated by, likeliest first."""
    return _translations().get(stem(word), ())


@lru_cache(maxsize=1)
def _translations() -> dict[str, tuple[str, ...]]:
    lines = resources.files("index.text").joinpath("translations.pt.txt").read_text("utf-8").splitlines()
    return {own: tuple(named.split()) for own, _, named in (line.partition(" ") for line in lines)}
