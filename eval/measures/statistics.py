"""How sure a figure is, and how well a probability is calibrated. Everything here is drawn from a fixed seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 2000
SEED = 20240101
LEVEL = 0.95

Figures = npt.NDArray[np.float64]
"""What questions gained or could: shape (questions, measures)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure of many questions: its value, and between which values the middle 95 % of the bootstrap lies."""

    value: float
    low: float
    high: float


def draws(questions: int) -> Figures:
    """Return how often each question is drawn in each bootstrap sample: shape (DRAWS, questions).

    Efron 1979, "Bootstrap methods: another look at the jackknife": as many questions as there are, drawn with
    replacement.
    """
    chance = np.random.default_rng(SEED)
    counts: Figures = chance.multinomial(questions, np.full(questions, 1 / questions), size=DRAWS).astype(np.float64)
    return counts


def estimate(gained: Figures, possible: Figures, counts: Figures) -> list[Estimate]:
    """Return each measure with its percentile interval (Efron and Tibshirani 1993, section 13.3).

    A measure is the sum of what its questions gained over the sum of what they could; a mean is one of those whose
    questions could gain 1 each, and F1 is one, too.

    Args:
        gained: Shape (questions, measures).
        possible: Shape (questions, measures); 0 where a measure does not apply to a question.
        counts: From `draws`: shape (DRAWS, questions).
    """
    values = _ratios(gained.sum(axis=0), possible.sum(axis=0))
    sampled = _ratios(counts @ gained, counts @ possible)
    low, high = np.quantile(sampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [Estimate(*(round(float(each), 6) for each in triple)) for triple in zip(values, low, high, strict=True)]


@dataclass(frozen=True, slots=True)
class Change:
    """How one run differs from another on the same questions.

    Attributes:
        before: The measure of the first run.
        after: That of the second.
        low: Of the difference, after minus before: the lower end of the middle 95 % of the paired bootstrap.
        high: The upper end.
        p: Two-sided p-value: how often the bootstrap's difference has the other sign, twice.
    """

    before: float
    after: float
    low: float
    high: float
    p: float


def compare(before: tuple[Figures, Figures], after: tuple[Figures, Figures], counts: Figures) -> list[Change]:
    """Return how each measure changed, by the paired bootstrap (Koehn 2004, "Statistical significance tests for MT").

    Both runs are drawn together, question by question, so that what is hard in both cancels out.

    Args:
        before: What was gained and what was possible, each of shape (questions, measures).
        after: The same of the second run, its questions in the same order.
        counts: From `draws`.
    """
    first, second = (_ratios(gained.sum(axis=0), possible.sum(axis=0)) for gained, possible in (before, after))
    sampled = _ratios(counts @ after[0], counts @ after[1]) - _ratios(counts @ before[0], counts @ before[1])
    low, high = np.quantile(sampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    p = np.minimum(1.0, 2 * np.minimum((sampled <= 0).mean(axis=0), (sampled >= 0).mean(axis=0)))
    rows = zip(first, second, low, high, p, strict=True)
    return [Change(*(round(float(each), 6) for each in row)) for row in rows]


def _ratios(gained: Figures, possible: Figures) -> Figures:
    """Divide; nothing of nothing is 0."""
    ratios: Figures = np.divide(gained, possible, out=np.zeros_like(gained, dtype=np.float64), where=possible > 0)
    return ratios


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose probability lies in one stretch: how many, how sure they were and how many were right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(probabilities: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Return the bins of a reliability diagram (DeGroot and Fienberg 1983), equally wide; empty ones are left out.

    A probability on an edge belongs to the bin above it, 1 to the last.
    """
    found = []
    places = [min(int(probability * bins), bins - 1) for probability in probabilities]
    for at in range(bins):
        inside = [number for number, place in enumerate(places) if place == at]
        if inside:
            sure = sum(probabilities[number] for number in inside) / len(inside)
            hits = sum(right[number] for number in inside) / len(inside)
            found.append(Bin(at / bins, (at + 1) / bins, len(inside), round(sure, 6), round(hits, 6)))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error (Naeini et al. 2015; Guo et al. 2017): the mean gap, by how many there are.

    By hand: 3 answers at 0.8, all right, and 1 at 0.3, wrong: (3 * 0.2 + 1 * 0.3) / 4 = 0.225.
    """
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total if total else 0.0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return how often a positive scores above a negative, ties half (Hanley and McNeil 1982); 0.5 without either.

    By hand: positives 0.9 and 0.4, negatives 0.5 and 0.4: 2 wins, 1 tie of 4 pairs, a loss: 2.5 / 4.
    """
    if not positive or not negative:
        return 0.5
    above = np.subtract.outer(np.array(positive), np.array(negative))
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies, between the two nearest linearly (Hyndman and Fan 1996, 7)."""
    return float(np.quantile(values, share)) if values else 0.0


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Return Cohen's kappa (1960) of two judges: their agreement beyond what chance gives; 0 where both say one thing.

    By hand: 10 cases, both yes on 4, both no on 3, the first alone yes on 2, the second alone on 1: they agree on 0.7;
    by chance on 0.6 * 0.5 + 0.4 * 0.5 = 0.5; (0.7 - 0.5) / (1 - 0.5) = 0.4.
    """
    count = len(pairs)
    agreed = sum(one == other for one, other in pairs) / count
    first, second = (sum(pair[at] for pair in pairs) / count for at in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return (agreed - chance) / (1 - chance) if chance < 1 else 0.0
