"""Coruja beside LangChain's FAISS store, Chroma and txtai: one run, one machine, the same documents and chunks.

    python3 -m venv .venv-peers && .venv-peers/bin/pip install torch==2.13.0
    .venv-peers/bin/pip install -r benchmarks/requirements.txt
    python -m benchmarks.peers FOLDER... [--peers-python .venv-peers/bin/python] [--out benchmarks/results]

Every peer embeds with Coruja's embedded model; what its own offline default (all-MiniLM-L6-v2, through
sentence-transformers) costs is measured on a sample of the chunks, the build extrapolated to all of them. The peers are
handed Coruja's chunks: reading and splitting cost them nothing. Measured of each:

    build           a process that ends with the index on disk: seconds, and megabytes at its peak
    cold            a process that opens the index and answers one question: in words by Coruja, with hits by a peer
    query           milliseconds of a search in a process that is warm
    success@10      how often the ten best hits have the document that the query's words were taken from
    edit, told      one document changes, and the system is told which: seconds until a search finds it, saved to disk
    edit, found out the same, but the system has to find out by itself which document it was
    memory, disk    megabytes of a process that has answered the queries, and of the index

Coruja watches the folder: nobody tells it, so both edits are the same measurement. A table in Markdown is printed, the
results go into one JSON file, and a plot is drawn of it (by `benchmarks.plot`, with the peers' Python).
"""

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import edits
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.reading.corpus import read_documents
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

PEERS = ("langchain", "chroma", "txtai")
COLD_RUNS = 5
QUERIES = 300
LONG, WORDS = 16, 10  # words of a chunk that a query is taken from, and of the query
EDITS = 3
SENTENCE = "A coruja de Sinimbu pousa no campanário {number} vezes."


