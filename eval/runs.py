"""The runs of a workspace: what each measured, where it is kept, which one was accepted last.

They are folders in `.coruja/evaluations/`, named after their data set and numbered, or as their owner names them. The
folder `accepted` there holds, for each data set, the report that the next ones are compared with.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from glob import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from assistant.workspace.folder import BUILT_NAME
from eval.datasets.example import Example, dataset_text
from eval.report import Report, read_report
from eval.run import MADE, REPORT
from index.manifest import Manifest
from ingest.errors import DatasetError

_NAME = re.compile(r"[\w.-]+")


def measured_now(dataset: Path, examples: Sequence[Example], settings: Settings, manifest: Manifest) -> dict[str, Any]:
    """Return what a run measures: everything that its answers depend on."""
    text = dataset_text(examples)
    return {
        "dataset": dataset.stem,
        "questions": len(examples),
        "checksum": hashlib.sha256(text.encode()).hexdigest(),
        "generation": manifest.generation,
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "embedder": manifest.fingerprint,
        "settings": settings.answering(),
        "version": version("coruja"),
    }


def runs_folder(workspace: Path) -> Path:
    """Return where a workspace's runs are kept."""
    return workspace / BUILT_NAME / "evaluations"


def begin(workspace: Path, made: dict[str, Any], name: str | None = None) -> Path:
    """Return the folder of a run: that of the last one of its data set if it is the same and not done, else a new one.

    Args:
        workspace: The workspace.
        made: What is measured.
        name: What the run is called; numbered after its data set when None.

    Raises:
        DatasetError: There is a run of that name that is done, or measured something else.
    """
    root = runs_folder(workspace)
    if name is not None and not _NAME.fullmatch(name):
        raise DatasetError(f"'{name}' is no name for a run.", "Use letters, figures, '-', '_' and '.'.")
    last = _numbered(root, made["dataset"])
    folder = root / (name or f"{made['dataset']}-{last or 1}")
    same = _made(folder) == made and not (folder / REPORT).exists()
    if folder.exists() and not same:
        if name:
            raise DatasetError(f"There is a run named '{name}'.", f"Choose another --name, or remove {folder}.")
        folder = root / f"{made['dataset']}-{last + 1}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MADE).write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def _numbered(root: Path, dataset: str) -> int:
    """Return the highest number of a data set's runs; 0 without any."""
    numbers = [path.name.removeprefix(f"{dataset}-") for path in root.glob(f"{escape(dataset)}-*")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _made(folder: Path) -> object:
    with suppress(OSError, ValueError):
        return json.loads((folder / MADE).read_text("utf-8"))
    return None


def find_run(workspace: Path, name: str) -> Path:
    """Return the folder of a finished run: by its name, or by the path of a folder or of its report.

    Raises:
        DatasetError: There is none.
    """
    for folder in (runs_folder(workspace) / name, Path(name), Path(name).parent):
        if (folder / REPORT).is_file():
            return folder
    names = ", ".join(sorted(path.parent.name for path in runs_folder(workspace).glob(f"*/{REPORT}")))
    raise DatasetError(f"There is no finished run '{name}'.", f"Runs are: {names}" if names else "Run: coruja eval run")


def accept(workspace: Path, run: Path) -> None:
    """Make a run the one that later runs of its data set are compared with; a copy of its report is kept."""
    root = runs_folder(workspace)
    report = read_report(run / REPORT)
    target = root / "accepted" / f"{report.made['dataset']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / REPORT, target)


def accepted(workspace: Path, dataset: str) -> Report | None:
    """Return the report of the run of a data set that was accepted last; None when none was."""
    path = runs_folder(workspace) / "accepted" / f"{dataset}.json"
    return read_report(path) if path.exists() else None


def accepted_last(workspace: Path) -> Report | None:
    """Return the report that was accepted last, of whichever data set; None when none was."""
    reports = list((runs_folder(workspace) / "accepted").glob("*.json"))
    return read_report(max(reports, key=lambda path: path.stat().st_mtime_ns)) if reports else None
