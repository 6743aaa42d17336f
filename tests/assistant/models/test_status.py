"""The look at Ollama: whether it answers and has a model, without any library of it."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import ollama_models as scripted
from servers.ollama import OllamaServer

from assistant.models.status import ollama_status

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer({"responde": scripted.says("O Clarify detecta vieses [1].")}) as running:
        yield running


def test_a_model_that_is_there_is_ready(server: OllamaServer) -> None:
    status = ollama_status(server.url, "responde")
    assert (status.running, status.ready, status.away) == (True, True, None)
    assert status.version.count(".") == 2
    assert "responde:latest" in status.models
    assert ollama_status(server.url, "responde:latest").ready
    assert ollama_status(server.url.removeprefix("http://"), "responde").ready
    assert ollama_status(f"{server.url}/", "responde").ready


def test_a_missing_model_names_the_pull(server: OllamaServer) -> None:
    status = ollama_status(server.url, "qwen3:4b-instruct")
    assert status.running
    assert not status.ready
    assert status.away
    assert status.away.next_step == "Download it with: ollama pull qwen3:4b-instruct"


def test_nobody_there_is_told_at_once(free_url: str) -> None:
    start = time.perf_counter()
    status = ollama_status(free_url, "qwen3:4b-instruct")
    assert time.perf_counter() - start < 0.3
    assert not status.running
    assert status.away
    assert status.away.next_step == "Start it with: ollama serve"


@pytest.mark.parametrize("url", ["", "http://", "::", "http://[", "http://127.0.0.1:99999", "a b"])
def test_an_unusable_address_is_no_exception(url: str) -> None:
    status = ollama_status(url, "qwen3:4b-instruct")
    assert not status.ready
    assert status.away
    assert status.away.message
    assert status.away.next_step


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
)
def test_another_program_at_the_address_is_not_taken_for_ollama(reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        status = ollama_status(f"http://127.0.0.1:{listener.getsockname()[1]}", "qwen3:4b-instruct")
        thread.join()
    assert not status.running
    assert status.away


def test_looking_needs_no_langchain(server: OllamaServer) -> None:
    code = (
        "import sys; from assistant.models.status import ollama_status\n"
        f"assert ollama_status({server.url!r}, 'responde').ready\n"
        "print([name for name in ('langchain', 'langchain_core', 'httpx', 'ollama') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
