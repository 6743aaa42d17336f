"""The statements of the evidence: a sentence of prose, a row, an item, code; what it says, and what is around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assistant.checking.claims import Claims, Word, read_claims
from assistant.evidence.orders import tainted
from assistant.quoting.quotes import Quote, quotes_of
from index.hit import Hit
from index.text.analyser import stem

SUBJECT = 2
"""Words at the beginning of a statement that are taken for what it speaks of, where the structure does not say so."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the evidence.

    `known` is what a name may be among: its words, its headings' and, where it names nothing itself, those that its
    chunk says before; `around` is that for its whole chunk.
    `columns` are the places of its words and its headings' words in the vocabulary, `spoken` those of its own words in
    their order; `denials` says for each column in the scope of which denials it stands, 0 for none.
    """

    passage: int
    quote: Quote
    claims: Claims
    known: frozenset[str]
    around: frozenset[str]
    columns: tuple[int, ...]
    spoken: tuple[int, ...]
    denials: dict[int, frozenset[int]]

    @property
    def section(self) -> str:
        """Return which section it stands in."""
        return self.quote.hit.chunk.section_id

    @property
    def subject(self) -> str:
        """Return what it is about, where the structure says so; empty elsewhere."""
        return self.quote.hit.chunk.subject

    @property
    def opening(self) -> list[Word]:
        """Return the words that it begins with."""
        return list(islice((word for word in self.claims.words if word.telling), SUBJECT))

    def opens(self, stems: set[str]) -> bool:
        """Tell whether stems of words name what it speaks of: its subject, or the words that it begins with."""
        stated = read_claims(self.subject).words or self.opening
        return bool(stated) and stems.issuperset(stem(word.text) for word in stated)


def read_statements(hits: Sequence[Hit], columns: dict[str, int]) -> list[Statement]:
    """Return the statements of passages, without those of a section that gives orders to a model.

    Args:
        hits: The passages, in the order of their numbers.
        columns: The vocabulary: the place of each word; new words are added.
    """
    sections = {hit.chunk.section_id for hit in hits if tainted(hit.chunk)}
    return [
        statement
        for number, hit in enumerate(hits, 1)
        if hit.chunk.section_id not in sections
        for statement in _read(number, hit, columns)
    ]


def _read(passage: int, hit: Hit, columns: dict[str, int]) -> Iterator[Statement]:
    headings = read_claims("; ".join((*hit.chunk.headings, hit.chunk.subject))).words
    around = frozenset(word.known_as for word in (*headings, *read_claims(hit.chunk.plain).words))
    before: frozenset[str] = frozenset()
    for quote in quotes_of(hit):
        claims = read_claims(quote.plain)
        denials: dict[int, set[int]] = {}
        for word in claims.words:
            denials.setdefault(columns.setdefault(word.text, len(columns)), set()).add(word.denied_by)
        for word in headings:  # what a statement denies itself is denied, however its title says it
            denials.setdefault(columns.setdefault(word.text, len(columns)), {0})
        own = frozenset(word.known_as for word in claims.words)
        known = own | {word.known_as for word in headings}
        yield Statement(
            passage,
            quote,
            claims,
            known if claims.names else known | before,
            around,
            tuple(denials),
            tuple(columns[word.text] for word in claims.words),
            {column: frozenset(scopes) for column, scopes in denials.items()},
        )
        before |= own


def read_together(statements: Sequence[Statement]) -> str:
    """Return what statements of one section, at least one, say under their headings."""
    return statements[0].quote.hit.chunk.headed(" ".join(statement.quote.plain for statement in statements))


def denial_differs(words: Sequence[Word], matched: dict[int, int], denials: dict[int, frozenset[int]]) -> str:
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


def denied_otherwise(
    words: Sequence[Word], matched: dict[int, int], denials: dict[int, frozenset[int]], asked: frozenset[str]
) -> int:
    """Return how many words one side denies and the other does not, whether what is asked counts as denied or not.

    What a question denies ("sem executar …, tem como?") a sentence may deny or not: it says again what is asked.

    Args:
        words: What the sentence says.
        matched: Its words that the statement says, each with the column.
        denials: Of the statement.
        asked: Stems that the question denies.
    """
    said_again = {word.denied_by for word in words if stem(word.text) in asked}
    plain = [replace(word, denied_by=0) if word.denied_by in said_again else word for word in words]
    return min(len(denial_differs(each, matched, denials).split()) for each in (words, plain))
