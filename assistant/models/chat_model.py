"""The chat model: the one file that knows LangChain's chat models and Ollama.

Everything that can go wrong behind it (nobody listens, no such model, too slow, cut connections, errors in mid-stream,
empty or thinking-only output) leaves as `ModelUnavailable` with what to type next. A model's thinking never leaves.

LangChain takes two seconds to import, so it is imported when a model is first used; `assistant.models.status` does
without.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from threading import Event
from typing import TYPE_CHECKING, Any

from assistant.models.status import served_context, trained_context, with_scheme
from assistant.models.thoughts import OrphanThought, ThoughtFilter
from assistant.models.tokens import least_tokens, most_tokens
from assistant.notice import ModelFailure

if TYPE_CHECKING:
    import ssl

    import httpx
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage, MessageLikeRepresentation
    from langchain_core.prompt_values import PromptValue
    from langchain_core.runnables import Runnable

CONTEXT_STEP = 2048  # tokens
MIN_CONTEXT = 4096  # tokens; a change of size makes Ollama load the model again, so begin where most prompts fit
MAX_CONTEXT = 32768  # tokens
MAX_REPLY = 1024  # tokens; ends a model that repeats itself
REPLY_SHARE = 0.25  # of a small context, for the reply


class PromptCut(ModelFailure):
    """Ollama cut the prompt: the model did not read all of it."""


class ReplyCut(ModelFailure):
    """The model reached its limit in the middle of a sentence; what came before it is whole."""


class ChatModel:
    """A model served by Ollama, asked through LangChain.

    At temperature 0 and with a fixed seed, the same question gets the same answer. The context window is sized from the
    prompt, because Ollama cuts a prompt that does not fit and still answers 200; it never shrinks, because Ollama
    loads the model again for each new size. How many tokens Ollama says that it read is compared with how many the
    prompt has at least, and a prompt that was cut is an error.

    Args:
        model: A model's name as `ollama pull` takes it.
        url: Where Ollama listens.
        timeout: Seconds to wait for the next piece of text, the first included.
        keep_alive: How long Ollama keeps the model in memory afterwards, as Ollama writes it ("10m", "-1" for ever).
        temperature: 0 for the likeliest words.
        seed: Where its chance begins, above temperature 0.
    """

    def __init__(
        self,
        model: str,
        url: str,
        *,
        timeout: float = 120.0,
        keep_alive: str = "10m",
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.url = url
        self.timeout = timeout
        self.keep_alive = keep_alive
        self.temperature = temperature
        self.seed = seed
        self._context = MIN_CONTEXT

    @cached_property
    def _largest(self) -> int:
        """The largest context window to ask for: what the model was trained for, within reason."""
        return min(trained_context(self.url, self.model) or MAX_CONTEXT, MAX_CONTEXT)

    @property
    def _reply(self) -> int:
        """How many tokens a reply may have."""
        return min(MAX_REPLY, int(REPLY_SHARE * self._largest))

    @property
    def room(self) -> int:
        """Return how many tokens (as `most_tokens` counts) a prompt may have."""
        return self._largest - self._reply

    def too_small(self) -> ModelFailure:
        """Return the error that the model's context is too small for the prompt."""
        return PromptCut("context_small", model=self.model)

    @property
    def name(self) -> str:
        """Return the name that answers carry: `ollama:NAME`."""
        return f"ollama:{self.model}"

    def runnable(self, stop: Event | None = None) -> "Runnable[PromptValue, AIMessageChunk]":
        """Return the model as a step of a LangChain chain: a prompt in, pieces of the answer out.

        It raises, while it runs, what `stream` raises.

        Args:
            stop: Set it before leaving a stream unfinished: LangChain reads a stream that is closed to its end, which
                would keep the model busy with what nobody hears.
        """
        turn_tracing_off()  # before the chain that it stands in begins to run
        from langchain_core.runnables import RunnableGenerator

        def reply(prompts: "Iterator[PromptValue]") -> "Iterator[AIMessageChunk]":
            for prompt in prompts:
                yield from self._answer(prompt.to_messages(), stop)

        return RunnableGenerator(reply)

    def stream(self, messages: "Sequence[MessageLikeRepresentation]") -> Iterator[str]:
        """Yield the answer piece by piece, thinking left out.

        Args:
            messages: Messages as LangChain takes them: `[("system", …), ("human", …)]`.

        Raises:
            ReplyCut: The answer reached its limit; the pieces so far are the beginning of it.
            ModelUnavailable: The model cannot be reached, failed, or answered nothing, perhaps after some pieces.
        """
        from langchain_core.messages import convert_to_messages

        for chunk in self._answer(convert_to_messages(messages)):
            yield chunk.text

    def complete(self, messages: "Sequence[MessageLikeRepresentation]") -> str:
        """Return the whole answer; takes and raises what `stream` does."""
        return "".join(self.stream(messages)).strip()

    def close(self) -> None:
        """Close the connections to Ollama."""
        if "_transport" in self.__dict__:
            self._transport.close()

    def _answer(self, messages: "list[BaseMessage]", stop: Event | None = None) -> "Iterator[AIMessageChunk]":
        from langchain_core.messages import AIMessageChunk

        thoughts = ThoughtFilter()
        wrote = blank = False
        end: dict[str, Any] = {}
        with self.errors_explained():
            for chunk in self._sized_for(messages).stream(messages):
                end |= chunk.response_metadata
                text = thoughts.feed(chunk.text)
                wrote = wrote or bool(text.strip())
                blank = blank or bool(text)
                if text:
                    yield AIMessageChunk(content=text)
                if stop is not None and stop.is_set():
                    return
        if text := thoughts.finish():
            wrote = wrote or bool(text.strip())
            yield AIMessageChunk(content=text)
        if not wrote and not blank and end.get("eval_count", 0) > 1:  # the token that ends a text counts, too
            raise ModelFailure("only_thought", model=self.model)
        self._check_read(messages, end)
        self._check_end(end, wrote)

    def _check_read(self, messages: "list[BaseMessage]", end: dict[str, Any]) -> None:
        """Raise when the model read less than the prompt.

        Ollama counts what was left of a prompt that it cut. Some versions do not count what they remember of an earlier
        prompt, or give no count at all; then the window that the model is loaded with decides.
        """
        read = end.get("prompt_eval_count") or 0
        least = sum(least_tokens(message.text) for message in messages)
        if end.get("done") and 0 < read < least and served_context(self.url, self.model) < self._context:
            raise PromptCut("prompt_cut", model=self.model, read=str(read), least=str(least))

    def _check_end(self, end: dict[str, Any], wrote: bool) -> None:
        """Raise when a reply that ended without an error is not a whole answer."""
        if not wrote:
            raise ModelFailure("empty", model=self.model)
        if not end.get("done"):
            raise ModelFailure("stopped")
        if end.get("done_reason") == "length":
            raise ReplyCut("reply_cut", model=self.model)

    def _sized_for(self, messages: "list[BaseMessage]") -> "BaseChatModel":
        needed = sum(most_tokens(message.text) for message in messages) + self._reply
        if needed > self._largest:
            raise self.too_small()
        steps = -(-needed // CONTEXT_STEP)
        self._context = min(max(self._context, steps * CONTEXT_STEP), self._largest)
        return self._engine.model_copy(update={"num_ctx": self._context})

    @cached_property
    def _transport(self) -> "httpx.HTTPTransport":
        import httpx

        return httpx.HTTPTransport(verify=_tls())  # ours, so that `close` can close its sockets

    @cached_property
    def _engine(self) -> "BaseChatModel":
        turn_tracing_off()
        logging.getLogger("langchain_ollama").setLevel(logging.ERROR)  # what it warns of is told as an error of ours
        import httpx
        from langchain.chat_models import init_chat_model

        model: BaseChatModel = init_chat_model(
            f"ollama:{self.model}",
            base_url=with_scheme(self.url),
            temperature=self.temperature,
            seed=self.seed,
            num_predict=self._reply,
            keep_alive=int(self.keep_alive) if self.keep_alive.lstrip("-").isdigit() else self.keep_alive,
            reasoning=False,
            client_kwargs={
                "timeout": httpx.Timeout(self.timeout, connect=min(self.timeout, 5.0)),
                "trust_env": False,  # no proxy between us and this address
                "verify": _tls(),
            },
            sync_client_kwargs={"transport": self._transport},
        )
        return model

    @contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Turn every exception of the engines into `ModelUnavailable`."""
        import httpx
        import ollama
        from pydantic import ValidationError

        try:
            yield
        except OrphanThought as error:
            raise ModelFailure("thought_aloud", model=self.model) from error
        except ModelFailure:
            raise
        except ollama.ResponseError as error:
            raise self._refused(error.status_code, error.error) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError) as error:
            raise ModelFailure("ollama_away", url=self.url) from error
        except httpx.TimeoutException as error:
            raise ModelFailure("slow", model=self.model, seconds=f"{self.timeout:g}") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            raise ModelFailure("connection_lost") from error
        except (json.JSONDecodeError, ValidationError, AttributeError) as error:  # no JSON, or of another shape
            raise ModelFailure("not_ollama", url=self.url) from error
        except ValueError as error:  # LangChain's word for a stream without one piece
            raise ModelFailure("empty", model=self.model) from error
        except Exception as error:  # five packages stand between here and Ollama, each with a tree of errors of its own
            raise ModelFailure("model_failed", model=self.model, said=said(error)) from error

    def _refused(self, status: int, reason: str) -> ModelFailure:
        if status == 404 and "not found" in reason:
            return ModelFailure("model_missing", model=self.model)
        if "context" in reason and "exceed" in reason:
            return self.too_small()
        if "memory" in reason:
            return ModelFailure("too_large", model=self.model)
        return ModelFailure("refused", reason=reason)


def said(error: Exception) -> str:
    """Return what an exception says, on one line, or its name where it says nothing."""
    return " ".join(str(error).split())[:300] or type(error).__name__


@cache
def _tls() -> "ssl.SSLContext":
    """Return the one TLS context: each costs 60 ms, and LangChain makes two clients."""
    import httpx

    return httpx.create_ssl_context()


def turn_tracing_off() -> None:
    """Keep questions and documents on this machine, even where the environment asks LangChain to report them."""
    for name in ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"):
        os.environ.pop(name, None)  # of a tracer long gone: LangChain refuses to run where they are set
    import langsmith

    langsmith.configure(enabled=False)
