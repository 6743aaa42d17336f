"""A sentence read as claims: its words, names, numbers and denials, clause by clause.

What it does not know: grammar. Clauses are cut at punctuation and conjunctions; a name is what is written like one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.asking.numbers import in_digits
from assistant.checking.wording import denies, says_something
from assistant.quoting.quotes import BULLET
from index.text.analyser import fold, is_stop_word, stem

# A full stop or a colon inside a name ("Excel.Range", "lambda:Invoke", ".js") ends nothing.
_TOKEN = re.compile(r"R\$|US\$|[$€£%°]|\d+(?:[.,:/]\d+)*|[^\W_]+n['’]t\b|[^\W_]+|[;,()—–!?|]|[:.](?![^\W_])")
_BREAKS = frozenset(";,:()—–.!?|")
_JOINS = frozenset({"e", "ou", "mas", "enquanto", "porém", "and", "or", "but", "while", "whereas"})
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
# The English "no" is "in the" in Portuguese.
_ENGLISH_NO = frozenset((verb, "no") for verb in ("is", "are", "was", "were", "has", "have", "had", "with", "there"))
_SCOPE = 3  # words that say something, after a denial, that it may deny
_UNIT_REACH = 3  # words between a number and what it counts
# What begins a sentence about the one before it.
_POINTS_BACK = frozenset(
    [
        "ele",
        "ela",
        "eles",
        "elas",
        "isso",
        "isto",
        "este",
        "esta",
        "esse",
        "essa",
        "estes",
        "estas",
        "esses",
        "essas",
        "aquele",
        "aquela",
        "mesmo",
        "mesma",
        "seu",
        "sua",
        "it",
        "this",
        "that",
        "they",
        "these",
        "those",
        "its",
        "he",
        "she",
        "eso",
        "esto",
    ]
)
_CONNECTS = frozenset(["tambem", "alem", "disso", "ainda", "e", "portanto", "assim", "entao", "also", "besides"])
_OPENS_SUBJECT = frozenset(
    [
        "o",
        "a",
        "os",
        "as",
        "um",
        "uma",
        "no",
        "na",
        "nos",
        "nas",
        "em",
        "para",
        "com",
        "por",
        "ao",
        "aos",
        "de",
        "do",
        "da",
        "dos",
        "das",
        "cada",
        "todo",
        "toda",
        "todos",
        "todas",
        "se",
        "quando",
        "segundo",
        "conforme",
        "entre",
        "sobre",
        "ha",
        "existe",
        "existem",
        "voce",
        "voces",
        "you",
        "the",
        "an",
        "in",
        "for",
        "with",
        "by",
        "on",
        "each",
        "all",
        "if",
        "when",
        "there",
    ]
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is no stop word.

    Attributes:
        text: Folded.
        telling: Whether it says something, rather than frames what is said.
        clause: Number of the clause that it stands in.
        name: Whether it is written like a name or an acronym.
        denied_by: Number of the denial in whose scope it stands, 0 for none.
    """

    text: str
    telling: bool
    clause: int
    name: bool
    denied_by: int

    @property
    def known_as(self) -> str:
        """Return what a name is told by: a stem would take "monitorar" for "Model Monitor"."""
        return self.text.removesuffix("s")


@dataclass(frozen=True, slots=True)
class Number:
    """A number: its digits in one spelling, and the folded words or sign beside it, of which one may be its unit.

    Attributes:
        beside: Stems of the words beside it, and signs.
        unit: The sign that touches it, else the stem of the next word; empty where it has neither.
        counted: That next word; empty for a sign.
        near: The words beside it.
    """

    digits: str
    clause: int
    beside: frozenset[str]
    unit: str
    counted: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a text states.

    Attributes:
        words: Its words, in order; stop words are left out, numbers are apart.
        numbers: Its numbers.
        idle_denials: Whether one of them denies nothing that follows it: "Não, …".
        clauses: Where in the text each of its clauses begins and ends.
        points_back: Whether its subject is that of the sentence before it.
        bare_reply: Whether it is a yes or a no and nothing else.
    """

    words: tuple[Word, ...]
    numbers: tuple[Number, ...]
    idle_denials: bool
    clauses: tuple[tuple[int, int], ...]
    points_back: bool
    bare_reply: bool

    @property
    def states(self) -> bool:
        """Tell whether anything is stated."""
        return bool(self.numbers) or any(word.telling for word in self.words)

    @property
    def names(self) -> frozenset[str]:
        """Return its names (see `Word.known_as`)."""
        return frozenset(word.known_as for word in self.words if word.name)


def spelt(text: str) -> str:
    """Return a text's words and numbers alone, to tell what is copied."""
    return " ".join(re.findall(r"\w+", fold(text)))


