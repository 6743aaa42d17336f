"""The catalogue: ready-made settings of the models that people choose, read from `embedders.toml` beside this file."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

Kind = Literal["embedder", "reranker"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chosen by name.

    Attributes:
        kind: What it is for, and the setting that names it.
        name: Its publisher's name for it, `ollama:` before those that Ollama serves.
        origin: Where it comes from: with the product, as a Python package, from the Hugging Face hub, or from Ollama.
        licence: What its weights may be used under.
        megabytes: About how much has to be downloaded.
        note: What to know before choosing it.
        alias: A shorter name; empty when it has none.
        dimension: Length of its vectors; 0 for a reranker.
        query_prompt: What it wants before a query.
        passage_prompt: What it wants before a passage.
    """

    kind: Kind
    name: str
    origin: Literal["packaged", "package", "hub", "ollama"]
    licence: str
    megabytes: int
    note: str
    alias: str = ""
    dimension: int = 0
    query_prompt: str = ""
    passage_prompt: str = ""


@lru_cache(maxsize=1)
def catalogue() -> tuple[Model, ...]:
    """Return every model of the catalogue: embedders, then rerankers, each in the file's order."""
    stored = tomllib.loads(resources.files("index.embedding").joinpath("embedders.toml").read_text("utf-8"))
    embedders = [Model(kind="embedder", **entry) for entry in stored["embedder"]]
    return (*embedders, *(Model(kind="reranker", **entry) for entry in stored["reranker"]))


def find(kind: Kind, name: str) -> Model | None:
    """Return the model of a name or alias; None when the catalogue does not have it."""
    return next((model for model in catalogue() if model.kind == kind and name in {model.name, model.alias}), None)
