"""Chat models of other makers, through LangChain's own packages: `model = "provider:name"`.

Questions and passages then go to that maker: nothing of this is used unless the owner's settings name one. Its key and
its address are read from the environment, as the maker's package documents it (`OPENAI_API_KEY`, `OPENAI_BASE_URL`, …).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from assistant.models.chat_model import MAX_REPLY, ChatModel, ReplyCut, said, turn_tracing_off
from assistant.notice import ModelFailure
from ingest.errors import ModelUnavailable

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_PACKAGES = {
    "anthropic": "langchain-anthropic",
    "azure_openai": "langchain-openai",
    "bedrock_converse": "langchain-aws",
    "cohere": "langchain-cohere",
    "deepseek": "langchain-deepseek",
    "fireworks": "langchain-fireworks",
    "google_genai": "langchain-google-genai",
    "google_vertexai": "langchain-google-vertexai",
    "groq": "langchain-groq",
    "huggingface": "langchain-huggingface",
    "mistralai": "langchain-mistralai",
    "nvidia": "langchain-nvidia-ai-endpoints",
    "openai": "langchain-openai",
    "together": "langchain-together",
    "xai": "langchain-xai",
}
"""The package of each provider: the names are those that `init_chat_model` takes."""

_CUT = frozenset({"length", "max_tokens", "MAX_TOKENS"})


def is_provider_model(model: str) -> bool:
    """Tell whether a model's name is a provider's, and not one of Ollama's (`qwen3:4b-instruct`)."""
    provider, colon, name = model.partition(":")
    return bool(colon and name) and provider in _PACKAGES


def missing_package(model: str) -> ModelUnavailable | None:
    """Return what to tell where a provider's package is not installed; None where it is."""
    package = _PACKAGES[model.partition(":")[0]]
    if find_spec(package.replace("-", "_")) is not None:
        return None
    return ModelFailure("package_missing", model=model, package=package)


class ProviderModel(ChatModel):
    """A model asked through its maker's LangChain package.

    Its size of context is its own affair; everything else is as with Ollama: thinking is never shown, and whatever
    goes wrong is `ModelUnavailable`.

    Args:
        model: As `init_chat_model` takes it: "provider:name".
        timeout: Seconds to wait for an answer.
        temperature: 0 for the likeliest words.
    """

    def __init__(self, model: str, *, timeout: float = 120.0, temperature: float = 0.0) -> None:
        super().__init__(model, "", timeout=timeout, temperature=temperature)

    @property
    def name(self) -> str:
        """Return the name that answers carry: the provider's and the model's, as it is set."""
        return self.model

    def _sized_for(self, messages: "list[BaseMessage]") -> "BaseChatModel":
        return self._engine

    def _check_end(self, end: dict[str, Any], wrote: bool) -> None:
        if not wrote:
            raise ModelFailure("empty", model=self.model)
        if str(end.get("finish_reason") or end.get("stop_reason")) in _CUT:
            raise ReplyCut("reply_cut", model=self.model)

    @cached_property
    def _engine(self) -> "BaseChatModel":
        turn_tracing_off()
        if error := missing_package(self.model):
            raise error
        from langchain.chat_models import init_chat_model

        model: BaseChatModel = init_chat_model(
            self.model, temperature=self.temperature, max_tokens=MAX_REPLY, timeout=self.timeout
        )
        return model

    @contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Turn every exception of the maker's package into `ModelUnavailable`."""
        try:
            yield
        except ModelUnavailable:
            raise
        except Exception as error:  # every maker's package has a tree of errors of its own
            raise ModelFailure("provider_failed", model=self.model, said=said(error)) from error
