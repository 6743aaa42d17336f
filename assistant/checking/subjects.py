"""What a list says by its items' subjects: which things stand in it, and that each item speaks of its own.

Items and rows whose subject the document marks (see `Chunk.subject`) are known; of prose, two kinds of one thing.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from assistant.checking.claims import Claims, Word, read_claims
from assistant.checking.statements import SUBJECT, Statement
from assistant.quoting.quotes import Quote
from index.arrays import FloatArray
from index.text.analyser import stem

FEWEST = 2
"""Things that a sentence names for it to tell what stands in a list, and words that make a fact another item's."""


def listed(claims: Claims, statements: Sequence[Statement]) -> tuple[Quote, ...]:
    """Return the items that a sentence names, where it says no more than that they stand under their heading.

    None where it says more, counts them otherwise, or denies something. That they are all of them is not compared.
    """
    if any(word.denied_by for word in claims.words):
        return ()
    said = {word.known_as for word in claims.words}
    for members in _lists(statements):
        subjects = [{word.known_as for word in read_claims(one.subject).words} for one in members]
        shared = {word for own in subjects for word in own if sum(word in other for other in subjects) > 1}
        named = [at for at, own in enumerate(subjects) if own and (own - shared or own) <= said]
        known = shared.union(*(subjects[at] for at in named))
        rest = [stem(word.text) for word in claims.words if word.telling and word.known_as not in known]
        counted = all(number.digits == str(len(named)) for number in claims.numbers)
        if len(named) >= FEWEST and counted and _heads(members[0], rest):
            return tuple(members[at].quote for at in named)
    return ()


def is_of_another(
    words: Sequence[Word], likeness: FloatArray, enough: float, at: int, all_: Sequence[Statement]
) -> bool:
    """Tell whether an item says no more of a sentence than its own name, or what it leaves another item says.

    Args:
        words: What the sentence says.
        likeness: Of its words to those of the vocabulary, shape (words, columns).
        enough: From which likeness one word covers another.
        at: Place of the item among the statements.
        all_: The statements of the evidence.
    """
    own = all_[at]
    rows = [row for row, word in enumerate(words) if word.telling and not word.name]
    lost = [row for row in rows if likeness[row, own.columns].max(initial=0.0) < enough]
    if not lost or (own.subject and len(lost) == len(rows)):
        return bool(lost)
    return len(lost) >= FEWEST and any(
        (likeness[np.ix_(lost, one.columns)].max(axis=1, initial=0.0) >= enough).all()
        for one in all_
        if _of_other_things(own, one)
    )


def _of_other_things(one: Statement, other: Statement) -> bool:
    """Tell whether two statements speak of two things: marked so, or of two kinds ("Replica A …", "Replica B …")."""
    if one.subject or other.subject:
        return "" not in (one.subject, other.subject) and one.subject != other.subject
    if one.section != other.section:
        return False
    first, second = ([stem(word.text) for word in each.opening] for each in (one, other))
    return len(first) == len(second) == SUBJECT and first[0] == second[0] and first[1] != second[1]


def _lists(statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    """Yield what stands under one heading and has a subject, each subject once."""
    sections: dict[str, dict[str, Statement]] = {}
    for one in statements:
        if one.subject:
            sections.setdefault(one.section, {}).setdefault(one.subject, one)
    yield from (list(members.values()) for members in sections.values() if len(members) >= FEWEST)


def _heads(member: Statement, rest: Sequence[str]) -> bool:
    """Tell whether words are those of the headings that an item stands under, some of the innermost one."""
    path = [{stem(word.text) for word in read_claims(heading).words} for heading in member.quote.hit.chunk.headings]
    return bool(path) and bool(path[-1].intersection(rest)) and set().union(*path).issuperset(rest)
