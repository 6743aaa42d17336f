"""What many tests stand on: the shipped page in a workspace of its own, indexed once."""

import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings

ROOT = Path(__file__).parent.parent

# A busy machine is no error.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# A job in the background ignores Ctrl-C, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
