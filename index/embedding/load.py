"""Loading an embedding model by the name that a person chose. The one file that knows which models there are."""

from index.embedding.embedder import EMBEDDED, OLLAMA_PREFIX, OLLAMA_URL, Embedder


def load_embedder(
    name: str,
    *,
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    ollama_url: str = OLLAMA_URL,
    ollama_timeout: float = 120.0,
) -> Embedder:
    """Load an embedding model that is on this machine, or that Ollama serves.

    Args:
        name: `coruja` (embedded, no torch), a name or alias of the catalogue (`embedders.toml`), any other
            sentence-transformers model by its hub name or folder, or `ollama:` and a model's name in Ollama.
        query_prompt: Prefix of every query; the catalogue's, else the model's own, when None.
        passage_prompt: Prefix of every passage; the catalogue's, else the model's own, when None.
        ollama_url: Where Ollama listens.
        ollama_timeout: Seconds to wait for the vectors of a batch from Ollama.

    Raises:
        EmbedderUnavailable: The model is not there, or cannot be used.
    """
    if name == EMBEDDED:
        from index.embedding.static import shipped

        return shipped()
    prompts = {"query_prompt": query_prompt, "passage_prompt": passage_prompt}
    if name.startswith(OLLAMA_PREFIX):
        from index.embedding.ollama import OllamaEmbedder

        return OllamaEmbedder(name, url=ollama_url, timeout=ollama_timeout, **prompts)
    from index.embedding.sentence_models import TransformerEmbedder

    return TransformerEmbedder(name, **prompts)
