"""The stretch of a sentence that answers: what a citation marks, while the answer shows the whole sentence.

Candidates begin and end where phrases do: at punctuation, at words of the question, beside words that link. The one
that the features below speak most for is marked. The weights are set by hand, some of them by F1 on FaQuAD (LOG.md).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from assistant.asking.numbers import number_words
from index.text.analyser import fold, is_stop_word, stem, words

_TOKEN = re.compile(r"[^\W_]+(?:[-'’.,/:][^\W_]+)*[%ºª°]?")
_HARD = re.compile(r"[;:()\[\]!?…]|\s[—–-]\s|[—–]")
_SOFT = re.compile(r"[,\"“”«»*`]")
LONGEST = 45  # tokens that a span may have: what keeps the time linear
SHARED = 5  # letters at which two forms of a word are taken for the same
FADES = 0.8  # of what a word of the question tells, with each token
SOFT, HARD = 1, 2


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_BE = _set(
    "e sao foi foram era eram ser sendo sera serao seja sejam esta estao estava estavam significa significam"
    " representa consiste consistem compreende corresponde trata-se refere-se chama-se denomina-se constitui"
)
_VERBS = _BE | _set(
    "tem ter teve tinha tinham deve devem devera deverao pode podem podera poderao podia ha houve possui possuem faz"
    " fazem permite permitem vai vao fica ficam inclui incluem usa usam serve servem"
)
_VERB_END = re.compile(r"(?:[aei]ram|[aei]ndo|avam?|iam|[aei]ra|[aei]rao|[aei]u|[ai]d[oa]s?)\Z")
_PREPOSITIONS = _set(
    "em no na nos nas num numa de do da dos das por pelo pela pelos pelas para com sem sobre entre ate desde ao aos as"
    " durante apos antes segundo conforme mediante perante contra atraves como que onde quando cujo cuja e ou mas pois"
    " porque se"
)
_OF = _set("de do da dos das")
_JOINS = _set("e ou mas que cujo cuja se")
_MONTHS = _set("janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro")
_TIMES = _MONTHS | _set(
    "seculo ano anos dia dias mes meses semana semanas hora horas minuto minutos segundos decada semestre semestres"
    " hoje ontem amanha sempre antes depois apos durante inicio fim periodo"
)
_NUMBERS = number_words("pt")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a kind of question is answered with.

    Attributes:
        asks: The folded question that is of this kind.
        length: Tokens of a usual answer.
        opens: What a span begins with, or stands after, folded.
        holds: What one of its tokens is, as written.
        after: How much more likely what stands after the question's words is, than what stands before.
        defines: Whether it says what something is.
        telling: Whether `opens` are words that hardly stand elsewhere.
    """

    asks: re.Pattern[str]
    length: int
    opens: re.Pattern[str] | None = None
    holds: re.Pattern[str] | None = None
    after: float = 0.3
    defines: bool = False
    telling: bool = False


def _wanted(asks: str, length: int, opens: str = "", holds: str = "", after: float = 0.3) -> Wanted:
    opening = re.compile(rf"(?:{opens})\Z") if opens else None
    holding = re.compile(rf"(?:{holds})\Z") if holds else None
    return Wanted(re.compile(asks), length, opening, holding, after)


