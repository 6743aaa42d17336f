"""A run in MLflow: a real store and a real server, and what is said where there is none."""

import json
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from commandline import coruja

from eval.report import Report
from eval.row import Row
from eval.run import MADE, PAGE, REPORT, TIMINGS

ROW = Row("1", "O que é?", "", "", (), True, (), "", "", "answered", evidence_shown=True, retrieval={"RR@10": 0.5})
UNANSWERED = Row("2", "Quanto?", "", "", (), True, (), "", "", "abstained", retrieval={"RR@10": 0.0})


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one finished run."""
    (tmp_path / "corpus").mkdir()
    run = tmp_path / ".coruja" / "evaluations" / "perguntas-1"
    run.mkdir(parents=True)
    made = {"dataset": "perguntas", "generation": "abc", "settings": {"k": 10, "caution": None}}
    (run / MADE).write_text(json.dumps(made), "utf-8")
    (run / REPORT).write_text(json.dumps(Report(made, (ROW, UNANSWERED)).to_dict()), "utf-8")
    (run / PAGE).write_text("<!doctype html>", "utf-8")
    (run / TIMINGS).write_text("{}", "utf-8")
    return tmp_path


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="MLflow is here")
def test_without_the_extra_it_says_what_to_type(workspace: Path) -> None:
    run = coruja(workspace, "eval", "track", "perguntas-1", "--to", "sqlite:///runs.db")
    assert (run.returncode, 'pip install "coruja[mlflow]"' in run.stderr) == (1, True)


@pytest.mark.extras
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_a_run_is_logged_once_to_a_store(workspace: Path) -> None:
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{workspace / 'runs.db'}"
    first, again = (coruja(workspace, "eval", "track", "perguntas-1", "--to", uri, "--json") for _ in range(2))
    assert first.returncode == 0, first.stderr
    (logged,) = {json.loads(run.stdout)["mlflow"] for run in (first, again)}
    found = MlflowClient(tracking_uri=uri).get_run(logged)
    assert found.info.run_name == "perguntas-1"
    assert (found.data.params["k"], found.data.params["generation"]) == ("10", "abc")
    assert (found.data.metrics["correct"], found.data.metrics["RR_at_10"]) == (0.5, 0.25)
    assert found.data.metrics["correct.low"] < 0.5 < found.data.metrics["correct.high"]
    files = {path.name for path in (workspace / "runs" / "artifacts").rglob("*") if path.is_file()}
    assert {"report.json", "report.html", "timings.json"} <= files
    assert not (workspace / "mlruns").exists()


@pytest.mark.extras
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_run_is_logged_to_a_server_and_one_that_is_away_is_told(workspace: Path, free_url: str) -> None:
    from mlflow.tracking import MlflowClient

    away = coruja(workspace, "eval", "track", "perguntas-1", "--to", free_url, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
    assert (away.returncode, "next: Check --to" in away.stderr) == (1, True)
    store = ["--backend-store-uri", f"sqlite:///{workspace / 's.db'}", "--artifacts-destination", str(workspace / "a")]
    port = free_url.rpartition(":")[2]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--port", port, "--workers", "1", *store],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{free_url}/health")
        run = coruja(workspace, "eval", "track", "perguntas-1", "--to", free_url, "--experiment", "vila", "--json")
        client = MlflowClient(tracking_uri=free_url)
        logged = json.loads(run.stdout)["mlflow"]
        assert client.get_run(logged).data.metrics["correct"] == 0.5
        assert {each.path for each in client.list_artifacts(logged)} == {"report.json", "report.html", "timings.json"}
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str) -> None:
    ends = time.monotonic() + 200
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(address)
