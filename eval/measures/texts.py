"""Measures of texts: what is shown of what should be, and how little else."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from index.text.analyser import fold

SHOWN = 0.6
"""Share of a quote's content words that have to be shown for the quote to be shown."""

_WORD = re.compile(r"[a-z0-9_]+")
_ADDRESS = re.compile(r"https?://\S+")
_LITTLE = """
a o as os um uma de do da dos das em no na nos nas por para com que se e ou ao
aos à é são the of to in and or for an is are on with this that you your can be by it from
"""
_LITTLE_WORDS = frozenset(_LITTLE.split())
_ARTICLES = frozenset({"o", "a", "os", "as", "um", "uma", "uns", "umas"})


def content_words(text: str) -> list[str]:
    """Return a text's words but for little ones, in order: lower case, without accents, without web addresses."""
    folded = "".join(
        char for char in unicodedata.normalize("NFD", _ADDRESS.sub(" ", text).lower()) if not _is_mark(char)
    )
    return [word for word in _WORD.findall(folded) if word not in _LITTLE_WORDS]


def share_shown(quote: str, shown: frozenset[str]) -> float:
    """Return which share of a quote's content words is among the words shown, in [0, 1].

    Lexical recall of the gold passage, as K-Precision turned around (Adlakha et al. 2024, "Evaluating Correctness and
    Faithfulness of Instruction-Following Models for Question Answering", section 4): every occurrence in the quote
    counts, and is shown when the word is. By hand: of "taxa de entrega: 10 reais" (4 content words), "a taxa é de 10"
    shows 2, which is 0.5.
    """
    words = content_words(quote)
    return sum(word in shown for word in words) / len(words) if words else 0.0


def shown_precision(shown: Sequence[str], evidence: Sequence[str]) -> float:
    """Return which share of the content words shown stands in the evidence, in [0, 1]; 0 when nothing is shown.

    The precision half of SQuAD's token F1 (Rajpurkar et al. 2016, section 6.1): words as bags, each at most as often as
    the piece of evidence that has it most often. By hand: "entrega grátis hoje" beside the evidence "entrega grátis"
    is 2 of 3.
    """
    bag = Counter(word for text in shown for word in content_words(text))
    wanted: Counter[str] = Counter()
    for quote in evidence:
        wanted |= Counter(content_words(quote))
    return (bag & wanted).total() / bag.total() if bag else 0.0


def grounded_share(answer: str, cited: Sequence[str]) -> float:
    """Return which share of an answer's content words stands in what it cites, in [0, 1].

    K-Precision (Adlakha et al. 2024, section 4), the measure of faithfulness that agreed best with people there. By
    hand: the answer "entrega em dez dias" citing "entrega em 10 dias" has 2 of 3.
    """
    words, known = content_words(answer), frozenset(word for text in cited for word in content_words(text))
    return sum(word in known for word in words) / len(words) if words else 0.0


def squad_f1(prediction: str, references: Sequence[str]) -> float:
    """Return the token F1 of an answer against the reference that suits it best, in [0, 1].

    As in SQuAD (Rajpurkar et al. 2016, section 6.1; an empty side as in the SQuAD 2.0 script): case, punctuation and
    articles are dropped and the rest compared as bags of words. The articles are the Portuguese ones, and accents are
    folded.

    Args:
        prediction: The answer.
        references: Right answers; none means that the right answer is empty.
    """
    found = Counter(normalised(prediction))
    return max(_overlap(found, Counter(normalised(reference))) for reference in references or ("",))


def _overlap(found: Counter[str], right: Counter[str]) -> float:
    if not found or not right:
        return float(found == right)
    return 2 * (found & right).total() / (found.total() + right.total())


def normalised(text: str) -> list[str]:
    """Return a text's words as `squad_f1` compares them, in order."""
    kept = "".join(char for char in text.lower() if not _is_punctuation(char))
    return [fold(word) for word in kept.split() if word not in _ARTICLES]


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def _is_mark(char: str) -> bool:
    return bool(unicodedata.combining(char))
