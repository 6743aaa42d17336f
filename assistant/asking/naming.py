"""Which words of a question name something: only of those may be said that the documents do not have them.

A name is written as one: with a capital letter within the question, a digit, or a sign that words do not have. A noun
is known by what stands before it: an article, or a word that determines as one does (closed classes of Portuguese,
English and Spanish grammar). Not known: nouns without either ("sem custo").
"""

import re
from functools import lru_cache

from assistant.asking.listed import listed
from index.text.analyser import fold

_INFINITIVE = re.compile(r"\w+[aei]r(?:-\w+)?$")
_WORD = re.compile(r"[^\W_][\w.@#+/-]*[^\W_]|[^\W_]")
SHORTEST = 3


def named(text: str) -> frozenset[str]:
    """Return the words of a question, as asked, that name something."""
    found = set()
    before = ""
    for at, match in enumerate(_WORD.finditer(text)):
        word = match.group()
        if len(word) >= SHORTEST and (_is_name(word, first=at == 0) or _is_noun(word, before)):
            found.add(word)
        before = fold(word)
    return frozenset(found)


def _is_name(word: str, *, first: bool) -> bool:
    written = word[1:] if first else word
    return any(char.isupper() or not char.isalpha() for char in written)


def _is_noun(word: str, before: str) -> bool:
    # "a" and "no" also stand before verbs ("começo a usar"), in a form that few nouns have.
    return before in _determiners() and fold(word) not in _determiners() and not _INFINITIVE.match(fold(word))


@lru_cache(maxsize=1)
def _determiners() -> frozenset[str]:
    return frozenset(word for line in listed("determiners") for word in line.split())
