"""Measures against values that a reader can check by hand."""

from math import log2
from random import Random

import numpy as np
import pytest

from eval.measures.ranking import score_run
from eval.measures.statistics import (
    auroc,
    calibration_error,
    compare,
    draws,
    estimate,
    percentile,
    reliability,
)
from eval.measures.texts import content_words, grounded_share, share_shown, shown_precision, squad_f1


def test_each_measure_is_what_its_definition_says() -> None:
    qrels = {"q": {"a": 1, "b": 1}}
    run = {"q": [("x", 3.0), ("a", 2.0), ("y", 1.0), ("b", 0.5)]}
    assert score_run(qrels, run) == pytest.approx(
        {
            "Success@1": 0.0,
            "Success@5": 1.0,
            "R@10": 1.0,
            "RR@10": 1 / 2,
            "nDCG@10": (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3)),
        }
    )


def test_what_stands_after_the_tenth_place_is_not_found() -> None:
    run = {"q": [*((f"x{place}", float(-place)) for place in range(10)), ("a", -99.0)]}
    assert score_run({"q": {"a": 1}}, run) == dict.fromkeys(["Success@1", "Success@5", "R@10", "RR@10", "nDCG@10"], 0.0)


def test_on_random_runs_ir_measures_gives_the_same() -> None:
    import ir_measures

    chance = Random(7)  # noqa: S311 - a seeded draw is wanted
    qrels = {f"q{n}": {f"d{chance.randrange(30)}": chance.randrange(4) for _ in range(9)} for n in range(60)}
    run = {query: [(f"d{d}", -float(at)) for at, d in enumerate(chance.sample(range(30), 25))] for query in qrels}
    ours = score_run(qrels, run)
    wanted = {name: ir_measures.parse_measure(name) for name in ours}
    theirs = ir_measures.calc_aggregate(wanted.values(), qrels, {query: dict(found) for query, found in run.items()})
    assert ours == pytest.approx({name: theirs[measure] for name, measure in wanted.items()})


@pytest.mark.parametrize("silent", [{}, {"unanswered": []}])
def test_a_query_without_results_counts_zero(silent: dict[str, list[tuple[str, float]]]) -> None:
    qrels = {"found": {"a": 1}, "unanswered": {"b": 1}}
    means = score_run(qrels, {"found": [("a", 1.0)], **silent})
    assert set(means.values()) == {0.5}


def test_queries_without_judgements_do_not_count() -> None:
    assert score_run({"q": {"a": 1}}, {"q": [("a", 1.0)], "extra": [("z", 1.0)]})["RR@10"] == 1.0


@pytest.mark.parametrize("results", [["a", "x", "y"], ["x", "a", "y"], ["x", "y", "a"]])
def test_ties_count_against_the_system_however_they_are_ordered(results: list[str]) -> None:
    run = {"q": [(document, 7.0) for document in results]}
    assert score_run({"q": {"a": 1}}, run)["RR@10"] == pytest.approx(1 / 3)


def test_among_tied_results_the_less_relevant_stands_first() -> None:
    qrels = {"q": {"fair": 1, "good": 2, "bad": 0}}
    run = {"q": [("good", 1.0), ("fair", 1.0), ("bad", 1.0)]}
    ideal = 2 / log2(2) + 1 / log2(3)
    assert score_run(qrels, run)["nDCG@10"] == pytest.approx((1 / log2(3) + 2 / log2(4)) / ideal)


def test_a_document_named_twice_counts_with_its_best_score() -> None:
    run = {"q": [("a", 3.0), ("x", 2.0), ("a", 1.0)]}
    assert score_run({"q": {"a": 1, "b": 1}}, run)["R@10"] == 0.5


