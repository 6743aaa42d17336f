"""What the reader learns then: questions on real documentation, with the passages that Coruja finds for them.

A passage that shows the evidence answers; the others found do not, unless they hold a part of it. Where the evidence
was not found at all, the passage around it is taken from the documents. Of questions that the documents do not answer
no passage does.
"""

import random
from pathlib import Path

from assistant.evidence.passage import Passage, find_passages
from assistant.evidence.reading import as_read
from assistant.settings import EVIDENCE
from index.hit import Hit
from index.index import Index
from index.ranking.features import FEATURES
from training.reader.examples import Example, write_from
from training.weights.questions import Asked, open_corpora, read_by_reader

RIGHT = 2  # passages that answer, at most
WRONG, AMONG = 3, 10  # wrong ones, and of how many nearest they are drawn


def passage_examples(data: Path, seed: int = 5) -> list[Example]:
    """Return an example a question of each documentation, a folder each."""
    chosen = random.Random(seed)
    folders = sorted(path for path in data.iterdir() if path.is_dir())
    with open_corpora(folders, read_by_reader) as corpora:
        found = [_example(asked, index, chosen) for index, all_asked in corpora for asked in all_asked]
    return [example for example in found if example]


def _example(asked: Asked, index: Index, chosen: random.Random) -> Example | None:
    passages = find_passages(index.search(asked.text, EVIDENCE.sought), index)
    right = [each for each in passages if _shows(asked, each)][:RIGHT] or _around(asked, index)
    if asked.places and not right:
        return None
    wrong = [each for each in passages if not any(map(asked.is_answered_by, each.chunks))][:AMONG]
    others = chosen.sample(wrong, min(WRONG, len(wrong)))
    texts = tuple(as_read(each, index) for each in (*right, *others))
    return Example(asked.text, texts, (True,) * len(right) + (False,) * len(others), asked.source)


def _shows(asked: Asked, passage: Passage) -> bool:
    return asked.is_shown_by(passage.hit.chunk.doc_id, passage.start, passage.end)


def _around(asked: Asked, index: Index) -> list[Passage]:
    """Return a passage around the evidence, where one shows it."""
    for doc, start, end in asked.places:
        chunks = [chunk for chunk in index.under(doc, ()) if chunk.start < end and start < chunk.end]
        hits = [Hit(chunk, 0.0, at, dict.fromkeys(FEATURES, 0.0)) for at, chunk in enumerate(chunks, 1)]
        showing = [each for each in find_passages(hits, index) if _shows(asked, each)]
        if showing:
            return showing[:1]
    return []


if __name__ == "__main__":
    write_from(passage_examples, "../shared/data/train_docs", "training/work/passages.jsonl", __doc__)