def main() -> None:
    """Measure every folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--peers-python", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--only", nargs="*", default=["coruja", *PEERS])
    parser.add_argument("--sample", type=int, default=300, help="chunks for the peers' own default; 0 for none")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks.peers", *(folder.name for folder in options.folders)]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "corpora": {},
    }
    for folder in options.folders:
        results["corpora"][folder.name] = measure(folder, options.only, options.peers_python, options.sample)
        print(table(folder.name, results["corpora"][folder.name]), flush=True)
        if options.out:  # after each: a run takes long
            _write(results, options.out, options.peers_python)


def _write(results: dict[str, Any], out: Path, python: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{results['date'][:10]}-{results['commit']}.json"
    file.write_text(json.dumps(results) + "\n", encoding="utf-8")
    subprocess.run([str(python), "-m", "benchmarks.plot", str(file)], check=True)


def measure(folder: Path, systems: Sequence[str], python: Path, sample: int) -> dict[str, Any]:
    """Measure every system on one folder."""
    found: dict[str, Any] = {}
    with TemporaryDirectory(prefix="coruja-peers-") as place:
        workspace = Path(place) / "coruja"
        shutil.copytree(folder, workspace / "corpus")
        material = Material(workspace / "corpus")
        found["documents"], found["chunks"] = material.documents, len(material.chunks)
        if "coruja" in systems:
            found["coruja"] = of_coruja(workspace, material)
        for peer in (each for each in PEERS if each in systems):
            try:
                found[peer] = of_peer(peer, python.absolute(), Path(place) / peer, material, sample)
            except subprocess.CalledProcessError as error:
                found[peer] = {"failed": error.stderr.strip().splitlines()[-1:]}
    return found


class Material:
    """The chunks of a folder, queries whose document is known, and edits of one document."""

    def __init__(self, corpus: Path) -> None:
        chance = random.Random(0)  # noqa: S311 - not a secret
        parts = [(page, split(page)) for page in read_documents(corpus) if isinstance(page, Document)]
        self.documents = len(parts)
        self.chunks = [row for _, chunks in parts for row in _rows(chunks)]
        long = [(chunk, words) for _, chunks in parts for chunk in chunks if len(words := chunk.plain.split()) >= LONG]
        self.queries = [_query(chunk, words, chance) for chunk, words in chance.choices(long, k=QUERIES)]
        page = next(page for page, chunks in parts if chunks and page.doc_id.endswith(".md"))
        self.edits = [self._edit(page, number) for number in range(1, EDITS + 2)]
        others = [row for row in self.chunks if row["doc"] != page.doc_id]
        self.last = {**self.edits.pop(), "chunks": others}
        self.last["chunks"] = others + _rows(split(_edited(page, EDITS + 1)))

    def _edit(self, page: Document, number: int) -> dict[str, Any]:
        chunks = _rows(split(_edited(page, number)))
        return {"doc": page.doc_id, "chunks": chunks, "query": SENTENCE.format(number=number)}


def _query(chunk: Chunk, words: Sequence[str], chance: random.Random) -> dict[str, str]:
    start = chance.randrange(len(words) - WORDS)
    return {"text": " ".join(words[start : start + WORDS]), "doc": chunk.doc_id}


def _edited(page: Document, number: int) -> Document:
    added = f"## A coruja de Sinimbu\n\n{SENTENCE.format(number=number)}"
    return read_bytes(f"{page.text}\n\n{added}\n".encode(), page.doc_id)


def _rows(chunks: Sequence[Chunk]) -> list[dict[str, str]]:
    return [{"id": chunk.chunk_id, "doc": chunk.doc_id, "text": chunk.searchable} for chunk in chunks]


def of_coruja(workspace: Path, material: Material) -> dict[str, Any]:
    """Measure Coruja on a workspace that holds a corpus and no index."""
    _, built = edits.index(workspace)
    disk = edits.disk_mb(workspace / ".coruja")
    asked = [sys.executable, "-c", "from ui.cli.app import main; main()", "ask", "--writer", "extractive"]
    cold = [_timed([*asked, material.queries[number]["text"]], workspace) for number in range(COLD_RUNS)]
    task = workspace / "queries.json"
    task.write_text(json.dumps(material.queries), encoding="utf-8")
    session = _json([sys.executable, "-m", "benchmarks.peers.coruja", str(workspace), str(task)], Path.cwd())
    edited = edits.edited(workspace)["wall"]
    return {
        "build": built, "cold_s": cold, **session, "edit_told_s": edited, "edit_found_out_s": edited, "disk_mb": disk,
    }  # fmt: skip


def of_peer(peer: str, python: Path, folder: Path, material: Material, size: int) -> dict[str, Any]:
    """Measure a peer, with Coruja's embedder, and its build on a sample with its own default."""

    def run(embedder: str, place: Path, task: str, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
        place.mkdir(parents=True, exist_ok=True)
        file = folder.with_suffix(".json")
        file.write_text(json.dumps(given), encoding="utf-8")
        command = [str(python), "-m", "benchmarks.peers.systems", peer, embedder, str(place), task, str(file)]
        began = perf_counter()
        result = _json(command, Path.cwd())
        return result, {"wall_s": round(perf_counter() - began, 2), "peak_mb": result["peak_mb"]}

    _, built = run("coruja", folder / "ours", "build", {"chunks": material.chunks})
    disk = edits.disk_mb(folder / "ours")
    cold = [
        run("coruja", folder / "ours", "cold", {"query": query["text"]})[1]["wall_s"]
        for query in material.queries[:COLD_RUNS]
    ]
    session, _ = run(
        "coruja",
        folder / "ours",
        "session",
        {"queries": material.queries, "edits": material.edits, "found_out": [material.last]},
    )
    found = {"build": built, "cold_s": cold, **session, "disk_mb": disk}
    if not size:
        return found
    sample = material.chunks[:: max(1, len(material.chunks) // size)][:size]
    _, start = run("minilm", folder / "own1", "build", {"chunks": sample[:1]})
    _, whole = run("minilm", folder / "own", "build", {"chunks": sample})
    each = (whole["wall_s"] - start["wall_s"]) / (len(sample) - 1)
    slow, _ = run(
        "minilm",
        folder / "own",
        "session",
        {"queries": material.queries[:50], "edits": material.edits, "found_out": []},
    )
    own = {
        "sample": len(sample),
        "ms_per_chunk": round(1000 * each, 1),
        "build_s_extrapolated": round(start["wall_s"] + each * len(material.chunks), 1),
        "cold_s": [
            run("minilm", folder / "own", "cold", {"query": query["text"]})[1]["wall_s"]
            for query in material.queries[:COLD_RUNS]
        ],
        "query_ms": slow["query_ms"],
        "edit_told_s": slow["edit_told_s"],
        "memory_mb": slow["memory_mb"],
    }
    return {**found, "own_default": own}


def _timed(command: Sequence[str], folder: Path) -> float:
    began = perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return round(perf_counter() - began, 3)


def _json(command: Sequence[str], folder: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    line = next(line for line in reversed(run.stdout.splitlines()) if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def table(name: str, found: dict[str, Any]) -> str:
    """Return one folder's results as a table in Markdown; in parentheses, how many times Coruja's."""
    systems = [each for each in ("coruja", *PEERS) if each in found and "failed" not in found[each]]
    rows: dict[str, Callable[[dict[str, Any]], float]] = {
        "build, s": lambda each: each["build"]["wall_s"],
        "build, MB at its peak": lambda each: each["build"]["peak_mb"],
        "cold answer, s": lambda each: median(each["cold_s"]),
        "query p50, ms": lambda each: float(np.percentile(each["query_ms"], 50)),
        "query p99, ms": lambda each: float(np.percentile(each["query_ms"], 99)),
        "success@10": lambda each: each["success"],
        "edit, told which, s": lambda each: median(each["edit_told_s"]),
        "edit, found out, s": lambda each: median(each["edit_found_out_s"]),
        "memory, MB": lambda each: each["memory_mb"],
        "disk, MB": lambda each: each["disk_mb"],
    }
    by_default: dict[str, Callable[[dict[str, Any]], float]] = {
        "build, s": lambda own: own["build_s_extrapolated"],
        "cold answer, s": rows["cold answer, s"],
        "query p50, ms": rows["query p50, ms"],
        "edit, told which, s": rows["edit, told which, s"],
        "memory, MB": rows["memory, MB"],
    }
    lines = [f"\n{name}: {found['documents']} documents, {found['chunks']} chunks\n", f"| | {' | '.join(systems)} |"]
    lines.append("|---" * (len(systems) + 1) + "|")
    ours = {label: value(found["coruja"]) for label, value in rows.items()} if "coruja" in found else {}

    def line(label: str, name: str, values: Mapping[str, float]) -> str:
        cells = [
            f"{values[system]:.3g}" + (f" ({values[system] / ours[name]:.2g} ×)" if ours and system != "coruja" else "")
            for system in values
        ]
        return f"| {label} | {' | '.join(['', *cells] if 'coruja' not in values and ours else cells)} |"

    lines += [line(label, label, {system: value(found[system]) for system in systems}) for label, value in rows.items()]
    peers = [system for system in systems if "own_default" in found[system]]
    lines += [
        line(f"with its own default: {label}", label, {peer: value(found[peer]["own_default"]) for peer in peers})
        for label, value in (by_default if peers else {}).items()
    ]
    lines += [f"\n{each}: {found[each]['failed']}" for each in PEERS if "failed" in found.get(each, {})]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
