"""Which language a text is in: Portuguese, English or Spanish, told by its function words and letters.

Short questions have few words, so this counts what is frequent and differs. A text that shows nothing is Portuguese.
Brazilian and European Portuguese are both Portuguese.
"""

import re
from collections import Counter
from functools import lru_cache

from assistant.asking.listed import listed

DEFAULT = "pt"
NAMES = {"pt": "português", "en": "inglês", "es": "espanhol"}

_WORD = re.compile(r"[^\W\d_]+")
# Letters and endings that one of the three languages has and the others have not.
_TELLTALES = {
    "pt": re.compile(r"[ãõâêôç]|\w(?:ção|ções|mente|agem|lh\w|nh\w)\b"),
    "es": re.compile(r"[ñ¿¡]|\w(?:ción|ciones|miento|dad)\b"),
    "en": re.compile(r"\w(?:tion|ing|ly|ness|ght|ck)\b|\bth\w|\b[kw]\w"),
}


def language_of(text: str) -> str:
    """Return `pt`, `en` or `es`."""
    scores = _signs(text)
    best = max(scores.values())
    return DEFAULT if scores[DEFAULT] == best else max(scores, key=lambda language: scores[language])


def rather_not(text: str, language: str) -> bool:
    """Tell whether a text has more signs of another language than of this one."""
    scores = _signs(text)
    return max(scores.values()) > scores[language]


def likely(text: str, language: str) -> bool:
    """Tell whether a text has signs of this language, and no more of any other."""
    scores = _signs(text)
    return scores[language] > 0 and scores[language] == max(scores.values())


def _signs(text: str) -> Counter[str]:
    lower = text.lower()
    found = _WORD.findall(lower)
    return Counter(
        {
            language: sum(word in frequent for word in found) + len(_TELLTALES[language].findall(lower))
            for language, frequent in _function_words().items()
        }
    )


@lru_cache(maxsize=1)
def _function_words() -> dict[str, frozenset[str]]:
    rows = (line.split(":", 1) for line in listed("languages"))
    return {language: frozenset(words.split()) for language, words in rows}
