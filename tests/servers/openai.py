"""An HTTP server that speaks as much of OpenAI's chat protocol as a streaming client uses."""

import json
from typing import Any, cast

from servers.base import Handler, LocalServer

KEY = "chave-de-teste"


class OpenAiServer(LocalServer):
    """Serves one answer on a free port of 127.0.0.1 while it is open; use it with `with`.

    Args:
        answer: What every question is answered; a `…` at its end stands for a reply that ran into its limit.

    Attributes:
        requests: The bodies that were posted, in order.
    """

    def __init__(self, answer: str) -> None:
        super().__init__(_Handler)
        self.answer = answer
        self.requests: list[dict[str, Any]] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which OpenAI's client finds this server."""
        return {"OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": KEY}


class _Handler(Handler):
    @property
    def owner(self) -> OpenAiServer:
        return cast(OpenAiServer, self.server.owner)

    def do_POST(self) -> None:
        body = json.loads(self.body())
        self.owner.requests.append(body)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self.send_json({"error": {"message": "Incorrect API key provided"}}, 401)
        elif self.path != "/v1/chat/completions" or not body.get("stream"):
            self.send_json({"error": {"message": "not found"}}, 404)
        else:
            events = "".join(self._events(body["model"])) + "data: [DONE]\n\n"
            self.send(200, events.encode(), "text/event-stream")

    def _events(self, model: str) -> list[str]:
        answer = self.owner.answer
        text, reason = answer.removesuffix("…"), "length" if answer.endswith("…") else "stop"
        deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
        deltas += [({"content": text[at : at + 4]}, None) for at in range(0, len(text), 4)]
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        return [
            f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': delta, 'finish_reason': end}]})}\n\n"
            for delta, end in [*deltas, ({}, reason)]
        ]
