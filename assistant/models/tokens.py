"""How many tokens a text has, as far as can be told without the model's vocabulary."""

import re

CHARS_PER_TOKEN = 3  # Portuguese in current vocabularies takes 3 to 4; the lower figure keeps prompts whole
TOKENS_PER_WORD = 0.9  # of a prompt that was not cut, at least: no vocabulary has many tokens of several words

_EASY = re.compile(r"[A-Za-zÀ-ÿ\s]")  # what vocabularies have long tokens for
_WORD = re.compile(r"\w+")


def most_tokens(text: str) -> int:
    """Return how many tokens a text has at most, in any vocabulary in use.

    Letters and spaces by `CHARS_PER_TOKEN`; digits, signs and other scripts a token for each byte.
    """
    hard = len(_EASY.sub("", text).encode())
    easy = len(_EASY.findall(text))
    return max(-(-easy // CHARS_PER_TOKEN) + hard, len(_WORD.findall(text)))


def least_tokens(text: str) -> int:
    """Return how many tokens a text has at least, in any vocabulary in use."""
    return int(TOKENS_PER_WORD * len(_WORD.findall(text)))
