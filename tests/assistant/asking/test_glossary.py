"""The glossary: what the words of a question are also called."""

from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asking.glossary import Glossary, load_glossary
from index.text.analyser import fold, stem, words
from ingest.errors import SettingsError

GENERAL = load_glossary()


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Para que serve o IAM?", {"identidade", "acesso"}),
        ("Como funciona a gestão de identidade e acesso?", {"iam"}),
        ("Como detectar vieses?", {"bias"}),
        ("Does it measure bias?", {"vies"}),
        ("O que são endpoints?", {"extremidade"}),
        ("Como processar em lotes?", {"batch"}),
        ("Como faço o deploy de modelos?", {"implantacao"}),
        ("Como é a implantação?", {"deploy"}),
        ("O que é DRIFT?", {"desvio"}),
        ("O que é aprendizado de máquina?", {"ml", "learning"}),
        ("Existe monitorizacao?", {"monitoring", "monitoramento"}),
    ],
)
def test_words_are_expanded_in_both_directions(question: str, meant: set[str]) -> None:
    assert meant <= set(GENERAL.expansions(question))


@pytest.mark.parametrize("question", ["", "O que é?", "Qual é a capital da Mongólia?", "O que faz o produto Zyx?"])
def test_other_words_are_left_alone(question: str) -> None:
    assert GENERAL.expansions(question) == ()


def test_a_longer_term_hides_the_shorter_ones_in_it() -> None:
    glossary = Glossary([["rede", "network"], ["rede neural", "neural net"], ["neural", "nervoso"]])
    assert glossary.expansions("redes neurais") == ("net",)
    assert glossary.expansions("uma rede bem neural") == ("network", "nervoso")


def test_a_word_of_two_meanings_brings_both() -> None:
    glossary = Glossary([["nota", "grade"], ["nota", "invoice"]])
    assert glossary.expansions("as notas") == ("grade", "invoice")


def test_the_general_entries_are_well_formed_and_many(tmp_path: Path) -> None:
    """They pass what a workspace's own have to pass, and every term of every entry brings the others."""
    text = resources.files("assistant.asking").joinpath("glossary.toml").read_text("utf-8")
    (tmp_path / "glossary.toml").write_text("replaces = true\n" + text, "utf-8")
    assert load_glossary(tmp_path).entries == GENERAL.entries
    assert len(GENERAL.entries) >= 100
    for entry in GENERAL.entries:
        alone = Glossary([entry])
        assert all(alone.expansions(term) for term in entry), entry
        # Inflections of one term would add nothing.
        assert len({" ".join(map(stem, words(term))) for term in entry}) == len(entry), entry


TERMS = [term for entry in GENERAL.entries for term in entry]


@given(st.lists(st.sampled_from(TERMS), max_size=6), st.text(max_size=30))
def test_expansions_are_new_folded_words(terms: list[str], noise: str) -> None:
    question = f"{noise} {' '.join(terms)}"
    found = GENERAL.expansions(question)
    stems = [stem(word) for word in found]
    assert all(word == fold(word) for word in found)
    assert len(set(stems)) == len(stems)
    assert not set(stems) & {stem(word) for word in words(question)}


def test_a_workspace_extends_or_replaces_the_general_one(tmp_path: Path) -> None:
    file = tmp_path / "glossary.toml"
    file.write_text('terms = [["NF", "nota fiscal"], ["lote", "partida"]]', "utf-8")
    assert load_glossary(tmp_path).expansions("uma NF") == ("nota", "fiscal")
    assert {"partida", "batch"} <= set(load_glossary(tmp_path).expansions("um lote"))
    file.write_text('replaces = true\nterms = [["NF", "nota fiscal"]]', "utf-8")
    assert load_glossary(tmp_path).expansions("lote da NF") == ("nota", "fiscal")
    assert load_glossary(tmp_path / "outra").entries == GENERAL.entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('terms = [["a"', "not TOML"),
        ('termos = [["NF", "nota fiscal"]]', "no termos"),
        ('terms = "NF"', "list of lists"),
        ('terms = [["NF", 3]]', "entry 1"),
        ('terms = [["NF", "nota"], ["lote"]]', "entry 2 of `terms` needs two"),
        ('terms = [["lote", "Lotes"]]', "needs two different"),
        ('terms = [["NF", "de"]]', "'de'"),
        ('terms = ["NF"]\nreplaces = "sim"', "true or false"),
    ],
)
def test_a_broken_file_is_told_with_its_form(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "glossary.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=said) as caught:
        load_glossary(tmp_path)
    assert "terms = [[" in caught.value.next_step


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "glossary.toml").write_bytes('terms = [["opção", "option"]]'.encode("latin-1"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load_glossary(tmp_path)
