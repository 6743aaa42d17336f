"""Redaction: what is masked, what is not, and that nothing of it reaches the index."""

import itertools
import json
import re
import time
from pathlib import Path

import pytest
from commandline import coruja
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import Assistant
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from ingest.document import Document
from ingest.errors import IndexMismatch, IndexUnwritable, SettingsError
from ingest.redaction import KINDS, MASK, RedactionKind, recipe, redact, redact_text

# --- numbers, made here from the published rules and not by what checks them ---

PARTED = st.sampled_from(["", " ", ".", "-", "/", "\u00a0", "–", " - ", ". "])
UPPER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digit(values: list[int], weights: list[int]) -> int:
    rest = sum(value * weight for value, weight in zip(values, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


def cpf_of(first: list[int]) -> str:
    for start in (10, 11):
        first = [*first, digit(first, list(range(start, 1, -1)))]
    return "".join(map(str, first))


def cnpj_of(first: str) -> str:
    """The rule of 2026: a sign counts as its ASCII code minus 48."""
    for _ in range(2):
        weights = [2 + place % 8 for place in range(len(first))][::-1]
        first += str(digit([ord(sign) - 48 for sign in first], weights))
    return first


def nif_of(first: list[int]) -> str:
    return "".join(map(str, [*first, digit(first, list(range(9, 1, -1)))]))


def grouped(number: str, sizes: tuple[int, ...], marks: list[str]) -> str:
    ends = [sum(sizes[:place]) for place in range(len(sizes) + 1)]
    groups = [number[start:end] for start, end in itertools.pairwise(ends)]
    return "".join(group + mark for group, mark in zip(groups, [*marks, ""], strict=False))


DIGITS = st.integers(0, 9)
CPF = st.builds(
    lambda first, marks: grouped(cpf_of(first), (3, 3, 3, 2), marks),
    st.lists(DIGITS, min_size=9, max_size=9).filter(any),
    st.lists(PARTED, min_size=3, max_size=3),
)
NIF = st.builds(
    lambda lead, rest, marks: grouped(nif_of([lead, *rest]), (3, 3, 3), marks),
    st.integers(1, 9),
    st.lists(DIGITS, min_size=7, max_size=7),
    st.lists(PARTED, min_size=2, max_size=2),
)
CNPJ = st.builds(
    lambda first, marks: grouped(cnpj_of(first), (2, 3, 3, 4, 2), marks),
    st.text("0123456789", min_size=12, max_size=12).filter(lambda first: set(first) != {"0"}),
    st.lists(PARTED, min_size=4, max_size=4),
)
LETTERED = st.builds(
    lambda first, marks: grouped(cnpj_of(first), (2, 3, 3, 4, 2), marks),
    st.text(UPPER, min_size=12, max_size=12).filter(lambda first: first[:12].strip("0") != ""),
    st.sampled_from([[""] * 4, [".", ".", "/", "-"]]),
)
KIND_AND_NUMBER = st.one_of(
    *(st.tuples(st.just(kind), numbers) for kind, numbers in [("cpf", CPF), ("nif", NIF), ("cnpj", CNPJ | LETTERED)])
)


@given(KIND_AND_NUMBER, st.sampled_from(["Número: {}.", "{}", "O contribuinte **{}** pagou.", "a\n{}\nb", "é {}, ok"]))
def test_a_valid_number_is_masked_whatever_its_separators(pair: tuple[RedactionKind, str], frame: str) -> None:
    kind, number = pair
    text = frame.format(number)
    masked, counts = redact_text(text, [kind])
    assert masked == frame.format(re.sub(r"[^\W_]", MASK, number))
    assert counts == {kind: 1}


@given(KIND_AND_NUMBER, st.integers(1, 9))
def test_a_number_with_a_wrong_check_digit_is_left(pair: tuple[RedactionKind, str], wrong: int) -> None:
    kind, number = pair
    text = f"{number[:-1]}{(int(number[-1]) + wrong) % 10}"
    assert redact_text(text, [kind]) == (text, {})


MIXED = st.lists(
    st.one_of(
        CPF,
        CNPJ,
        LETTERED,
        NIF,
        st.text("0123456789 .-/()+@aZç_\n", max_size=12),
        st.sampled_from(["(11) 98765-4321", "+351 912 345 678", "joão.silva@exemplo.com.br", "x@y.pt", "2019-2020"]),
    ),
    max_size=8,
).map("".join)


@given(MIXED, st.sets(st.sampled_from(KINDS)))
def test_lengths_and_lines_stay_and_redacting_twice_changes_nothing(text: str, kinds: set[RedactionKind]) -> None:
    masked, counts = redact_text(text, kinds)
    assert len(masked) == len(text)
    assert all(new in (old, MASK) for old, new in zip(text, masked, strict=True))
    assert set(counts) <= kinds
    assert (MASK in masked) == bool(counts)
    assert redact_text(masked, kinds) == (masked, {})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("escreva a maria.souza+rh@exemplo.com.br.", "escreva a █████.█████+██@███████.███.██."),
        ("[contato](mailto:ana_1@ex.pt)", "[contato](mailto:███_█@██.██)"),
        ("ligue (11) 98765-4321 ou 11 3456-7890", "ligue (██) █████-████ ou ██ ████-████"),
        (
            "ligue 912 345 678, +351 21 123 4567, +1 650 253 0000",
            "ligue ███ ███ ███, +███ ██ ███ ████, +█ ███ ███ ████",
        ),
        ("de 2019-2020, item 2345-6789, em 12/03/2024 10:22, 192.168.100.200", None),
        ("pacote@1.2.3, @decorador, @media, a@b, imagem@sha256:abc", None),
        ("CNPJ 12.ABC.345/01DE-35 e 12abc34501de35", "CNPJ ██.███.███/████-██ e ██████████████"),
        ("CPF52998224725, 252998224725, 529982247250", "CPF███████████, 252998224725, 529982247250"),
    ],
)
def test_examples(text: str, masked: str | None) -> None:
    assert redact_text(text, KINDS)[0] == (masked or text)


