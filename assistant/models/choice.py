"""Which chat model the settings choose: one of Ollama's, or another provider's. Loads no engine until one is opened."""

from typing import TYPE_CHECKING

from assistant.models.speeds import Pace, Speeds
from assistant.settings import Settings
from ingest.errors import ModelUnavailable

if TYPE_CHECKING:
    from assistant.models.chat_model import ChatModel


def model_away(settings: Settings) -> ModelUnavailable | None:
    """Return why the model cannot be asked now, as far as can be told without asking it; None when it can."""
    from assistant.models.provider_model import is_provider_model, missing_package
    from assistant.models.status import ollama_status

    if is_provider_model(settings.model):
        return missing_package(settings.model)
    status = ollama_status(settings.ollama_url, _of_ollama(settings.model))
    return status.away


def open_model(settings: Settings, speeds: Speeds | None = None) -> "ChatModel":
    """Return the chat model of the settings, not asked yet; `speeds` knows how fast it reads."""
    from assistant.models.chat_model import ChatModel
    from assistant.models.provider_model import ProviderModel, is_provider_model

    timeout, temperature = settings.ollama_timeout, settings.temperature
    if is_provider_model(settings.model):
        return ProviderModel(settings.model, timeout=timeout, temperature=temperature)
    return ChatModel(
        _of_ollama(settings.model),
        settings.ollama_url,
        timeout=timeout,
        keep_alive=settings.keep_alive,
        temperature=temperature,
        seed=settings.seed,
        pace=Pace(speeds.of(_of_ollama(settings.model)) if speeds else 0.0),
    )


def _of_ollama(model: str) -> str:
    """Return the name that Ollama knows; `ollama:NAME`, as answers show it, is taken, too."""
    return model.removeprefix("ollama:")
