"""The checker: whether what a model wrote is what the documents say, sentence by sentence, and where they say it.

A sentence is supported by one statement of the evidence (a sentence of prose, a row, an item), or clause by clause by
several. Names, numbers with what they count, and denials are compared strictly; every other word needs a like word (the
same stem, a listed synonym, a vector of the embedded model that is near enough). How near is in `checker.json`;
`training/weights/checker.py` sets it on data.

It does not know who does what to whom: the same words in other roles pass, as does a true sentence that answers another
question.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np

from assistant.checking.claims import Claims, Number, Word, read_claims
from assistant.checking.wording import meanings, opposed
from assistant.evidence.orders import tainted
from assistant.quoting.quotes import BULLET, Quote, cite, quotes_of
from index.arrays import FloatArray
from index.hit import Hit
from index.text.similar import Vocabulary

IDENTICAL = 1.01  # likeness of the very word, so that of several words with its stem it is the one matched
SYNONYM = 0.9  # likeness of a listed synonym; the same stem is 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence.

    Attributes:
        supported: Whether the evidence says it; True also of one that states nothing ("Em resumo:").
        quotes: Where it does; none when the sentence states nothing.
        why: What is not supported, as words of the sentence; empty when all is.
    """

    supported: bool
    quotes: tuple[Quote, ...] = ()
    why: str = ""


@lru_cache(maxsize=1)
def enough() -> float:
    """Return the likeness of words, in [0, 1], from which one covers another."""
    return float(json.loads(resources.files("assistant.checking").joinpath("checker.json").read_text("utf-8"))["word"])


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of the evidence.

    `known` is what a name may be among: its words, its headings' and, where it names nothing itself, those that its
    chunk says before; `around` is that for its whole chunk.
    `columns` are the places of its words and its headings' words in the vocabulary; `denials` says for each of them in
    the scope of which denials it stands, 0 for none.
    """

    passage: int
    quote: Quote
    claims: Claims
    known: frozenset[str]
    around: frozenset[str]
    columns: tuple[int, ...]
    denials: dict[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one statement has to say: words, their likeness to the vocabulary, shape (words, columns), and the rest.

    Its names must stand in the statement; its subject, named before it, in the statement's chunk.
    """

    words: tuple[Word, ...]
    likeness: FloatArray
    names: frozenset[str]
    subject: frozenset[str]
    numbers: tuple[Number, ...]


