"""Coruja's own warm session, for `benchmarks.peers`: the same queries as the peers, in a process of its own."""

import json
import sys
from pathlib import Path
from time import perf_counter

from assistant.workspace.folder import read_settings
from assistant.workspace.opening import open_index
from benchmarks.memory import peak_mb


def main() -> None:
    """Search, and print how long each query took."""
    workspace, queries = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    index = open_index(workspace, read_settings(workspace))
    times, found = [], 0
    for query in queries[:20]:
        index.search(query["text"])
    for query in queries:
        began = perf_counter()
        documents = [hit.chunk.doc_id for hit in index.search(query["text"])]
        times.append(1000 * (perf_counter() - began))
        found += query["doc"] in documents
    memory = peak_mb()
    print("RESULT " + json.dumps({"query_ms": times, "success": found / len(queries), "memory_mb": memory}))


if __name__ == "__main__":
    main()