def predicate(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words that say something, and are no names."""
    return tuple(word for word in words if word.telling and not word.name)


@lru_cache(maxsize=4096)
def read_claims(text: str) -> Claims:
    """Read a sentence, or a stretch of a document."""
    bullet = BULLET.match(text)
    found = list(_TOKEN.finditer(text, bullet.end() if bullet else 0))
    tokens = [(match.group(), fold(match.group())) for match in found]
    spans: dict[int, tuple[int, int]] = {}
    words: list[Word] = []
    numbers: list[Number] = []
    clause = denial = scope = 0
    idle = False
    for at, (raw, token) in enumerate(tokens):
        if raw not in _BREAKS and raw.lower() not in _JOINS:
            spans[clause] = (spans.get(clause, found[at].span())[0], found[at].end())
        if raw in _BREAKS or raw.lower() in _JOINS:
            idle = idle or (raw in _BREAKS and scope == _SCOPE and not _denied_in(clause, words))
            clause += clause in {*(word.clause for word in words[-1:]), *(number.clause for number in numbers[-1:])}
            scope = 0 if raw in _BREAKS else scope
        elif denies(token) or raw.endswith(("n't", "n’t")) or (at and (tokens[at - 1][1], token) in _ENGLISH_NO):
            denial += 1
            scope = _SCOPE
        elif raw[0].isdigit() and not raw[-1].isalpha():
            numbers.append(_number(_digits(raw), tokens, at, clause))
        elif in_digits(token):
            numbers.append(_number(in_digits(token), tokens, at, clause))
        elif raw.isalnum() and not is_stop_word(token):
            name = _is_name(tokens, at)
            words.append(Word(token, name or says_something(token), clause, name, denial if scope else 0))
            scope = max(scope - 1, 0)
    idle = idle or (scope == _SCOPE and not _denied_in(clause, words))
    folded = [token for raw, token in tokens if raw[0].isalnum()]
    return Claims(
        words=tuple(words),
        numbers=tuple(numbers),
        idle_denials=idle,
        clauses=tuple(spans.get(at, (0, 0)) for at in range(clause + 1)),
        points_back=not bullet and _points_back(folded),
        bare_reply=bool(folded)
        and not any(word.telling for word in words)
        and not numbers
        and folded[0] in {"sim", "nao", "yes", "no", "si"},
    )


def _denied_in(clause: int, words: Sequence[Word]) -> bool:
    """Tell whether a clause denies something already: "não muda nada" denies once."""
    return any(word.denied_by for word in words if word.clause == clause)


def _digits(raw: str) -> str:
    if _THOUSANDS.fullmatch(raw):
        raw = raw.replace(".", "").replace(",", ".")
    plain = raw.replace(",", ".")
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 else plain


def _number(digits: str, tokens: list[tuple[str, str]], at: int, clause: int) -> Number:
    """Read what a number counts: the sign that touches it, else the next word."""
    after = [token for raw, token in tokens[at + 1 : at + 1 + _UNIT_REACH] if raw not in _BREAKS]
    before = [token for raw, token in tokens[max(at - _UNIT_REACH, 0) : at] if raw not in _BREAKS]
    signs = [token for token in (*before[-1:], *after[:1]) if not token[-1].isalnum()]
    following = [token for token in after if not is_stop_word(token) and token[0].isalpha()]
    counted = "" if signs or not following else following[0]
    unit = signs[0] if signs else stem(counted)
    near = (*before, *after)
    return Number(digits, clause, frozenset((*map(stem, near), *signs)), unit, counted, near)


def _is_name(tokens: list[tuple[str, str]], at: int) -> bool:
    raw = tokens[at][0]
    if raw[1:] != raw[1:].lower() or any(char.isdigit() for char in raw):
        return True
    if not raw[0].isupper():
        return False
    opens = at == 0 or tokens[at - 1][0] in ":.!?|("
    following = tokens[at + 1][0] if at + 1 < len(tokens) else ""
    return not opens or following == ":" or (following[:1].isupper() and says_something(tokens[at][1]))


def _points_back(folded: Iterable[str]) -> bool:
    """Tell whether a sentence leaves its subject to the one before it: by a pronoun, or by beginning with its verb."""
    first = next((word for word in folded if word not in _CONNECTS), "")
    return bool(first) and (first in _POINTS_BACK or first not in _OPENS_SUBJECT)
