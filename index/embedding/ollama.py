"""Embeddings served by Ollama. What can go wrong behind it leaves as `EmbedderUnavailable` with what to type next."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import numpy as np
import ollama
from pydantic import ValidationError

from index.arrays import FloatArray
from index.embedding.catalogue import Model, catalogue
from index.embedding.embedder import OLLAMA_PREFIX
from ingest.errors import EmbedderUnavailable

BATCH = 32  # texts a request: each is answered within the time limit on a slow machine
CONNECT_SECONDS = 5.0
_OF_HTTPX = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)


class OllamaEmbedder:
    """An embedding model of Ollama, with the catalogue's prompts unless others are given: Ollama adds none.

    Args:
        name: `ollama:` and a model's name as `ollama pull` takes it.
        url: Where Ollama listens.
        timeout: Seconds to wait for the vectors of one batch.
        query_prompt: Prefix of every query.
        passage_prompt: Prefix of every passage.

    Raises:
        EmbedderUnavailable: Ollama does not answer, does not have the model, or cannot embed with it. Embedding raises
            it, too.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        timeout: float,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> None:
        self.name = name.removesuffix(":latest")
        self._url = url
        self._model = self.name.removeprefix(OLLAMA_PREFIX)
        ready = _ready_made(self._model)
        query, passage = (ready.query_prompt, ready.passage_prompt) if ready else ("", "")
        self._query_prompt = query if query_prompt is None else query_prompt
        self._passage_prompt = passage if passage_prompt is None else passage_prompt
        with explained(self._model, self._url):
            limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
            # No proxy stands between us and this address; no connection is left open that nobody closes.
            pool = httpx.Limits(max_keepalive_connections=0)
            self._client = ollama.Client(host=url, timeout=limits, limits=pool, trust_env=False)
        digest = self._digest()
        self.dimension = 0  # unknown until the first vector
        self.dimension = len(self._ask(["coruja"])[0])
        parts = (self.name, self.dimension, self._query_prompt, self._passage_prompt, digest[:16])
        self.fingerprint = "|".join(map(str, parts))

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts that will be searched; see `Embedder`."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        rows = [row for row, text in enumerate(texts) if text.strip()]  # Ollama has no vector for an empty text
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            vectors[batch] = self._ask([self._passage_prompt + texts[row] for row in batch])
        return vectors

    def embed_query(self, text: str) -> FloatArray:
        """Embed what is searched for; see `Embedder`."""
        if not text.strip():
            return np.zeros(self.dimension, dtype=np.float32)
        vector: FloatArray = self._ask([self._query_prompt + text])[0]
        return vector

    def _ask(self, texts: list[str]) -> FloatArray:
        """Return the texts' vectors at length 1."""
        with explained(self._model, self._url):
            answer = self._client.embed(model=self._model, input=texts)
            vectors = np.array(answer.embeddings, dtype=np.float32)
            shape = (len(texts), self.dimension or vectors.shape[-1])
            if vectors.shape != shape or not vectors.size or not np.isfinite(vectors).all():
                raise ValueError(vectors.shape)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: FloatArray = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return unit

    def _digest(self) -> str:
        """Return the hash of the model: one that was pulled anew under the same name is another."""
        wanted = self._model if ":" in self._model.rsplit("/", 1)[-1] else f"{self._model}:latest"
        with explained(self._model, self._url):
            entries = self._client.list().models
        digest = next((entry.digest for entry in entries if entry.model == wanted), None)
        if digest is None:
            raise _missing(self._model, self._url)
        return digest.removeprefix("sha256:")


def _missing(model: str, url: str) -> EmbedderUnavailable:
    message = f"Ollama at {url} does not have the embedding model {model}."
    return EmbedderUnavailable(message, f"Fetch it with: ollama pull {model}")


@contextmanager
def explained(model: str, url: str) -> Iterator[None]:
    """Turn every exception of the engines into `EmbedderUnavailable`."""
    try:
        yield
    except ollama.ResponseError as error:
        if error.status_code == 404 and "model" in error.error:
            raise _missing(model, url) from error
        message = f"Ollama cannot embed with {model} ({error.error.strip()})."
        raise EmbedderUnavailable(message, "Choose an embedding model: coruja embedders") from error
    except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise EmbedderUnavailable(
            f"Ollama, which embeds, does not answer at {url}.", "Start it with: ollama serve"
        ) from error
    except httpx.TimeoutException as error:
        raise EmbedderUnavailable(
            f"Ollama took too long to embed with {model}.",
            "Choose a smaller model (coruja embedders), or wait longer: CORUJA_OLLAMA_TIMEOUT",
        ) from error
    except (*_OF_HTTPX, ollama.RequestError, ValidationError, ValueError) as error:
        raise EmbedderUnavailable(
            f"What answers at {url} does not embed as Ollama does.", "Check CORUJA_OLLAMA_URL."
        ) from error


def _ready_made(model: str) -> Model | None:
    """Return the catalogue's entry for a model of Ollama, whatever its tag: the sizes of a model share its prompts."""
    family = f"{OLLAMA_PREFIX}{model}".rsplit(":", model.count(":"))[0]
    return next((ready for ready in catalogue() if ready.name in {family, f"{OLLAMA_PREFIX}{model}"}), None)
