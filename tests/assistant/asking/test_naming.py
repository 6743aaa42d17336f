"""What a question names: nouns and names, never verbs, particles or letters."""

import pytest

from assistant.asking.naming import in_full, named


@pytest.mark.parametrize(
    ("question", "names", "others"),
    [
        ("p q serve o termostato da caldeira?", {"termostato", "caldeira"}, {"p", "q", "serve"}),
        ("como configuro a bomba?", {"bomba"}, {"como", "configuro"}),
        ("começo a regar quando?", set(), {"começo", "regar"}),
        ("Quanto custa o frete?", {"frete"}, {"Quanto", "custa"}),
        ("é assim que cuidam das orquídeas?", {"orquídeas"}, {"assim", "cuidam"}),
        ("dá pra usar useTemplateRef() com Pinia?", {"useTemplateRef", "Pinia"}, {"usar", "dá"}),
        ("o memory_limiter tem alíquota?", {"memory_limiter"}, {"tem"}),
        ("How do I prune the roses?", {"roses"}, {"prune", "How"}),
    ],
)
def test_nouns_and_names_are_told_from_the_rest(question: str, names: set[str], others: set[str]) -> None:
    found = named(question)
    assert names <= found
    assert found.isdisjoint(others)


@pytest.mark.parametrize(
    ("question", "lacking", "told"),
    [
        ("onde vejo quem trabalha no fim de semana?", {"fim"}, ("fim de semana",)),
        ("qual é o preço do plano anual?", {"plano"}, ("plano",)),
        ("onde está o relatório de como foi feito?", {"relatório"}, ("relatório",)),
        ("quais as etapas, de coleta a envio?", {"etapas"}, ("etapas",)),
        ("preciso de PostgreSQL no Ubuntu?", {"PostgreSQL", "Ubuntu"}, ("PostgreSQL", "Ubuntu")),
        ("Qual a capital da França?", {"capital", "França"}, ("capital", "França")),
        ("existe o frete de cada produto?", {"frete"}, ("frete",)),
        ("What is the color of the sky?", {"color"}, ("color",)),
        ("como configuro a bomba?", set(), ()),
        ("o memory_limiter tem alíquota?", {"limiter"}, ("memory_limiter",)),
    ],
)
def test_a_word_is_told_with_the_name_that_it_stands_in(
    question: str, lacking: set[str], told: tuple[str, ...]
) -> None:
    assert in_full(question, lacking) == told