class Checker:
    """Judges the sentences of one answer, in their order.

    Args:
        question: What is asked: a bare name answers it only if what is asked is said of that name.
        hits: The passages that the model was given, in the order of their numbers.
        likeness: From which one word covers another; that of `checker.json` when None.
    """

    def __init__(self, question: str, hits: Sequence[Hit], likeness: float | None = None) -> None:
        self._enough = enough() if likeness is None else likeness
        self._columns: dict[str, int] = {}
        self._statements = [statement for at, hit in _trusted(hits) for statement in self._read(at, hit)]
        self._words = list(self._columns)
        self._vocabulary = Vocabulary(self._words)
        self._synonyms: dict[int, list[int]] = {}
        for word, column in self._columns.items():
            for group in meanings(word):
                self._synonyms.setdefault(group, []).append(column)
        asked = [word for word in read_claims(question).words if word.telling]
        named = {name for statement in self._statements for name in statement.claims.names}
        self._asked = tuple(word for word in asked if word.known_as not in named)
        self._subject = frozenset(word.known_as for word in asked) & named
        self._lost = False  # whether what the next sentence may point back to is unsupported
        self._lead: tuple[Word, ...] = ()  # what the line that opens a list says of its items

    def check(self, text: str, cited: Sequence[int] = ()) -> Verdict:
        """Judge the next sentence.

        Args:
            text: The sentence, without markers.
            cited: Numbers of the passages that the model cites for it; the other evidence is looked at after them.
        """
        text = text.strip()
        claims = read_claims(text)
        item, opens_list = bool(BULLET.match(text)), text.endswith(":")
        if not item:
            self._lead = ()
        verdict = self._judge(text, claims, cited)
        if opens_list:
            verdict = replace(verdict, quotes=())
            self._lead = _predicate(claims.words)
        if not item and (claims.states or claims.bare_reply):
            self._lost = not verdict.supported
            self._subject = claims.names or self._subject
        return verdict

    def _judge(self, text: str, claims: Claims, cited: Sequence[int]) -> Verdict:
        if claims.bare_reply or claims.idle_denials:
            return Verdict(False, why=text)
        if not claims.states:
            return Verdict(True)
        back = claims.points_back and not claims.names
        if back and self._lost:
            return Verdict(False, why=text)
        subject = self._subject if back else frozenset()
        order = sorted(range(len(self._statements)), key=lambda at: self._statements[at].passage not in cited)
        whole = self._whole(claims, subject)
        fits = {at: self._fit(whole, self._statements[at]) for at in order}
        found = {at: fit for at, fit in fits.items() if fit.score}
        if found:
            return Verdict(True, self._best(found, cited))
        denied = any(fit.contrary for fit in fits.values())
        if claims.clauses > 1 and not denied and (verdict := self._by_clauses(claims, subject, order)):
            return verdict
        return Verdict(False, why=min((fit.why for fit in fits.values()), key=len, default=text))

    def _best(self, found: dict[int, "_Fit"], cited: Sequence[int]) -> tuple[Quote, ...]:
        """Return the best statement of each cited passage, of the whole evidence where none of those says it."""
        passages = {self._statements[at].passage for at in found}
        kept = [passage for passage in cited if passage in passages]
        if not kept:
            return (self._statements[max(found, key=lambda at: found[at].score)].quote,)
        best = (
            max((at for at in found if self._statements[at].passage == passage), key=lambda at: found[at].score)
            for passage in kept
        )
        return tuple(self._statements[at].quote for at in best)

    def _whole(self, claims: Claims, subject: frozenset[str]) -> _Part:
        words = claims.words
        if not _predicate(words):  # a bare name answers what the lead-in, or the question, says of it
            words = (*words, *(self._lead or self._asked))
        return _Part(words, self._likeness(words), claims.names, subject, claims.numbers)

    def _by_clauses(self, claims: Claims, subject: frozenset[str], order: Sequence[int]) -> Verdict | None:
        """Find a statement for each clause; None when one has none.

        A clause that names nothing is about what was named last, and stands in the same passage as the one before it.
        """
        quotes: list[Quote] = []
        passage = 0
        for part in self._parts(claims, subject):
            near = [at for at in order if part.names or not passage or self._statements[at].passage == passage]
            at = next((at for at in near if self._fit(part, self._statements[at]).score), None)
            if at is None:
                return None
            quotes.append(self._statements[at].quote)
            passage = self._statements[at].passage
        return Verdict(True, tuple({cite(quote): quote for quote in quotes}.values()))

    def _parts(self, claims: Claims, subject: frozenset[str]) -> Iterator[_Part]:
        """Yield the clauses that state something; one that only names says what its neighbour does."""
        clauses = [
            (
                tuple(word for word in claims.words if word.clause == at),
                [one for one in claims.numbers if one.clause == at],
            )
            for at in range(claims.clauses)
        ]
        clauses = [(words, numbers) for words, numbers in clauses if numbers or any(word.telling for word in words)]
        said = [_predicate(words) for words, _ in clauses]
        for at, (words, numbers) in enumerate(clauses):
            if not said[at] and not numbers:
                neighbours = (*reversed(said[:at]), *said[at + 1 :], self._asked)
                words = (*words, *next(filter(None, neighbours), ()))
            names = frozenset(word.known_as for word in words if word.name)
            if words and next((word for word in words if word.telling), words[0]).name:
                subject = frozenset()  # it begins with a name, and is about that
            yield _Part(words, self._likeness(words), names, subject, tuple(numbers))
            subject = subject or names

    def _likeness(self, words: Sequence[Word]) -> FloatArray:
        likeness = self._vocabulary.alike([word.text for word in words])
        for row, word in zip(likeness, words, strict=True):
            for group in meanings(word.text):
                columns = self._synonyms.get(group, [])
                row[columns] = np.maximum(row[columns], SYNONYM)
            for column in np.flatnonzero((row >= self._enough) & (row < 1)):
                if opposed(word.text, self._words[column]):
                    row[column] = 0.0
            if word.text in self._columns:
                row[self._columns[word.text]] = IDENTICAL
        return likeness

    def _fit(self, part: _Part, statement: _Statement) -> "_Fit":
        """Compare a part of a sentence with a statement."""
        strangers = (part.names - statement.known) | (part.subject - statement.around)
        if strangers:
            return _Fit(why=" ".join(sorted(strangers)))
        likeness = part.likeness[:, statement.columns]
        best = likeness.max(axis=1, initial=0.0)
        plain = [row for row, word in enumerate(part.words) if word.telling and not word.name]
        lost = [row for row in plain if best[row] < self._enough]
        if lost:
            return _Fit(why=" ".join(part.words[row].text for row in lost))
        matched = {
            row: statement.columns[int(likeness[row].argmax())]
            for row in range(len(part.words))
            if best[row] >= self._enough
        }
        for number in part.numbers:
            if not any(_same(number, stated) for stated in statement.claims.numbers):
                return _Fit(why=f"{number.digits} {number.unit}".strip(), contrary=bool(statement.claims.numbers))
        if denied := _denial_differs(part.words, matched, statement.denials):
            return _Fit(why=denied, contrary=True)
        return _Fit(float(best.mean()) if part.words else 1.0)

    def _read(self, passage: int, hit: Hit) -> Iterator[_Statement]:
        headings = read_claims("; ".join((*hit.chunk.headings, hit.chunk.subject))).words
        around = frozenset(word.known_as for word in (*headings, *read_claims(hit.chunk.plain).words))
        before: frozenset[str] = frozenset()
        for quote in quotes_of(hit):
            claims = read_claims(quote.plain)
            denials: dict[int, set[int]] = {}
            for word in (*claims.words, *(replace(word, denied_by=0) for word in headings)):
                denials.setdefault(self._columns.setdefault(word.text, len(self._columns)), set()).add(word.denied_by)
            own = frozenset(word.known_as for word in claims.words)
            known = own | {word.known_as for word in headings}
            yield _Statement(
                passage,
                quote,
                claims,
                known if claims.names else known | before,
                around,
                tuple(denials),
                {column: frozenset(scopes) for column, scopes in denials.items()},
            )
            before |= own


