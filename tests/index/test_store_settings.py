"""Which store the settings choose, and what is said where it cannot be used."""

from pathlib import Path

from commandline import coruja
from pages import PAGE
from servers.milvus import MilvusServer


class TestSettings:
    def test_a_workspace_is_moved_to_a_server_by_a_setting(self, server: MilvusServer, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "guia.md").write_text(PAGE, encoding="utf-8")
        settings = f'[index]\nstore = "milvus"\nuri = "{server.uri}"\nname = "workspace"\n'
        (tmp_path / "coruja.toml").write_text(settings, encoding="utf-8")
        for shard in ("1/2", "2/2"):
            built = coruja(tmp_path, "index", "--shard", shard, "--json")
            assert built.returncode == 0, built.stderr
        answer = coruja(tmp_path, "ask", "Quando é a manutenção?")
        assert "domingos" in answer.stdout
        listed = coruja(tmp_path, "generations", "list")
        assert listed.returncode == 0
        assert not (tmp_path / ".coruja" / "index" / "generations").exists()

    def test_a_server_that_is_away_is_one_clear_line(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "guia.md").write_text(PAGE, encoding="utf-8")
        away = {"CORUJA_INDEX__STORE": "milvus", "CORUJA_INDEX__URI": "http://127.0.0.1:9"}
        failed = coruja(tmp_path, "ask", "Quando?", **away)
        assert failed.returncode == 1
        assert "Milvus at http://127.0.0.1:9" in failed.stderr
        assert "index.uri" in failed.stderr
        assert "Traceback" not in failed.stderr

    def test_a_shard_that_is_none_is_one_clear_line(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        for shard in ("3/2", "0/2", "x", "1"):
            failed = coruja(tmp_path, "index", "--shard", shard)
            assert failed.returncode == 1
            assert "--shard 1/4" in failed.stderr
