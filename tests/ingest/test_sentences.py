"""Sentences of Portuguese text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.splitting.sentences import sentence_spans

CASES = [
    ["Isto é.", "Ele vem."],
    ["O Dr. Silva chegou.", "A Sra. Souza saiu."],
    ["Use um tipo simples, p. ex. String.", "Depois compile."],
    ["Use um tipo simples (p. ex. String).", "Depois compile."],
    ["Veja o art. 5º da lei, o item II e a pág. 12.", "Depois siga."],
    ["Maçãs, peras etc. são frutas.", "Uvas também."],
    ["Maçãs, peras etc.", "As uvas vêm depois."],
    ["Custa R$ 3.14 ou 1.000,50 reais.", "É caro."],
    ["Instale a versão 1.2.3.", "A 1.2.4 falha."],
    ["Veja https://a.com/b.html.", "Leia main.py e config.yaml.", "Fim."],
    ["O Node.js e o .NET Framework servem.", "O resto não."],
    ["Espere... e veja.", "Agora...", "Acabou…", "Mesmo."],
    ["J. R. Silva escreveu com Maria J. Souza.", "Ana leu."],
    ["A Petrobras S.A. cresceu.", "A Vale também."],
    ["Tome vitamina C.", "Ela ajuda."],
    ['Ele disse "sim."', "Depois saiu."],
    ["(Veja a nota.)", "Depois leia."],
    ["**Atenção.**", "_Leia antes._", "`kubectl` vem depois."],
    ["Quem é?", "Ninguém!", "Como assim?!", "Nada."],
    ["Quem perguntou (por quê?) e quando?", "Ontem."],
    ["Rode `a. B` agora.", "Pronto."],
    ["Uma linha quebrada\nno meio segue.", "Outra\ntambém."],
    ["Sem ponto no título", "\n\nParágrafo seguinte."],
    ["Sem ponto\n", "- item um\n", "- item dois.", "Tem cauda.", "\n1. Clique em Salvar.", "Feche.\n", "2. Abra."],
    ["É o nº. 5 da lista, cf. Anexo II.", "Fim."],
    ["A Profª. Bia e o Eng. Davi vieram.", "Foram-se."],
    ["Terminou em 2024.", "Em 2025 recomeça."],
]


@pytest.mark.parametrize("sentences", CASES, ids=lambda sentences: sentences[0])
def test_boundaries(sentences: list[str]) -> None:
    text = " ".join(sentences)
    expected = [sentence.strip() for sentence in sentences]
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


@settings(max_examples=300)
@given(st.one_of(st.text(), st.text(alphabet="aÉB1.!?…\n \t\"')`*-•>_")))
def test_spans_are_ordered_and_cover_all_that_is_not_space(text: str) -> None:
    spans = sentence_spans(text)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert not text[last:start].strip()
        last = end
    assert not text[last:].strip()


@pytest.mark.parametrize("part", [".", "a. ", "A.", "\n", "> ", ". ", "._", "...x", "- a\n", "(.) ", "`", "1. "])
def test_time_is_linear(part: str) -> None:
    start = time.process_time()
    sentence_spans(part * 50_000)
    assert time.process_time() - start < 4
