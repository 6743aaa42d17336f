"""Whether a passage says a sentence: a probability, learned from sentences that people and models wrote.

What speaks for it (`SIGNS`) is worked out for the statement that says most of the sentence, alone and with its
neighbours: what their words and the meanings of these say, and what a small model says that reads both together: it
tells who does what to whom better than words do, and not well. What is beside the question is told wrong more often:
whether the statement answers that, as the reader of passages judges, is a sign, too. How much each counts, and the
probability that is asked for, is in `checker.json`, set by `training/weights/entailment.py` on labelled sentences. What
forbids a sentence is compared before, by the checker.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from index.arrays import FloatArray

if TYPE_CHECKING:
    from index.ranking.cross_encoder import CrossEncoder

SIGNS = (
    "said",  # share of what the sentence says, by the weight of its words, that the statement says
    "said_near",  # the same, with the statements beside it
    "same",  # share said with the very words, or others of their stem
    "same_near",
    "lost",  # logarithm of how many words nothing says
    "heaviest",  # weight of the heaviest of them
    "apart",  # names of the sentence that stand only elsewhere in the passage
    "pairs",  # share of neighbouring words of the sentence that the statement also says near each other
    "back",  # share of the statement that the sentence says
    "numbers",  # numbers of the sentence
    "length",  # logarithm of how many words the sentence has
    "new_said",  # "said_near" of what the question does not say already
    "new_lost",  # logarithm of how many words nothing says, the question neither
    "new",  # logarithm of how many words the question does not say
    "units",  # numbers that count something else there
    "denied",  # share of what the sentence says that one side denies and the other does not
    "answers",  # logit of the statement's answering the question, with those around it; 0 where nothing is asked
    "read",  # logit of its being said, as the entailment model reads it beside the statement and those around it
)


MOST_SURE = 4.0
"""Logit that reading counts at most, either way."""
LEAST_SAID = 0.2
"""Share of a sentence, by the weight of its words, that a statement and its neighbours have to say to be judged; and of
each of its clauses."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a statement's saying a sentence.

    Attributes:
        compared: All of `SIGNS` but the last two, in their order.
        clause: Of its clauses, the share that is said of the one of which least is.
        answers: The last but one.
        read: The last.
    """

    compared: tuple[float, ...]
    clause: float = 1.0
    answers: float = 0.0
    read: float = 0.0

    @property
    def values(self) -> tuple[float, ...]:
        """Return all of them, in the order of `SIGNS`."""
        return (*self.compared, self.answers, self.read)

    @property
    def promise(self) -> float:
        """Return how much it promises: what it says of the sentence, alone and not."""
        return self.compared[0] + self.compared[1]

    @property
    def hopeful(self) -> bool:
        """Tell whether so much of the sentence, and of each clause, is said that it is judged: what says less fails."""
        return min(self.compared[1], self.clause) >= LEAST_SAID


def logits_of(sentence: str, texts: Sequence[str]) -> FloatArray:
    """Return for each text the logit of its saying a sentence, as a model reads both together: (texts,) float32."""
    from index.ranking.cross_encoder import entailment  # onnxruntime: most sentences are found word for word

    return _read(entailment, sentence, texts)


def answering(question: str, texts: Sequence[str]) -> FloatArray:
    """Return for each text the logit of its answering a question, as a model reads both: (texts,) float32.

    It is 0 where nothing is asked.
    """
    from index.ranking.cross_encoder import cross_encoder

    return _read(cross_encoder, question, texts) if question.strip() else np.zeros(len(texts), dtype=np.float32)


def _read(model: "Callable[[], CrossEncoder]", first: str, texts: Sequence[str]) -> FloatArray:
    """Read texts beside a first one.

    What is read counts within bounds: a passage that is written for a model must not outweigh all that words say.
    """
    if not texts:
        return np.empty(0, dtype=np.float32)
    once = list(dict.fromkeys(texts))  # neighbours are read in the same words
    logits = dict(zip(once, model().read(first, once).clip(-MOST_SURE, MOST_SURE), strict=True))
    return np.array([logits[text] for text in texts], dtype=np.float32)


def probabilities(found: Sequence[Signs]) -> FloatArray:
    """Return for each statement the probability in [0, 1] that it says the sentence, shape (found,)."""
    if not found:
        return np.empty(0, dtype=np.float32)
    weights, bias, _ = _model()
    values = np.array([signs.values for signs in found])
    chances: FloatArray = 1.0 / (1.0 + np.exp(-(values @ weights + bias)))
    return chances


@lru_cache(maxsize=1)
def enough() -> float:
    """Return the likeness of words, in [0, 1], from which one covers another."""
    return float(_stored()["word"])


def sure_enough() -> float:
    """Return the probability from which a passage counts as saying a sentence."""
    return _model()[2]


@lru_cache(maxsize=1)
def _model() -> tuple[FloatArray, float, float]:
    stored = _stored()
    weights = np.array([stored["weights"][name] for name in SIGNS])
    return weights, float(stored["bias"]), float(stored["threshold"])


def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(
        resources.files("assistant.checking").joinpath("checker.json").read_text("utf-8")
    )
    return stored
