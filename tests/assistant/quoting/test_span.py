"""The stretch of a sentence that answers a question."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.quoting.span import answering_span


def marked(question: str, sentence: str) -> str:
    start, end = answering_span(question, sentence)
    return sentence[start:end]


@pytest.mark.parametrize(
    ("question", "sentence", "within", "holds"),
    [
        (
            "Quem construiu a ponte?",
            "Em 1890, a engenheira Rosa Leal construiu a ponte.",
            "a engenheira Rosa Leal",
            "Leal",
        ),
        ("Por quem a ponte foi construída?", "A ponte foi construída por Rosa Leal.", "por Rosa Leal", "Rosa"),
        (
            "Quando a ponte foi aberta?",
            "A ponte foi aberta em 3 de maio de 1890, por Rosa Leal.",
            "em 3 de maio de 1890",
            "1890",
        ),
        (
            "Quantos barcos usam o cais?",
            "O cais é usado por quarenta barcos, todos de pesca.",
            "por quarenta barcos",
            "quarenta",
        ),
        (
            "Qual o prazo para a devolução?",
            "A devolução tem prazo de 15 dias, contados da compra.",
            "prazo de 15 dias",
            "15",
        ),
        (
            "Onde ficam guardadas as redes?",
            "As redes ficam guardadas no galpão azul, até o verão.",
            "no galpão azul",
            "galpão",
        ),
        (
            "O que é uma tarrafa?",
            "Uma tarrafa é uma rede redonda de pesca.",
            "uma rede redonda de pesca",
            "rede redonda",
        ),
        (
            "Por que o cais fechou?",
            "O cais fechou em abril porque a maré levou as tábuas.",
            "porque a maré levou as tábuas",
            "maré levou",
        ),
        ("Para que serve o guincho?", "O guincho serve para puxar os barcos.", "para puxar os barcos", "puxar"),
    ],
)
def test_what_answers_is_marked(question: str, sentence: str, within: str, holds: str) -> None:
    found = marked(question, sentence)
    assert found.strip(".") in within
    assert holds in found


def test_a_sentence_that_says_nothing_else_is_marked_whole() -> None:
    assert marked("O barco afundou?", "O barco afundou.") == "O barco afundou."


@pytest.mark.parametrize("sentence", ["", "...", "…  (—)", "A"])
def test_a_sentence_without_words_is_marked_whole(sentence: str) -> None:
    assert marked("Quem?", sentence) == sentence


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["Quem veio?", "Quando?", "", "Quantos são os barcos?", "Onde fica?"]), st.text(max_size=200))
def test_a_span_lies_inside_its_sentence_and_has_no_loose_ends(question: str, sentence: str) -> None:
    start, end = answering_span(question, sentence)
    assert 0 <= start <= end <= len(sentence)
    assert marked(question, sentence).strip() or not sentence.strip()


def test_time_grows_with_the_sentence_and_no_faster() -> None:
    def seconds(words: int) -> float:
        sentence = "o barco, que veio do cais em 1890, trouxe " * words
        began = process_time()
        answering_span("Quando o barco trouxe a rede?", sentence)
        return process_time() - began

    # The square would be sixteen; a busy machine only adds, so the least of three counts.
    few, many = (min(seconds(words) for _ in range(3)) for words in (100, 400))
    assert many < 10 * few
