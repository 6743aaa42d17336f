"""Measuring retrieval alone on a folder in BEIR layout, through the product's own index.

The layout (Thakur et al. 2021): `corpus.jsonl` with `_id`, `title`, `text`; `queries.jsonl` with `_id`, `text`;
`qrels/test.tsv` with `query-id`, `corpus-id`, `score` under a line of headings. One chunk for each passage.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from eval.datasets.reading import json_lines, text_lines
from eval.measures.ranking import score_run
from index.embedding.embedder import Embedder
from index.folder.store import FaissStore
from index.index import Index
from index.ranking.reranker import Reranker
from index.store import build_index
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import DatasetError

DEPTH = 10

Progress = Callable[[int, int, str], None]


def run_beir(
    folder: Path, embedder: Embedder, *, reranker: Reranker | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Index a BEIR folder's passages in a temporary folder, search every judged query and score the run.

    Args:
        folder: Holds `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`.
        embedder: Embeds passages and queries.
        reranker: Orders the best passages of every query anew.
        progress: Called with (done, in all, "index", "encode" or "search").

    Returns:
        `measures` (see `eval.measures.ranking`), `queries` (how many were judged) and `seconds` (all of it, indexing
        included).

    Raises:
        DatasetError: A file is missing, or a line of it cannot be used.
    """
    began = perf_counter()
    # Judgements are read before the hours that a large corpus may take.
    qrels = _read_qrels(folder / "qrels" / "test.tsv")
    queries = read_queries(folder / "queries.jsonl", qrels, judged_in="qrels/test.tsv")
    with TemporaryDirectory(prefix="coruja-beir-") as root:
        index = index_passages(folder / "corpus.jsonl", Path(root), embedder, progress).open(embedder, reranker)
        try:
            run = _search(index, queries, progress)
        finally:
            index.close()
    return {"measures": score_run(qrels, run), "queries": len(qrels), "seconds": perf_counter() - began}


def index_passages(file: Path, root: Path, embedder: Embedder, progress: Progress | None) -> FaissStore:
    """Index and encode a corpus file's passages in a folder; return the store that serves them.

    Args:
        file: See `passages`.
        root: The index folder.
        embedder: Embeds the passages.
        progress: Called with (done, in all, "index" or "encode").
    """
    tell = progress or (lambda done, total, what: None)
    store = FaissStore(root)
    build_index(store, passages(file), embedder, progress=lambda done, total: tell(done, total, "index"))
    for done, total in store.encode():
        tell(done, total, "encode")
    return store


def _search(index: Index, queries: Mapping[str, str], progress: Progress | None) -> dict[str, list[tuple[str, float]]]:
    run = {}
    for done, (query, text) in enumerate(queries.items()):
        if progress:
            progress(done, len(queries), "search")
        run[query] = [(hit.chunk.doc_id, hit.score) for hit in index.search(text, DEPTH)]
    return run


def passages(path: Path) -> Iterator[tuple[Document, list[Chunk]]]:
    """Yield a corpus file's passages, each with its one chunk."""
    seen: set[str] = set()
    for line, row in json_lines(path):
        doc_id, text = _text(path, line, row, "_id"), _text(path, line, row, "text")
        title = _text(path, line, row, "title", "")
        if doc_id in seen:
            raise DatasetError(f"{path}, line {line}: the _id {doc_id!r} stands twice.", "Give each passage its own.")
        seen.add(doc_id)
        digest = hashlib.sha256(json.dumps([title, text]).encode()).hexdigest()
        yield Document(doc_id, text, "text", title, digest), [_chunk(doc_id, title, text)]


def _chunk(doc_id: str, title: str, text: str) -> Chunk:
    return Chunk(
        chunk_id=doc_id,
        doc_id=doc_id,
        text=text,
        start=0,
        end=len(text),
        line_start=1,
        line_end=1 + text.count("\n"),
        headings=(title,) if title else (),
        section_start=0,
        section_end=len(text),
        kind="prose",
        plain=text,
    )


def read_queries(path: Path, qrels: Mapping[str, object], *, judged_in: str) -> dict[str, str]:
    """Read the queries that are judged, each of which has to be there."""
    queries = {}
    for line, row in json_lines(path):
        query = _text(path, line, row, "_id")
        if query in queries:
            raise DatasetError(f"{path}, line {line}: the _id {query!r} stands twice.", "Give each query its own.")
        queries[query] = _text(path, line, row, "text")
    missing = next((query for query in qrels if query not in queries), None)
    if missing is not None:
        message = f"{path} lacks the query {missing!r}, which {judged_in} judges."
        raise DatasetError(message, "Add the query, or take its judgements out.")
    return {query: queries[query] for query in qrels}


def _text(path: Path, line: int, row: Mapping[str, Any], field: str, default: str | None = None) -> str:
    value = row.get(field, default)
    if not isinstance(value, str):
        message = f"{path}, line {line}: `{field}` is missing or is not text."
        raise DatasetError(message, "Give every line `_id` and `text`, as text.")
    return value


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    for line, text in text_lines(path):
        cells = text.rstrip("\r\n").split("\t")
        if cells == [""] or (line == 1 and cells[-1] == "score"):
            continue
        try:
            query, document, relevance = cells[0], cells[1], int(cells[2])
        except (IndexError, ValueError) as error:
            message = f"{path}, line {line}: not `query-id`, `corpus-id` and a whole number, parted by tabs."
            raise DatasetError(message, "Fix the line.") from error
        qrels.setdefault(query, {})[document] = relevance
    if not qrels:
        raise DatasetError(f"{path} judges nothing.", "Add lines of `query-id`, `corpus-id` and score.")
    return qrels
