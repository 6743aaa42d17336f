"""Measures of ranked runs, as trec_eval scores them.

`ir_measures` gives the same figures (a test says so); it brings SciPy, 143 MB, for these four formulas.
"""

import math
from collections.abc import Mapping, Sequence

MEASURES = ("Success@1", "Success@5", "R@10", "RR@10", "nDCG@10")

Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Sequence[tuple[str, float]]]


def score_run(qrels: Qrels, run: Run, measures: Sequence[str] = MEASURES) -> dict[str, float]:
    """Return each measure's mean over every query of the qrels, in [0, 1].

    A query without results counts 0. Ties count against the system: where scores are equal, the less relevant
    result stands first.

    Args:
        qrels: Query to document to relevance; 0 is not relevant.
        run: Query to (document, score) pairs; higher is better. A document named twice counts with its best score.
        measures: `Success`, `R`, `RR` or `nDCG`, each with its depth, as `nDCG@10`.
    """
    gains = {query: _gains(run.get(query, ()), relevance) for query, relevance in qrels.items()}
    return {name: _mean([_measured(name, gains[query], qrels[query]) for query in qrels]) for name in measures}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _gains(results: Sequence[tuple[str, float]], relevance: Mapping[str, int]) -> list[int]:
    """Return the relevance of the results in their order, ties broken against the system."""
    ordered = sorted(results, key=lambda result: (-result[1], relevance.get(result[0], 0)))
    return [max(relevance.get(document, 0), 0) for document in dict.fromkeys(document for document, _ in ordered)]


def _measured(name: str, gains: Sequence[int], relevance: Mapping[str, int]) -> float:
    """Return one measure of one query; the gain of nDCG is the relevance itself (Järvelin and Kekäläinen 2002)."""
    kind, _, depth = name.partition("@")
    top, ideal = gains[: int(depth)], sorted((gain for gain in relevance.values() if gain > 0), reverse=True)
    places = [place for place, gain in enumerate(top, 1) if gain]
    if not places:
        return 0.0
    return {
        "Success": lambda: 1.0,
        "R": lambda: len(places) / len(ideal),
        "RR": lambda: 1 / places[0],
        "nDCG": lambda: _discounted(top) / _discounted(ideal[: int(depth)]),
    }[kind]()


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))
