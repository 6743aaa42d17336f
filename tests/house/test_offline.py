"""Nothing leaves the machine: every socket that is not loopback is refused, and none is tried.

The guard is an audit hook of Python itself, loaded into every child before any other code: it sees each connection,
look-up and datagram of whatever library makes it.
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import ask, chromium, open_page, serving
from commandline import coruja, workspace

GUARD = """
import ipaddress, os, sys

ADDRESSED = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.bind": 1}
NAMED = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}


def is_loopback(host):
    if host in ("localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def refuse(event, arguments):
    if event in ADDRESSED:
        address = arguments[ADDRESSED[event]]
        if not isinstance(address, tuple):
            return  # within the machine: a Unix socket, or a datagram on a socket that is connected already
        host = address[0]
    elif event in NAMED:
        host = arguments[NAMED[event]]
        if host is None:
            return
    else:
        return
    if not is_loopback(host):
        with open(os.environ["REFUSED_RECORD"], "a") as record:
            record.write(f"{event} {host!r}\\n")
        raise ConnectionRefusedError(f"{event} {host!r} leaves the machine")


sys.addaudithook(refuse)
"""


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """Environment variables that put a child under the guard; what it refuses is in the file they name."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    record = tmp_path / "refused.txt"
    record.touch()
    # Not even what the owner's environment would switch on for other programs may decide this test.
    return {"PYTHONPATH": str(guard), "REFUSED_RECORD": str(record)}


def refused(guarded: dict[str, str]) -> str:
    return Path(guarded["REFUSED_RECORD"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.invalid', 443)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket().bind(('0.0.0.0', 0))",
    ],
)
def test_the_guard_refuses(guarded: dict[str, str], attempt: str) -> None:
    """Without this, the tests below could pass because nobody watches."""
    environment = {**os.environ, **guarded}
    code = f"import socket; {attempt}"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "leaves the machine" in run.stderr
    assert refused(guarded)


@pytest.mark.parametrize("embedder", ["coruja", pytest.param("minilm", marks=pytest.mark.extras)])
def test_index_and_questions_stay_on_the_machine(tmp_path: Path, guarded: dict[str, str], embedder: str) -> None:
    folder = workspace(tmp_path)
    settings = {**guarded, "CORUJA_EMBEDDER": embedder}
    assert coruja(folder, "index", **settings).returncode == 0
    answer = coruja(folder, "ask", "O que faz o SageMaker Clarify?", **settings)
    assert "[1]" in answer.stdout, answer.stderr
    assert refused(guarded) == ""


def test_doctor_stays_on_the_machine(tmp_path: Path, guarded: dict[str, str]) -> None:
    assert coruja(workspace(tmp_path), "doctor", **guarded).returncode == 0
    assert refused(guarded) == ""


def test_web_chat_stays_on_the_machine(tmp_path: Path, guarded: dict[str, str]) -> None:
    with serving(workspace(tmp_path), **guarded) as address, chromium() as browser:
        page, requests = open_page(browser, address)
        ask(page, "O que faz o SageMaker Clarify?")
        assert page.locator(".evidence mark").count() == 1
        page.wait_for_timeout(1000)
        elsewhere = [request.url for request in requests if urlsplit(request.url).scheme not in {"data", "blob"}]
    assert {urlsplit(url).netloc for url in elsewhere} == {urlsplit(address).netloc}
    assert refused(guarded) == ""
