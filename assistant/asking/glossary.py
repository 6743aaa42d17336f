"""The glossary: what else the words of a question are called, in initials, in English, in Portuguese.

`glossary.toml` beside this file holds general entries; a workspace may add its own file of the same name. Terms are
compared by their stems, without accents and stop words, so that plurals and inflections meet. A term of several words
is found where its words stand side by side.

It knows no context: a word that means two things brings the terms of both.
"""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from index.text.analyser import stem, words
from ingest.errors import SettingsError

GLOSSARY_NAME = "glossary.toml"

_Stems = tuple[str, ...]
_PLURALS = (("ais", "al"), ("eis", "el"), ("ois", "ol"))
_FORM = 'Write it so: terms = [["IAM", "gestão de identidade"], ["lote", "batch"]]'


class Glossary:
    """Entries of equivalent terms.

    Args:
        entries: Each a list of terms that mean the same.
    """

    def __init__(self, entries: Iterable[Sequence[str]]) -> None:
        self.entries = tuple(tuple(entry) for entry in entries)
        self._of: dict[_Stems, list[int]] = {}
        for number, entry in enumerate(self.entries):
            for stems in dict.fromkeys(map(_stems, entry)):
                self._of.setdefault(stems, []).append(number)
        self._longest = max(map(len, self._of), default=0)

    def expansions(self, question: str) -> tuple[str, ...]:
        """Return the folded words that the question's words also mean, and that it does not hold already.

        Of terms that overlap in the question, the longest counts: "machine learning" is not also "machine".
        """
        asked = words(question)
        stems = tuple(map(_stem, asked))
        found: dict[str, str] = {}
        for term in self._terms(stems):
            for number in self._of[term]:
                for word in words(" ".join(self.entries[number])):
                    if _stem(word) not in stems:
                        found.setdefault(_stem(word), word)
        return tuple(found.values())

    def names(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Return the terms that a folded word also stands for, each as its folded words."""
        own = (_stem(word),)
        terms = (term for number in self._of.get(own, ()) for term in self.entries[number])
        return tuple(dict.fromkeys(tuple(words(term)) for term in terms if _stems(term) != own))

    def _terms(self, stems: _Stems) -> Iterator[_Stems]:
        """Yield the terms that stand in a text, from left to right, the longest at each place."""
        at = 0
        while at < len(stems):
            ends = range(min(at + self._longest, len(stems)), at, -1)
            end = next((end for end in ends if stems[at:end] in self._of), None)
            if end:
                yield stems[at:end]
            at = end or at + 1


def load_glossary(workspace: Path | None = None) -> Glossary:
    """Return the general glossary with the entries of the workspace's own.

    Args:
        workspace: May hold a `glossary.toml`: `terms`, a list of lists of terms; with `replaces = true`, only those.

    Raises:
        SettingsError: The workspace's file cannot be read, or has another form.
    """
    file = workspace / GLOSSARY_NAME if workspace else None
    if file is None or not file.exists():
        return Glossary(_general())
    own, replaces = _own(file)
    return Glossary([*own] if replaces else [*_general(), *own])


@cache
def _general() -> tuple[tuple[str, ...], ...]:
    text = resources.files("assistant.asking").joinpath(GLOSSARY_NAME).read_text("utf-8")
    return tuple(map(tuple, tomllib.loads(text)["terms"]))


def _own(file: Path) -> tuple[list[list[str]], bool]:
    try:
        found = tomllib.loads(file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8.", "Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}).", "Check its permissions.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}.", _FORM) from error
    if unknown := set(found) - {"terms", "replaces"}:
        raise SettingsError(f"{file}: there is no {', '.join(sorted(unknown))}; only terms and replaces.", _FORM)
    terms, replaces = found.get("terms", []), found.get("replaces", False)
    if not isinstance(terms, list) or not isinstance(replaces, bool):
        raise SettingsError(f"{file}: `terms` has to be a list of lists, `replaces` true or false.", _FORM)
    for number, entry in enumerate(terms, start=1):
        if why := _wrong(entry):
            raise SettingsError(f"{file}: entry {number} of `terms` {why}: {entry!r}.", _FORM)
    return terms, replaces


def _wrong(entry: Any) -> str:  # noqa: ANN401 - anything that TOML can hold
    """Return what is wrong with an entry; empty when nothing is."""
    if not isinstance(entry, list) or not all(isinstance(term, str) for term in entry):
        return "is not a list of terms in quotes"
    if bare := [term for term in entry if not words(term)]:
        return f"has a term without a word of meaning ({bare[0]!r})"
    return "" if len(set(map(_stems, entry))) > 1 else "needs two different terms"


def _stems(term: str) -> _Stems:
    return tuple(map(_stem, words(term)))


def _stem(word: str) -> str:
    """Return the stem of a folded word: that of its singular, as the stemmer leaves some plurals ("neurais") apart."""
    for plural, singular in _PLURALS:
        if word.endswith(plural):
            word = word.removesuffix(plural) + singular
    found = stem(word)
    return found.removesuffix("s") if len(found) > 3 else found  # of English plurals, which it does not know
