"""What scripted models of the Ollama server read and do: prompts cut as Ollama cuts them, and the steps of a reply."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

DEFAULT_CONTEXT = 4096  # tokens, where a request gives no num_ctx
TRAINED_CONTEXT = 32768  # tokens
KEPT_TOKENS = 4  # tokens at the front that survive truncation

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
    """What a model reads: the messages that were kept, the text that they make, its tokens, and the window."""

    messages: Sequence[Mapping[str, str]]
    text: str
    count: int
    window: int

    def cut(self) -> "Prompt":
        """Return it without what the window cannot hold, cut as servers before 0.25 cut it."""
        if self.count <= self.window:
            return self
        whole = tokens(self.text)
        left = whole[:KEPT_TOKENS] + whole[KEPT_TOKENS - self.window // 2 - 2 :]
        return Prompt(self.messages, "".join(left), len(left), self.window)


class Model(Protocol):
    """A scripted model: what it does with a prompt. A model that does not end itself ends with `stop`."""

    def __call__(self, prompt: Prompt) -> Iterator[Step]:
        """Yield the steps of a reply."""


class Line(Protocol):
    """Puts a token, and one of thinking, into the line of a reply."""

    def __call__(self, text: str, thinking: str) -> dict[str, Any]: ...


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
    """Render messages, without old ones that the context window cannot hold (server/prompt.go)."""
    window = min((body.get("options") or {}).get("num_ctx") or DEFAULT_CONTEXT, largest)
    messages = list(body.get("messages") or [{"role": "user", "content": body.get("prompt", "")}])
    while len(tokens(_render(messages))) > window:
        old = next((at for at, message in enumerate(messages[:-1]) if message["role"] != "system"), None)
        if old is None:
            break
        del messages[old]
    text = _render(messages)
    return Prompt(messages, text, len(tokens(text)), window)


def _render(messages: Sequence[Mapping[str, str]]) -> str:
    return "".join(f"<|{message['role']}|>\n{message['content']}\n" for message in messages)
