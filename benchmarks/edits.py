"""What indexing costs: everything at first, nothing when nothing changed, and one edited document in a running server.

    python -m benchmarks.edits FOLDER...

Each folder of documents is copied into a workspace of its own. The first two are measured on `coruja index` as a
process, start-up included; CPU seconds (user + system) are given beside wall seconds, since they do not depend on what
else the machine does. The edit is measured inside one process that watches the corpus and answers, from the moment the
file is saved until an answer quotes the new sentence; its CPU seconds are those of the whole process meanwhile. Prints
one JSON object a folder.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

EDITS = 5
CHILD = """
import atexit, sys
from benchmarks.memory import peak_mb
atexit.register(lambda: print(peak_mb(), file=sys.stderr))
from ui.cli.app import main
main()
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
ANSWER = "A coruja de Sinimbu pousa no campanário {number} vezes."
QUESTION = "Quantas vezes a coruja de Sinimbu pousa no campanário?"


def main() -> None:
    """Measure every folder named on the command line."""
    for folder in map(Path, sys.argv[1:]):
        with TemporaryDirectory(prefix="coruja-edits-") as workspace:
            shutil.copytree(folder, Path(workspace) / "corpus")
            print(json.dumps({"corpus": folder.name} | measure(Path(workspace))), flush=True)


def measure(workspace: Path) -> dict[str, object]:
    """Measure one workspace that holds a corpus and no index."""
    built, first = index(workspace)
    _, unchanged = index(workspace)
    edits = edited(workspace)
    return {
        "documents": built["documents"],
        "chunks": built["chunks"],
        "full": first,
        "full_cpu_ms_per_chunk": round(1000 * first["cpu_s"] / int(built["chunks"]), 3),
        "unchanged": unchanged,
        "edit_searchable_s": {"median": median(edits["wall"]), "worst": max(edits["wall"])},
        "edit_cpu_s": {"median": median(edits["cpu"]), "worst": max(edits["cpu"])},
        "disk_mb": disk_mb(workspace / ".coruja"),
    }


def disk_mb(folder: Path) -> int:
    """Return the megabytes of a folder's files; one that has several names counts once."""
    stored = {path.stat().st_ino: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    return round(sum(stored.values()) / 1e6)


def index(workspace: Path) -> tuple[dict[str, int], dict[str, float]]:
    """Run `coruja index`; return what it reported and what it cost."""
    command = [sys.executable, "-c", CHILD, "index", "--json"]
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as child:
        assert child.stdout and child.stderr  # noqa: S101 - for the type checker
        report = json.loads(child.stdout.read())
        peak = int(child.stderr.read().split()[-1])
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    cost = {"wall_s": time.perf_counter() - started, "cpu_s": used.ru_utime + used.ru_stime}
    return report, {name: round(value, 2) for name, value in cost.items()} | {"peak_mb": peak}


def edited(workspace: Path) -> dict[str, list[float]]:
    """Save edits of one document one after the other; return how long each took to be in an answer."""
    from assistant.assistant import Assistant
    from assistant.workspace.folder import read_settings
    from assistant.workspace.watch import watch

    settings = read_settings(workspace, writer="extractive")
    assistant, stop, ready = Assistant.open(workspace, settings), Event(), Event()
    options = {"embedder": assistant.index.embedder}
    told = (workspace, settings, lambda outcome: (assistant.refresh(), ready.set()), stop)
    watcher = Thread(target=watch, args=told, kwargs=options)
    watcher.start()
    ready.wait()
    page = sorted((workspace / "corpus").rglob("*.md"))[0]
    text = page.read_text(encoding="utf-8", errors="replace")
    costs: dict[str, list[float]] = {"wall": [], "cpu": []}
    for number in range(10, 10 + EDITS):
        sentence = ANSWER.format(number=number)
        wall, cpu = time.perf_counter(), time.process_time()
        page.write_text(f"{text}\n\n{sentence}\n", encoding="utf-8")
        while sentence not in assistant.ask(QUESTION).text:
            time.sleep(0.05)
        costs["wall"].append(round(time.perf_counter() - wall, 2))
        costs["cpu"].append(round(time.process_time() - cpu, 2))
    stop.set()
    watcher.join()
    assistant.close()
    return costs


if __name__ == "__main__":
    main()
