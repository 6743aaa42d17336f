"""The benchmarks run as their documentation says. What they measure is in LOG.md; nothing here depends on speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import PAGE, ROOT


def run(module: str, *words: str | Path) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "a.md").write_bytes(PAGE.read_bytes())
    return tmp_path / "page"


def test_peers_without_the_peers(folder: Path, tmp_path: Path) -> None:
    printed = run("peers", folder, "--only", "coruja")
    assert "page: 1 documents" in printed
    assert "| edit, found out, s |" in printed


def test_synthetic_documents_are_measured(folder: Path, tmp_path: Path) -> None:
    run("synthetic", "--from", folder, "--chunks", "60", "--out", tmp_path / "made" / "corpus")
    made = sorted((tmp_path / "made" / "corpus").rglob("*.md"))
    assert len(made) == 3
    subprocess.run([Path(sys.executable).with_name("coruja"), "index"], cwd=tmp_path / "made", check=True)
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"_id": "1", "text": "O que faz o Clarify?"}\n', encoding="utf-8")
    found = json.loads(run("million", tmp_path / "made", "--queries", queries))
    assert found["chunks"] >= 60
    assert found["recall@10"] == 1.0, "few rows are searched exactly"
    assert found["all_postings"]["overlap@10"] == 1.0
