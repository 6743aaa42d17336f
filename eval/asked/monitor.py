"""Monitoring: what is asked and answered now, beside what was before: what drifted, and what the documents lack.

Every comparison is a permutation test (Fisher 1935; Good 2005): the answers of both times are dealt out anew a few
thousand times, and what was seen is compared with what chance deals. Four are made, so each has a quarter of the level
(Bonferroni): where nothing changed, at most two looks in a hundred raise an alarm.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.asking.question import informative_words
from assistant.workspace.journal import Entry
from eval.asked.clusters import Embed, clusters

LEVEL = 0.02
DEALS = 2000
SEED = 20240101
FEWEST = 20
"""Answers that either time has to have for anything to be said."""

_NAMES = 3  # words that name a topic
_EXAMPLES = 3

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that may have drifted.

    Attributes:
        name: `questions`, `probability`, `abstentions` or `latency`.
        before: Its value in the baseline (of `questions`: 0).
        after: Its value in the window (of `questions`: the distance between the mean embeddings).
        p: How often chance deals as much.
        alarm: Whether that is less often than the level allows.
    """

    name: str
    before: float
    after: float
    p: float
    alarm: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions about one thing that were not answered: work for whoever writes the documents."""

    name: str
    times: int
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """What a look at the journal shows.

    Attributes:
        baseline: Answers before.
        window: Answers now.
        signals: None where either time has too few answers.
        topics: What was not answered in the window, the most asked first.
    """

    baseline: int
    window: int
    signals: tuple[Signal, ...]
    topics: tuple[Topic, ...]

    @property
    def alarms(self) -> tuple[Signal, ...]:
        """What drifted by more than chance."""
        return tuple(signal for signal in self.signals if signal.alarm)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self) | {"alarms": [signal.name for signal in self.alarms]}


def watch(baseline: Sequence[Entry], window: Sequence[Entry], embed: Embed) -> Watch:
    """Compare the answers of a window with those of a baseline.

    Args:
        baseline: Earlier answers.
        window: The answers that are looked at.
        embed: Embeds questions.
    """
    enough = min(len(baseline), len(window)) >= FEWEST
    signals = drift(features([*baseline, *window], embed), len(baseline)) if enough else ()
    return Watch(len(baseline), len(window), signals, topics(window, embed))


def features(entries: Sequence[Entry], embed: Embed) -> Matrix:
    """Return what is compared of answers: probability, silence, log milliseconds, then the question's embedding.

    Returns:
        Shape (answers, 3 + dimension). An answer that was not judged has the mean probability: it moves nothing.
    """
    judged = [entry.probability for entry in entries if entry.probability is not None]
    usual = float(np.mean(judged)) if judged else 0.0
    told = [
        (
            usual if entry.probability is None else entry.probability,
            entry.status == "abstained",
            np.log(max(entry.ms, 1)),
        )
        for entry in entries
    ]
    vectors = embed([entry.question for entry in entries])
    return np.hstack([np.array(told, dtype=np.float64), vectors.astype(np.float64)])


def drift(rows: Matrix, before: int) -> tuple[Signal, ...]:
    """Test the first rows against the others.

    The statistic of a number is the difference of its means, that of the embeddings the distance between their means
    (the maximum mean discrepancy of a linear kernel: Gretton et al. 2012, "A Kernel Two-Sample Test").

    Args:
        rows: From `features`.
        before: How many of them are of the baseline.
    """
    chance = np.random.default_rng(SEED)
    seen = (np.arange(len(rows)) < before).astype(np.float64)
    dealt = np.vstack([seen, chance.permuted(np.tile(seen, (DEALS, 1)), axis=1)])
    first = dealt @ rows / before
    second = (rows.sum(axis=0) - dealt @ rows) / (len(rows) - before)
    apart = np.abs(first - second)
    distances = np.linalg.norm(first[:, 3:] - second[:, 3:], axis=1)
    columns = {"probability": apart[:, 0], "abstentions": apart[:, 1], "latency": apart[:, 2]}
    signals = [_signal("questions", 0.0, float(distances[0]), distances)]
    for at, (name, found) in enumerate(columns.items()):
        old, new = float(first[0, at]), float(second[0, at])
        if name == "latency":
            old, new = float(np.exp(old)), float(np.exp(new))
        signals.append(_signal(name, old, new, found))
    return tuple(signals)


def _signal(name: str, before: float, after: float, dealt: Matrix) -> Signal:
    """Return a signal; `dealt` has what was seen first, then what chance dealt."""
    p = float((dealt >= dealt[0] - 1e-12).mean())
    return Signal(name, round(before, 6), round(after, 6), round(p, 6), p <= LEVEL / 4)


def topics(entries: Sequence[Entry], embed: Embed) -> tuple[Topic, ...]:
    """Return what was asked and not answered, in groups of alike questions, each named by the words most in it."""
    silent = [entry.question for entry in entries if entry.status == "abstained"]
    found = []
    for group in clusters(silent, embed):
        asked = [silent[at] for at in group]
        counts = Counter(word for question in asked for word in dict.fromkeys(informative_words(question)))
        name = " ".join(word for word, _ in counts.most_common(_NAMES)) or asked[0]
        found.append(Topic(name, len(asked), tuple(dict.fromkeys(asked))[:_EXAMPLES]))
    return tuple(found)
