"""Follow-up questions made to stand alone, by rule: for when no model is there to rewrite them.

Three shapes depend on what came before: "e o X?", which asks the last question again about X; "e o segundo?", which
asks about a member of the list just answered; and a question that points back with a pronoun or says nothing of what
it is about. Anything else stands alone.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from threading import Lock

from assistant.answer import Turn
from assistant.asking.language import DEFAULT, language_of
from assistant.asking.question import informative_words
from index.hit import Hit
from index.text.analyser import fold, stem, word_spans, words
from ingest.splitting.sentences import sentence_spans

Search = Callable[[str], Sequence[Hit]]

_AGAIN = re.compile(
    r"^(?:e|mas|and|but|y)\s+(?:quanto\s+(?:a|ao|à|aos|às)\s+|sobre\s+|what\s+about\s+|how\s+about\s+)?"
    r"(?:(?:o|a|os|as|no|na|do|da|ao|à|the|el|la|los|las)\s+)?(?P<new>[^?]+?)\s*\??$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^(?:what about|how about|quanto (?:a|ao|à))\s+(?:(?:o|a|the)\s+)?(?P<new>[^?]+?)\s*\??$", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:(?P<of>d|n)?(?:ele|ela|eles|elas)|(?:d|n)?(?:isso|isto|esse|essa|esses|essas|este|esta|aquele|aquela)"
    r"|it|its|this|that|they|them|él|ella|eso|ese|esa)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"(?:qual|quais|que|o que|quem|como|onde|quando|quant[oa]s?|por|para|wh\w+|how)\b", re.IGNORECASE)
_PLACES = {
    "primeir": 0, "first": 0, "segund": 1, "second": 1, "terceir": 2, "tercer": 2, "third": 2, "quart": 3, "cuart": 3,
    "fourth": 3, "quint": 4, "fifth": 4, "sext": 5, "sixth": 5,
    "setim": 6, "oitav": 7, "non": 8, "decim": 9, "penultim": -2, "ultim": -1, "last": -1,
}  # fmt: skip
_NTH = re.compile(
    r"\b(?P<link>[oa]|ao|à|d[oa]|n[oa]|del|al|el|la|the)\s+"
    r"(?P<nth>(?:primeir|segund|terceir|quart|quint|sext|s[ée]tim|oitav|non|d[ée]cim|pen[úu]ltim|[úu]ltim|tercer|cuart)[oa]|primero|first|second|third"
    r"|fourth|fifth|sixth|last)\b(?:\s+(?P<what>\w+))?",
    re.IGNORECASE,
)
_MEMBER = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+(?P<text>.+?)(?:\s*\[\d+\])*\s*$", re.MULTILINE)
_HEAD = re.compile(r"^[*_`\"“]*(?P<name>[^:;,.(—–|]+)")
_WHAT_IS = {"pt": "O que é", "en": "What is", "es": "Qué es"}
_SEVERAL = {"eles", "elas", "deles", "delas", "neles", "nelas", "they", "them"}
_LONGEST_TOPIC = 5  # words; what is longer asks something of its own


class Memory:
    """What the questions of conversations became, so that no later turn works them out anew. Safe to use from threads.

    Args:
        most: How many are remembered; the oldest go first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def recall(self, key: str, resolve: Callable[[], str]) -> str:
        """Return what is known by a key; what `resolve` finds, and remember it, when nothing is."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = resolve()
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return found


def standalone(
    question: str, history: Sequence[Turn], search: Search, memory: Memory | None = None, generation: str = ""
) -> str:
    """Return the question so that it can be understood without the history.

    Args:
        question: What was asked last.
        history: Earlier turns, oldest first.
        search: Finds hits, best first; tells what an earlier question was about.
        memory: What earlier calls found; without it, every turn of the history is searched for anew.
        generation: Name of what `search` searches.
    """
    memory = memory or Memory()
    resolved = ""
    listed: list[str] = []  # by the last answer that was a list
    before = sha256(generation.encode())  # of all that came before a turn
    for turn in (*history, Turn(question, "")):
        asked = before.copy()
        asked.update(_told(turn.question))
        if resolved:
            find = partial(_resolve, turn.question, resolved, listed, search)
            resolved = memory.recall(asked.hexdigest(), find)
        else:
            resolved = turn.question
        before = asked
        before.update(_told(turn.answer))
        members = [found["text"] for found in _MEMBER.finditer(turn.answer)]
        listed = members if len(members) > 1 else listed
    return resolved


def _told(text: str) -> bytes:
    """Return a text so that no two sequences of texts give the same bytes one after the other."""
    written = text.encode("utf-8", "surrogatepass")
    return len(written).to_bytes(8, "big") + written


def asked_before(history: Sequence[Turn], search: Search, memory: Memory | None = None, generation: str = "") -> str:
    """Return the last question of a conversation, standing alone; see `standalone`."""
    return standalone(history[-1].question, history[:-1], search, memory, generation)


def about_the_same(question: str, before: str, search: Search) -> str:
    """Return the question, asked of what the one before was about: "Quanto tempo leva?" names nothing itself."""
    topic = _topic(before, search)
    return f"{question.rstrip(' ?.!')} {topic}?" if topic else question


def _resolve(question: str, previous: str, listed: Sequence[str], search: Search) -> str:
    question = _without_reply(question)
    nth = _of_the_nth(question, listed, search)
    if nth:
        return nth
    again = _AGAIN.match(question.strip()) or _ABOUT.match(question.strip())
    if again and _is_topic(again["new"]):
        return _asked_of(again["new"], previous, search)
    pointer = _POINTS_BACK.search(question)
    # "Qual deles…" chooses among several things, and says by what.
    if informative_words(question) and (pointer is None or pointer.group().lower() in _SEVERAL):
        return question
    topic = _topic(previous, search)
    if not topic:
        return question
    if pointer is None:
        return f"{question.rstrip(' ?')} {topic}?"
    link = {"d": "de ", "n": "em "}.get(pointer.group()[0].lower(), "") if pointer["of"] else ""
    return f"{question[: pointer.start()]}{link}{topic}{question[pointer.end() :]}"


def _of_the_nth(question: str, members: Sequence[str], search: Search) -> str:
    """Return the question with the name of the member that it counts to; as it is when the list has no such member.

    Empty when it counts to nothing.
    """
    match = _NTH.search(question)
    if not match or not members or informative_words(match["what"] or ""):
        return ""
    place = next(place for start, place in _PLACES.items() if fold(match["nth"]).startswith(start))
    if place >= len(members) or -place > len(members):
        return question
    topic = _name(members[place], search)
    if not informative_words(question[: match.start()] + question[match.end() :]):
        return f"{_WHAT_IS.get(language_of(question), _WHAT_IS[DEFAULT])} {topic}?"
    end = match.end() if words(match["what"] or "") else match.end("nth")
    link = {"d": "de ", "n": "em "}.get(match["link"][0].lower(), "")
    return f"{question[: match.start()]}{link}{topic}{question[end:]}"


def _name(member: str, search: Search) -> str:
    """Name a member of a list: the subject of the chunk that it quotes, else what it begins with."""
    hits = search(member)
    head = _HEAD.match(member)
    name = head["name"].strip('*_`"” ') if head else member
    subject = hits[0].chunk.subject if hits else ""
    return subject if subject and subject in member else name


def _without_reply(question: str) -> str:
    """Drop what only replies to the last answer ("Isso mesmo.") before the question begins."""
    spans = sentence_spans(question)
    for start, end in spans[:-1]:
        if informative_words(question[start:end]):
            return question[start:]
    return question[spans[-1][0] :] if spans else question


def _is_topic(phrase: str) -> bool:
    """Tell whether a phrase only names something, rather than asks something of its own."""
    named = informative_words(phrase)
    return (
        bool(named)
        and len(named) == len(dict.fromkeys(words(phrase)))
        and len(phrase.split()) <= _LONGEST_TOPIC
        and not _ASKS.match(phrase)
    )


def _asked_of(new: str, previous: str, search: Search) -> str:
    """Return the previous question about something else: its topic replaced."""
    if any(word in informative_words(previous) for word in informative_words(new)) or _POINTS_BACK.search(new):
        return new
    hits = search(previous)
    about = {stem(word) for word in informative_words(hits[0].chunk.subject)} if hits else set()
    spans = [(start, end) for word, start, end in word_spans(previous) if stem(word) in about]
    if not spans:
        return new
    return previous[: spans[0][0]] + new + previous[spans[-1][1] :]


def _topic(previous: str, search: Search) -> str:
    """Name what a question was about: the subject of its best hit, else its own informative words."""
    hits = search(previous)
    if hits and hits[0].chunk.subject:
        return hits[0].chunk.subject
    informative = set(informative_words(previous))
    return " ".join(previous[start:end] for word, start, end in word_spans(previous) if word in informative)
