"""The embedded model: small, quick to load, and the same vectors however it is loaded."""

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embedding.static import SHIPPED, StaticEmbedder
from training.model.export import quantise
from training.texts.data import Pair, split_pairs

TEXTS = [
    "Como treinar um modelo sem escrever código?",
    "O SageMaker Clarify detecta vieses em dados e em modelos, e explica as previsões.",
    "Para excluir um arquivo, selecione-o e pressione Delete.\n\n- item um\n- item dois (opcional): `rm -rf pasta/`",
    "How do I delete a file? -- см. также ☃ 日本語",
    "palavras " * 900,
]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.mark.extras
def test_sentence_transformers_gives_the_same_vectors(embedder: StaticEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(SHIPPED), device="cpu", local_files_only=True)
    theirs = model.encode(TEXTS, convert_to_numpy=True)
    np.testing.assert_allclose(embedder.embed_passages(TEXTS), theirs, atol=1e-5)


def test_model2vec_gives_the_same_vectors(embedder: StaticEmbedder) -> None:
    from model2vec import StaticModel

    theirs = StaticModel.from_pretrained(SHIPPED).encode(TEXTS, max_length=None)
    np.testing.assert_allclose(embedder.embed_passages(TEXTS), theirs, atol=1e-5)


def test_loading_and_embedding_import_no_engine_and_open_no_socket() -> None:
    script = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
from index.embedding.static import StaticEmbedder
assert StaticEmbedder().embed_query("Como instalar?").any()
heavy = {"torch", "transformers", "sentence_transformers", "model2vec", "huggingface_hub", "faiss", "scipy", "sklearn"}
print(sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rows_have_length_one_and_the_stated_shape(embedder: StaticEmbedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", "   \n\t", "\u0000"])
def test_text_without_words_is_the_zero_vector(embedder: StaticEmbedder, text: str) -> None:
    assert not embedder.embed_query(text).any()
    both = embedder.embed_passages([text, "modelo"])
    assert not both[0].any()
    assert both[1].any()


def test_no_texts_give_no_rows(embedder: StaticEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Manutenção e previsões do catálogo", "manutencao e previsoes do catalogo"),
        ("SEGURANÇA DA INFORMAÇÃO", "segurança da informação"),
        ("avaliação", "avaliac\u0327a\u0303o"),
    ],
)
def test_case_and_accents_make_no_difference(embedder: StaticEmbedder, written: str, typed: str) -> None:
    np.testing.assert_allclose(embedder.embed_query(written), embedder.embed_query(typed), atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=80), min_size=1, max_size=5))
def test_a_text_has_the_same_vector_alone_and_among_others(embedder: StaticEmbedder, texts: list[str]) -> None:
    together = embedder.embed_passages(texts)
    alone = np.stack([embedder.embed_query(text) for text in texts])
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_misspelt_word_stays_near_the_right_one(embedder: StaticEmbedder) -> None:
    right, wrong, other = embedder.word_vectors(["configuração", "configurasao", "impressora"])
    assert right @ wrong > right @ other


def test_english_and_portuguese_say_the_same(embedder: StaticEmbedder) -> None:
    english = ["delete a file", "user password", "database connection", "install the package", "error message"]
    portuguese = [
        "excluir um arquivo",
        "senha do usuário",
        "conexão com o banco de dados",
        "instalar o pacote",
        "mensagem de erro",
    ]
    similar = embedder.embed_passages(english) @ embedder.embed_passages(portuguese).T
    np.testing.assert_array_equal(similar.argmax(1), np.arange(len(english)))


def test_paraphrases_without_shared_words_are_nearer_than_other_topics(embedder: StaticEmbedder) -> None:
    query = embedder.embed_query("apagar documentos")
    near, far = embedder.embed_passages(["excluir arquivos", "conectar impressoras"])
    assert query @ near > query @ far + 0.1


def test_fingerprint_tells_models_apart(embedder: StaticEmbedder, tmp_path: Path) -> None:
    copy = shutil.copytree(SHIPPED, tmp_path / "coruja")
    assert StaticEmbedder(copy).fingerprint == embedder.fingerprint
    model = copy / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-1] + b"\x01")
    assert StaticEmbedder(copy).fingerprint != embedder.fingerprint


def test_the_card_tells_the_checksum_and_the_files_fit() -> None:
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    written = re.search(r"model\.safetensors`?[^\n]*?\b([0-9a-f]{64})\b", card)
    assert written is not None
    assert written[1] == sha256((SHIPPED / "model.safetensors").read_bytes()).hexdigest()
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 30_000_000


def test_the_unknown_piece_adds_nothing(embedder: StaticEmbedder) -> None:
    tokenizer = json.loads((SHIPPED / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["added_tokens"][0]["id"] == 0
    np.testing.assert_allclose(embedder.embed_query("modelo \u1681\u1682"), embedder.embed_query("modelo"), atol=1e-6)


def test_held_out_pairs_share_no_page_and_no_passage_with_training_pairs() -> None:
    pages = [f"Página {number}" for number in range(400)]
    paths = [
        Pair(f"{page} - Seção {n}", f"Texto {n} de {page}.", "casa/docs", "titulo") for page in pages for n in "ab"
    ]
    descriptions = [Pair(f"Descreve {page}", f"{page}. Texto inicial.", "casa/docs", "desc") for page in pages]
    copied = [Pair("Cópia - Seção", "Texto a de Página 7.", "outra/docs", "titulo")]
    kept, held_out = split_pairs(paths + descriptions + copied)
    assert 0.02 < len(held_out) / len(paths + descriptions) < 0.08
    assert not {pair.page for pair in kept} & {pair.page for pair in held_out}
    assert not {pair.passage for pair in kept} & {pair.passage for pair in held_out}
    assert (kept, held_out) == split_pairs(paths + descriptions + copied)
    assert kept == [pair for pair in paths + descriptions + copied if pair in set(kept)]


def test_rounding_to_int8_keeps_every_row_within_half_a_step() -> None:
    table = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    table[0] = 0
    codes, weights = quantise(table)
    assert codes.dtype == np.int8
    assert np.abs(codes * weights[:, None] - table).max() <= weights.max() / 2 + 1e-6
    assert not codes[0].any()
