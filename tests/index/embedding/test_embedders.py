"""Other models than the embedded one: their settings, where they come from, and what is said where they are not."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from commandline import coruja, workspace
from hub_cache import E5, MINILM, REVISION, cached, described, parts
from servers.hub import HubServer
from servers.ollama import OllamaServer
from servers.ollama_models import honest

from index.embedding.catalogue import catalogue, find
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.ranking.reranker import CANDIDATES, load_reranker
from index.store import build_index
from ingest.errors import EmbedderUnavailable, IndexMismatch

WITHOUT = pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed")


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

    @pytest.mark.parametrize(
        ("kind", "name"), [("embedder", "e5-small"), ("embedder", "minilm"), ("reranker", "bge-reranker")]
    )
    def test_choosing_one_is_one_error_with_the_command_that_installs_it(
        self, tmp_path: Path, kind: str, name: str
    ) -> None:
        folder, chosen = workspace(tmp_path), {f"CORUJA_{kind.upper()}": name}
        assert coruja(folder, "index").returncode == 0
        asked = coruja(folder, "ask", "O que faz o SageMaker Clarify?", **chosen)
        assert (asked.returncode, asked.stdout) == (1, "")
        error, step = asked.stderr.splitlines()
        assert error.startswith(f"error: The {kind} '")
        assert 'pip install "coruja[sentence-transformers]"' in step
        assert "make install EXTRAS=sentence-transformers" in step
        checks = {
            check["name"]: check for check in json.loads(coruja(folder, "doctor", "--json", **chosen).stdout)["checks"]
        }
        assert not checks[kind]["ok"]
        assert 'pip install "coruja[sentence-transformers]"' in checks[kind]["fix"]
        assert checks["packages"]["ok"], "the extra is not one of the packages that an answer needs"


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
        with pytest.raises(EmbedderUnavailable, match="is on this machine, but cannot be used"):
            load_embedder(str(minilm_copy))

    @pytest.mark.extras
    def test_a_folder_without_a_model_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(EmbedderUnavailable, match="is not on this machine"):
            load_embedder(str(tmp_path))


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
        with pytest.raises(EmbedderUnavailable, match="cannot be used"):
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