@pytest.mark.parametrize(
    ("prediction", "references", "expected"),
    [
        ("Detecta vieses.", ["detecta  VIESES"], 1.0),
        ("O serviço detecta os vieses", ["serviço detecta uns vieses"], 1.0),
        ("manutencao", ["manutenção"], 1.0),
        ("**SageMaker Clarify:** detecta", ["SageMaker Clarify detecta"], 1.0),
        # 2 words in common; 4 said, 3 wanted: 2 * 2 / (4 + 3).
        ("limpa dados muito depressa", ["limpa dados brutos"], 4 / 7),
        # A word said once matches once.
        ("dados", ["dados e mais dados"], 2 * 1 / (1 + 4)),
        ("preço", ["custo"], 0.0),
        ("preço", ["custo", "o preço"], 1.0),
        ("", ["algo"], 0.0),
        ("algo", [], 0.0),
        ("", [], 1.0),
    ],
)
def test_squad_f1(prediction: str, references: list[str], expected: float) -> None:
    assert squad_f1(prediction, references) == pytest.approx(expected)


def test_what_is_shown_is_counted_in_content_words() -> None:
    assert content_words("A taxa de Entrega: R$ 10 (veja https://exemplo.br/taxas)") == [
        "taxa",
        "entrega",
        "r",
        "10",
        "veja",
    ]
    shown = frozenset(content_words("a taxa é de 10"))
    # Of "taxa", "entrega", "10", "reais" two are shown.
    assert share_shown("taxa de entrega: 10 reais", shown) == 2 / 4
    # A word that stands twice in the quote counts twice.
    assert share_shown("taxa, taxa e prazo", shown) == pytest.approx(2 / 3)
    assert share_shown("de para", shown) == 0


def test_precision_is_the_share_of_what_is_shown_that_is_evidence() -> None:
    # "entrega grátis hoje" has two words of the evidence.
    assert shown_precision(["entrega grátis hoje"], ["entrega grátis"]) == pytest.approx(2 / 3)
    # Two pieces may be shown together; a word counts as often as one of them has it.
    assert shown_precision(["entrega em dez dias", "entrega"], ["entrega", "dez dias"]) == pytest.approx(3 / 4)
    assert shown_precision([], ["entrega"]) == 0


def test_an_answer_is_grounded_as_far_as_what_it_cites_says_it() -> None:
    assert grounded_share("entrega em dez dias", ["entrega em 10 dias"]) == pytest.approx(2 / 3)


def test_calibration_by_hand() -> None:
    bins = reliability([0.8, 0.8, 0.8, 0.3], [True, True, True, False])
    assert [(each.low, each.count, each.confidence, each.accuracy) for each in bins] == [
        (0.3, 1, 0.3, 0),
        (0.8, 3, 0.8, 1),
    ]
    assert calibration_error(bins) == pytest.approx((3 * 0.2 + 1 * 0.3) / 4)
    assert calibration_error(reliability([], [])) == 0
    # Two wins and a tie of four pairs.
    assert auroc([0.9, 0.4], [0.5, 0.4]) == 2.5 / 4
    assert percentile([10.0, 20.0, 30.0], 0.5) == 20
    assert percentile([10.0, 20.0], 0.9) == pytest.approx(19)


def test_the_bootstrap_knows_how_sure_a_share_is() -> None:
    right = np.array([[1.0]] * 80 + [[0.0]] * 20)
    (found,) = estimate(right, np.ones((100, 1)), draws(100))
    assert found.value == 0.8
    # The normal approximation: 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 100).
    assert (found.low, found.high) == pytest.approx((0.722, 0.878), abs=0.02)
    assert estimate(right, np.ones((100, 1)), draws(100)) == [found]


def test_paired_runs_tell_a_change_that_intervals_would_hide() -> None:
    before = np.array([[1.0]] * 50 + [[0.0]] * 50)
    slightly = before.copy()
    slightly[:8] = 0  # eight of a hundred turn wrong, none turns right
    whole = np.ones((100, 1))
    (change,) = compare((before, whole), (slightly, whole), draws(100))
    assert (change.before, change.after) == (0.5, 0.42)
    assert change.high < 0
    assert change.p < 0.01
    (same,) = compare((before, whole), (before, whole), draws(100))
    assert (same.low, same.high, same.p) == (0, 0, 1)
