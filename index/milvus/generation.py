"""Generations in Milvus: two collections each, and what their rows mean.

`<name>_<generation>` has a row for every chunk: the chunk itself, its vector, and its terms in each view, from which
the server makes the BM25 vectors. `<name>_<generation>_records` has everything else, a text a row:

    manifest                 what the generation is made of; it is there when the generation is whole
    identity                 of what it holds (see `index.manifest.identity`)
    shard:<number>           documents and chunks of a shard that is whole
    doc:<document>           a document's entry, and what its text is read with
    text:<document>:<part>   its text, in parts
    chunk:<id>:<part>        a chunk that is too long for its row, in parts
    stem:<shard>:<stem>      how many chunks of a shard have a stem

Documents and stems are named by a checksum of theirs, as ids have to be short.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from index.arrays import FloatArray
from index.history import KEEP
from index.manifest import Manifest
from index.milvus.client import LONGEST, Milvus, Row
from index.ranking.words import VIEWS
from index.text.analyser import grams, stem, words
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing

PART = LONGEST // 4
"""Characters of a part: none takes more than four bytes."""

CHUNK_FIELDS = ("id", "doc", "ordinal", "heading_words", "chunk", "dense", *VIEWS)

# The mark of a word's end, as a letter: the server parts texts at whatever is none.
_AS_LETTERS = str.maketrans("_", "ǃ")


def named(text: str) -> str:
    """Return the name under which a document or a stem stands in ids."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def terms(found: Sequence[str]) -> dict[str, str]:
    """Return words as the server gets them: the terms of each view, parted by spaces."""
    return {
        "words": " ".join(found),
        "stems": " ".join(map(stem, found)),
        "grams": " ".join(gram for word in found for gram in grams(word)).translate(_AS_LETTERS),
    }


