"""Follow-up questions made to stand alone, by rule: for when no model is there to rewrite them.

Two shapes depend on what came before: "e o X?", which asks the last question again about X, and a question that
points back with a pronoun or says nothing of what it is about. Anything else stands alone.
"""

import re
from collections.abc import Callable, Sequence

from assistant.answer import Turn
from assistant.question import informative_words
from index.analyser import stem, word_spans, words
from index.hit import Hit
from ingest.sentences import sentence_spans

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
_SEVERAL = {"eles", "elas", "deles", "delas", "neles", "nelas", "they", "them"}
_LONGEST_TOPIC = 5  # words; what is longer asks something of its own


def standalone(question: str, history: Sequence[Turn], search: Search) -> str:
    """Return the question so that it can be understood without the history.

    Args:
        question: What was asked last.
        history: Earlier turns, oldest first.
        search: Finds hits, best first; tells what an earlier question was about.
    """
    resolved = ""
    for asked in (*(turn.question for turn in history), question):
        resolved = _resolve(asked, resolved, search) if resolved else asked
    return resolved


def _resolve(question: str, previous: str, search: Search) -> str:
    question = _without_reply(question)
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
