"""The measures: ranked runs by `ir_measures`, answers by token overlap."""

import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from index.analyser import fold

MEASURES = ("Success@1", "Success@5", "R@10", "RR@10", "nDCG@10")

Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Sequence[tuple[str, float]]]

_ARTICLES = frozenset({"o", "a", "os", "as", "um", "uma", "uns", "umas"})


def score_run(qrels: Qrels, run: Run, measures: Sequence[str] = MEASURES) -> dict[str, float]:
    """Return each measure's mean over every query of the qrels, in [0, 1].

    A query without results counts 0. Ties count against the system: where scores are equal, the less relevant
    result stands first.

    Args:
        qrels: Query to document to relevance; 0 is not relevant.
        run: Query to (document, score) pairs; higher is better. A document named twice counts with its best score.
        measures: Names as `ir_measures` writes them.
    """
    import ir_measures

    wanted = {name: ir_measures.parse_measure(name) for name in measures}
    judged = {query: dict(relevance) for query, relevance in qrels.items()}
    ranked = {query: _against(run.get(query, ()), relevance) for query, relevance in judged.items()}
    means = ir_measures.calc_aggregate(wanted.values(), judged, ranked)
    return {name: float(means[measure]) for name, measure in wanted.items()}


def _against(results: Sequence[tuple[str, float]], relevance: Mapping[str, int]) -> dict[str, float]:
    """Score results by their place alone, ties broken against the system, so that no engine breaks them otherwise."""
    ordered = sorted(results, key=lambda result: (-result[1], relevance.get(result[0], 0)))
    documents = dict.fromkeys(document for document, _ in ordered)
    return {document: float(len(documents) - place) for place, document in enumerate(documents)}


def squad_f1(prediction: str, references: Sequence[str]) -> float:
    """Return the token F1 of an answer against the reference that suits it best, in [0, 1].

    As in SQuAD (Rajpurkar et al. 2016, section 6.1; an empty side as in the SQuAD 2.0 script): case, punctuation and
    articles are dropped and the rest compared as bags of words. The articles are the Portuguese ones, and accents are
    folded.

    Args:
        prediction: The answer.
        references: Right answers; none means that the right answer is empty.
    """
    found = _tokens(prediction)
    return max(_overlap(found, _tokens(reference)) for reference in references or ("",))


def _overlap(found: Counter[str], right: Counter[str]) -> float:
    if not found or not right:
        return float(found == right)
    return 2 * (found & right).total() / (found.total() + right.total())


def _tokens(text: str) -> Counter[str]:
    return Counter(normalised(text))


def normalised(text: str) -> list[str]:
    """Return a text's words as `squad_f1` compares them, in order."""
    kept = "".join(char for char in text.lower() if not _is_punctuation(char))
    return [fold(word) for word in kept.split() if word not in _ARTICLES]


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")
