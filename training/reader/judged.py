"""Passages that were taken for answers, each judged by reading it: what a reader can learn from (none has yet).

What is found beside the evidence is often an answer, too: of passages that Coruja finds for a question and that do not
show its evidence, 7 in 100 answer it and 6 in part. A reader that learns them as wrong learns noise. Those found for
1,600 questions on four documentations (`training/questions/judged/train_docs.jsonl`: where each passage stands) and
those of other documentations that an earlier reader mistook (`judged/elsewhere.jsonl`) are graded: 2 answers, 1 answers
in part, 0 does not. What answers in part teaches nothing.
"""

import random
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from assistant.evidence.passage import Passage
from assistant.evidence.reading import as_read
from index.hit import Hit
from index.index import Index
from training.reader.elsewhere import Taken, read_taken
from training.reader.examples import Example, write_from
from training.weights.questions import open_corpora, read_by_reader, read_rows

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
    rows = read_rows([JUDGED / "train_docs.jsonl"])
    for corpus in sorted({row["corpus"] for row in rows}):
        with open_corpora([data / corpus], read_by_reader, encoded=False) as ((index, every),):
            asked = {key(each.text): each for each in every}
            for row in rows:
                if row["corpus"] == corpus and row["asked"] in asked:
                    own = asked[row["asked"]]
                    texts = [(as_read(_passage(*where, index), index), grade) for *where, grade in row["passages"]]
                    yield from _example(own.text, texts, own.source, chosen)


def _of_elsewhere(data: Path, chosen: random.Random) -> Iterator[Example]:
    named = {each.name: each for each in read_taken(data)}
    for row in read_rows([JUDGED / "elsewhere.jsonl"]):
        first = named[row["of"]]
        own = [(_text(first, row["english"]), ANSWERS if row["answers"] else ANSWERS_NOT)]
        texts = [(_text(named[name], row["english"]), grade) for name, grade in row["passages"]]
        yield from _example(row["q"], own + texts, first.source, chosen)


def _example(question: str, graded: Sequence[tuple[str, int]], source: str, chosen: random.Random) -> Iterator[Example]:
    right, wrong = ([text for text, grade in graded if grade == wanted] for wanted in (ANSWERS, ANSWERS_NOT))
    right, wrong = right[:RIGHT], chosen.sample(wrong, min(WRONG, len(wrong)))
    if right or wrong:
        yield Example(question, (*right, *wrong), (True,) * len(right) + (False,) * len(wrong), source)


def _text(passage: Taken, english: bool) -> str:
    return passage.english if english else passage.text


def _passage(doc: str, start: int, end: int, index: Index) -> Passage:
    """Return the passage that a stretch of a document is."""
    chunks = tuple(chunk for chunk in index.under(doc, ()) if start <= chunk.start and chunk.end <= end)
    return Passage(Hit(chunks[0], 0.0, 1), chunks, 1.0)


if __name__ == "__main__":
    write_from(judged_examples, "../shared/data", "training/work/judged.jsonl", __doc__)
