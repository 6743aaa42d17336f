"""An HTTP server that speaks as much of OpenAI's chat protocol as a streaming client uses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "chave-de-teste"


class OpenAiServer:
    """Serves one answer on a free port of 127.0.0.1 while it is open; use it with `with`.

    Args:
        answer: What every question is answered; a `…` at its end stands for a reply that ran into its limit.

    Attributes:
        requests: The bodies that were posted, in order.
    """

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which OpenAI's client finds this server."""
        return {"OPENAI_BASE_URL": f"http://127.0.0.1:{self._http.server_port}/v1", "OPENAI_API_KEY": KEY}

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
    daemon_threads = False
    owner: OpenAiServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.owner.requests.append(body)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self._send(401, "application/json", json.dumps({"error": {"message": "Incorrect API key provided"}}))
        elif self.path != "/v1/chat/completions" or not body.get("stream"):
            self._send(404, "application/json", json.dumps({"error": {"message": "not found"}}))
        else:
            self._send(200, "text/event-stream", "".join(self._events(body["model"])) + "data: [DONE]\n\n")

    def _events(self, model: str) -> list[str]:
        answer = self.server.owner.answer
        text, reason = answer.removesuffix("…"), "length" if answer.endswith("…") else "stop"
        deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
        deltas += [({"content": text[at : at + 4]}, None) for at in range(0, len(text), 4)]
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        return [
            f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': delta, 'finish_reason': end}]})}\n\n"
            for delta, end in [*deltas, ({}, reason)]
        ]

    def _send(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
