"""The index through its public door: built from documents, opened, searched; refused when it is not what it says."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.ranking.features import FEATURES
from index.store import build_index
from index.text.analyser import fold, grams, stem, word_spans, words
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import CorpusError, EmbedderUnavailable, IndexBusy, IndexDamaged, IndexMismatch, IndexMissing
from ingest.splitting.splitter import split

PAGE = """# Guia

## Implantação

* **Endpoint:** Atende previsões em tempo real.
* **Lote:** Processa arquivos grandes de uma vez.

## Manutenção

A manutenção do cluster acontece aos domingos. Depois dela, os nós reiniciam.
"""

HOLD_LOCK = """
import sys
from pathlib import Path
from index.folder.generations import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def document(doc_id: str, text: str) -> Document:
    return Document(doc_id, text, "markdown", doc_id, str(hash(text)))


def parts(*documents: Document) -> Iterator[tuple[Document, list[Chunk]]]:
    return ((each, split(each)) for each in documents)


@pytest.fixture(scope="module", params=["coruja", pytest.param("minilm", marks=pytest.mark.extras)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return load_embedder(request.param)


@pytest.fixture
def coruja() -> Embedder:
    return load_embedder("coruja")


class TestEmbedder:
    """What every embedder promises, whichever model stands behind it."""

    def test_passages_are_unit_rows(self, embedder: Embedder) -> None:
        vectors = embedder.embed_passages(["Manutenção do cluster", "Endpoint em tempo real"])
        assert vectors.shape == (2, embedder.dimension)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)

    def test_a_query_is_nearest_to_its_own_text(self, embedder: Embedder) -> None:
        vectors = embedder.embed_passages(["Atende previsões em tempo real", "Reinicia os nós do cluster"])
        assert np.argmax(vectors @ embedder.embed_query("previsões em tempo real")) == 0

    def test_nothing_to_embed_gives_no_rows(self, embedder: Embedder) -> None:
        assert embedder.embed_passages([]).shape == (0, embedder.dimension)

    def test_fingerprint_is_stable_and_names_the_prompts(self, embedder: Embedder) -> None:
        assert load_embedder(embedder.name).fingerprint == embedder.fingerprint
        if embedder.name == "minilm":
            assert load_embedder("minilm", query_prompt="query: ").fingerprint != embedder.fingerprint


@pytest.mark.extras
def test_a_model_that_is_not_here_says_how_to_bring_it() -> None:
    with pytest.raises(EmbedderUnavailable) as caught:
        load_embedder("somebody/some-model-that-is-not-here")
    assert "somebody/some-model-that-is-not-here" in caught.value.message
    assert "coruja embedders pull somebody/some-model-that-is-not-here" in caught.value.next_step


class TestSearch:
    def test_finds_by_word_by_meaning_of_place_and_without_accents(self, tmp_path: Path, embedder: Embedder) -> None:
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), embedder)
        index = FaissStore(tmp_path).open(embedder)
        assert index.search("Quando é a manutenção?")[0].chunk.line_start == 10
        assert index.search("quando e a MANUTENCAO")[0].chunk.line_start == 10
        assert index.search("endpoint")[0].chunk.subject == "Endpoint"
        assert index.search("processa arqivos grandes")[0].chunk.subject == "Lote"
        index.close()

    def test_ranks_from_1_and_never_more_than_k(self, tmp_path: Path, coruja: Embedder) -> None:
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        index = FaissStore(tmp_path).open(coruja)
        hits = index.search("cluster", k=2)
        assert [hit.rank for hit in hits] == [1, 2]
        assert hits[0].score >= hits[1].score
        assert set(hits[0].signals) == set(FEATURES)
        assert len(index.search("cluster", k=50)) == index.manifest.chunks
        index.close()

    @pytest.mark.parametrize("query", ["", "   ", "?!", "xyzzy", "a" * 5000, "\x00", "ção " * 300, "🦉"])
    def test_any_query_is_answered_with_hits(self, tmp_path: Path, coruja: Embedder, query: str) -> None:
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        index = FaissStore(tmp_path).open(coruja)
        assert all(np.isfinite(hit.score) for hit in index.search(query))
        index.close()

    def test_one_chunk_of_stop_words_is_an_index_too(self, tmp_path: Path, coruja: Embedder) -> None:
        build_index(FaissStore(tmp_path), parts(document("a.md", "de para com\n")), coruja)
        index = FaissStore(tmp_path).open(coruja)
        assert [hit.chunk.text for hit in index.search("para quem")] == ["de para com"]
        index.close()

    def test_gives_chunks_sections_and_texts_back_as_they_were(self, tmp_path: Path, coruja: Embedder) -> None:
        page = document("guia.md", PAGE)
        build_index(FaissStore(tmp_path), parts(page), coruja)
        index = FaissStore(tmp_path).open(coruja)
        hit = index.search("endpoint")[0]
        original = {chunk.chunk_id: chunk for chunk in split(page)}
        assert hit.chunk == original[hit.chunk.chunk_id] == index.chunk(hit.chunk.chunk_id)
        assert index.under("guia.md", ("Guia",)) == list(original.values())
        assert index.document_text("guia.md") == PAGE
        assert index.document_text("outro.md") == ""
        assert index.chunk("nenhum") is None
        index.close()


