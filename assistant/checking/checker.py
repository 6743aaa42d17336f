"""The checker: whether what a model wrote is what the documents say, sentence by sentence, and where they say it.

A sentence is supported by one statement of the evidence (a sentence of prose, a row, an item), or clause by clause by
several, when every word has a like one there (the same stem, a vector of the embedded model that is near enough). A
sentence in other words, or each clause of one that names something in each, is judged by what was learned
(`assistant.checking.entailment`): whether a statement, with those beside it, says it. What forbids it either way: a
name that does not stand there, another number, a denial that one side has alone, opposites, what another item says, a
clause of which nothing is said; code is supported where it stands word for word. The same words in other roles pass, as
does a true sentence that answers another question.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.checking.claims import Claims, Number, Word, predicate, read_claims, spelt
from assistant.checking.entailment import Signs, answering, enough, logits_of, probabilities, sure_enough
from assistant.checking.parts import Open, Part, read_parts
from assistant.checking.signs import TRANSLATED, has_stranger, signs_of
from assistant.checking.statements import Statement, denial_differs, denied_otherwise, read_statements, read_together
from assistant.checking.subjects import FEWEST, is_of_another, listed
from assistant.checking.wording import opposed
from assistant.quoting.quotes import BULLET, Quote, cite
from index.arrays import FloatArray
from index.hit import Hit
from index.text.analyser import stem
from index.text.similar import Vocabulary

_REPLY = re.compile(r"(?:(?P<yes>sim|yes|sí)\s*[,.:;–—-]|(?:não|no)\s*,)\s+(?=\S)", re.IGNORECASE)
AROUND = 2  # statements before one, and after it, that may say the rest of a sentence: steps are told in one
MOST_JUDGED = 3  # statements of those that promise most
MOST_DENIED = 0.5  # share of what a sentence says that a statement may deny otherwise: of what has more 1 of 9 is said
IDENTICAL = 1.01  # likeness of the very word, so that of several words with its stem it is the one matched


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
        self._statements = read_statements(hits, self._columns)
        self._copied = {spelt(one.quote.plain): one for one in reversed(self._statements)}
        self._words = list(self._columns)
        self._vocabulary = Vocabulary(self._words)
        claims = read_claims(question)
        asked = [word for word in claims.words if word.telling]
        self._counts = {number.digits for number in claims.numbers}
        self._question = frozenset(stem(word.text) for word in asked)
        self._question_denies = frozenset(stem(word.text) for word in asked if word.denied_by)
        named = {name for statement in self._statements for name in statement.claims.names}
        self._asked = tuple(word for word in asked if word.known_as not in named)
        self._subject = self._about = frozenset(word.known_as for word in asked) & named
        self._asking = question
        self._answers: dict[str, float] = {}
        self._lost = False  # whether what the next sentence may point back to is unsupported
        self._lead: tuple[Word, ...] = ()  # what the line that opens a list says of its items

    def check(self, text: str) -> Verdict:
        """Judge the next sentence, written without markers; a fence of code is one."""
        text = text.strip()
        if text.startswith(("```", "~~~")):
            return self._verbatim(text)
        claims = read_claims(text)
        item, opens_list = bool(BULLET.match(text)), text.endswith(":")
        self._lead = self._lead if item else ()
        verdict = self._judge(text, claims)
        if opens_list:
            verdict = replace(verdict, quotes=())
            self._lead = predicate(claims.words)
        if not item and (claims.states or claims.bare_reply):
            self._lost = not verdict.supported
            self._subject = claims.names or self._subject
        return verdict

    def _verbatim(self, fence: str) -> Verdict:
        """Judge code: every line of it has to stand in one chunk."""
        lines = {line for raw in fence.splitlines()[1:] if (line := " ".join(raw.split())).strip("`~")}
        for statement in self._statements:
            chunk = statement.quote.hit.chunk
            if lines and lines <= {" ".join(raw.split()) for raw in chunk.text.splitlines()}:
                return Verdict(True, (Quote(statement.quote.hit, 0, len(chunk.text.rstrip()), chunk.plain),))
        return Verdict(False, why=fence)

    def undecided(self, text: str) -> list[Signs] | None:
        """Return what is learned from: the signs for a sentence, best first; None where strict comparison decides."""
        judged = self._strictly(text.strip(), read_claims(text.strip()))
        return None if isinstance(judged, Verdict) else [signs for _, signs in self._promising(judged)]

    def nearest(self, text: str, many: int = 1) -> tuple[str, ...]:
        """Return what a sentence is read beside: the statements that have most of its words, with those around each."""
        likeness = self._likeness(read_claims(text).words) >= self._enough
        order = [-likeness[:, statement.columns].any(axis=1).sum() for statement in self._statements]
        return tuple(read_together(self._around(int(at))) for at in np.argsort(order, kind="stable")[:many])

    def _judge(self, text: str, claims: Claims) -> Verdict:
        judged = self._strictly(text, claims)
        return judged if isinstance(judged, Verdict) else self._as_learned(judged)

    def _strictly(self, text: str, claims: Claims) -> Verdict | Open:
        """Judge by strict comparison; what it does not find said, word for word, is returned to be judged otherwise."""
        if claims.bare_reply:
            return Verdict(False, why=text)
        back = claims.points_back and not claims.names
        if copied := None if back and self._lost else self._copied.get(spelt(text)):
            return Verdict(True, (copied.quote,))
        reply = _REPLY.match(text)
        rest = read_claims(text[reply.end() :]) if reply else claims
        # A "no" stays, as it denies what is asked and not what is said; but where what is said is denied once more.
        if reply and (reply["yes"] or any(word.denied_by for word in rest.words)):
            text, claims = text[reply.end() :], rest
            back = claims.points_back and not claims.names
        if claims.idle_denials:
            return Verdict(False, why=text)
        if not claims.states:
            return Verdict(True)
        if back and self._lost:
            return Verdict(False, why=text)
        subject = self._subject if back else frozenset()
        if not (predicate(claims.words) or claims.numbers or self._lead or self._asked or BULLET.match(text)):
            subject = self._about  # a bare name, where nothing but names is asked: it has to be said of these
        whole = self._whole(claims, subject)
        fits = [self._fit(whole, statement) for statement in self._statements]
        best = max(range(len(fits)), key=lambda at: fits[at].score, default=-1)
        if best >= 0 and fits[best].score:
            return Verdict(True, (self._statements[best].quote,))
        if members := listed(claims, self._statements):
            return Verdict(True, members)
        why = min((fit.why for fit in fits), key=len, default=text)
        parts = list(read_parts(text, claims, subject, self._asked, self._likeness))
        if len(parts) < FEWEST:
            return Open(text, whole, why)
        named = all(part.part.names for part in parts)
        return self._by_clauses(parts) or Open(text, whole, why, tuple(parts) if named else ())

    def _as_learned(self, left: Open) -> Verdict:
        """Judge a sentence in other words: as a whole, or each clause of one that names something in each."""
        found = self._promising(left)
        chances = probabilities([signs for _, signs in found])
        best = max(zip(chances, found, strict=True), key=lambda each: float(each[0]), default=None)
        if best is not None and best[0] >= sure_enough():
            return Verdict(True, self._quoted(left.part, best[1][0]))
        verdicts = [self._by_clauses([clause]) or self._as_learned(clause) for clause in left.clauses]
        if not verdicts or not all(verdict.supported for verdict in verdicts):
            return Verdict(False, why=left.why)
        return Verdict(True, _once(quote for verdict in verdicts for quote in verdict.quotes))

    def _promising(self, left: Open) -> list[tuple[int, Signs]]:
        """Return the statements that are judged for a sentence, most promising first; none for an echo."""
        whole = left.part
        # What only says again what is asked would claim nothing: it has to be said in these words, or denied.
        told = [word for word in whole.words if word.telling]
        counts = {number.digits for number in whole.numbers}
        if counts <= self._counts and all(stem(word.text) in self._question and not word.denied_by for word in told):
            return []
        found = [(at, signs) for at in range(len(self._statements)) if (signs := self._signs(whole, at))]
        hopeful = [one for one in found if one[1].hopeful]
        best = sorted(hopeful, key=lambda one: -one[1].promise)[:MOST_JUDGED]
        bullet = BULLET.match(left.text)
        texts = [read_together(self._around(at)) for at, _ in best]
        logits = logits_of(left.text[bullet.end() if bullet else 0 :], texts).tolist()
        read = zip(best, self._answering(texts), logits, strict=True)
        return [(at, replace(signs, answers=answers, read=logit)) for (at, signs), answers, logit in read]

    def _answering(self, texts: Sequence[str]) -> list[float]:
        """Return for each text the logit of its answering the question; read once in an answer."""
        new = [text for text in texts if text not in self._answers]
        self._answers.update(zip(new, answering(self._asking, new).tolist(), strict=True))
        return [self._answers[text] for text in texts]

    def _signs(self, part: Part, at: int) -> Signs | None:
        """Return what speaks for a statement's saying a part; None where a name, a number or an item forbids it."""
        statement, beside = self._statements[at], self._beside(at)
        if has_stranger(part.words, part.likeness, statement, beside) or part.subject - statement.around:
            return None
        counted = [number for one in (statement, *beside) for number in one.claims.numbers]
        if not all(any(self._same(number, other, self._enough) for other in counted) for number in part.numbers):
            return None
        matched = self._matched(part, statement)
        told = sum(word.telling for word in part.words)
        denied = denied_otherwise(part.words, matched, statement.denials, self._question_denies) / max(told, 1)
        # Where both deny something, what exactly is left to reading; where one side alone denies, or denies most of it,
        # or denies more often, they say contrary things.
        denies = {word.denied_by for word in part.words if word.denied_by}
        stated = {denial for denials in statement.denials.values() for denial in denials if denial}
        if denied and not (denied <= MOST_DENIED and 0 < len(denies) <= len(stated)):
            return None
        if not denies and any(0 not in denials for denials in self._denials_beside(part, matched, beside)):
            return None
        lost = [word.text for row, word in enumerate(part.words) if word.telling and row not in matched]
        if not predicate(part.words) or any(opposed(one, self._words[to]) for one in lost for to in statement.columns):
            return None
        if is_of_another(part.words, part.likeness, self._enough, at, self._statements):
            return None
        differing = (
            float(sum(not any(self._same(number, other) for other in counted) for number in part.numbers)),
            denied,
        )
        numbers = len(part.numbers)
        return signs_of(part.words, part.likeness, self._enough, numbers, statement, beside, self._question, differing)

    def _denials_beside(
        self, part: Part, matched: dict[int, int], beside: Sequence[Statement]
    ) -> Iterator[frozenset[int]]:
        """Yield the denials in whose scope neighbours say what a statement leaves of a part."""
        for other in beside:
            said = self._matched(part, other)
            yield from (other.denials[column] for row, column in said.items() if row not in matched)

    def _around(self, at: int) -> list[Statement]:
        """Return a statement and those around it in its section, in order; alone where it has a subject of its own."""
        own = self._statements[at]
        near = self._statements[max(at - AROUND, 0) : at + AROUND + 1]
        return [own] if own.subject else [other for other in near if other.section == own.section]

    def _beside(self, at: int) -> list[Statement]:
        """Return the statements around one."""
        return [other for other in self._around(at) if other is not self._statements[at]]

    def _quoted(self, part: Part, at: int) -> tuple[Quote, ...]:
        """Return what says a part: a statement, and of those beside it which say what it does not."""
        own = self._matched(part, self._statements[at])
        more = [one for one in self._beside(at) if self._matched(part, one).keys() - own.keys()]
        return (self._statements[at].quote, *(one.quote for one in more))

    def _same(self, number: Number, stated: Number, least: float = TRANSLATED) -> bool:
        """Tell whether two numbers are one, and count the same, by words of some likeness, as far as both say what."""
        if number.digits != stated.digits:
            return False
        if not number.unit or not stated.unit or number.unit in stated.beside:
            return True
        near = [word for word in stated.near if word in self._columns and not opposed(number.counted, word)]
        if not number.counted or not near:
            return False
        likeness = self._vocabulary.alike([number.counted])[0, [self._columns[word] for word in near]]
        return float(likeness.max()) >= least

    def _matched(self, part: Part, statement: Statement) -> dict[int, int]:
        """Return which words of a part a statement covers, each with the column that covers it."""
        likeness = part.likeness[:, statement.columns]
        best = likeness.max(axis=1, initial=0.0)
        return {
            row: statement.columns[int(likeness[row].argmax())]
            for row in range(len(part.words))
            if best[row] >= self._enough
        }

    def _whole(self, claims: Claims, subject: frozenset[str]) -> Part:
        words = claims.words
        if not predicate(words):  # a bare name answers what the lead-in, or the question, says of it
            words = (*words, *(self._lead or self._asked))
        return Part(words, self._likeness(words), claims.names, subject, claims.numbers)

    def _by_clauses(self, clauses: Sequence[Open]) -> Verdict | None:
        """Find a statement for each clause; None when one has none.

        A clause that names nothing is about what was named last, and stands in the same passage as the one before it;
        in another one only if it begins as what is stated there does.
        """
        quotes: list[Quote] = []
        passage = 0
        for part in (clause.part for clause in clauses):
            anywhere, stems = part.names or not passage, {stem(word.text) for word in part.words}
            near = (one for one in self._statements if anywhere or one.passage == passage or one.opens(stems))
            statement = next((one for one in near if self._fit(part, one).score), None)
            if statement is None:
                return None
            quotes.append(statement.quote)
            passage = statement.passage
        return Verdict(True, _once(quotes))

    def _likeness(self, words: Sequence[Word]) -> FloatArray:
        likeness = self._vocabulary.alike([word.text for word in words])
        for row, word in zip(likeness, words, strict=True):
            for column in np.flatnonzero((row >= self._enough) & (row < 1)):
                if opposed(word.text, self._words[column]):
                    row[column] = 0.0
            if word.text in self._columns:
                row[self._columns[word.text]] = IDENTICAL
        return likeness

    def _fit(self, part: Part, statement: Statement) -> "_Fit":
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
        matched = self._matched(part, statement)
        for number in part.numbers:
            if not any(self._same(number, stated) for stated in statement.claims.numbers):
                return _Fit(why=f"{number.digits} {number.unit}".strip())
        if denied := denial_differs(part.words, matched, statement.denials):
            return _Fit(why=denied)
        return _Fit(float(best.mean()) if part.words else 1.0)


def _once(quotes: Iterable[Quote]) -> tuple[Quote, ...]:
    """Return quotes of different places."""
    return tuple({cite(quote): quote for quote in quotes}.values())


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a statement says a part of a sentence; 0 when it does not, and why."""

    score: float = 0.0
    why: str = ""
