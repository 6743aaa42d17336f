"""What the model that reads a sentence beside a passage learns: `python -m training.sentences.entailed`.

Sentences that were written for passages of other documentations (`training.sentences.said`): true ones, and ones that
are false by a word or a clause; true ones joined with others of their passage; made false by a number, a name, a denial
or a word, or by a clause of another passage; and ones of another passage. And the pairs of ASSIN, of which the first
sentence entails the second or does not. A sentence stands beside what the checker reads it with.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.checking.checker import Checker
from training.reader.examples import Example, write_from
from training.sentences.said import Said, read_said, said_hits, unread
from training.weights.checker import changed_number, falsified, joined

IN_ENGLISH = 0.55  # of the passages that are known in both languages
BESIDE_ANOTHER = 0.2
STRANGE = 12  # sentences of other passages, of which false ones take names, words and clauses
MADE = 1  # false sentences that are made of a true one, at most
JOINTS = (" e ", ", e ", ", enquanto ", ", mas ", ", além disso, ", "; ")


def entailed_examples(data: Path, seed: int = 7) -> list[Example]:
    """Return an example a sentence, in random order."""
    chosen = random.Random(seed)
    said = [each for each in read_said(data) if not unread(each.source)]
    english = {each.passage: chosen.random() < IN_ENGLISH for each in said if each.english}
    passages: dict[tuple[str, bool], dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for each in said:
        if english.get(each.passage, each.english) == each.english:
            passages[each.source, each.english][each.passage].append(each)
    examples = list(_assin(data))
    for (source, _), group in passages.items():
        true = [each for own in group.values() for each in own if each.case.true]
        for own in group.values():
            checker = Checker("", said_hits(own[0]))
            drawn = chosen.sample(true, min(len(true), STRANGE))
            strange = [each.case.sentence for each in drawn if each.passage != own[0].passage]
            for sentence, is_true in (
                *((each.case.sentence, each.case.true) for each in own),
                *_made(own, strange, chosen),
            ):
                examples.append(Example(sentence, (checker.nearest(sentence),), (is_true,), source))
    chosen.shuffle(examples)
    return examples


def _made(own: Sequence[Said], strange: Sequence[str], chosen: random.Random) -> Iterator[tuple[str, bool]]:
    """Yield sentences that are made of what is said of one passage, and whether it says them."""
    true = [each.case.sentence for each in own if each.case.true]
    false = [each.case.sentence for each in own if not each.case.true]
    if len(true) > 1:
        yield joined(true[0], true[1], chosen.choice(JOINTS)), True
    if false:
        yield joined(chosen.choice(true), chosen.choice(false), chosen.choice(JOINTS)), False
    for sentence in true if strange else ():
        if chosen.random() < BESIDE_ANOTHER:
            yield chosen.choice(strange), False
        wrong = [text for _, text in falsified(sentence, strange, " ".join(strange), chosen)]
        wrong += [
            joined(*pair, chosen.choice(JOINTS))
            for pair in ((sentence, chosen.choice(strange)), (chosen.choice(strange), sentence))
        ]
        wrong += filter(None, [changed_number(sentence, chosen)])
        yield from ((text, False) for text in chosen.sample(wrong, min(MADE, len(wrong))))


def _assin(data: Path) -> Iterator[Example]:
    for path in sorted(data.glob("sts_assin*.jsonl")):
        for pair in map(json.loads, path.read_text("utf-8").splitlines()):
            yield Example(pair["s2"], (pair["s1"],), (pair["entailment"] != "None",), "assin")


if __name__ == "__main__":
    write_from(entailed_examples, "../shared/data/train", "training/work/entailed.jsonl", __doc__)