class TestGenerations:
    def test_nothing_changed_writes_nothing(self, tmp_path: Path, coruja: Embedder) -> None:
        first = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
        assert build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja) == first
        assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before

    def test_an_edit_makes_another_generation_and_a_reader_keeps_its_own(
        self, tmp_path: Path, coruja: Embedder
    ) -> None:
        first = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        reader = FaissStore(tmp_path).open(coruja)
        second = build_index(
            FaissStore(tmp_path), parts(document("guia.md", PAGE.replace("domingos", "sábados"))), coruja
        )
        assert second.generation != first.generation
        assert "domingos" in reader.search("manutenção")[0].chunk.text
        reader.close()
        later = FaissStore(tmp_path).open(coruja)
        assert "sábados" in later.search("manutenção")[0].chunk.text
        later.close()

    def test_a_deleted_document_is_gone(self, tmp_path: Path, coruja: Embedder) -> None:
        other = document("outro.md", "O pinguim mora na geladeira.\n")
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE), other), coruja)
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        index = FaissStore(tmp_path).open(coruja)
        assert not any("pinguim" in hit.chunk.text for hit in index.search("pinguim"))
        index.close()

    def test_nothing_indexed_says_what_to_type(self, tmp_path: Path, coruja: Embedder) -> None:
        with pytest.raises(IndexMissing, match="coruja index"):
            FaissStore(tmp_path).open(coruja)

    def test_no_text_at_all_is_an_error_and_the_old_index_stays(self, tmp_path: Path, coruja: Embedder) -> None:
        served = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        with pytest.raises(CorpusError):
            build_index(FaissStore(tmp_path), parts(), coruja)
        index = FaissStore(tmp_path).open(coruja)
        assert index.manifest == served
        index.close()

    @pytest.mark.extras
    def test_another_embedder_is_refused_by_name(self, tmp_path: Path, coruja: Embedder) -> None:
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        with pytest.raises(IndexMismatch, match=r"'coruja'.*'minilm'.*coruja index"):
            FaissStore(tmp_path).open(load_embedder("minilm"))

    @pytest.mark.parametrize("part", ["analyser", "splitter", "format"])
    def test_another_recipe_is_refused(self, tmp_path: Path, coruja: Embedder, part: str) -> None:
        manifest = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        another: dict[str, Any] = {part: "0"}
        replace(manifest, **another).write(tmp_path / "generations" / manifest.generation)
        with pytest.raises(IndexMismatch, match=part):
            FaissStore(tmp_path).open(coruja)

    def test_every_damaged_file_is_named_and_the_next_build_repairs_it(self, tmp_path: Path, coruja: Embedder) -> None:
        manifest = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        assert "000001/vectors.faiss" in manifest.files
        for name in manifest.files:
            folder = tmp_path / "generations" / (tmp_path / "CURRENT").read_text(encoding="utf-8").strip()
            data = bytearray((folder / name).read_bytes())
            data[len(data) // 2] ^= 0xFF
            (folder / name).write_bytes(data)
            with pytest.raises(IndexDamaged, match=name):
                FaissStore(tmp_path).open(coruja)
            build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
            FaissStore(tmp_path).open(coruja).close()

    def test_two_writers_at_once_one_is_told(self, tmp_path: Path, coruja: Embedder) -> None:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD_LOCK, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(IndexBusy):
            build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        holder.kill()
        holder.communicate()
        build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)  # a dead process holds nothing
        assert not list(tmp_path.glob("building-*"))

    def test_no_file_of_an_index_is_a_pickle(self, tmp_path: Path, coruja: Embedder) -> None:
        manifest = build_index(FaissStore(tmp_path), parts(document("guia.md", PAGE)), coruja)
        for path in (tmp_path / "generations" / manifest.generation).rglob("*.npy"):
            np.load(path, allow_pickle=False)


class TestAnalyser:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Manutenção", "manutencao"),
            ("previsões", "PREVISOES"),
            ("configuração", "configurações"),
            ("variável", "variaveis"),
            ("inferência", "inferencias"),
            ("transparência", "transparencia"),
        ],
    )
    def test_meet_in_one_stem(self, one: str, other: str) -> None:
        assert stem(fold(one)) == stem(fold(other))

    def test_stop_words_are_left_out(self) -> None:
        assert words("O que é a implantação de um modelo?") == ["implantacao", "modelo"]

    def test_grams_mark_the_ends_of_a_word(self) -> None:
        assert grams("lote") == ["_lot", "lote", "ote_"]
        assert grams("a") == ["_a_"]

    @given(st.text())
    def test_spans_give_the_words_and_lie_in_the_text(self, text: str) -> None:
        end = 0
        for word, start, stop in word_spans(text):
            assert end <= start < stop <= len(text)
            assert word == fold(text[start:stop])
            end = stop
