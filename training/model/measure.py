"""Measures of a model: RR@10 alone and fused with words, on the held-out pairs and on BEIR folders."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.texts.corpus import Corpus
from training.texts.data import PATH_SEPARATOR
from training.texts.vocabulary import words_of

FloatArray = NDArray[np.float32]
Embed = Callable[[Sequence[str]], FloatArray]
DISTRACTORS = 8000
WEIGHTS = (0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Task:
    """Queries, documents, the right documents of each query, and the words' scores."""

    name: str
    queries: list[str]
    documents: list[str]
    right: list[set[int]]
    words: FloatArray
    kinds: list[str]


def held_out_task(corpus: Corpus, work: Path) -> Task:
    """Builds the task on held-out pairs: their passages among 8,000 training passages.

    A heading path asks by its last heading; headings of one word ask nothing and are left out.
    """
    asked = [(_question(pair.query, pair.kind), pair) for pair in corpus.held_out]
    asked = [(query, pair) for query, pair in asked if len(query.split()) > 1]
    own = sorted({pair.passage for pair in corpus.held_out})
    others = sorted({pair.passage for pair in corpus.pairs})
    chosen = np.random.default_rng(5).choice(len(others), min(DISTRACTORS, len(others)), replace=False)
    documents = own + [others[i] for i in sorted(chosen)]
    place = {text: i for i, text in enumerate(own)}
    kinds = ["pergunta" if pair.kind.startswith("pergunta") else pair.kind for _, pair in asked]
    queries = [query for query, _ in asked]
    words = _word_scores(work / "words_held_out.npy", queries, documents)
    return Task("held out", queries, documents, [{place[pair.passage]} for _, pair in asked], words, kinds)


def beir_task(folder: Path, work: Path) -> Task:
    """Reads a BEIR folder."""
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")]
    queries = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").open(encoding="utf-8"))}
    place = {row["_id"]: i for i, row in enumerate(corpus)}
    right: dict[str, set[int]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            right.setdefault(query, set()).add(place[document])
    documents = [f"{row['title']} {row['text']}".strip() for row in corpus]
    asked = [queries[query] for query in right]
    words = _word_scores(work / f"words_{folder.name}.npy", asked, documents)
    return Task(folder.name, asked, documents, list(right.values()), words, [folder.name] * len(asked))


def measure(task: Task, embed: Embed) -> dict[str, dict[str, float]]:
    """Gives RR@10 per kind of query: words, dense alone, and fused at each weight of the dense z-scores."""
    dense = _standardise(embed(task.queries) @ embed(task.documents).T)
    runs = {"words": task.words, "dense": dense} | {f"+{w}": task.words + w * dense for w in WEIGHTS}
    kinds = np.array(task.kinds)
    ranks = {name: _reciprocal_ranks(scores, task.right) for name, scores in runs.items()}
    return {
        str(kind): {name: float(values[kinds == kind].mean()) for name, values in ranks.items()}
        for kind in np.unique(kinds)
    }


def show(results: dict[str, dict[str, float]]) -> str:
    """Prints results as one line per kind and a mean over kinds."""
    names = list(next(iter(results.values())))
    mean = {name: float(np.mean([row[name] for row in results.values()])) for name in names}
    rows = {**results, "mean": mean} if len(results) > 1 else results
    return "\n".join(f"{kind:16}" + " ".join(f"{n} {row[n]:.4f}" for n in names) for kind, row in rows.items())


def _question(query: str, kind: str) -> str:
    return query.split(PATH_SEPARATOR)[-1] if kind == "titulo" else query


def _reciprocal_ranks(scores: FloatArray, right: list[set[int]]) -> FloatArray:
    """Gives each query's RR@10; a tie counts against the right document."""
    values = np.zeros(len(right), dtype=np.float32)
    for i, documents in enumerate(right):
        best = scores[i, list(documents)].max()
        others = np.delete(scores[i], list(documents))
        rank = 1 + int((others >= best).sum())
        values[i] = 1 / rank if rank <= 10 else 0.0
    return values


def _standardise(scores: FloatArray) -> FloatArray:
    return ((scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-9)).astype(np.float32)


def _word_scores(stored: Path, queries: list[str], documents: list[str]) -> FloatArray:
    """Gives the mean of three standardised BM25 views: stems, words, four-letter pieces."""
    if stored.exists():
        return np.asarray(np.load(stored), dtype=np.float32)
    import Stemmer

    stemmer = Stemmer.Stemmer("portuguese")
    views: list[Callable[[str], list[str]]] = [
        lambda text: stemmer.stemWords(words_of(text)),
        words_of,
        lambda text: [f" {word} "[i : i + 4] for word in words_of(text) for i in range(max(1, len(word) - 1))],
    ]
    total = sum(_standardise(_bm25(view, queries, documents)) for view in views) / len(views)
    np.save(stored, total)
    return total.astype(np.float32)


def _bm25(view: Callable[[str], list[str]], queries: list[str], documents: list[str]) -> FloatArray:
    import bm25s

    retriever = bm25s.BM25()
    retriever.index([view(document) for document in documents], show_progress=False)
    vocabulary = retriever.vocab_dict
    scores = np.zeros((len(queries), len(documents)), dtype=np.float32)
    for i, query in enumerate(queries):
        known = [piece for piece in view(query) if piece in vocabulary]
        if known:
            scores[i] = retriever.get_scores(known)
    return scores
