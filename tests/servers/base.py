"""What the HTTP servers of the tests share: a free port of 127.0.0.1, a thread, and answers that leave nothing open."""

import json
import os
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class LocalServer:
    """Serves on a free port of 127.0.0.1 while it is open; use it with `with`.

    Args:
        handler: Answers the requests; its `server.owner` is this object.
    """

    def __init__(self, handler: "type[Handler]") -> None:
        self._http = _Server(("127.0.0.1", 0), handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # `server_close` waits for them, so that no socket is left open
    request_queue_size = 64
    owner: LocalServer


class Handler(BaseHTTPRequestHandler):
    """Answers one request and closes the connection, so that no thread waits for a client that keeps it."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: tests assert on what was asked."""

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status and the headers."""
        self.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, status: int, data: bytes, kind: str) -> None:
        """Send a whole answer."""
        self.head(status, {"Content-Type": kind, "Content-Length": str(len(data))})
        self.wfile.write(data)

    def send_json(self, value: object, status: int = HTTPStatus.OK) -> None:
        """Send a value as JSON."""
        self.send(status, json.dumps(value).encode(), "application/json; charset=utf-8")

    def body(self) -> bytes:
        """Return what was posted."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


def real_ollama() -> tuple[str, str]:
    """Return the address of a real Ollama and the model to ask there, as the environment names them."""
    url = os.environ.get("CORUJA_OLLAMA_URL", "http://127.0.0.1:11434")
    return url, os.environ.get("CORUJA_MODEL", "qwen3:4b-instruct")
