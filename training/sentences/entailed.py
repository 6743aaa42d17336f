"""What the model that reads a sentence beside a passage learns: `python -m training.sentences.entailed`.

Sentences that were written for passages of other documentations (`training.sentences.said`): true ones, and ones that
are false by a word or a clause; a fifth of the true ones beside another passage, too; and the pairs of ASSIN, of which
the first sentence entails the second or does not. A sentence stands beside what the checker reads it with.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from assistant.checking.checker import Checker
from training.reader.examples import Example, write_from
from training.sentences.said import Said, read_said, said_hits, unread

IN_ENGLISH = 0.55  # of the passages that are known in both languages
BESIDE_ANOTHER = 0.2


def entailed_examples(data: Path, seed: int = 7) -> list[Example]:
    """Return an example a sentence, in random order."""
    chosen = random.Random(seed)
    said = [each for each in read_said(data) if not unread(each.source)]
    english = {each.passage: chosen.random() < IN_ENGLISH for each in said if each.english}
    examples = []
    stretches = defaultdict(list)
    for each in said:
        if english.get(each.passage, each.english) == each.english:
            texts = Checker("", said_hits(each)).nearest(each.case.sentence)
            examples.append(_example(each, texts, each.case.true))
            stretches[each.source, each.english].append((each, texts))
    for group in stretches.values():
        for each, _ in group:
            other, texts = chosen.choice(group)
            if each.case.true and other.passage != each.passage and chosen.random() < BESIDE_ANOTHER:
                examples.append(_example(each, texts, answers=False))
    examples += _assin(data)
    chosen.shuffle(examples)
    return examples


def _example(said: Said, texts: tuple[str, ...], answers: bool) -> Example:
    return Example(said.case.sentence, texts, (answers,), said.source)


def _assin(data: Path) -> Iterator[Example]:
    for path in sorted(data.glob("sts_assin*.jsonl")):
        for pair in map(json.loads, path.read_text("utf-8").splitlines()):
            yield Example(pair["s2"], (pair["s1"],), (pair["entailment"] != "None",), "assin")


if __name__ == "__main__":
    write_from(entailed_examples, "../shared/data/train", "training/work/entailed.jsonl", __doc__)
