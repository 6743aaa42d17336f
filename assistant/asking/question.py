"""What a question asks for, as far as its wording tells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.asking.glossary import Glossary
from assistant.asking.language import language_of
from assistant.asking.listed import listed
from assistant.asking.numbers import quantity_words, small_numbers
from index.text.analyser import fold, words
from index.text.similar import misspelled

LONGEST_QUESTION = 2000  # characters; what comes after is not read

Kind = Literal["fact", "list", "comparison"]

_LIST = re.compile(
    r"""^(?:(?:me|por\ favor|e|voce|pode|poderia)\b[\s,]*)*
        (?:quais|que\ \w+s\b|liste|listar?\b|cite|enumere|relacione|cuales
          |list\b|name\b|which\ \w+s\b|what\ (?:are|\w{3,}(?<!doe)s)\b)
      |\b(?:todos|todas)\ [oa]s\b | \ball\ (?:the\ )?\w+s\b""",
    re.VERBOSE,
)
_AND, _FROM, _VERB = r"\s+(?:e|and|y)\s+", r"\s+(?:d[aeo]s?|from)\s+", r"(?:difere\w*|distingue\w*|differs?)"
_COMPARISONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:diff?eren\w+|compara[çc][ãa]o|semelhan\w+)\b.*?\b(?:entre|between)\s+(?P<a>.+?){_AND}(?P<b>.+)",
        rf"\b(?:diferen[çc]as?|difference){_FROM}(?P<a>.+?)\s+(?:para|to)\s+(?P<b>.+)",
        r"\b(?:compar[ea]r?|confronte)\s+(?P<a>.+?)\s+(?:com|e|with|and|con|y)\s+(?P<b>.+)",
        r"\b(?:melhor|usar|escolher|prefer\w+|better|use)\b[\s,:]+(?P<a>.+?)\s+(?:ou|or)\s+(?P<b>.+)",
        rf"^(?:em que|como|no que|how does|how do)?\s*(?P<a>.+?)\s+(?:se\s+)?{_VERB}{_FROM}(?P<b>.+)",
        r"^(?P<a>.+?)\s+(?:versus|vs\.?)\s+(?P<b>.+)",
        rf"^(?P<a>.+?){_AND}(?P<b>.+?)\s+(?:fazem|s[ãa]o|servem|do|are)\b.*\b(?:mesm[ao]s?|igua(?:l|is)|same|alike)\b",
        rf"\b(?:usar|escolher|use)\s+(?P<a>.+?){_AND}(?:quando|when)\s+(?:usar|escolher|to use)?\s*(?P<b>.+)",
    )
)
_DURATION = re.compile(r"\b(?:quanto tempo|how long|cu[áa]nto tiempo)\b", re.IGNORECASE)
_QUANTITY = re.compile(rf"\b(?:quant[oa]s|how many|cuánt[oa]s)\b|{_DURATION.pattern}", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:o|a|os|as|um|uma|the|an|el|la|los|las)\s+", re.IGNORECASE)
_END = re.compile(r"[\s?!.…;:]+$")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that stands alone, and what its wording tells.

    Attributes:
        text: The question.
        kind: What shape of answer it wants.
        informative: Its folded words that say what it is about, in order, each once.
        also: What the glossary also calls some of these words: terms, each as its folded words.
        expansions: Folded words that the glossary adds for the question's terms, those of several words too.
        sides: For a comparison, the two things compared, as asked; empty otherwise.
        quantity: The word that asks for a number ("quantos"), as asked; empty when none is asked for.
        language: ISO 639-1 code.
    """

    text: str
    kind: Kind
    informative: tuple[str, ...]
    also: Mapping[str, tuple[tuple[str, ...], ...]]
    expansions: tuple[str, ...]
    sides: tuple[str, ...]
    quantity: str
    language: str


def understand(text: str, glossary: Glossary | None = None) -> Question:
    """Read a question's wording; the glossary adds what its words are also called."""
    sides = _sides(text)
    kind: Kind = "comparison" if sides else "list" if _asks_for_list(_plain(text)) else "fact"
    quantity = _QUANTITY.search(text)
    informative = informative_words(text)
    return Question(
        text=text,
        kind=kind,
        informative=informative,
        also={word: names for word in informative if glossary and (names := glossary.names(word))},
        expansions=glossary.expansions(text) if glossary else (),
        sides=sides,
        quantity=quantity.group() if quantity else "",
        language=language_of(text),
    )


def informative_words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text that say what it is about: neither stop words nor words that only ask."""
    named = _DURATION.sub(" ", text)  # asks for a number: no text need say "tempo" to answer
    informative = [word for word in dict.fromkeys(words(named)) if word not in _asking()]
    typing_errors = misspelled(informative, sorted(_asking())).max(axis=1, initial=0.0)
    return tuple(word for word, error in zip(informative, typing_errors.tolist(), strict=True) if not error)


def _asks_for_list(plain: str) -> bool:
    """Tell whether members are wanted: "quais…", or "quantos serviços…", which counts what a list has."""
    counted = re.search(r"\b(?:quant[oa]s|how many|cuant[oa]s) (\w+)", plain)
    return bool(_LIST.search(plain)) or bool(counted and counted[1] in _asking())


def _sides(text: str) -> tuple[str, ...]:
    for pattern in _COMPARISONS:
        match = pattern.search(text)
        if match:
            sides = tuple(_ARTICLE.sub("", _END.sub("", match[name].strip())) for name in ("a", "b"))
            if all(informative_words(side) for side in sides):
                return sides
    return ()


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", fold(text)).strip(" ¿¡")


def states_quantity(text: str) -> bool:
    """Tell whether a text has a number, in digits or in words."""
    return any(char.isdigit() for char in text) or not quantity_words().isdisjoint(words(text))


@lru_cache
def _asking() -> frozenset[str]:
    return frozenset(fold(word) for line in listed("asking") for word in line.split()) | small_numbers("pt")
