"""Which words of a question name something: only of those may be said that the documents do not have them.

A name is written as one: with a capital letter within the question, a digit, or a sign that words do not have. A noun
is known by what stands before it: an article, or a word that determines as one does (closed classes of Portuguese,
English and Spanish grammar). Not known: nouns without either ("sem custo"). What "de" joins is one name: who asks for
"fim de semana" has not asked for "fim".
"""

import re
from collections.abc import Collection
from functools import lru_cache

from assistant.asking.listed import listed
from index.text.analyser import fold, is_stop_word, words

_INFINITIVE = re.compile(r"\w+[aei]r(?:-\w+)?$")
_WORD = re.compile(r"[^\W_][\w.@#+/-]*[^\W_]|[^\W_]")
_JOINS = frozenset({"de", "of"})
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


def in_full(text: str, found: Collection[str]) -> tuple[str, ...]:
    """Return the names that words of a question stand in, as asked and in its order, each once.

    Args:
        text: The question.
        found: Some of the words that `named` returns of it, or parts of them.
    """
    written = list(_WORD.finditer(text))
    names, lost = named(text), {part for word in found for part in words(word)}
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(written):
        last = at
        while written[at].group() in names and _joined(written, last):
            last += 2
        if lost.isdisjoint(words(text[written[at].start() : written[last].end()])):
            at += 1
            continue
        spans.append((written[at].start(), written[last].end()))
        at = last + 1
    return tuple(dict.fromkeys(text[start:end] for start, end in spans))


def _joined(written: list[re.Match[str]], at: int) -> bool:
    """Tell whether the word after the next belongs to the same name as one does."""
    if at + 2 >= len(written):
        return False
    between = written[at].string[written[at].end() : written[at + 2].start()]
    after = fold(written[at + 2].group())
    return between.strip().lower() in _JOINS and not is_stop_word(after) and after not in _determiners()


def _is_name(word: str, *, first: bool) -> bool:
    written = word[1:] if first else word
    return any(char.isupper() or not char.isalpha() for char in written)


def _is_noun(word: str, before: str) -> bool:
    # "a" and "no" also stand before verbs ("começo a usar"), in a form that few nouns have.
    return before in _determiners() and fold(word) not in _determiners() and not _INFINITIVE.match(fold(word))


@lru_cache(maxsize=1)
def _determiners() -> frozenset[str]:
    return frozenset(word for line in listed("determiners") for word in line.split())
