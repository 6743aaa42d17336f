"""An assistant whose model is a scripted one behind Ollama's protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.assistant import Assistant
from assistant.workspace.folder import read_settings
from servers.ollama import OllamaServer
from servers.ollama_replies import Model


@contextmanager
def assistant_with(script: Model, workspace: Path, **overrides: object) -> Iterator[Assistant]:
    """Lend an assistant over an indexed workspace; `overrides` are settings."""
    with OllamaServer({"escrivao:1b": script}) as server:
        asked = {"writer": "auto", "model": "escrivao:1b", "ollama_url": server.url}
        assistant = Assistant.open(workspace, read_settings(workspace, **asked | overrides))
        yield assistant
        assistant.close()
