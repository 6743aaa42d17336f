"""Questions on real documentation with their evidence: what passages and the gate learn from.

Those of `train_docs` come with the documentation; more of the same kind were written for it (`training/questions`),
which name where the evidence stands, not its words. Each corpus is indexed as a person's folder is; a chunk is right
where it overlaps a quote that answers. A quote is found by its words, whatever the white space between them.
"""

import json
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.opening import open_embedder, open_store
from eval.datasets.checking import quote_pattern
from index.index import Index
from ingest.chunk import Chunk

SHOWN = 0.6  # of a quote's characters


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where the documents answer it.

    Attributes:
        corpus: The documentation it is asked of.
        text: The question.
        places: Document, first and last offset of each quote that answers; none where nothing does.
        doc: The document it was written from; empty where that is not known.
    """

    corpus: str
    text: str
    places: tuple[tuple[str, int, int], ...]
    doc: str = ""

    @property
    def source(self) -> str:
        """Return what it is held out by: its corpus and document."""
        return f"{self.corpus}/{self.doc or '?'}"

    def is_answered_by(self, chunk: Chunk) -> bool:
        """Tell whether a chunk holds a part of a quote that answers."""
        return any(chunk.doc_id == doc and chunk.start < end and start < chunk.end for doc, start, end in self.places)

    def is_shown_by(self, doc: str, first: int, last: int) -> bool:
        """Tell whether a stretch of a document holds most of a quote that answers."""
        return any(
            doc == own and min(last, end) - max(first, start) >= SHOWN * (end - start)
            for own, start, end in self.places
        )


@contextmanager
def open_corpora(folders: Sequence[Path], own: Path | None = None) -> Iterator[list[tuple[Index, list[Asked]]]]:
    """Index each corpus, open it with its questions; those whose quotes are not found are left out.

    Args:
        folders: A documentation each, with `corpus.tar.gz` and `qa.jsonl`.
        own: A folder of further questions, `NAME.jsonl` for the documentation of that name.
    """
    with ExitStack() as opened:
        yield [_open(folder, own / f"{folder.name}.jsonl" if own else None, opened) for folder in folders]


def _open(folder: Path, own: Path | None, opened: ExitStack) -> tuple[Index, list[Asked]]:
    workspace = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    with tarfile.open(folder / "corpus.tar.gz") as packed:
        packed.extractall(workspace, filter="data")
    settings = Settings()
    build(workspace, settings)
    index = open_store(workspace, settings).open(open_embedder(settings))
    opened.callback(index.close)
    files = [folder / "qa.jsonl", *([own] if own and own.exists() else [])]
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return index, list(_asked(index, folder.name, rows))


def _asked(index: Index, corpus: str, rows: Sequence[dict[str, Any]]) -> Iterator[Asked]:
    for row in rows:
        evidence = row.get("evidence") or []
        places = tuple(place for entry in evidence if (place := _place(index, entry)))
        if places or not row["answerable"]:
            doc = row.get("doc") or next((entry["doc"] for entry in evidence), "")
            yield Asked(corpus, str(row["question"]), places if row["answerable"] else (), doc)


def _place(index: Index, entry: dict[str, Any]) -> tuple[str, int, int] | None:
    if "start" in entry:
        return entry["doc"], entry["start"], entry["end"]
    text = index.document_text(entry["doc"])
    found = quote_pattern(entry["quote"]).search(text)
    return (entry["doc"], found.start(), found.end()) if found else None
