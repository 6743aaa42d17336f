"""The doctor: what works, what is missing, and the command that mends it. Nothing is changed."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import IndexMissing, UserError

if TYPE_CHECKING:
    from assistant.settings import Settings

OLDEST_PYTHON = (3, 11)
ENOUGH_DISK = 500_000_000
"""Bytes free below which building an index may fail."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: What was looked at.
        ok: Whether it works.
        found: What was found, in one line.
        fix: What to type to mend it; empty when it works.
        needed: Whether asking questions needs it.
    """

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the check as the documented JSON object."""
        return asdict(self)


def works(checks: list[Check]) -> bool:
    """Tell whether questions can be asked."""
    return all(check.ok for check in checks if check.needed)


def examine(folder: Path | None = None) -> list[Check]:
    """Look at everything that an answer needs.

    Args:
        folder: The workspace, or a folder inside it; the working directory when None.
    """
    checks = [_python(), _packages()]
    if not works(checks):
        return checks
    from assistant.workspace.folder import find_workspace, read_settings

    try:
        workspace = find_workspace(folder)
        checks.append(Check("workspace", True, str(workspace)))
        settings = read_settings(workspace)
    except UserError as error:
        return [*checks, Check("workspace", False, error.message, error.next_step)]
    return [*checks, *_workspace_checks(workspace, settings)]


def _workspace_checks(workspace: Path, settings: "Settings") -> Iterator[Check]:
    from assistant.workspace.folder import corpus_folder

    yield _corpus(corpus_folder(workspace, settings))
    yield from _retrieval(workspace, settings)
    yield from _ollama(settings)
    yield from _extras()
    yield _disk(workspace)
    yield _port(settings.port)


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    oldest = ".".join(str(part) for part in OLDEST_PYTHON)
    fix = "" if sys.version_info >= OLDEST_PYTHON else f"Install Python {oldest} or later and run: make run"
    return Check("python", not fix, f"{version} ({sys.executable})", fix)


def _packages() -> Check:
    try:
        declared = metadata.requires("coruja") or []
    except metadata.PackageNotFoundError:
        return Check(
            "packages", False, "Coruja is not installed in this Python.", "pip install -c constraints.txt -e ."
        )
    names = [_name(requirement) for requirement in declared if "extra ==" not in requirement]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return Check("packages", False, f"missing: {', '.join(missing)}", "pip install -c constraints.txt -e .")
    return Check("packages", True, f"coruja {metadata.version('coruja')} and its {len(names)} packages")


def _name(requirement: str) -> str:
    """Return the name of a distribution in a requirement such as `markitdown[pdf]>=0.1`."""
    end = next((at for at, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")), len(requirement))
    return requirement[:end]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _corpus(corpus: Path) -> Check:
    files = sum(1 for path in corpus.rglob("*") if path.is_file() and not path.name.startswith("."))
    found = f"{files} file{'' if files == 1 else 's'} in {corpus}"
    return Check("corpus", files > 0, found, "" if files else f"Put documents into {corpus}")


def _retrieval(workspace: Path, settings: "Settings") -> Iterator[Check]:
    """Look at the embedder and, with it, at the index that it should fit."""
    from assistant.workspace.opening import open_embedder, open_index, open_reranker

    try:
        embedder = open_embedder(settings)
    except UserError as error:
        yield Check("embedder", False, error.message, error.next_step)
        return
    yield Check("embedder", True, f"{embedder.name}, {embedder.dimension} dimensions")
    try:
        reranker = open_reranker(settings)
    except UserError as error:
        yield Check("reranker", False, error.message, error.next_step)
        return
    if reranker:
        yield Check("reranker", True, reranker.name)
    try:
        index = open_index(workspace, settings, embedder)
    except UserError as error:
        # A missing index is built by the first question; any other has to be built anew by its owner.
        yield Check("index", False, error.message, error.next_step, needed=not isinstance(error, IndexMissing))
        return
    made, damage, encoded = index.manifest, index.damage, index.encoded
    index.close()
    found = f"documents: {made.documents}, chunks: {made.chunks}, encoded: {encoded:.0%}, generation: {made.generation}"
    yield Check("index", not damage, damage or found, "Run: coruja index" if damage else "", needed=False)


def _ollama(settings: "Settings") -> Iterator[Check]:
    from assistant.models.provider_model import is_provider_model, missing_package
    from assistant.models.status import ollama_status

    if is_provider_model(settings.model):
        missing = missing_package(settings.model)
        found = missing.message if missing else f"{settings.model}: questions and passages are sent to its provider"
        yield Check("model", not missing, found, missing.next_step if missing else "", needed=False)
        return
    status = ollama_status(settings.ollama_url, settings.model.removeprefix("ollama:"))
    if status.running:
        yield Check("ollama", True, f"{status.version} at {status.url}", needed=False)
    if status.away:
        name = "model" if status.running else "ollama"
        yield Check(name, False, status.away.message, status.away.next_step, needed=False)
    else:
        yield Check("model", True, settings.model, needed=False)


def _extras() -> Iterator[Check]:
    from ingest.formats.extras import FORMATS_EXTRA, OCR_EXTRA, install, installed

    for extra, reads in ((FORMATS_EXTRA, ".rst and .odt files"), (OCR_EXTRA, "scanned PDFs")):
        said = f"{reads} are read" if installed(extra) else f"not installed: {reads} are not read; {install(extra)}"
        yield Check(extra, True, said, needed=False)


def _disk(workspace: Path) -> Check:
    free = shutil.disk_usage(workspace).free
    fix = "" if free >= ENOUGH_DISK else f"Free at least {ENOUGH_DISK // 1_000_000} MB on the disk of {workspace}"
    return Check("disk", not fix, f"{free / 1e9:.1f} GB free", fix, needed=False)


def _port(port: int) -> Check:
    from ui.port import free_port

    if not port or free_port(port) == port:
        return Check("port", True, f"{port or 'any'} is free for the web chat", needed=False)
    return Check("port", False, f"{port} is busy; the web chat takes another", "coruja ui --port 0", needed=False)