_ANY_NUMBER = rf"\d.*|{'|'.join(sorted(_NUMBERS))}"
_KINDS = (
    replace(_wanted(r"\bpor ?que\b(?! \w+ (?:foi|foram)\b)|\bqual (?:e )?[oa] (?:motivo|razao|causa)\b", 11,
                    opens="porque|pois|devido|gracas|visto|justamente|porquanto"), telling=True),
    _wanted(r"\b(?:para|pra) ?(?:o )?que\b|\bqual (?:e |era )?[oa] (?:objetivo|finalidade)\b", 9,
            opens="para|a|fim|visa|visam|visando|objetivo|finalidade"),
    _wanted(r"\bquando\b|\bem que (?:ano|dia|mes|data|epoca|seculo)\b|\b(?:qual|que) (?:\w )?(?:ano|data|dia)\b", 3,
            opens="em|no|na|desde|ate|apos|durante|entre|dia|quando|a",
            holds=rf"\d.*|[IVX]+|(?i:{'|'.join(sorted(_TIMES))})"),
    _wanted(r"\bquant[oa]s?\b|\bqual (?:e )?[oa] (?:prazo|quantidade|numero|valor|duracao|percentual|idade)\b", 2,
            holds=f"(?i:{_ANY_NUMBER})"),
    _wanted(r"\b(?:por|pel[oa]|de|com|a|para) quem\b", 3, opens="por|pelo|pela|pelos|pelas|com|a|ao|aos|de|do|da"),
    _wanted(r"\bquem\b", 3, opens="por|pelo|pela|pelos|pelas", holds=r"[A-ZÀ-Ý].*", after=-0.4),
    _wanted(r"\b(?:a|de|para|por)?onde\b|\bem (?:que|qual) (?:lugar|local|cidade|pais|estado)\b", 4,
            opens="em|no|na|nos|nas|num|numa|para|a|ao|por|entre"),
    _wanted(r"\bcomo\b|\bde que (?:modo|forma|maneira)\b", 7,
            opens="por|meio|atraves|pelo|pela|como|mediante|com|chamado|chamada|usando|utilizando|de"),
    replace(_wanted(r"^(?:e )?o que (?:e|sao|era|significa)\b", 9, opens="|".join(sorted(_BE))), defines=True),
    _wanted(r"", 8),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the sentence; `cut` is how the text before it parts it from the one before: 0 not, 1 softly, 2 hard."""

    start: int
    end: int
    text: str
    folded: str
    asked: bool
    empty: bool
    cut: int
    weight: float

    @property
    def links(self) -> bool:
        return self.folded in _PREPOSITIONS or self.is_verb

    @property
    def is_verb(self) -> bool:
        return self.folded in _VERBS or (not self.empty and bool(_VERB_END.search(self.folded)))

    @property
    def tells(self) -> bool:
        return not (self.asked or self.empty or self.folded in _VERBS or self.folded in _PREPOSITIONS)


def answering_span(question: str, sentence: str) -> tuple[int, int]:
    """Return where in a sentence the shortest stretch that answers a question starts and ends.

    Args:
        question: What is asked.
        sentence: What answers it, as it stands in the document.

    Returns:
        Offsets in the sentence; all of it where nothing in it is a better answer.
    """
    tokens = list(_tokens(sentence, words(question)))
    wanted = _kind_of(question)
    spans = _candidates(tokens)
    if not spans:
        return 0, len(sentence)
    scorer = _Scorer(tokens, wanted)
    first, last = max(spans, key=lambda span: (scorer.score(*span), span[0] - span[1]))
    return tokens[first].start, tokens[last].end


def _kind_of(question: str) -> Wanted:
    return next(kind for kind in _KINDS if kind.asks.search(fold(question)))


def _tokens(sentence: str, asked: Sequence[str]) -> Iterator[_Token]:
    edges = {stem(word) for word in (*asked[:1], *asked[-1:])}
    stems, heads = {stem(word) for word in asked}, {word[:SHARED] for word in asked if len(word) >= SHARED}
    end = 0
    for match in _TOKEN.finditer(sentence):
        folded = fold(match.group())
        between = sentence[end : match.start()]
        cut = HARD if _HARD.search(between) else SOFT if _SOFT.search(between) else 0
        empty = is_stop_word(folded)
        named = not empty and (stem(folded) in stems or (len(folded) >= SHARED and folded[:SHARED] in heads))
        yield _Token(
            match.start(), match.end(), match.group(), folded, named, empty, cut, 1 + (named and stem(folded) in edges)
        )
        end = match.end()


def _candidates(tokens: Sequence[_Token]) -> list[tuple[int, int]]:
    """Return (first, last) of every span that begins and ends where phrases do and says something new."""
    new = [0, *accumulate(token.tells for token in tokens)]
    begins = [at for at in range(len(tokens)) if at == 0 or _begins(tokens[at - 1], tokens[at])]
    ends = [_ends(token, after) for token, after in pairwise(tokens)] + [True] * bool(tokens)
    return [
        (first, last)
        for first in begins
        for last in range(first, min(first + LONGEST, len(tokens)))
        if ends[last] and new[last + 1] > new[first]
    ]


def _begins(before: _Token, token: _Token) -> bool:
    return bool(token.cut) or before.asked or before.links or before.empty or token.folded in _PREPOSITIONS


def _ends(token: _Token, after: _Token) -> bool:
    if token.empty or token.folded in _PREPOSITIONS:
        return bool(after.cut) and token.folded not in _PREPOSITIONS
    return bool(after.cut) or after.asked or after.links or after.empty


class _Scorer:
    """Scores spans of a sentence by what speaks for each; every feature takes constant time."""

    def __init__(self, tokens: Sequence[_Token], wanted: Wanted) -> None:
        self._tokens = tokens
        self._wanted = wanted
        self._new = _sums(token.tells for token in tokens)
        self._asked = _sums(token.asked for token in tokens)
        self._soft = _sums(token.cut == SOFT for token in tokens)
        self._hard = _sums(token.cut == HARD for token in tokens)
        self._held = _sums(_is_held(token, at, wanted) for at, token in enumerate(tokens))
        self._before = _nearness(tokens)
        self._after = _nearness(tokens[::-1])[::-1]

    def score(self, first: int, last: int) -> float:
        """Score the span from one token to another; higher is better."""
        return self._size(first, last) + self._place(first, last) + self._edges(first, last) + self._kind(first, last)

    def _size(self, first: int, last: int) -> float:
        length, new = last - first + 1, _between(self._new, first, last)
        usual = self._wanted.length
        fits = min(length, usual) / usual - 0.5 * max(0, length - usual) / usual
        return fits + 0.3 * new / length - 0.2 * _between(self._asked, first, last)

    def _place(self, first: int, last: int) -> float:
        """Near the question's words, on the side where answers of this kind stand, and in one clause."""
        side = self._wanted.after
        crossed = 0.8 * _between(self._hard, first + 1, last) + 0.05 * _between(self._soft, first + 1, last)
        return (
            (0.25 + side * 0.4) * self._before[first]
            + (0.25 - side * 0.4) * self._after[last]
            - crossed
            + self._beside(first, last)
        )

    def _beside(self, first: int, last: int) -> float:
        """A name in full and the acronym asked for stand in brackets one beside the other."""
        if not self._wanted.defines:
            return 0.0
        pairs = ((first - 1, first), (last + 1, last + 1))
        near = [(self._tokens[at], self._tokens[cut]) for at, cut in pairs if 0 <= at < len(self._tokens)]
        return 1.5 * any(token.asked and token.text.isupper() and cut.cut == HARD for token, cut in near)

    def _edges(self, first: int, last: int) -> float:
        """Whole phrases: not torn from the noun they complete, nor from what completes them."""
        begin, end = self._tokens[first], self._tokens[last]
        before = self._tokens[first - 1] if first else None
        after = self._tokens[last + 1] if last + 1 < len(self._tokens) else None
        score = 0.3 if before is None or begin.cut or before.is_verb else 0.15 if before.asked else 0.0
        score -= 0.3 * (begin.folded in _JOINS) + 0.2 * begin.is_verb + 0.3 * end.is_verb
        if not begin.cut and before and before.folded in _OF:
            score -= 0.3
        if not begin.cut and before and before.empty and before.folded not in _PREPOSITIONS and not before.is_verb:
            score -= 0.2
        if after is None or after.cut == HARD or (after.cut and (after.links or after.empty)):
            return score + 0.4
        return score + (0.2 if after.cut else -0.4 if after.folded in _OF else 0.15 if after.links else 0.0)

    def _kind(self, first: int, last: int) -> float:
        opens, begin = self._wanted.opens, self._tokens[first]
        score = float(_between(self._held, first, last) > 0)
        if opens:
            return score + (1.0 if self._wanted.telling else 0.5) * bool(
                opens.match(begin.folded) or (first and opens.match(self._tokens[first - 1].folded))
            )
        return score - 0.1 * (begin.folded in _PREPOSITIONS)


def _is_held(token: _Token, at: int, wanted: Wanted) -> bool:
    """Tell whether a token is what the question wants; a capital that only begins the sentence is no name."""
    if token.asked or (token.empty and not token.folded.isdigit() and token.folded not in _NUMBERS):
        return False
    return bool(wanted.holds and (wanted.holds.match(token.folded) or (at and wanted.holds.match(token.text))))


def _sums(counted: Iterable[bool]) -> list[int]:
    return [0, *accumulate(counted)]


def _between(sums: Sequence[int], first: int, last: int) -> int:
    return sums[last + 1] - sums[first] if last >= first else 0


def _nearness(tokens: Sequence[_Token]) -> list[float]:
    """Return for each place how much of the question stands shortly before it."""
    near, degree = [], 0.0
    for token in tokens:
        near.append(degree)
        degree = degree * FADES + token.asked * token.weight
    return near
