"""What a question costs in a large index, and what its approximate parts lose.

    python -m benchmarks.million WORKSPACE --queries FILE.jsonl... [--exact 100]

The workspace has been indexed (`coruja index`); the queries are those of BEIR folders (`queries.jsonl`). Printed as one
JSON object: seconds to open, milliseconds of a search (the embedding of the query included, warm), resident memory, the
share of the ten nearest chunks by exact cosine that are the first ten of those that a search takes from the vectors'
index (`recall@10`; the chunks are embedded anew for it, in full precision), and the share of the ten best hits that
stay when every posting of every term is read in search of candidates (`overlap@10`), with what that costs.
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter

import numpy as np

from assistant.workspace.folder import read_settings
from assistant.workspace.opening import open_index
from index.arrays import FloatArray
from index.folder.index import FaissIndex
from index.ranking import scoring

WARM_UP = 20
BATCH = 4096


def main() -> None:
    """Measure the workspace named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--queries", type=Path, nargs="+", required=True)
    parser.add_argument("--exact", type=int, default=100, help="queries to measure recall and overlap with")
    options = parser.parse_args()
    queries = [
        json.loads(line)["text"] for file in options.queries for line in file.read_text("utf-8").splitlines() if line
    ]
    began = perf_counter()
    index = open_index(options.workspace, read_settings(options.workspace))
    opened = perf_counter() - began
    if not isinstance(index, FaissIndex):
        raise SystemExit("This measures the index in a folder.")
    print(
        json.dumps(
            {"cores": os.cpu_count(), "chunks": index.manifest.chunks, "open_s": round(opened, 2)}
            | {
                "search_ms": timed(index, queries),
                "memory_mb": memory(),
                "recall@10": recall(index, queries[:: max(1, len(queries) // options.exact)][: options.exact]),
                "all_postings": against_all_postings(
                    index, queries[:: max(1, len(queries) // options.exact)][: options.exact]
                ),
            },
            indent=2,
        )
    )


def timed(index: FaissIndex, queries: Sequence[str]) -> dict[str, float]:
    """Return milliseconds of a search."""
    for query in queries[:WARM_UP]:
        index.search(query)
    times = []
    for query in queries:
        began = perf_counter()
        index.search(query)
        times.append(1000 * (perf_counter() - began))
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    return {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1), "queries": len(times)}


def memory() -> dict[str, int]:
    """Return the resident megabytes of this process: those of its own, and pages of files."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("VmRSS", "Rss"))}
    return {"resident": found["VmRSS"], "own": found["RssAnon"], "files": found["RssFile"]}


def recall(index: FaissIndex, queries: Sequence[str]) -> float:
    """Return the share of the exactly nearest ten chunks that are among the ten found."""
    vectors = np.stack([index.embedder.embed_query(query) for query in queries])
    best = np.full((len(queries), 10), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), 10), -1, dtype=np.int64)
    total = index.manifest.chunks
    for start in range(0, total, BATCH):
        own = np.arange(start, min(start + BATCH, total))
        passages = index.embedder.embed_passages([chunk.searchable for chunk in index._chunks(own)])
        best, rows = _best_of(best, rows, vectors @ passages.T, own)
    found = [set(index._alike(vector)[:10].tolist()) for vector in vectors]
    return round(mean(len(each & set(exact.tolist())) / 10 for each, exact in zip(found, rows, strict=True)), 4)


def _best_of(best: FloatArray, rows: np.ndarray, scores: FloatArray, own: np.ndarray) -> tuple[FloatArray, np.ndarray]:
    scores = np.concatenate([best, scores], axis=1)
    numbers = np.concatenate([rows, np.broadcast_to(own, (len(rows), len(own)))], axis=1)
    order = np.argsort(-scores, axis=1)[:, :10]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(numbers, order, axis=1)


def against_all_postings(index: FaissIndex, queries: Sequence[str]) -> dict[str, object]:
    """Return what reading every posting costs, and how many of the hits would stay."""
    usual = [_ids(index, query) for query in queries]
    budget, scoring.POSTINGS = scoring.POSTINGS, 1 << 62
    try:
        times = timed(index, queries)
        every = [_ids(index, query) for query in queries]
    finally:
        scoring.POSTINGS = budget
    overlap = mean(len(one & other) / max(1, len(other)) for one, other in zip(usual, every, strict=True))
    return {"overlap@10": round(overlap, 3), "search_ms": times}


def _ids(index: FaissIndex, query: str) -> set[str]:
    return {hit.chunk.chunk_id for hit in index.search(query, 10)}


if __name__ == "__main__":
    main()
