"""The parts of a sentence: what has to be said by one statement, as a whole or clause by clause."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.checking.claims import Claims, Number, Word, predicate
from index.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Part:
    """What one statement has to say: words, their likeness to the vocabulary, shape (words, columns), and the rest.

    Its names must stand in the statement; its subject, named before it, in the statement's chunk.
    """

    words: tuple[Word, ...]
    likeness: FloatArray
    names: frozenset[str]
    subject: frozenset[str]
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """What strict comparison does not find said.

    Attributes:
        text: The sentence, or a clause of one, as written.
        part: What it says.
        why: Which of its words are not said.
        clauses: Those of a sentence that has several and names something in each.
    """

    text: str
    part: Part
    why: str
    clauses: tuple["Open", ...] = ()


def read_parts(
    text: str,
    claims: Claims,
    subject: frozenset[str],
    asked: Sequence[Word],
    likeness: Callable[[Sequence[Word]], FloatArray],
) -> Iterator[Open]:
    """Yield the clauses that state something; one that only names says what its neighbour does.

    Args:
        text: The sentence.
        claims: What it says.
        subject: Names that it is about, told before it.
        asked: What the question says of a bare name.
        likeness: Of words to the vocabulary, shape (words, columns).
    """
    clauses = [
        (
            text[slice(*span)],
            tuple(word for word in claims.words if word.clause == at),
            [one for one in claims.numbers if one.clause == at],
        )
        for at, span in enumerate(claims.clauses)
    ]
    clauses = [each for each in clauses if each[2] or any(word.telling for word in each[1])]
    said = [predicate(words) for _, words, _ in clauses]
    for at, (own, words, numbers) in enumerate(clauses):
        if not said[at] and not numbers:
            neighbours = (*reversed(said[:at]), *said[at + 1 :], asked)
            words = (*words, *next(filter(None, neighbours), ()))
        names = frozenset(word.known_as for word in words if word.name)
        if words and next((word for word in words if word.telling), words[0]).name:
            subject = frozenset()  # it begins with a name, and is about that
        yield Open(own, Part(words, likeness(words), names, subject, tuple(numbers)), own)
        subject = subject or names
