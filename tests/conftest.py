"""What many tests stand on: the shipped page in a workspace of its own, indexed once."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def page_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the shipped corpus, indexed. Read only."""
    workspace = tmp_path_factory.mktemp("página da casa")
    shutil.copytree(ROOT / "corpus", workspace / "corpus")
    build(workspace, extractive(workspace))
    return workspace


@pytest.fixture(scope="session")
def page(page_workspace: Path) -> Iterator[Assistant]:
    """The extractive assistant over the shipped corpus."""
    assistant = Assistant.open(page_workspace, extractive(page_workspace))
    yield assistant
    assistant.close()


def extractive(workspace: Path) -> Settings:
    """Return settings under which no model is looked for."""
    return read_settings(workspace, writer="extractive")


@pytest.fixture
def free_url() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
