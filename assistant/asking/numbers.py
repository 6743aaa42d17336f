"""Numbers in words: what they are in digits, and which words state a quantity. One list, `words/numbers.txt`."""

from functools import cache

from assistant.asking.listed import listed

_LANGUAGES = ("pt", "en", "es")


def in_digits(word: str) -> str:
    """Return the number that a folded word stands for, in digits; empty when it is none."""
    return _digits().get(word, "")


@cache
def quantity_words() -> frozenset[str]:
    """Return the folded words that say how many, in any language, also without a number ("várias")."""
    return frozenset(word for _, by_language in _rows() for words in by_language.values() for word in words)


@cache
def number_words(language: str) -> frozenset[str]:
    """Return the folded words of a language for numbers, and for parts and multiples of them."""
    return frozenset(word for meaning, by_language in _rows() if meaning != "some" for word in by_language[language])


@cache
def small_numbers(language: str) -> frozenset[str]:
    """Return the folded words of a language for the numbers up to ten."""
    return frozenset(word for word in number_words(language) if len(in_digits(word)) == 1 or in_digits(word) == "10")


@cache
def _digits() -> dict[str, str]:
    return {
        word: meaning
        for meaning, by_language in _rows()
        if meaning.isdigit()
        for words in by_language.values()
        for word in words
    }


@cache
def _rows() -> tuple[tuple[str, dict[str, list[str]]], ...]:
    rows = (line.partition(":") for line in listed("numbers"))
    return tuple(
        (meaning, dict(zip(_LANGUAGES, map(str.split, words.split("|")), strict=True))) for meaning, _, words in rows
    )
