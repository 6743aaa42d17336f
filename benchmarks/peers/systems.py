"""The peers as their documentation has them used: LangChain's FAISS store with its indexing API, Chroma and txtai.

Runs in the peers' own environment (`benchmarks/requirements.txt`), one process a task, for `benchmarks.peers`:

    python -m benchmarks.peers.systems SYSTEM EMBEDDER FOLDER build|cold|session INPUT.json

What each task takes and prints is JSON. All are given the chunks that Coruja's splitter made: none pays for its own.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks.memory import peak_mb
from benchmarks.peers.embedder import embed

Chunk = dict[str, str]  # id, doc, text
BATCH = 1000

os.environ["ALLOW_RESOLVE_TRANSFORM"] = "True"  # txtai: lets a stored index name our function
os.environ["ANONYMIZED_TELEMETRY"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"


class System(Protocol):
    """One peer."""

    def build(self, chunks: Sequence[Chunk]) -> None:
        """Index chunks into the folder, durably."""

    def open(self) -> None:
        """Open what was built."""

    def edit(self, changed: Sequence[Chunk]) -> None:
        """Bring one document up to its new chunks, durably."""

    def resync(self, every: Sequence[Chunk]) -> None:
        """Bring the index up to all chunks, where nobody says which document was edited."""

    def search(self, query: str, k: int) -> list[str]:
        """Return the documents of the k nearest chunks."""


class LangChainFaiss:
    """`langchain_community`'s FAISS store, its indexing API and SQL record manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _embeddings(self) -> Any:
        from langchain_core.embeddings import Embeddings

        class Ours(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return embed(texts).tolist()

            def embed_query(self, text: str) -> list[float]:
                return embed([text])[0].tolist()

        return Ours()

    def _records(self) -> Any:
        from langchain_classic.indexes import SQLRecordManager

        records = SQLRecordManager("faiss/peers", db_url=f"sqlite:///{self.folder / 'records.sql'}")
        records.create_schema()
        return records

    def _index(self, chunks: Iterable[Chunk], cleanup: str) -> None:
        from langchain_core.documents import Document
        from langchain_core.indexing import index

        given = [Document(chunk["text"], metadata={"source": chunk["doc"], "id": chunk["id"]}) for chunk in chunks]
        index(
            given, self._records(), self.store, cleanup=cleanup, source_id_key="source", batch_size=BATCH,
            key_encoder="sha256",
        )  # fmt: skip
        self.store.save_local(str(self.folder))

    def build(self, chunks: Sequence[Chunk]) -> None:
        import faiss
        from langchain_community.docstore.in_memory import InMemoryDocstore
        from langchain_community.vectorstores import FAISS

        dimension = embed(["a"]).shape[1]
        self.store = FAISS(self._embeddings(), faiss.IndexFlatIP(dimension), InMemoryDocstore(), {})
        self._index(chunks, "full")

    def open(self) -> None:
        from langchain_community.vectorstores import FAISS

        # Its own way to open what it saved is a pickle; this benchmark wrote it, in `build`, and nobody else reads it.
        self.store = FAISS.load_local(str(self.folder), self._embeddings(), allow_dangerous_deserialization=True)

    def edit(self, changed: Sequence[Chunk]) -> None:
        self._index(changed, "incremental")

    def resync(self, every: Sequence[Chunk]) -> None:
        self._index(every, "full")

    def search(self, query: str, k: int) -> list[str]:
        return [found.metadata["source"] for found in self.store.similarity_search(query, k=k)]


class Chroma:
    """`chromadb`'s persistent client, HNSW as it comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _client(self) -> Any:
        import chromadb

        return chromadb.PersistentClient(str(self.folder), chromadb.Settings(anonymized_telemetry=False))

    def _function(self) -> Any:
        from chromadb import EmbeddingFunction

        class Ours(EmbeddingFunction):  # type: ignore[type-arg]
            def __init__(self) -> None:
                pass

            def __call__(self, input: Any) -> Any:  # noqa: A002 - Chroma's name
                return list(embed(input))

            @staticmethod
            def name() -> str:
                return "ours"

            def get_config(self) -> dict[str, Any]:
                return {}

            @staticmethod
            def build_from_config(config: dict[str, Any]) -> Any:
                return Ours()

        return Ours()

    def build(self, chunks: Sequence[Chunk]) -> None:
        self.client = self._client()
        self.chunks = self.client.create_collection(
            "peers", embedding_function=self._function(), configuration={"hnsw": {"space": "ip"}}
        )
        self._upsert(chunks)

    def _upsert(self, chunks: Sequence[Chunk]) -> None:
        for start in range(0, len(chunks), BATCH):
            batch = chunks[start : start + BATCH]
            self.chunks.upsert(
                ids=[chunk["id"] for chunk in batch],
                documents=[chunk["text"] for chunk in batch],
                metadatas=[{"source": chunk["doc"]} for chunk in batch],
            )

    def open(self) -> None:
        self.client = self._client()
        self.chunks = self.client.get_collection("peers", embedding_function=self._function())

    def edit(self, changed: Sequence[Chunk]) -> None:
        self.chunks.delete(where={"source": changed[0]["doc"]})
        self._upsert(changed)

    def resync(self, every: Sequence[Chunk]) -> None:
        known = set(self.chunks.get(include=[])["ids"])
        gone = sorted(known - {chunk["id"] for chunk in every})
        if gone:
            self.chunks.delete(ids=gone)
        self._upsert(every)  # it has no record of what it holds: everything is embedded again

    def search(self, query: str, k: int) -> list[str]:
        found = self.chunks.query(query_texts=[query], n_results=k, include=["metadatas"])
        return [str(each["source"]) for each in found["metadatas"][0]]


class Txtai:
    """`txtai`'s embeddings database with content, vectors in FAISS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, chunks: Sequence[Chunk]) -> None:
        from txtai import Embeddings

        self.store = Embeddings({"method": "external", "transform": "benchmarks.peers.embedder.embed", "content": True})
        self.store.index(self._rows(chunks))
        self.store.save(str(self.folder / "index"))

    def _rows(self, chunks: Sequence[Chunk]) -> Iterable[tuple[str, dict[str, str], None]]:
        return ((chunk["id"], {"text": chunk["text"], "source": chunk["doc"]}, None) for chunk in chunks)

    def open(self) -> None:
        from txtai import Embeddings

        self.store = Embeddings()
        self.store.load(str(self.folder / "index"))

    def edit(self, changed: Sequence[Chunk]) -> None:
        old = self.store.search(
            "select id from txtai where source = :source", 10_000, parameters={"source": changed[0]["doc"]}
        )
        self.store.delete([each["id"] for each in old])
        self.store.upsert(self._rows(changed))
        self.store.save(str(self.folder / "index"))

    def resync(self, every: Sequence[Chunk]) -> None:
        self.build(every)  # it has no record of what it holds

    def search(self, query: str, k: int) -> list[str]:
        found = self.store.search("select source from txtai where similar(:query)", k, parameters={"query": query})
        return [each["source"] for each in found]


SYSTEMS: dict[str, Callable[[Path], System]] = {"langchain": LangChainFaiss, "chroma": Chroma, "txtai": Txtai}


def main() -> None:
    """Do one task."""
    system_name, os.environ["PEER_EMBEDDER"], folder, task, file = sys.argv[1:6]
    given = json.loads(Path(file).read_text(encoding="utf-8"))
    system = SYSTEMS[system_name](Path(folder))
    result = {"build": _build, "cold": _cold, "session": _session}[task](system, given)
    print("RESULT " + json.dumps(result | {"peak_mb": peak_mb()}))


def _build(system: System, given: dict[str, Any]) -> dict[str, Any]:
    system.build(given["chunks"])
    return {}


def _cold(system: System, given: dict[str, Any]) -> dict[str, Any]:
    system.open()
    return {"documents": system.search(given["query"], 10)}


def _session(system: System, given: dict[str, Any]) -> dict[str, Any]:
    system.open()
    queries, times, found = given["queries"], [], 0
    for query in queries[:20]:
        system.search(query["text"], 10)
    for query in queries:
        began = time.perf_counter()
        documents = system.search(query["text"], 10)
        times.append(1000 * (time.perf_counter() - began))
        found += query["doc"] in documents
    memory = peak_mb()
    told = [_edited(system, edit, system.edit) for edit in given["edits"]]
    all_again = [_edited(system, edit, system.resync) for edit in given["found_out"]]
    return {
        "query_ms": times,
        "success": found / len(queries),
        "memory_mb": memory,
        "edit_told_s": told,
        "edit_found_out_s": all_again,
    }


def _edited(system: System, edit: dict[str, Any], how: Callable[[Any], None]) -> float:
    began = time.perf_counter()
    how(edit["chunks"])
    found = system.search(edit["query"], 10)
    took = time.perf_counter() - began
    if edit["doc"] not in found:
        raise SystemExit("the edit is not found")
    return took


if __name__ == "__main__":
    main()
