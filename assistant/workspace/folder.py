"""The workspace: the folder that holds the corpus, the settings and, in `.coruja/`, what was built from them."""

import json
from pathlib import Path

from assistant.settings import Settings, load_settings
from ingest.errors import CorpusError

SETTINGS_NAME = "coruja.toml"
CORPUS_NAME = "corpus"
BUILT_NAME = ".coruja"


def find_workspace(start: Path | None = None) -> Path:
    """Return the nearest folder, at or above `start` (the current folder), that holds a corpus or settings.

    Raises:
        CorpusError: There is none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / SETTINGS_NAME).is_file() or (folder / CORPUS_NAME).is_dir():
            return folder
    message = f"There is no '{CORPUS_NAME}' folder and no {SETTINGS_NAME} in {start} or above it."
    raise CorpusError(message, f"Put your documents into a folder named '{CORPUS_NAME}', or use --workspace DIR.")


def make_workspace(corpus: Path, start: Path | None = None) -> Path | None:
    """Where there is no workspace yet, make `start` (the current folder) one, with its documents in `corpus`.

    Returns:
        The settings that were written; None where there was a workspace already.

    Raises:
        CorpusError: There is no such folder of documents.
    """
    try:
        find_workspace(start)
    except CorpusError:
        if not corpus.is_dir():
            raise CorpusError(f"{corpus} is not a folder.", "Name the folder that holds the documents.") from None
        settings = (start or Path.cwd()) / SETTINGS_NAME
        settings.write_text(f"corpus = {json.dumps(str(corpus.absolute()), ensure_ascii=False)}\n", encoding="utf-8")
        return settings
    return None


def read_settings(workspace: Path, **overrides: object) -> Settings:
    """Read a workspace's settings; an override wins over the environment and over `coruja.toml`.

    Raises:
        SettingsError: A setting has an unknown name or an unusable value.
    """
    return load_settings(workspace / SETTINGS_NAME, **overrides)


def index_folder(workspace: Path) -> Path:
    """Return where a workspace's index lives."""
    return workspace / BUILT_NAME / "index"


def speeds_file(workspace: Path) -> Path:
    """Return where it is kept how fast models read on this machine."""
    return workspace / BUILT_NAME / "models.json"


def trials_file(workspace: Path) -> Path:
    """Return where it is kept what chat models brought when they were tried."""
    return workspace / BUILT_NAME / "tried.json"


def corpus_folder(workspace: Path, settings: Settings) -> Path:
    """Return where a workspace's documents live."""
    return (workspace / settings.corpus.expanduser()).resolve()
