"""What a question names: nouns and names, never verbs, particles or letters."""

import pytest

from assistant.asking.naming import named


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
