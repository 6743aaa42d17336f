"""Choosing and fetching models, and asking those of other providers."""

import json
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import CORUJA, NO_OLLAMA, coruja, environment, workspace
from servers import ollama_models as scripted
from servers.ollama import OllamaServer
from servers.openai import OpenAiServer

from assistant.models.catalogue import catalogue, installed, pull
from assistant.models.provider_model import is_provider_model, missing_package
from assistant.settings import Settings
from assistant.workspace.folder import read_settings
from ingest.errors import ModelUnavailable, SettingsError

ASKED = "O que faz o SageMaker Clarify?"


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer({"qwen3:4b-instruct": scripted.honest, "outro": scripted.honest}) as running:
        yield running


# --- what there is ---


def test_the_catalogue_can_be_typed_and_fits_small_machines() -> None:
    names = [entry.name for entry in catalogue()]
    assert len(set(names)) == len(names) >= 10
    assert Settings.model_fields["model"].default in names
    for entry in catalogue():
        assert re.fullmatch(r"[a-z0-9.-]+(:[a-z0-9.-]+)?|hf\.co/[\w.-]+/[\w.-]+:\w+", entry.name)
        assert 0.5 < entry.disk < entry.memory < 12
        assert entry.source.startswith("https://")
        assert entry.licence
        assert entry.portuguese
        assert not is_provider_model(entry.name)
    assert [entry.disk for entry in catalogue()] == sorted(entry.disk for entry in catalogue())


def test_the_default_model_may_be_used_by_anybody() -> None:
    (default,) = (entry for entry in catalogue() if entry.name == Settings.model_fields["model"].default)
    assert default.licence in {"Apache-2.0", "MIT"}
    assert [entry.name for entry in catalogue() if "default" in entry.note] == [default.name]


def test_what_ollama_has_is_listed(server: OllamaServer) -> None:
    assert [(model.name, model.disk) for model in installed(server.url)] == [
        ("outro:latest", 1.9),
        ("qwen3:4b-instruct", 1.9),
    ]


def test_models_for_people_and_for_programs(tmp_path: Path, server: OllamaServer) -> None:
    run = coruja(tmp_path, "models", CORUJA_OLLAMA_URL=server.url)
    assert re.search(r"^\* installed +qwen3:4b-instruct +1.9 GB$", run.stdout, re.MULTILINE), run.stdout + run.stderr
    assert re.search(
        r"^  to download +qwen3:4b +2.5 GB on disk, about 5.0 GB of memory.*, Apache-2.0$", run.stdout, re.M
    )
    assert re.search(r"fits now|more than is free now", run.stdout)
    assert "https://ollama.com/library/granite4:micro" in run.stdout
    listed = json.loads(coruja(tmp_path, "models", "--json", CORUJA_OLLAMA_URL=NO_OLLAMA).stdout)
    assert set(listed) == {"model", "installed", "catalogue", "notice", "tried", "free_memory_gb"}
    assert listed["tried"] == []
    assert listed["installed"] == []
    assert "ollama serve" in listed["notice"]
    assert set(listed["catalogue"][0]) == {
        "name",
        "disk",
        "memory",
        "licence",
        "portuguese",
        "note",
        "source",
        "measured",
    }


# --- fetching ---


def test_a_download_tells_how_far_it_is(server: OllamaServer) -> None:
    steps = list(pull("novo:1b", server.url))
    assert steps[0].what == "pulling manifest"
    assert steps[-1].what == "success"
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert steps[-1].done == steps[-1].total == 4 * 1024 * 1024
    assert server.asked("/api/pull")[-1].body["model"] == "novo:1b"


def test_a_model_that_is_nowhere_is_an_error(server: OllamaServer) -> None:
    with pytest.raises(ModelUnavailable, match="no model inexistente"):
        list(pull("inexistente:9b", server.url))
    with pytest.raises(ModelUnavailable) as caught:
        list(pull("novo", NO_OLLAMA))
    assert caught.value.next_step == "Start it with: ollama serve"


LINES = {
    "cut": (b'{"status": "pulling manifest"}\n', "stopped half-way"),
    "full disk": (b'{"error": "write /x: no space left on device"}\n', "no space left"),
    "html": (b"<html>\n", "not Ollama"),
    "list": (b"[1]\n", "not Ollama"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_download_that_breaks_is_explained(case: str) -> None:
    lines, said = LINES[case]
    with _answering(lines) as url, pytest.raises(ModelUnavailable, match=said) as caught:
        list(pull("novo", url))
    assert caught.value.next_step


class _answering:  # noqa: N801 - used as a function
    """Serve a version, as Ollama does, and then these lines for the download, on a free port."""

    def __init__(self, lines: bytes, *, hold: bool = False) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.lines = lines
        self.hold = hold
        self.release = threading.Event()
        self.pulling = threading.Event()
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        for path, reply in (
            ("/api/version", b'{"version": "0.1"}'),
            ("/api/tags", b'{"models": []}'),
            ("", self.lines),
        ):
            if path != "/api/tags":  # the same connection as the version
                connection, _ = self.socket.accept()
            connection.recv(65536)
            length = b"" if not path else b"Content-Length: %d\r\n" % len(reply)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + reply)
            if path == "/api/tags":
                connection.close()
        self.pulling.set()
        if self.hold:
            self.release.wait(30)
        connection.close()

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *error: object) -> None:
        self.release.set()
        self.thread.join()
        self.socket.close()


