"""An HTTP server that speaks Ollama's protocol, with scripted models behind it.

Endpoints, fields, statuses and streaming follow Ollama's API documentation (docs/api.md): newline-delimited JSON over
chunked transfer, durations in nanoseconds, counts in tokens. As Ollama does, it drops old messages and then cuts the
front of a prompt that exceeds `num_ctx`, answers 200 all the same, and counts in `prompt_eval_count` what was left.
Its tokens are runs of up to four letters, so a marker `[1]` is always three of them: three lines of a stream.
"""

import hashlib
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self

VERSION = "0.33.3"
DEFAULT_CONTEXT = 4096  # tokens, where a request gives no num_ctx
TRAINED_CONTEXT = 32768  # tokens
KEPT_TOKENS = 4  # tokens at the front that survive truncation
EMBEDDING_DIMENSION = 32

_TOKEN = re.compile(r" ?[^\W_]{1,4}| ?[\W_]")


def tokens(text: str) -> list[str]:
    """Cut a text into tokens; joined they are the text."""
    return _TOKEN.findall(text)


@dataclass(frozen=True, slots=True)
class Thought:
    """A step of a model: text that goes to `message.thinking`."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A step of a model: nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    """A step of a model: an error, as a status before the first line, as an `{"error"}` line after it."""

    message: str
    status: int = 500


@dataclass(frozen=True, slots=True)
class Raw:
    """A step of a model: bytes sent as they are, as something that is no Ollama would."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Die:
    """A step of a model: the connection is reset in mid-stream."""


@dataclass(frozen=True, slots=True)
class End:
    """A step of a model: the last line, for this reason. Without a reason the stream just ends, with no last line."""

    reason: str = "stop"


Step = str | Thought | Wait | Fail | Raw | Die | End


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model reads: the messages that were left after truncation, and the text that they were rendered to."""

    messages: Sequence[Mapping[str, str]]
    text: str
    count: int


class Model(Protocol):
    """A scripted model: what it does with a prompt. A model that does not end itself ends with `stop`."""

    def __call__(self, prompt: Prompt) -> Iterator[Step]:
        """Yield the steps of a reply."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the server got."""

    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the model options: `num_ctx`, `temperature`, …."""
        options: Mapping[str, Any] = self.body.get("options") or {}
        return options

    @property
    def text(self) -> str:
        """Return the contents of all messages, as sent."""
        return "\n".join(message["content"] for message in self.body["messages"])


def read_prompt(body: Mapping[str, Any], largest: int = TRAINED_CONTEXT) -> Prompt:
    """Render messages and cut them to the context window as Ollama does (server/prompt.go and its runner)."""
    window = min((body.get("options") or {}).get("num_ctx") or DEFAULT_CONTEXT, largest)
    messages = list(body.get("messages") or [{"role": "user", "content": body.get("prompt", "")}])
    while len(tokens(_render(messages))) > window:
        old = next((at for at, message in enumerate(messages[:-1]) if message["role"] != "system"), None)
        if old is None:
            break
        del messages[old]
    cut = tokens(_render(messages))
    if len(cut) > window:
        cut = cut[:KEPT_TOKENS] + cut[KEPT_TOKENS - window // 2 - 2 :]
    return Prompt(messages, "".join(cut), len(cut))


def _render(messages: Sequence[Mapping[str, str]]) -> str:
    return "".join(f"<|{message['role']}|>\n{message['content']}\n" for message in messages)


class OllamaServer:
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
        self.window, self.trained, self.remembers = window, trained, remembers
        self.last_prompt = ""
        self.models = {full_name(name): model for name, model in models.items()}
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._http = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Return the address, as `CORUJA_OLLAMA_URL` takes it."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def asked(self, path: str) -> list[Request]:
        """Return the requests to one endpoint."""
        return [request for request in self.requests if request.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def full_name(model: str) -> str:
    """Return a model's name with its tag."""
    return model if ":" in model else f"{model}:latest"


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # `server_close` waits for them, so that no socket is left open
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], ollama: OllamaServer) -> None:
        super().__init__(address, _Handler)
        self.ollama = ollama


