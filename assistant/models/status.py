"""A look at Ollama: whether it answers, what it has, what it was trained for. Plain HTTP, no library of it.

It must not slow down an answer that no model writes, nor a list of models.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from assistant.notice import ModelFailure

_READ_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class OllamaStatus:
    """What Ollama offers at one address.

    Attributes:
        url: The address asked.
        model: The model wanted.
        version: Ollama's version; empty when none answers.
        models: Names of the models it has, sorted.
        away: Why the model cannot be used, and what to type to make it usable; None when it can.
    """

    url: str
    model: str
    version: str = ""
    models: tuple[str, ...] = ()
    away: ModelFailure | None = None

    @property
    def running(self) -> bool:
        """Tell whether Ollama answers."""
        return bool(self.version)

    @property
    def ready(self) -> bool:
        """Tell whether the model can be asked now."""
        return self.away is None


def ollama_status(url: str, model: str, timeout: float = 0.3) -> OllamaStatus:
    """Look whether Ollama answers and has a model. Never raises.

    Args:
        url: Where Ollama listens; `http://` may be left out.
        model: A model's name as `ollama pull` takes it.
        timeout: Seconds to wait for a connection.
    """
    try:
        version, models = _ask_ollama(url, timeout)
    except (OSError, HTTPException):
        return OllamaStatus(url, model, away=ModelFailure("ollama_away", url=url))
    except (ValueError, TypeError, KeyError):
        return OllamaStatus(url, model, away=ModelFailure("not_ollama", url=url))
    if full_name(model) not in map(full_name, models):
        return OllamaStatus(url, model, version, models, ModelFailure("model_missing", model=model))
    return OllamaStatus(url, model, version, models)


def _ask_ollama(url: str, timeout: float) -> tuple[str, tuple[str, ...]]:
    with _connected(url, timeout) as connection:
        version = str(_asked(connection, url, "version")["version"])
        tags = _asked(connection, url, "tags")
    return version, tuple(sorted(str(entry["name"]) for entry in tags["models"] or ()))


def trained_context(url: str, model: str, timeout: float = 1.0) -> int:
    """Return the context that a model was trained for, in tokens; 0 where Ollama does not say."""
    try:
        with _connected(url, timeout) as connection:
            shown = _asked(connection, url, "show", {"model": model})
        return max(
            (int(value) for name, value in shown["model_info"].items() if name.endswith(".context_length")), default=0
        )
    except (OSError, HTTPException, ValueError, TypeError, KeyError, AttributeError):
        return 0


def served_context(url: str, model: str, timeout: float = 1.0) -> int:
    """Return the context that a model is loaded with, in tokens; 0 where Ollama does not say."""
    try:
        with _connected(url, timeout) as connection:
            running = _asked(connection, url, "ps")["models"] or ()
        return max((int(one["context_length"]) for one in running if one["name"] == full_name(model)), default=0)
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return 0


def memory_taken(url: str, model: str, timeout: float = 1.0) -> float:
    """Return how many GB a model takes up while it is loaded; 0 where it is not, or Ollama does not say."""
    try:
        with _connected(url, timeout) as connection:
            running = _asked(connection, url, "ps")["models"] or ()
        return max((float(one["size"]) / 1e9 for one in running if one["name"] == full_name(model)), default=0.0)
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return 0.0


def load_model(url: str, model: str, options: Mapping[str, int], keep_alive: int | str, timeout: float) -> None:
    """Have Ollama load a model with these options, and wait until it has. Never raises."""
    body: dict[str, object] = {"model": model, "messages": [], "options": options, "keep_alive": keep_alive}
    try:
        with closing(connection_to(url, timeout)) as connection:
            request(connection, url, "chat", body).read()
    except (OSError, HTTPException, ValueError):
        return


@contextmanager
def _connected(url: str, timeout: float) -> Iterator[HTTPConnection]:
    with closing(connection_to(url, timeout)) as connection:
        connection.connect()
        connection.sock.settimeout(_READ_SECONDS)
        yield connection


def _asked(connection: HTTPConnection, url: str, what: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(request(connection, url, what, body).read())
    return answer


def connection_to(url: str, timeout: float) -> HTTPConnection:
    """Return a connection to Ollama, not yet opened.

    Raises:
        ValueError: The address names no host.
    """
    parts = urlsplit(with_scheme(url))
    if not parts.hostname:
        raise ValueError(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return connect(parts.hostname, parts.port, timeout=timeout)


def request(connection: HTTPConnection, url: str, what: str, body: Mapping[str, object] | None = None) -> HTTPResponse:
    """Ask for one of the things that Ollama's API offers: `tags`, `show`, `pull`, …."""
    path = f"{urlsplit(with_scheme(url)).path.rstrip('/')}/api/{what}"
    connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
    return connection.getresponse()


def with_scheme(url: str) -> str:
    """Return an address with `http://` where it was left out."""
    return url if "://" in url else f"http://{url}"


def full_name(model: str) -> str:
    """Return a model's name with the tag that Ollama takes when none is given."""
    return model if ":" in model.rsplit("/", 1)[-1] else f"{model}:latest"