def test_pulling_from_the_command_line(tmp_path: Path, server: OllamaServer) -> None:
    run = coruja(tmp_path, "models", "pull", "novo:1b", CORUJA_OLLAMA_URL=server.url)
    assert run.returncode == 0, run.stderr
    assert "CORUJA_MODEL=novo:1b" in run.stdout
    as_json = coruja(tmp_path, "models", "pull", "novo:1b", "--json", CORUJA_OLLAMA_URL=server.url)
    assert json.loads(as_json.stdout) == {"model": "novo:1b", "status": "success"}
    wrong = coruja(tmp_path, "models", "pull", "inexistente", CORUJA_OLLAMA_URL=server.url)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: Ollama's library has no model inexistente.\nnext: ")


def test_a_download_may_be_interrupted(tmp_path: Path) -> None:
    holding = _answering(b'{"status": "pulling manifest"}\n', hold=True)
    with holding as url:
        command = [str(CORUJA), "models", "pull", "novo"]
        settings = environment(CORUJA_OLLAMA_URL=url)
        run = subprocess.Popen(command, cwd=tmp_path, env=settings, stderr=subprocess.PIPE, text=True)
        assert holding.pulling.wait(60)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "coruja models pull novo" in said
    assert "Traceback" not in said


# --- settings that reach the model ---


def test_settings_of_the_model_reach_ollama(tmp_path: Path, server: OllamaServer) -> None:
    folder = workspace(tmp_path)
    chosen = {"CORUJA_KEEP_ALIVE": "-1", "CORUJA_TEMPERATURE": "0.5", "CORUJA_SEED": "7"}
    run = coruja(folder, "ask", "--json", ASKED, CORUJA_OLLAMA_URL=server.url, CORUJA_MODEL="ollama:outro", **chosen)
    assert json.loads(run.stdout)["writer"] == "ollama:outro", run.stderr
    request = server.asked("/api/chat")[-1]
    assert (request.body["keep_alive"], request.options["temperature"], request.options["seed"]) == (-1, 0.5, 7)


@pytest.mark.parametrize(("name", "value"), [("keep_alive", "dez minutos"), ("temperature", 3), ("seed", -1)])
def test_unusable_settings_are_told(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(tmp_path, **{name: value})


# --- other providers ---


def test_names_of_ollama_are_not_taken_for_providers() -> None:
    assert not any(
        map(
            is_provider_model,
            ["qwen3:4b-instruct", "mistral:7b", "ollama:qwen3:4b-instruct", "openai", "openai:", "a/b:c"],
        )
    )
    assert is_provider_model("openai:gpt-4o-mini")


def test_a_provider_without_its_package_names_the_install(page_workspace: Path) -> None:
    assert missing_package("openai:gpt-4o-mini") is None
    run = coruja(page_workspace, "ask", "--json", ASKED, CORUJA_MODEL="groq:llama-3.1-8b-instant")
    answer = json.loads(run.stdout)
    assert answer["writer"] == "extractive"
    assert answer["status"] == "answered"
    assert answer["notice"].endswith("Install it with: pip install langchain-groq")
    doctor = coruja(page_workspace, "doctor", CORUJA_MODEL="groq:llama-3.1-8b-instant")
    assert "pip install langchain-groq" in doctor.stdout


def test_a_provider_with_its_package_writes(page_workspace: Path) -> None:
    written = "O SageMaker Clarify detecta vieses [1]."
    with OpenAiServer(written) as server:
        run = coruja(page_workspace, "ask", "--json", ASKED, CORUJA_MODEL="openai:gpt-4o-mini", **server.environment)
        answer = json.loads(run.stdout)
        assert answer["writer"] == "openai:gpt-4o-mini", (answer["notice"], run.stderr)
        assert "detecta vieses" in answer["answer"]
        assert answer["citations"]
        assert answer["notice"] == ""
        (request,) = server.requests
    assert request["model"] == "gpt-4o-mini"
    assert request["temperature"] == 0
    assert ASKED in request["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("answer", "key", "said"),
    [
        ("", None, "answered nothing"),
        ("Nunca visto.", "errada", "Incorrect API key"),
        ("O Cla…", None, "stopped in the"),
    ],
)
def test_a_provider_that_fails_is_explained(page_workspace: Path, answer: str, key: str | None, said: str) -> None:
    with OpenAiServer(answer) as server:
        settings = {**server.environment, **({"OPENAI_API_KEY": key} if key else {})}
        run = coruja(page_workspace, "ask", "--json", ASKED, CORUJA_MODEL="openai:gpt-4o-mini", **settings)
    found = json.loads(run.stdout)
    assert (found["writer"], found["status"]) == ("extractive", "answered")
    assert said in found["notice"]
    assert "Traceback" not in run.stderr


def test_no_provider_is_asked_unless_it_is_set(page_workspace: Path) -> None:
    """A key that lies in the environment is no order to use it."""
    with OpenAiServer("x") as server:
        assert "OPENAI_API_KEY" in server.environment
        coruja(page_workspace, "ask", ASKED, **server.environment)
        assert server.requests == []
