"""An HTTP server that speaks Ollama's protocol, with scripted models behind it.

Endpoints, fields, statuses and streaming follow Ollama's API documentation (docs/api.md): newline-delimited JSON over
chunked transfer, durations in nanoseconds, counts in tokens. As Ollama does, it drops old messages and then cuts the
front of a prompt that exceeds `num_ctx`, answers 200 all the same, and counts in `prompt_eval_count` what was left.
Its tokens are runs of up to four letters, so a marker `[1]` is always three of them: three lines of a stream.
"""

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Protocol, cast

from servers.base import Handler, LocalServer
from servers.ollama_library import described, digest, embedding, full_name, now
from servers.ollama_replies import (
    DEFAULT_CONTEXT,
    TRAINED_CONTEXT,
    Die,
    End,
    Fail,
    Model,
    Raw,
    Request,
    Thought,
    Wait,
    read_prompt,
    tokens,
)

VERSION = "0.33.3"


class OllamaServer(LocalServer):
    """Serves scripted models on a free port of 127.0.0.1 while it is open; use it with `with`.

    Attributes:
        models: Models by name; a name without a tag is `name:latest`, as in Ollama.
        requests: What was asked, in order.
        window: Largest context window that it serves, whatever is asked for, in tokens.
        trained: Context window that it says its models were trained for; 0: it does not say.
        remembers: Count only the tokens that an earlier prompt did not begin with, as some versions do.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        window: int = TRAINED_CONTEXT,
        trained: int = TRAINED_CONTEXT,
        remembers: bool = False,
    ) -> None:
        super().__init__(_Handler)
        self.window, self.trained, self.remembers = window, trained, remembers
        self.last_prompt = ""
        self.models = {full_name(name): model for name, model in models.items()}
        self.requests: list[Request] = []
        self.stopping = threading.Event()

    def asked(self, path: str) -> list[Request]:
        """Return the requests to one endpoint."""
        return [request for request in self.requests if request.path == path]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        super().__exit__(kind, error, trace)


class _Hangup(Exception):
    """The connection was reset on purpose."""


class _Handler(Handler):
    @property
    def ollama(self) -> OllamaServer:
        return cast(OllamaServer, self.server.owner)

    def do_HEAD(self) -> None:
        self.send(HTTPStatus.OK, b"", "text/plain; charset=utf-8")

    def do_GET(self) -> None:
        self.ollama.requests.append(Request("GET", self.path))
        answers = {"/api/version": self._version, "/api/tags": self._tags, "/api/ps": self._running}
        if self.path == "/":
            self.send(HTTPStatus.OK, b"Ollama is running", "text/plain; charset=utf-8")
        elif self.path in answers:
            self.send_json(answers[self.path]())
        else:
            self.send(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")

    def do_POST(self) -> None:
        raw = self.body()
        try:
            body = json.loads(raw)
        except json.JSONDecodeError as error:
            self.send_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
            return
        self.ollama.requests.append(Request("POST", self.path, body))
        answers = {
            "/api/chat": self._chat,
            "/api/generate": self._generate,
            "/api/embed": self._embed,
            "/api/show": self._show,
            "/api/pull": self._pull,
        }
        if self.path not in answers:
            self.send(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")
            return
        name = full_name(body.get("model", ""))
        if not body.get("model"):
            self.send_json({"error": "model is required"}, HTTPStatus.BAD_REQUEST)
        elif name not in self.ollama.models and self.path != "/api/pull":
            self.send_json({"error": f"model '{body['model']}' not found"}, HTTPStatus.NOT_FOUND)
        else:
            answers[self.path](body)

    # --- what Ollama has ---

    def _version(self) -> dict[str, Any]:
        return {"version": VERSION}

    def _tags(self) -> dict[str, Any]:
        return {"models": [described(name) for name in self.ollama.models]}

    def _running(self) -> dict[str, Any]:
        ollama = self.ollama
        loaded = {full_name(request.body.get("model", "")) for request in ollama.asked("/api/chat")}
        chats = ollama.asked("/api/chat")
        window = min(chats[-1].options.get("num_ctx", DEFAULT_CONTEXT), ollama.window) if chats else DEFAULT_CONTEXT
        memory = {"size_vram": 0, "context_length": window}
        return {"models": [described(name) | memory for name in ollama.models if name in loaded]}

    def _show(self, body: Mapping[str, Any]) -> None:
        self.send_json(
            {
                "modelfile": f"FROM {body['model']}",
                "parameters": 'stop "<|end|>"',
                "template": "{{ .Prompt }}",
                "details": described(body["model"])["details"],
                "model_info": {"general.architecture": "qwen2"}
                | ({"qwen2.context_length": self.ollama.trained} if self.ollama.trained else {}),
                "capabilities": ["completion"],
                "modified_at": now(),
            }
        )

    def _pull(self, body: Mapping[str, Any]) -> None:
        layer_digest = digest(body["model"])
        total = 4 * 1024 * 1024
        layer = {"status": f"pulling {layer_digest[7:19]}", "digest": layer_digest, "total": total}
        lines: list[dict[str, Any]] = [
            {"status": "pulling manifest"},
            layer,
            *({**layer, "completed": total * part // 4} for part in range(1, 5)),
            {"status": "verifying sha256 digest"},
            {"status": "writing manifest"},
            {"status": "success"},
        ]
        if body["model"].startswith("inexistente"):
            lines = [lines[0], {"error": "pull model manifest: file does not exist"}]
        if body.get("stream", True):
            self._stream(iter(lines))
        else:
            self.send_json(lines[-1], HTTPStatus.INTERNAL_SERVER_ERROR if "error" in lines[-1] else HTTPStatus.OK)

    def _embed(self, body: Mapping[str, Any]) -> None:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        self.send_json(
            {
                "model": body["model"],
                "embeddings": [embedding(text) for text in texts],
                "total_duration": 1_000_000,
                "load_duration": 100_000,
                "prompt_eval_count": sum(len(tokens(text)) for text in texts),
            }
        )

    # --- what its models say ---

    def _chat(self, body: Mapping[str, Any]) -> None:
        def line(text: str, thinking: str) -> dict[str, Any]:
            message = {"role": "assistant", "content": text}
            return {"message": message | ({"thinking": thinking} if thinking else {})}

        if body.get("think") is True:
            error = f'"{body["model"]}" does not support thinking'
            self.send_json({"error": error}, HTTPStatus.BAD_REQUEST)
        elif not body.get("messages"):
            reason = "unload" if body.get("keep_alive") == 0 else "load"
            self.send_json({**_head(body), **line("", ""), "done_reason": reason, "done": True})
        else:
            self._reply(body, line)

    def _generate(self, body: Mapping[str, Any]) -> None:
        if not body.get("prompt"):
            self.send_json({**_head(body), "response": "", "done_reason": "load", "done": True})
            return
        self._reply(body, lambda text, thinking: {"response": text} | ({"thinking": thinking} if thinking else {}))

    def _reply(self, body: Mapping[str, Any], line: "_Line") -> None:
        reply = self._reply_lines(body, line)
        try:
            first = next(reply, None)
        except _Hangup:
            self._reset()
            return
        if first is not None and "status" in first:
            self.send_json({"error": first["error"]}, HTTPStatus(first["status"]))
        elif body.get("stream", True):
            self._stream(reply, first)
        else:
            self.send_json(_joined([first, *reply] if first else []))

    def _reply_lines(self, body: Mapping[str, Any], line: "_Line") -> Iterator[dict[str, Any]]:
        started = time.perf_counter_ns()
        ollama = self.ollama
        prompt = read_prompt(body, ollama.window)
        pairs = zip(prompt.text, ollama.last_prompt, strict=False)
        shared = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        ollama.last_prompt = prompt.text
        limit = (body.get("options") or {}).get("num_predict") or -1
        said = 0
        steps = self.ollama.models[full_name(body["model"])](prompt)
        end = End()
        for step in steps:
            match step:
                case str() | Thought():
                    text, thinking = (step, "") if isinstance(step, str) else ("", step.text)
                    room = None if limit < 0 else limit - said
                    for token in tokens(text or thinking)[:room]:
                        said += 1
                        yield {**_head(body), **line(token if text else "", token if thinking else ""), "done": False}
                    if 0 <= limit <= said:
                        end = End("length")
                        break
                case Wait():
                    self.ollama.stopping.wait(step.seconds)
                case Fail():
                    yield {"error": step.message} | ({} if said else {"status": step.status})
                    return
                case Raw():
                    yield {"raw": step.data}
                    return
                case Die():
                    raise _Hangup
                case End():
                    end = step
        if not end.reason:
            return
        spent = time.perf_counter_ns() - started
        yield {
            **_head(body),
            **line("", ""),
            "done_reason": end.reason,
            "done": True,
            "total_duration": spent,
            "load_duration": 1_000,
            "prompt_eval_count": prompt.count - len(tokens(shared)) * ollama.remembers,
            "prompt_eval_duration": spent // 2,
            "eval_count": said + (end.reason == "stop"),  # the token that ends a text counts
            "eval_duration": spent // 2,
        }

    # --- HTTP ---

    def _stream(self, lines: Iterator[dict[str, Any]], first: dict[str, Any] | None = None) -> None:
        self.head(HTTPStatus.OK, {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"})
        try:
            if first is not None:
                self._chunk(first)
            for line in lines:
                self._chunk(line)
            self.wfile.write(b"0\r\n\r\n")
        except _Hangup:
            self._reset()
        except OSError:  # the client went away
            self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _chunk(self, line: Mapping[str, Any]) -> None:
        data = line["raw"] if "raw" in line else json.dumps(line, ensure_ascii=False).encode() + b"\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


class _Line(Protocol):
    def __call__(self, text: str, thinking: str) -> dict[str, Any]: ...


def _joined(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a streamed reply as the one object that `"stream": false` gives."""
    whole = dict(lines[-1]) if lines else {}
    for part in ("response",) if "response" in whole else ("content", "thinking"):
        texts = [str((line if part == "response" else line["message"]).get(part, "")) for line in lines]
        if part == "response":
            whole["response"] = "".join(texts)
        elif any(texts):
            whole["message"] = {**whole["message"], part: "".join(texts)}
    return whole


def _head(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": body["model"], "created_at": now()}
