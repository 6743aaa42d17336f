"""What the reader learns of other documentations: passages of thirty-two of them, and questions written for each.

`train_docs` holds five documentations; a reader that learns from these alone knows the ways of five. The passages are
those of `pairs_qp.jsonl.gz`, each under its path of headings, and stretches of `parallel.jsonl.gz` in English, asked in
Portuguese. `training/questions/elsewhere.jsonl` has questions that a passage answers (`q`), and such as it nearly
answers (`n`), as its words suggest them and as somebody asks who does not know these words; passages were drawn at
random, of each documentation as many as the square root of what it has.
Documentations that questions are measured on, those that decide when to abstain, and an encyclopaedia are left out.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.reader.examples import Example, write_from
from training.reader.nearest import Nearest
from training.reader.pairs import MEASURED
from training.texts.data import PATH_SEPARATOR, Pair, Segment, read_pairs, read_segments

WRITTEN = Path("training/questions/elsewhere.jsonl")
UNREAD = ("nunorc", "MicrosoftDocs/visualstudio", "AdobeDocs/campaign", "OfficeDev")
LEFT_OUT = (*MEASURED, *UNREAD)
SHORTEST, LONGEST = 250, 1500  # characters of a passage
STRETCH = 900  # characters that a stretch of segments has, about
AMONG = 12  # of what BM25 finds, others are drawn
ALIKE = 0.5  # of the words of both: passages that share more may answer the same
IN_PORTUGUESE = 0.3  # of the stretches


@dataclass(frozen=True, slots=True)
class Taken:
    """A passage.

    Attributes:
        name: `p` and its line, or `s`, its first line and the one after its last; lines count from 0.
        source: The documentation that it is of.
        text: Its headings in a line, and what it says; in Portuguese.
        english: The same in English; empty where that is not known.
    """

    name: str
    source: str
    text: str
    english: str = ""

    @property
    def headed(self) -> bool:
        """Tell whether its first line is its headings."""
        return self.name.startswith("p")


def read_taken(data: Path) -> list[Taken]:
    """Return every passage that questions could be written for."""
    return [*_passages(read_pairs(data)), *_stretches(read_segments(data))]


def _passages(pairs: Sequence[Pair]) -> Iterator[Taken]:
    seen: set[str] = set()
    for at, pair in enumerate(pairs):
        if pair.kind == "titulo" and _fits(pair.source, pair.passage) and pair.passage not in seen:
            seen.add(pair.passage)
            yield Taken(f"p{at}", pair.source, " › ".join(pair.query.split(PATH_SEPARATOR)) + "\n" + pair.passage)


def _stretches(segments: Sequence[Segment]) -> Iterator[Taken]:
    begin = 0
    length = 0
    for at, segment in enumerate(segments):
        if at > begin and (segment.source != segments[begin].source or length >= STRETCH):
            own = segments[begin:at]
            english = "\n".join(each.english for each in own)
            if _fits(own[0].source, english):
                yield Taken(f"s{begin}-{at}", own[0].source, "\n".join(each.portuguese for each in own), english)
            begin, length = at, 0
        length += len(segment.english) + 1


def _fits(source: str, text: str) -> bool:
    return not source.startswith(LEFT_OUT) and SHORTEST <= len(text) <= LONGEST


class Others:
    """Passages of the same documentation that share words with a question."""

    def __init__(self, every: Sequence[Taken]) -> None:
        self.of: dict[str, list[Taken]] = {}
        for each in every:
            self.of.setdefault(each.source, []).append(each)
        self.nearest = {source: Nearest([each.text for each in own]) for source, own in self.of.items()}

    def near(self, question: str, passage: Taken, english: bool) -> list[Taken]:
        """Return other passages, in the wanted language, most alike first; none that says nearly the same."""
        own = self.of[passage.source]
        (found,) = self.nearest[passage.source].to([question], 3 * AMONG)
        right = set(passage.text.lower().split())
        others = (own[at] for at in found)
        return [
            each
            for each in others
            if bool(each.english) == english and _shared(right, set(each.text.lower().split())) < ALIKE
        ][:AMONG]


def _shared(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(1, min(len(first), len(second)))


def elsewhere_examples(data: Path, written: Path = WRITTEN, seed: int = 11) -> list[Example]:
    """Return an example a question: the passage it was written for, and two others of its documentation."""
    chosen = random.Random(seed)
    every = read_taken(data)
    named = {each.name: each for each in every}
    others = Others(every)
    examples = []
    for row in map(json.loads, written.read_text("utf-8").splitlines()):
        passage = named[row["of"]]
        english = bool(passage.english) and chosen.random() > IN_PORTUGUESE
        asked = [(each, True) for each in row["q"]] + [(each, False) for each in row["n"]]
        for question, answers in asked:
            near = others.near(question, passage, english=bool(passage.english))
            drawn = chosen.sample(near, min(2 if answers else 1, len(near)))
            texts = tuple(each.english if english else each.text for each in (passage, *drawn))
            if drawn:
                examples.append(Example(question, texts, (answers, *(False for _ in drawn)), passage.source))
    return examples


if __name__ == "__main__":
    write_from(elsewhere_examples, "../shared/data/train", "training/work/elsewhere.jsonl", __doc__)