def test_words_in_capitals_are_no_company() -> None:
    """Every ending of check digits is tried: one of them is right."""
    for ending in range(100):
        text = f"NA SUA VEZ TUDO {ending:02}"
        assert redact_text(text, ["cnpj"]) == (text, {})


@pytest.mark.parametrize(
    "unit", ["1 ", "1", "+", "(1", "11 9876-", "a@", "a.", "a@a.", "1A.", "@", "529.982.247-25 ", "x" * 50 + "@b.com "]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        return min(_timed(text) for _ in range(2))

    small, large = seconds(5_000), seconds(40_000)
    assert large < 8 * 3 * small + 0.2, (small, large)


def _timed(text: str) -> float:
    began = time.process_time()
    redact_text(text, KINDS)
    return time.process_time() - began


def test_a_title_and_its_metadata_are_masked_and_counted_once() -> None:
    text = "---\nautor: a@ex.pt\n---\n# CPF 529.982.247-25\n"
    document = Document("x.md", text, "markdown", "CPF 529.982.247-25", "0" * 64, {"autor": "a@ex.pt"})
    redacted, counts = redact(document, KINDS)
    assert redacted.title == "CPF ███.███.███-██"
    assert redacted.metadata == {"autor": "█@██.██"}
    assert (redacted.doc_id, redacted.content_hash) == (document.doc_id, document.content_hash)
    assert counts == {"email": 1, "cpf": 1}


def test_a_recipe_names_what_is_masked() -> None:
    assert recipe([]) == ""
    assert recipe(["phone", "cpf"]) == recipe(("cpf", "phone")) != recipe(["cpf"])


# --- from the settings to the index ---

SECRETS = ("529.982.247-25", "maria@exemplo.com.br", "98765-4321")
PAGE = """# Cadastro

O cliente Maria tem o CPF 529.982.247-25 e o e-mail maria@exemplo.com.br.

O telefone do cliente é (11) 98765-4321.
"""


@pytest.fixture
def cadastro(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cadastro.md").write_text(PAGE, encoding="utf-8")
    return tmp_path


def stored(workspace: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (workspace / ".coruja").rglob("*") if file.is_file())


def test_nothing_masked_is_stored_and_earlier_generations_go(cadastro: Path) -> None:
    plain = build(cadastro, read_settings(cadastro, writer="extractive"))
    assert plain.redactions == {}
    assert all(secret.encode() in stored(cadastro) for secret in SECRETS)
    settings = read_settings(cadastro, writer="extractive", redact=True)
    with pytest.raises(IndexMismatch, match="redact"):
        Assistant.open(cadastro, settings)
    report = build(cadastro, settings)
    assert report.redactions == {"cpf": 1, "email": 1, "phone": 1}
    assert report.manifest.generation != plain.manifest.generation
    assert not [secret for secret in SECRETS if secret.encode() in stored(cadastro)]
    assert (cadastro / "corpus" / "cadastro.md").read_text(encoding="utf-8") == PAGE
    assistant = Assistant.open(cadastro, settings)
    answer = assistant.ask("Qual é o telefone do cliente?")
    text = assistant.index.document_text("cadastro.md")
    assistant.close()
    assert len(text) == len(PAGE)
    assert all(text[cited.start : cited.end] == cited.quote for cited in answer.citations)
    assert "(██) █████-████" in answer.text
    again = build(cadastro, settings)
    assert again.unchanged
    assert again.redactions == report.redactions


def test_an_index_that_cannot_be_cleaned_of_what_is_masked_fails_until_it_is(cadastro: Path) -> None:
    build(cadastro, read_settings(cadastro, writer="extractive"))
    settings = read_settings(cadastro, writer="extractive", redact=True)
    stuck = cadastro / ".coruja" / "index" / "vectors.cache.d"  # a folder cannot be unlinked, not even by root
    stuck.mkdir()
    for _ in range(2):
        with pytest.raises(IndexUnwritable, match=r"still stored.*vectors\.cache\.d"):
            build(cadastro, settings)
    stuck.rmdir()
    assert build(cadastro, settings).redactions == {"cpf": 1, "email": 1, "phone": 1}
    assert not [secret for secret in SECRETS if secret.encode() in stored(cadastro)]


def test_the_recipe_makes_another_generation_even_where_nothing_is_masked(cadastro: Path) -> None:
    (cadastro / "corpus" / "cadastro.md").write_text("# Casa\n\nNada de pessoal aqui.\n", encoding="utf-8")
    names = {
        build(cadastro, read_settings(cadastro, redact=kinds)).manifest.generation
        for kinds in (False, ["cpf"], ["cpf", "email"])
    }
    assert len(names) == 3


def test_the_setting_is_read_from_the_file_and_the_environment(cadastro: Path) -> None:
    for written, kinds in [("true", KINDS), ("false", ()), ('["nif", "cpf"]', ("cpf", "nif"))]:
        (cadastro / "coruja.toml").write_text(f"redact = {written}\n", encoding="utf-8")
        assert read_settings(cadastro).redact == kinds
    (cadastro / "coruja.toml").write_text('redact = ["rg"]\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="redact"):
        read_settings(cadastro)


def test_index_counts_what_it_masked(cadastro: Path) -> None:
    report = json.loads(coruja(cadastro, "index", "--json", CORUJA_REDACT="cpf,email").stdout)
    assert report["redactions"] == {"cpf": 1, "email": 1}
    assert "redacted 1 cpf, 1 email, 1 phone" in coruja(cadastro, "index", CORUJA_REDACT="true").stdout
    refused = coruja(cadastro, "ask", "Qual é o CPF?", CORUJA_REDACT="false")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "error: The index was built with cpf,cnpj,nif,email,phone masked, and `redact` asks for nothing now.",
        "next: Rebuild it: coruja index. To keep it masked: CORUJA_REDACT=cpf,cnpj,nif,email,phone",
    ]
    assert coruja(cadastro, "search", "CPF", CORUJA_REDACT="cpf,cnpj,nif,email,phone").returncode == 0
    other = coruja(cadastro, "ask", "Qual é o CPF?", CORUJA_REDACT="cpf")
    assert "masked, and `redact` asks for cpf now." in other.stderr
    wrong = coruja(cadastro, "index", CORUJA_REDACT="rg")
    assert wrong.returncode == 1
    assert "redact" in wrong.stderr
