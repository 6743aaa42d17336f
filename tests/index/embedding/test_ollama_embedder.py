"""Embedding models that Ollama serves."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commandline import coruja, workspace
from hub_cache import NOWHERE, parts
from servers.ollama import OllamaServer
from servers.ollama_library import EMBEDDING_DIMENSION
from servers.ollama_models import honest

from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.store import build_index
from ingest.errors import EmbedderUnavailable


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer({"nomic-embed-text": honest, "bge-m3": honest}) as server:
        yield server


class TestOllama:
    def test_passages_are_unit_rows_in_order_and_in_batches(self, ollama: OllamaServer) -> None:
        embedder = load_embedder("ollama:bge-m3", ollama_url=ollama.url)
        assert embedder.dimension == EMBEDDING_DIMENSION
        texts = [f"texto número {number}" for number in range(70)]
        before = len(ollama.asked("/api/embed"))
        vectors = embedder.embed_passages(texts)
        assert len(ollama.asked("/api/embed")) - before == 3
        assert vectors.shape == (70, EMBEDDING_DIMENSION)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        assert np.allclose(vectors[69], embedder.embed_query(texts[69]), atol=1e-6)

    def test_an_empty_text_has_no_direction(self, ollama: OllamaServer) -> None:
        embedder = load_embedder("ollama:bge-m3", ollama_url=ollama.url)
        vectors = embedder.embed_passages(["fatura", "  ", "lote"])
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 0.0, 1.0], abs=1e-5)
        assert not embedder.embed_query("").any()
        assert embedder.embed_passages([]).shape == (0, EMBEDDING_DIMENSION)

    @pytest.mark.parametrize("name", ["ollama:nomic-embed-text", "ollama:nomic-embed-text:latest"])
    def test_the_catalogues_prompts_are_sent(self, ollama: OllamaServer, name: str) -> None:
        embedder = load_embedder(name, ollama_url=ollama.url)
        embedder.embed_query("fatura")
        embedder.embed_passages(["fatura"])
        *_, query, passage = ollama.asked("/api/embed")
        assert query.body["input"] == ["search_query: fatura"]
        assert passage.body["input"] == ["search_document: fatura"]

    def test_fingerprint_names_model_and_prompts(self, ollama: OllamaServer) -> None:
        def fingerprint(name: str, prompt: str | None = None) -> str:
            return load_embedder(name, query_prompt=prompt, ollama_url=ollama.url).fingerprint

        plain = fingerprint("ollama:bge-m3")
        assert plain == fingerprint("ollama:bge-m3:latest")
        assert plain != fingerprint("ollama:bge-m3", "query: ")
        other = fingerprint("ollama:nomic-embed-text", "")
        assert plain.rpartition("|")[2] != other.rpartition("|")[2]

    def test_a_model_that_ollama_lacks_says_how_to_fetch_it(self, ollama: OllamaServer) -> None:
        with pytest.raises(EmbedderUnavailable, match="ollama pull embeddinggemma"):
            load_embedder("ollama:embeddinggemma", ollama_url=ollama.url)

    def test_nobody_there_says_how_to_start_it(self) -> None:
        with pytest.raises(EmbedderUnavailable, match="ollama serve"):
            load_embedder("ollama:bge-m3", ollama_url=NOWHERE)

    @pytest.mark.parametrize("path", ["/elsewhere", ":none"])
    def test_what_is_no_ollama_is_said(self, ollama: OllamaServer, path: str) -> None:
        with pytest.raises(EmbedderUnavailable):
            load_embedder("ollama:bge-m3", ollama_url=ollama.url + path)

    def test_gone_in_the_middle_leaves_the_old_index(self, tmp_path: Path) -> None:
        embedded = load_embedder("coruja")
        build_index(FaissStore(tmp_path), parts(), embedded)
        with OllamaServer({"bge-m3": honest}) as server:
            embedder = load_embedder("ollama:bge-m3", ollama_url=server.url)
        with pytest.raises(EmbedderUnavailable, match="ollama serve"):
            build_index(FaissStore(tmp_path), parts(), embedder)
        assert not list(tmp_path.glob("building-*"))
        index = FaissStore(tmp_path).open(embedded)
        assert index.search("fatura")[0].chunk.headings[-1] == "Custos"
        index.close()

    def test_the_setting_reaches_it(self, tmp_path: Path, ollama: OllamaServer) -> None:
        folder = workspace(tmp_path)
        settings = {"CORUJA_EMBEDDER": "ollama:bge-m3", "CORUJA_OLLAMA_URL": ollama.url}
        indexed = coruja(folder, "index", "--json", **settings)
        assert indexed.returncode == 0, indexed.stderr
        asked = coruja(folder, "ask", "O que faz o SageMaker Clarify?", "--writer", "extractive", **settings)
        assert "[1]" in asked.stdout, asked.stderr
        sent = sum(len(request.body["input"]) for request in ollama.asked("/api/embed"))
        assert sent >= json.loads(indexed.stdout)["chunks"] + 3  # a probe by each command, and the question
