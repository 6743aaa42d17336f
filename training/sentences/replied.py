"""Sentences that a chat model wrote beside passages of other documentations, each labelled by reading.

    python -m training.sentences.replied                    # what the model that reads sentences learns from them
    python -m training.sentences.replied --prompts FILE     # what the chat model was asked, a row a set of passages

For a passage that questions were written for (`training.reader.elsewhere`), alone or with another one of the same
documentation that shares words with them, a model was asked, in the product's own prompt, what the passage answers and
what it nearly answers. `written/replied.jsonl` has a row an answer: `with` (the passages, in their order), `english`,
`question` and `sentences`, labelled as those of `training.sentences.labelled`.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.asking.language import NAMES
from assistant.checking.checker import MOST_JUDGED, Checker
from assistant.writing.prompt import read_prompt
from assistant.writing.sources import harmless
from index.hit import Hit
from training.reader.elsewhere import WRITTEN, Others, Taken, read_taken
from training.reader.examples import Example, write_examples
from training.sentences.labelled import Sentence
from training.sentences.said import headed, unread
from training.weights.checker import Case, case_hits

ANSWERS = Path("training/sentences/written/replied.jsonl")
IN_ENGLISH = 0.55  # of the passages that are known in both languages
WITH_ANOTHER = 0.5
NEAREST = 4
MOST = 2000  # characters of passages that a model is given


@dataclass(frozen=True, slots=True)
class Replied:
    """An answer of a model, cut into sentences.

    Attributes:
        source: The documentation.
        question: What was asked.
        hits: The passages that the model was given.
        sentences: What it wrote, in order.
    """

    source: str
    question: str
    hits: tuple[Hit, ...]
    sentences: tuple[Sentence, ...]


def read_replied(data: Path) -> Iterator[Replied]:
    """Yield every labelled answer; `data` is the folder of `pairs_qp.jsonl.gz`."""
    passages = {each.name: each for each in read_taken(data)}
    for row in map(json.loads, ANSWERS.read_text("utf-8").splitlines()):
        given = [passages[name] for name in row["with"]]
        texts = tuple(_text(passage, english=row["english"]) for passage in given)
        hits = case_hits(Case("replied", True, row["question"], "", texts))
        yield Replied(
            given[0].source,
            row["question"],
            tuple(headed(hit) if each.headed else hit for each, hit in zip(given, hits, strict=True)),
            tuple(Sentence(one["text"], one["label"]) for one in row["sentences"]),
        )


def replied_examples(data: Path) -> Iterator[Example]:
    """Yield an example a sentence, beside each text that the checker may read it with: one of them says a true one."""
    for answer in read_replied(data):
        checker = Checker(answer.question, answer.hits)
        for one in answer.sentences:
            if one.label in ("yes", "no"):
                texts = checker.nearest(one.text, MOST_JUDGED)
                yield Example(one.text, texts, (one.label == "yes",) * len(texts), answer.source)


def prompts(data: Path, seed: int = 1115) -> Iterator[dict[str, object]]:
    """Yield what a model is asked: passages, rules, and for each question itself and all that is sent with it."""
    chosen = random.Random(seed)
    every = read_taken(data)
    passages = {each.name: each for each in every}
    rows = [json.loads(line) for line in WRITTEN.read_text("utf-8").splitlines()]
    rows = [row for row in rows if len(row["q"]) > 1 and row["n"] and not unread(passages[row["of"]].source)]
    others = Others(every)
    prompt = read_prompt("answer")
    for row in chosen.sample(rows, len(rows)):
        passage = passages[row["of"]]
        english = bool(passage.english) and chosen.random() < IN_ENGLISH
        given = [passage]
        near = others.near(row["q"][0], passage, english=bool(passage.english))[:NEAREST]
        if near and chosen.random() < WITH_ANOTHER:
            given.append(chosen.choice(near))
        chosen.shuffle(given)
        if sum(len(_text(each, english=english)) for each in given) > MOST:
            given = [passage]
        shown = "\n\n".join(_markdown(each, english=english) for each in given)
        yield {
            "with": [each.name for each in given],
            "english": english,
            "rules": prompt.rules.format(idioma=NAMES["pt"]),
            "asked": [
                (question, prompt.asked.format(trechos=shown, pergunta=harmless(question)))
                for question in (*row["q"][:2], row["n"][0])
            ],
        }


def _text(passage: Taken, *, english: bool) -> str:
    return passage.english if english else passage.text


def _markdown(passage: Taken, *, english: bool) -> str:
    text = harmless(_text(passage, english=english))
    return "## {}\n\n{}".format(*text.split("\n", 1)) if passage.headed else text


def main() -> None:
    """Write examples, or the prompts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--out", type=Path, default=Path("training/work/replied.jsonl"))
    parser.add_argument("--prompts", type=Path)
    given = parser.parse_args()
    if given.prompts:
        rows = [json.dumps(row, ensure_ascii=False) for row in prompts(given.data)]
        given.prompts.write_text("\n".join((*rows, "")), encoding="utf-8")
    else:
        write_examples(given.out, replied_examples(given.data))


if __name__ == "__main__":
    main()