class _Hangup(Exception):
    """The connection was reset on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: tests assert on what was asked."""

    def do_HEAD(self) -> None:
        self._send(HTTPStatus.OK, b"", "text/plain; charset=utf-8")

    def do_GET(self) -> None:
        self.server.ollama.requests.append(Request("GET", self.path))
        answers = {"/api/version": self._version, "/api/tags": self._tags, "/api/ps": self._running}
        if self.path == "/":
            self._send(HTTPStatus.OK, b"Ollama is running", "text/plain; charset=utf-8")
        elif self.path in answers:
            self._send_json(answers[self.path]())
        else:
            self._send(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(raw)
        except json.JSONDecodeError as error:
            self._send_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
            return
        self.server.ollama.requests.append(Request("POST", self.path, body))
        answers = {
            "/api/chat": self._chat,
            "/api/generate": self._generate,
            "/api/embed": self._embed,
            "/api/show": self._show,
            "/api/pull": self._pull,
        }
        if self.path not in answers:
            self._send(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")
            return
        name = full_name(body.get("model", ""))
        if not body.get("model"):
            self._send_json({"error": "model is required"}, HTTPStatus.BAD_REQUEST)
        elif name not in self.server.ollama.models and self.path != "/api/pull":
            self._send_json({"error": f"model '{body['model']}' not found"}, HTTPStatus.NOT_FOUND)
        else:
            answers[self.path](body)

    # --- what Ollama has ---

    def _version(self) -> dict[str, Any]:
        return {"version": VERSION}

    def _tags(self) -> dict[str, Any]:
        return {"models": [_described(name) for name in self.server.ollama.models]}

    def _running(self) -> dict[str, Any]:
        ollama = self.server.ollama
        loaded = {full_name(request.body.get("model", "")) for request in ollama.asked("/api/chat")}
        chats = ollama.asked("/api/chat")
        window = min(chats[-1].options.get("num_ctx", DEFAULT_CONTEXT), ollama.window) if chats else DEFAULT_CONTEXT
        memory = {"size_vram": 0, "context_length": window}
        return {"models": [_described(name) | memory for name in ollama.models if name in loaded]}

    def _show(self, body: Mapping[str, Any]) -> None:
        self._send_json(
            {
                "modelfile": f"FROM {body['model']}",
                "parameters": 'stop "<|end|>"',
                "template": "{{ .Prompt }}",
                "details": _described(body["model"])["details"],
                "model_info": {"general.architecture": "qwen2"}
                | ({"qwen2.context_length": self.server.ollama.trained} if self.server.ollama.trained else {}),
                "capabilities": ["completion"],
                "modified_at": _now(),
            }
        )

    def _pull(self, body: Mapping[str, Any]) -> None:
        digest = _digest(body["model"])
        total = 4 * 1024 * 1024
        layer = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": total}
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
            self._send_json(lines[-1], HTTPStatus.INTERNAL_SERVER_ERROR if "error" in lines[-1] else HTTPStatus.OK)

    def _embed(self, body: Mapping[str, Any]) -> None:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        self._send_json(
            {
                "model": body["model"],
                "embeddings": [_embedding(text) for text in texts],
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
            self._send_json({"error": error}, HTTPStatus.BAD_REQUEST)
        elif not body.get("messages"):
            reason = "unload" if body.get("keep_alive") == 0 else "load"
            self._send_json({**_head(body), **line("", ""), "done_reason": reason, "done": True})
        else:
            self._reply(body, line)

    def _generate(self, body: Mapping[str, Any]) -> None:
        if not body.get("prompt"):
            self._send_json({**_head(body), "response": "", "done_reason": "load", "done": True})
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
            self._send_json({"error": first["error"]}, HTTPStatus(first["status"]))
        elif body.get("stream", True):
            self._stream(reply, first)
        else:
            self._send_json(_joined([first, *reply] if first else []))

    def _reply_lines(self, body: Mapping[str, Any], line: "_Line") -> Iterator[dict[str, Any]]:
        started = time.perf_counter_ns()
        ollama = self.server.ollama
        prompt = read_prompt(body, ollama.window)
        pairs = zip(prompt.text, ollama.last_prompt, strict=False)
        shared = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        ollama.last_prompt = prompt.text
        limit = (body.get("options") or {}).get("num_predict") or -1
        said = 0
        steps = self.server.ollama.models[full_name(body["model"])](prompt)
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
                    self.server.ollama.stopping.wait(step.seconds)
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

    def _send_json(self, value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(value).encode(), "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")  # so that no thread waits for a client that keeps its connection
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: Iterator[dict[str, Any]], first: dict[str, Any] | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
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
    return {"model": body["model"], "created_at": _now()}


def _described(name: str) -> dict[str, Any]:
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": "qwen2",
        "families": ["qwen2"],
        "parameter_size": "3.1B",
        "quantization_level": "Q4_K_M",
    }
    modified = "2026-01-15T10:00:00.123456789Z"
    size = 1_929_912_432
    return {
        "name": name,
        "model": name,
        "modified_at": modified,
        "size": size,
        "digest": _digest(name)[7:],
        "details": details,
    }


def _digest(name: str) -> str:
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def _embedding(text: str) -> list[float]:
    """Return a unit vector in which texts that share words lie closer."""
    vector = [0.0] * EMBEDDING_DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        vector[hashlib.sha256(word.encode()).digest()[0] % EMBEDDING_DIMENSION] += 1.0
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / length for value in vector]


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
