"""Questions on real documentation with their evidence: what passages and the gate learn from.

Those of `train_docs` come with the documentation; more of the same kind were written for it (`training/questions`),
which name where the evidence stands, not its words. The reader has learned from these; those of `unread` it has not
seen, nor most of the documents that they are asked of. Each corpus is indexed as a person's folder is; a chunk is right
where it overlaps a quote that answers. A quote is found by its words, whatever the white space between them.
"""

import json
import random
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from assistant.workspace.build import build, encode
from assistant.workspace.folder import index_folder
from assistant.workspace.opening import open_embedder, open_store
from eval.datasets.checking import quote_pattern
from index.index import Index
from ingest.chunk import Chunk

OWN = Path("training/questions")
ENCODED = Path("training/work/meaning.cache")
SHOWN = 0.6  # of a quote's characters
DOCUMENTS = (1, 1, 2, 3, 5, 8, 12)  # of a small folder, one of these
ASKED = 8  # questions that a small folder answers, at most; half as many that it does not


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


def came_with(folder: Path) -> list[Path]:
    """Return the file of the questions that came with a documentation."""
    return [folder / "qa.jsonl"]


def read_by_reader(folder: Path) -> list[Path]:
    """Return the files of the questions on a documentation that the reader learns from."""
    return [*came_with(folder), OWN / f"{folder.name}.jsonl"]


def unread(folder: Path) -> list[Path]:
    """Return the files of the questions that it has not seen: some are of no documentation at all."""
    return [OWN / "unread" / f"{folder.name}.jsonl", OWN / "unread" / "anywhere.jsonl"]


@contextmanager
def open_corpora(
    folders: Sequence[Path], questions: Callable[[Path], Sequence[Path]], *, encoded: bool = True
) -> Iterator[list[tuple[Index, list[Asked]]]]:
    """Index each corpus, open it with its questions; those whose quotes are not found are left out.

    Args:
        folders: A documentation each, with `corpus.tar.gz`.
        questions: The files of a documentation's questions.
        encoded: Whether the encoder reads them; without, they are there in seconds.
    """
    with ExitStack() as opened:
        yield [_open(folder, read_rows(questions(folder)), opened, encoded) for folder in folders]


def small_folders(folder: Path, many: int, chosen: random.Random) -> Iterator[tuple[Index, list[Asked]]]:
    """Yield folders with a few documents of a documentation, and questions that these answer or do not.

    What a small folder does not answer is asked of its neighbours, and of nothing at all; an index is open until the
    next one is asked for.
    """
    own, anywhere = (read_rows([file]) for file in unread(folder))
    answered = [row for row in own if row["answerable"]]
    documents = sorted({row["doc"] for row in answered})
    with tempfile.TemporaryDirectory() as unpacked:
        _unpack(folder, Path(unpacked))
        for _ in range(many):
            kept = set(chosen.sample(documents, min(chosen.choice(DOCUMENTS), len(documents))))
            here = [row for row in answered if row["doc"] in kept]
            away = [row for row in own if kept.isdisjoint({row["doc"], *(entry["doc"] for entry in row["evidence"])})]
            near = [row for row in away if any(Path(row["doc"]).parent == Path(doc).parent for doc in kept)] or away
            rows = chosen.sample(here, min(ASKED, len(here)))
            silent = chosen.sample(near, min(ASKED // 2, len(near))) + chosen.sample(anywhere, 1)
            with tempfile.TemporaryDirectory() as workspace, ExitStack() as opened:
                for doc in kept:
                    place = Path(workspace, "corpus", doc)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(Path(unpacked, "corpus", doc), place)
                index = _index(Path(workspace), opened, encoded=True)
                asked = [*rows, *({**row, "answerable": False, "evidence": []} for row in silent)]
                yield index, list(_asked(index, folder.name, asked))


def read_rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the rows of files that have one a line."""
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def _open(folder: Path, rows: Sequence[dict[str, Any]], opened: ExitStack, encoded: bool) -> tuple[Index, list[Asked]]:
    workspace = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    _unpack(folder, workspace)
    index = _index(workspace, opened, encoded)
    return index, list(_asked(index, folder.name, rows))


def _unpack(folder: Path, into: Path) -> None:
    with tarfile.open(folder / "corpus.tar.gz") as packed:
        packed.extractall(into, filter="data")


def _index(workspace: Path, opened: ExitStack, encoded: bool) -> Index:
    settings = Settings()
    build(workspace, settings)
    if encoded:
        _encode(workspace, settings)
    index = open_store(workspace, settings).open(open_embedder(settings))
    opened.callback(index.close)
    return index


def _encode(workspace: Path, settings: Settings) -> None:
    """Encode what was built; what was encoded once, in any workspace, is not encoded again."""
    own = index_folder(workspace) / ENCODED.name
    if ENCODED.is_file():
        shutil.copy(ENCODED, own)
    for _ in encode(workspace, settings):
        pass
    ENCODED.parent.mkdir(exist_ok=True)
    shutil.copy(own, ENCODED)


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
