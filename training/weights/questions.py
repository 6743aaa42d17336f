"""Questions on real documentation with their evidence: what passages and the gate learn from (`train_docs`).

Each corpus is indexed as a person's folder is; a chunk is right where it overlaps a quote that answers. A quote is
found by its words, whatever the white space between them.
"""

import json
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.opening import open_embedder, open_store
from index.index import Index
from ingest.chunk import Chunk


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where the documents answer it.

    Attributes:
        corpus: The documentation it is asked of.
        text: The question.
        places: Document, first and last offset of each quote that answers; none where nothing does.
    """

    corpus: str
    text: str
    places: tuple[tuple[str, int, int], ...]

    def is_answered_by(self, chunk: Chunk) -> bool:
        """Tell whether a chunk holds a part of a quote that answers."""
        return any(chunk.doc_id == doc and chunk.start < end and start < chunk.end for doc, start, end in self.places)


def open_corpora(folders: Sequence[Path]) -> Iterator[tuple[Index, list[Asked]]]:
    """Index each corpus and yield it with its questions; those whose quotes are not found are left out."""
    for folder in folders:
        with tempfile.TemporaryDirectory() as name:
            workspace = Path(name)
            with tarfile.open(folder / "corpus.tar.gz") as packed:
                packed.extractall(workspace, filter="data")
            settings = Settings()
            build(workspace, settings)
            index = open_store(workspace, settings).open(open_embedder(settings))
            rows = [json.loads(line) for line in (folder / "qa.jsonl").read_text("utf-8").splitlines()]
            yield index, list(_asked(index, folder.name, rows))
            index.close()


def _asked(index: Index, corpus: str, rows: Sequence[dict[str, object]]) -> Iterator[Asked]:
    for row in rows:
        places = tuple(place for entry in row.get("evidence") or () if (place := _place(index, **entry)))  # type: ignore[arg-type]
        if places or not row["answerable"]:
            yield Asked(corpus, str(row["question"]), places if row["answerable"] else ())


def _place(index: Index, doc: str, quote: str, **_: object) -> tuple[str, int, int] | None:
    text = index.document_text(doc)
    found = re.search(r"\s+".join(map(re.escape, quote.split())), text)
    return (doc, found.start(), found.end()) if found else None
