"""The parts of a question that asks several things: "O que faz o X e quanto custa?", "O que é X? Quem usa Y?".

Only what asks anew is a part: "vantagens e desvantagens" and "treinar e implantar" stay together.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.answer import Turn
from assistant.asking.followup import Search, standalone
from assistant.asking.glossary import Glossary
from assistant.asking.question import Question, informative_words, understand
from ingest.splitting.sentences import sentence_spans

MOST_PARTS = 4

_PURPOSE = r"(?:por\s*qu[eêé]|pr?a(?:ra)?\s+qu[eé]|o\s+que|em\s+que|de\s+que)"
_CERTAIN = (
    rf"(?:{_PURPOSE}|qual|quais|quem|quant[oa]s?|diga|explique|liste|compare|mostre|what|which|who|how|why|qu[eé]\s+(?:es|son|hace)"
    r"|cu[aá]l(?:es)?|qui[eé]n(?:es)?|cu[aá]nt[oa]s?)\b"
)
_ALSO_JOINS = r"(?:como|onde|quando|where|when|c[oó]mo|d[oó]nde|cu[aá]ndo)\b"  # after a comma: "such as", "where"
_THEN = r"(?:(?:depois|também|então|then|also|luego)\s*,?\s+)?(?:me\s+)?"
_ASKS = re.compile(rf"^[¿\s]*qu[eé]\b|\b(?:{_CERTAIN}|{_ALSO_JOINS})", re.IGNORECASE)
_JOINT = re.compile(
    rf"\s*[,;]\s*{_THEN}(?={_CERTAIN})|\s*[,;]?\s+(?:e|and|y)\s+{_THEN}(?=(?:{_CERTAIN}|{_ALSO_JOINS}))",
    re.IGNORECASE,
)
_LEADS = re.compile(rf"^(?:(?:e|and|y)\s+)?{_THEN}", re.IGNORECASE)


def parts_of(text: str) -> tuple[str, ...]:
    """Return the questions that a text asks, in order; the text itself when it asks one."""
    parts = [part for sentence in _sentences(text) for part in _joined(sentence)]
    if len(parts) < 2 or not all(map(_ASKS.search, parts)) or not informative_words(parts[0]):
        return (text,)
    return (*parts[: MOST_PARTS - 1], " ".join(parts[MOST_PARTS - 1 :])) if len(parts) > MOST_PARTS else tuple(parts)


def understand_parts(text: str, search: Search, glossary: Glossary | None = None) -> tuple[Question, ...]:
    """Read each part of a question; one that leans on those before it is made to stand alone.

    Args:
        text: A question that stands alone.
        search: Finds hits, best first (see `standalone`).
        glossary: Adds what the words are also called.
    """
    whole = understand(text, glossary)
    read: list[Question] = []
    for part in parts_of(text):
        asked = standalone(part, [Turn(question.text, "") for question in read], search)
        read.append(replace(understand(asked, glossary), language=whole.language))
    return (whole,) if len(read) == 1 else tuple(read)


def _sentences(text: str) -> list[str]:
    """Return the sentences that ask, each with the statements that lead to it."""
    asking: list[str] = []
    stated = ""
    for start, end in sentence_spans(text):
        sentence = text[start:end].strip()
        if sentence.endswith("?") or _ASKS.match(_LEADS.sub("", sentence)):
            asking.append(f"{stated} {sentence}".strip())
            stated = ""
        else:
            stated = f"{stated} {sentence}".strip()
    if stated and asking:
        asking[-1] = f"{asking[-1]} {stated}"
    return asking or [text]


def _joined(sentence: str) -> Sequence[str]:
    """Cut a sentence where it asks anew; a comparison that needs both halves stays whole."""
    cuts = [match.span() for match in _JOINT.finditer(sentence)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(sentence)]
    parts = [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    if len(parts) < 2 or (understand(sentence).sides and not understand(parts[0]).sides):
        return [sentence]
    return [part if part.endswith(("?", ".", "!")) else part + "?" for part in parts]