class MilvusGeneration:
    """The rows of one generation.

    Args:
        milvus: The server.
        name: The name of the generation's chunks' collection.
    """

    def __init__(self, milvus: Milvus, name: str) -> None:
        self.milvus = milvus
        self.chunks = name
        self.records = f"{name}_records"

    def create(self, dimension: int) -> None:
        """Create the collections, those that are not there."""
        self.milvus.create_chunks(self.chunks, dimension)
        self.milvus.create_records(self.records)

    def seal(self) -> None:
        """Make everything that was written durable, and let it be searched."""
        self.milvus.seal(self.chunks)
        self.milvus.seal(self.records)

    def drop(self) -> None:
        """Remove all of it; what says that it is whole goes first."""
        self.milvus.drop(self.records)
        self.milvus.drop(self.chunks)

    def put_chunks(self, chunks: Sequence[Chunk], ordinals: Sequence[int], vectors: FloatArray) -> list[Row]:
        """Write chunks with their vectors, and return their rows."""
        rows: list[Row] = []
        long: dict[str, str] = {}
        for chunk, ordinal, vector in zip(chunks, ordinals, vectors, strict=True):
            heading, plain = words("\n".join(chunk.headings)), words(chunk.plain)
            stored = json.dumps(asdict(chunk), ensure_ascii=False)
            if len(stored) > PART:
                parts = _in_parts(f"chunk:{chunk.chunk_id}", stored)
                long |= parts
                stored = json.dumps({"parts": len(parts)})
            rows.append(
                {
                    "id": chunk.chunk_id,
                    "doc": named(chunk.doc_id),
                    "ordinal": ordinal,
                    "heading_words": len(heading),
                    "chunk": stored,
                    "dense": vector.tolist(),
                    **{view: _cut(text) for view, text in terms([*heading, *plain]).items()},
                }
            )
        self.put_records(long)
        self.milvus.put(self.chunks, rows)
        return rows

    def put_document(self, document: Document, entry: Mapping[str, Any]) -> None:
        """Write a document with its entry."""
        key = named(document.doc_id)
        parts = _in_parts(f"text:{key}", document.text)
        head = {**entry, "parts": len(parts)}
        self.put_records({**parts, f"doc:{key}": json.dumps(head, ensure_ascii=False)})

    def put_records(self, values: Mapping[str, str]) -> None:
        """Write records by key."""
        rows = [
            {"id": key, "kind": key.split(":")[0], "value": value, "none": [1.0, 0.0]} for key, value in values.items()
        ]
        self.milvus.put(self.records, rows)

    def values(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the records with these keys that are there."""
        return {key: row["value"] for key, row in self.milvus.get(self.records, keys, ["id", "value"]).items()}

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return the entries of all documents by id, in order of id."""
        rows = self.milvus.every(self.records, 'kind == "doc"', ["id", "value"])
        heads = (json.loads(row["value"]) for row in rows)
        return {head["doc_id"]: head for head in sorted(heads, key=lambda head: str(head["doc_id"]))}

    def document_text(self, doc_id: str) -> str:
        """Return a document's whole text; empty when it is not there."""
        key = named(doc_id)
        head = self.values([f"doc:{key}"])
        parts = range(json.loads(head[f"doc:{key}"])["parts"]) if head else ()
        return self._joined(f"text:{key}", parts)

    def rows_of(self, doc_ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
        """Return the chunks' rows of some documents, in order."""
        listed = ", ".join(f'"{named(doc_id)}"' for doc_id in doc_ids)
        rows = self.milvus.every(self.chunks, f"doc in [{listed}]", [*{*fields, "doc", "ordinal"}])
        return sorted(rows, key=lambda row: (row["doc"], row["ordinal"]))

    def chunks_of(self, doc_id: str) -> list[Chunk]:
        """Return the chunks of a document, in order."""
        return [self.chunk(row) for row in self.rows_of([doc_id], ["id", "chunk"])]

    def records_of(self, heads: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> dict[str, str]:
        """Return the records of some documents, whose entries and chunks' rows these are."""
        parts = {f"text:{named(head['doc_id'])}": head["parts"] for head in heads}
        for row in rows:
            stored = json.loads(row["chunk"])
            parts[f"chunk:{row['id']}"] = stored.get("parts", 0)
        keys = [f"{key}:{part}" for key, count in parts.items() for part in range(count)]
        return self.values([*(f"doc:{named(head['doc_id'])}" for head in heads), *keys])

    def chunk(self, row: Row) -> Chunk:
        """Return the chunk of a row."""
        fields = json.loads(row["chunk"])
        if "parts" in fields:
            fields = json.loads(self._joined(f"chunk:{row['id']}", range(fields["parts"])))
        return Chunk(**{**fields, "headings": tuple(fields["headings"])})

    def manifest(self) -> Manifest:
        """Return what the generation is made of.

        Raises:
            IndexDamaged: It is not whole.
            IndexMismatch: It is of another layout.
        """
        found = self.values(["manifest"]) if self.records in self.milvus.collections() else {}
        if not found:
            raise IndexDamaged(f"The build of {self.chunks} in Milvus did not end.", "Run: coruja index")
        return Manifest.parse(found["manifest"], self.chunks)

    def verify(self, manifest: Manifest) -> None:
        """Count what is there.

        Raises:
            IndexDamaged: It is not what the manifest says.
        """
        documents = self.milvus.count(self.records, 'kind == "doc"')
        chunks = self.milvus.count(self.chunks)
        if (documents, chunks) != (manifest.documents, manifest.chunks):
            message = (
                f"The generation {self.chunks} in Milvus has {documents} documents and {chunks} chunks, "
                f"not {manifest.documents} and {manifest.chunks}."
            )
            raise IndexDamaged(message, "Run: coruja index")

    def frequency(self, stems: Sequence[str], shards: Sequence[str]) -> dict[str, int]:
        """Return how many chunks have each of some stems, in all of the shards."""
        keys = {f"stem:{shard}:{named(each)}": each for each in stems for shard in shards}
        counts = dict.fromkeys(keys.values(), 0)
        for key, value in self.values(list(keys)).items():
            counts[keys[key]] += int(value)
        return counts

    def _joined(self, key: str, parts: Sequence[int]) -> str:
        keys = [f"{key}:{part}" for part in parts]
        found = self.values(keys)
        return "".join(found[each] for each in keys)


class MilvusGenerations:
    """The generations under one name in a server.

    Args:
        milvus: The server.
        name: The alias of the served generation, with which the names of all collections begin.
    """

    def __init__(self, milvus: Milvus, name: str) -> None:
        self.milvus = milvus
        self.name = name

    def get(self, generation: str) -> MilvusGeneration:
        """Return the generation of a name, whether it is there or not."""
        return MilvusGeneration(self.milvus, f"{self.name}_{generation}")

    def served(self) -> str:
        """Return the name of the generation that is served.

        Raises:
            IndexMissing: Nothing has been built.
        """
        collection = self.milvus.pointed_at(self.name)
        if not collection:
            message = f"Nothing has been indexed yet as '{self.name}' in Milvus at {self.milvus.uri}."
            raise IndexMissing(message, "Run: coruja index")
        return collection.removeprefix(f"{self.name}_")

    def serve(self, generation: MilvusGeneration) -> None:
        """Point the alias at a generation."""
        self.milvus.point(self.name, generation.chunks)

    def stored(self) -> list[str]:
        """Return the generations whose builds ended, the newest first."""
        pattern = re.compile(rf"{re.escape(self.name)}_([0-9a-z]+)_records")
        names = [found[1] for each in self.milvus.collections() if (found := pattern.fullmatch(each))]
        created: dict[str, str] = {}
        for name in names:
            with suppress(IndexDamaged, IndexMismatch):
                created[name] = self.get(name).manifest().created
        return sorted(created, key=lambda name: (created[name], name), reverse=True)

    def tidy(self, folder: Path, keep: int = KEEP) -> list[str]:
        """Remove the oldest generations beyond `keep`, and those that may hold what the served one masks.

        Args:
            folder: Where the vectors embedded before are; they go, too, if they may be of what is masked now.
            keep: How many stay, the served one among them.
        """
        served = self.served()
        redaction = self.get(served).manifest().redaction
        others = [name for name in self.stored() if name != served]
        unmasked = [name for name in others if redaction and self.get(name).manifest().redaction != redaction]
        if unmasked:
            for cache in folder.glob("vectors.cache*"):
                cache.unlink()
        kept = [name for name in others if name not in unmasked][: keep - 1]
        removed = [name for name in others if name not in kept]
        for name in removed:
            self.get(name).drop()
        return removed


def _in_parts(key: str, text: str) -> dict[str, str]:
    return {f"{key}:{start // PART}": text[start : start + PART] for start in range(0, len(text), PART)}


def _cut(text: str) -> str:
    """Return as many terms, from the first, as a row can hold."""
    raw = text.encode()
    return text if len(raw) <= LONGEST else raw[:LONGEST].decode(errors="ignore").rpartition(" ")[0]
