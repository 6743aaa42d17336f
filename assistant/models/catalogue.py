"""Models to choose from: what Ollama has, a catalogue of what it could have, and fetching one.

Plain HTTP without LangChain: a list of models should not take two seconds to come.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException
from importlib import resources

from assistant.models.status import connection_to, ollama_status, request
from ingest.errors import ModelUnavailable

_SILENCE = 300.0  # seconds; between two lines Ollama may check gigabytes


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the catalogue (`models.toml`).

    Attributes:
        name: As Ollama takes it.
        disk: Size of the download in GB.
        memory: GB that should be free; an estimate.
        licence: Its licence.
        portuguese: What its makers say of the language.
        note: What else there is to know.
        source: Where its size, licence and languages are told.
        measured: Whether we measured it (LOG.md).
    """

    name: str
    disk: float
    memory: float
    licence: str
    portuguese: str
    note: str
    source: str
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that Ollama has: its name and the GB that it takes on disk."""

    name: str
    disk: float


@dataclass(frozen=True, slots=True)
class PullStep:
    """How far a download is.

    Attributes:
        what: What Ollama is doing, in its words.
        done: Bytes that are here.
        total: Bytes in all, as far as Ollama has said; 0 while it has not.
    """

    what: str
    done: int
    total: int


@cache
def catalogue() -> tuple[KnownModel, ...]:
    """Return the models that are known to write Portuguese, small ones first."""
    text = resources.files("assistant.models").joinpath("models.toml").read_text("utf-8")
    return tuple(KnownModel(**entry) for entry in tomllib.loads(text)["model"])


def installed(url: str) -> list[Installed]:
    """Return the models that Ollama has, by name.

    Raises:
        ModelUnavailable: Ollama does not answer there.
    """
    with closing(_connection(url)) as connection:
        try:
            with request(connection, url, "tags") as reply:
                models = json.loads(reply.read())["models"] or ()
            found = [Installed(str(entry["name"]), round(entry["size"] / 1e9, 1)) for entry in models]
        except (OSError, HTTPException, ValueError, TypeError, KeyError) as error:
            raise ModelUnavailable(f"Ollama's list of models cannot be read ({error}).", "ollama list") from error
    return sorted(found, key=lambda model: model.name)


def pull(name: str, url: str) -> Iterator[PullStep]:
    """Have Ollama download a model, and yield how far it is. What was downloaded is kept when it is interrupted.

    Raises:
        ModelUnavailable: Ollama does not answer, does not know the model, or could not download it.
    """
    layers: dict[str, tuple[int, int]] = {}
    status = ""
    with closing(_connection(url)) as connection:
        try:
            with request(connection, url, "pull", {"model": name}) as reply:
                for line in reply:
                    step = json.loads(line)
                    if "error" in step:
                        raise _refused(name, str(step["error"]))
                    status = str(step["status"])
                    if "digest" in step:
                        layers[step["digest"]] = int(step.get("completed", 0)), int(step.get("total", 0))
                    yield PullStep(
                        status, sum(done for done, _ in layers.values()), sum(size for _, size in layers.values())
                    )
        except (OSError, HTTPException) as error:
            raise _broken(name) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelUnavailable(f"At {url} answers something that is not Ollama.", "Check ollama_url.") from error
    if status != "success":
        raise _broken(name)


def _connection(url: str) -> HTTPConnection:
    """Return a connection to Ollama, not yet opened; told at once where nobody would answer."""
    status = ollama_status(url, "")
    if status.away and not status.running:
        raise status.away
    return connection_to(url, _SILENCE)


def _refused(name: str, reason: str) -> ModelUnavailable:
    if "not exist" in reason or "not found" in reason:
        return ModelUnavailable(f"Ollama's library has no model {name}.", "See `coruja models`, or ollama.com/library.")
    return ModelUnavailable(
        f"Ollama could not download {name}: {reason}.", "Check the network and the free disk space."
    )


def _broken(name: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"The download of {name} stopped half-way.",
        f"Run again: coruja models pull {name} (it goes on where it stopped)",
    )
