"""An HTTP server that speaks Ollama's protocol, with scripted models behind it.

Endpoints, fields, statuses and streaming follow what a real Ollama 0.33.0 was recorded to answer (a test replays it):
newline-delimited JSON over chunked transfer, durations in nanoseconds, counts in tokens. It drops old messages of a
conversation that exceeds `num_ctx`, and refuses a prompt that still does, or cuts its front as old versions do. Its
tokens are runs of up to four letters: a marker `[1]` is three.
"""

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, cast

from servers.base import Handler, LocalServer
from servers.ollama_library import (
    BUSY,
    EMBEDDING_CONTEXT,
    GETS,
    NO_EMBEDDINGS,
    POSTS,
    completed,
    described,
    embedding,
    full_name,
    head,
    joined,
    misformed,
    now,
    pull_lines,
    shown,
    too_long,
    unknown,
    unreadable,
)
from servers.ollama_replies import (
    DEFAULT_CONTEXT,
    TRAINED_CONTEXT,
    Die,
    End,
    Fail,
    Line,
    Model,
    Raw,
    Request,
    Thought,
    Wait,
    read_prompt,
    tokens,
)

VERSION = "0.33.0"


class OllamaServer(LocalServer):
    """Serves scripted models on a free port of 127.0.0.1 while it is open; use it with `with`.

    Attributes:
        models: Models by name; a name without a tag is `name:latest`, as in Ollama.
        requests: What was asked, in order.
        window: Largest context window that it serves, whatever is asked for, in tokens.
        trained: Context window that it says its models were trained for; 0: it does not say.
        remembers: Count only the tokens that an earlier prompt did not begin with, as some versions do.
        cuts: Cut a prompt that is too long, as old versions do.
        chat_only: Models that cannot embed.
        queue: Requests that may wait for a model beside the one that it answers; more are refused as "busy".
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        window: int = TRAINED_CONTEXT,
        trained: int = TRAINED_CONTEXT,
        remembers: bool = False,
        cuts: bool = False,
        chat_only: Collection[str] = (),
        queue: int = 512,
    ) -> None:
        super().__init__(_Handler)
        self.cuts, self.chat_only, self.queue, self.waiting = cuts, chat_only, queue, 0
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
        answers = {
            "/api/version": self._version,
            "/api/tags": self._tags,
            "/api/ps": self._running,
            "/v1/models": self._listed,
        }
        if self.path == "/":
            self.send(HTTPStatus.OK, b"Ollama is running", "text/plain; charset=utf-8")
        elif self.path in answers:
            self.send_json(answers[self.path]())
        else:
            self._no_such_path(POSTS)

    def do_POST(self) -> None:
        raw = self.body()
        answers = {
            "/api/chat": self._chat,
            "/api/generate": self._generate,
            "/api/embed": self._embed,
            "/api/show": self._show,
            "/api/pull": self._pull,
            "/v1/chat/completions": self._completion,
        }
        if self.path not in answers:
            self._no_such_path(GETS)
            return
        refusal = unreadable(raw)
        body = {} if refusal else json.loads(raw)
        refusal = refusal or misformed(self.path, body)
        if body and isinstance(body.get("model", ""), str):
            self.ollama.requests.append(Request("POST", self.path, body))
        if not refusal and full_name(body["model"]) not in self.ollama.models and self.path != "/api/pull":
            refusal = unknown(self.path, body["model"])
        if refusal:
            self._refuse(*refusal)
        else:
            answers[self.path](body)

    def _no_such_path(self, of_other_methods: Collection[str]) -> None:
        if self.path in of_other_methods:
            self.send(HTTPStatus.METHOD_NOT_ALLOWED, b"405 method not allowed", "text/plain")
        else:
            self.send(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")

    def _refuse(self, status: int, error: str) -> None:
        if self.path.startswith("/v1/"):
            told = {"message": error, "type": "not_found_error", "param": None, "code": None}
            self.send_json({"error": told}, status)
        else:
            self.send_json({"error": error}, status)

    # --- what Ollama has ---

    def _version(self) -> dict[str, Any]:
        return {"version": VERSION}

    def _tags(self) -> dict[str, Any]:
        return {"models": [described(name) for name in self.ollama.models]}

    def _running(self) -> dict[str, Any]:
        ollama = self.ollama
        chats = ollama.asked("/api/chat")
        last = {full_name(request.body.get("model", "")): request.body for request in chats}
        loaded = {name for name, body in last.items() if body.get("keep_alive") != 0}
        window = min(chats[-1].options.get("num_ctx", DEFAULT_CONTEXT), ollama.window) if chats else DEFAULT_CONTEXT
        memory = {"expires_at": now(), "size_vram": 0, "context_length": window}
        return {"models": [described(name) | memory for name in ollama.models if name in loaded]}

    def _show(self, body: Mapping[str, Any]) -> None:
        self.send_json(shown(body["model"], self.ollama.trained))

    def _listed(self) -> dict[str, Any]:
        entries = [{"id": name, "object": "model", "created": 0, "owned_by": "library"} for name in self.ollama.models]
        return {"object": "list", "data": entries}

    def _pull(self, body: Mapping[str, Any]) -> None:
        lines = pull_lines(body["model"])
        if body.get("stream", True):
            self._stream(iter(lines))
        else:
            self.send_json(lines[-1], HTTPStatus.INTERNAL_SERVER_ERROR if "error" in lines[-1] else HTTPStatus.OK)

    def _embed(self, body: Mapping[str, Any]) -> None:
        if body["model"] in self.ollama.chat_only:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED, NO_EMBEDDINGS)
            return
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not texts:
            self.send_json({"model": body["model"], "embeddings": []})
            return
        if body.get("truncate") is False and max(len(tokens(text)) for text in texts) > EMBEDDING_CONTEXT:
            self._refuse(HTTPStatus.BAD_REQUEST, "the input length exceeds the context length")
            return
        self.send_json(
            {
                "model": body["model"],
                "embeddings": [embedding(text)[: body.get("dimensions")] for text in texts],
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
            self.send_json({**head(body), **line("", ""), "done_reason": reason, "done": True})
        else:
            self._reply(body, line)

    def _completion(self, body: Mapping[str, Any]) -> None:
        """Answer as OpenAI's API does."""
        asked = {**body, "options": {"num_predict": body.get("max_tokens", -1)}}
        *parts, end = self._reply_lines(asked, lambda text, _: {"response": text})
        self.send_json(completed(body["model"], parts, end))

    def _generate(self, body: Mapping[str, Any]) -> None:
        if not body.get("prompt"):
            self.send_json({**head(body), "response": "", "done_reason": "load", "done": True})
            return
        self._reply(body, lambda text, thinking: {"response": text} | ({"thinking": thinking} if thinking else {}))

    def _reply(self, body: Mapping[str, Any], line: Line) -> None:
        ollama = self.ollama
        prompt = read_prompt(body, ollama.window)
        if not ollama.cuts and prompt.count > prompt.window:
            self._refuse(*too_long(prompt.count, prompt.window))
            return
        if ollama.waiting > ollama.queue:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
            return
        ollama.waiting += 1
        try:
            self._answer(body, line)
        finally:
            ollama.waiting -= 1

    def _answer(self, body: Mapping[str, Any], line: Line) -> None:
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
            self.send_json(joined([first, *reply] if first else []))

    def _reply_lines(self, body: Mapping[str, Any], line: Line) -> Iterator[dict[str, Any]]:
        started = time.perf_counter_ns()
        ollama = self.ollama
        prompt = read_prompt(body, ollama.window).cut()
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
                        yield {**head(body), **line(token if text else "", token if thinking else ""), "done": False}
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
            **head(body),
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