def _predicate(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(word for word in words if word.telling and not word.name)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a statement says a part of a sentence; 0 when it does not, why, and whether it says the contrary."""

    score: float = 0.0
    why: str = ""
    contrary: bool = False


def _trusted(hits: Sequence[Hit]) -> list[tuple[int, Hit]]:
    """Return the passages with their numbers, without those of a section that gives orders to a model."""
    sections = {hit.chunk.section_id for hit in hits if tainted(hit.chunk)}
    return [(number, hit) for number, hit in enumerate(hits, 1) if hit.chunk.section_id not in sections]


def _same(number: Number, stated: Number) -> bool:
    """Tell whether two numbers are one, and count the same as far as both say what."""
    return number.digits == stated.digits and (not number.unit or not stated.unit or number.unit in stated.beside)


def _denial_differs(words: Sequence[Word], matched: dict[int, int], denials: dict[int, frozenset[int]]) -> str:
    """Return the words that one side denies and the other does not; empty when they agree."""
    said: dict[int, list[int]] = {}
    stated: dict[int, list[int]] = {}
    for row, column in matched.items():
        if words[row].denied_by:
            said.setdefault(words[row].denied_by, []).append(row)
        for denial in denials[column] if 0 not in denials[column] else ():
            stated.setdefault(denial, []).append(row)
    unmatched = {word.denied_by for word in words if word.denied_by} - said.keys()
    alone = [rows for rows in said.values() if all(0 in denials[matched[row]] for row in rows)]
    silent = [rows for rows in stated.values() if not any(words[row].denied_by for row in rows)]
    differing = [row for rows in (*alone, *silent) for row in rows]
    if unmatched:
        differing += [row for row, word in enumerate(words) if word.denied_by in unmatched]
    return " ".join(words[row].text for row in differing)
