"""Passages that were taken for answers, each judged by reading it: what a reader can learn from (none has yet).

What is found beside the evidence is often an answer, too: of passages that Coruja finds for a question and that do not
show its evidence, 7 in 100 answer it and 6 in part. A reader that learns them as wrong learns noise. Those found for
1,600 questions on four documentations (`training/questions/judged/train_docs.jsonl`: where each passage stands) and
those of other documentations that an earlier reader mistook (`judged/elsewhere.jsonl`) are graded: 2 answers, 1 answers
in part, 0 does not. What answers in part teaches nothing.
"""

import json
import random
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.evidence.passage import LONGEST
from index.index import Index
from ingest.markup.site_markup import as_shown
from training.reader.elsewhere import Taken, read_taken
from training.reader.examples import Example, write_from
from training.weights.questions import Asked, open_corpora, read_by_reader

JUDGED = Path("training/questions/judged")
RIGHT, WRONG = 2, 5  # passages that answer, and that do not, at most
ANSWERS, ANSWERS_NOT = 2, 0


def judged_examples(data: Path, seed: int = 5) -> list[Example]:
    """Return an example a question; `data` holds `train_docs` and `train`."""
    chosen = random.Random(seed)
    return [*_of_documentations(data / "train_docs", chosen), *_of_elsewhere(data / "train", chosen)]


def key(question: str) -> str:
    """Return what a question is called in the file: some came with a documentation, and are not ours to copy."""
    return sha256(question.encode()).hexdigest()[:12]


def _of_documentations(data: Path, chosen: random.Random) -> Iterator[Example]:
    rows = _rows("train_docs")
    for corpus in sorted({row["corpus"] for row in rows}):
        with open_corpora([data / corpus], read_by_reader, encoded=False) as ((index, every),):
            asked = {key(each.text): each for each in every}
            for row in rows:
                if row["corpus"] == corpus and row["asked"] in asked:
                    yield from _found(asked[row["asked"]], row["passages"], index, chosen)


def _found(asked: Asked, passages: Sequence[Any], index: Index, chosen: random.Random) -> Iterator[Example]:
    texts = [(_as_read(doc, start, end, index), grade) for doc, start, end, grade in passages]
    yield from _example(asked.text, texts, asked.source, chosen)


def _of_elsewhere(data: Path, chosen: random.Random) -> Iterator[Example]:
    named = {each.name: each for each in read_taken(data)}
    for row in _rows("elsewhere"):
        first = named[row["of"]]
        own = [(_text(first, row["english"]), ANSWERS if row["answers"] else ANSWERS_NOT)]
        texts = [(_text(named[name], row["english"]), grade) for name, grade in row["passages"]]
        yield from _example(row["q"], own + texts, first.source, chosen)


def _example(question: str, graded: Sequence[tuple[str, int]], source: str, chosen: random.Random) -> Iterator[Example]:
    right, wrong = ([text for text, grade in graded if grade == wanted] for wanted in (ANSWERS, ANSWERS_NOT))
    kept = right[:RIGHT], chosen.sample(wrong, min(WRONG, len(wrong)))
    texts = (*kept[0], *kept[1])
    if texts:
        yield Example(question, texts, tuple(at < len(kept[0]) for at in range(len(texts))), source)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (JUDGED / f"{name}.jsonl").read_text("utf-8").splitlines()]


def _text(passage: Taken, english: bool) -> str:
    return passage.english if english else passage.text


def _as_read(doc: str, start: int, end: int, index: Index) -> str:
    """Return a stretch of a document as `assistant.evidence.reading.as_read` does a passage."""
    first = next(chunk for chunk in index.under(doc, ()) if chunk.start == start)
    return first.headed(as_shown(index.document_text(doc)[start : min(end, start + LONGEST)].rstrip()))


if __name__ == "__main__":
    write_from(judged_examples, "../shared/data", "training/work/judged.jsonl", __doc__)
