"""What the checker makes of sentences that passages say, and nearly say: `python -m training.sentences.said`.

For 500 passages of other documentations (`training.reader.elsewhere`) two sentences each were written as a chat model
words them, and two that are false by a word or a clause: a number, a role, a condition, a denial. They are harder than
what a model writes by itself, and nothing was learned from them. With `-v` each false one that passes is printed.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.checking.checker import Checker
from training.reader.elsewhere import read_taken
from training.weights.checker import Case, case_hits

WRITTEN = Path("training/sentences/written/elsewhere.jsonl")


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence beside its passage.

    Attributes:
        english: Whether the passage is in English; the sentence is in Portuguese.
        case: The sentence, what it is judged against, and whether that says it.
    """

    english: bool
    case: Case


def read_written(data: Path) -> Iterator[Written]:
    """Yield every sentence with its passage, which is in `data` (the folder of `pairs_qp.jsonl.gz`)."""
    passages = {each.name: each for each in read_taken(data)}
    for row in map(json.loads, WRITTEN.read_text("utf-8").splitlines()):
        passage = passages[row["of"]]
        evidence = (passage.english or passage.text,)
        for true, sentences in ((True, row["y"]), (False, row["x"])):
            for sentence in sentences:
                yield Written(bool(passage.english), Case("said", true, "", sentence, evidence))


def main() -> None:
    """Print how many pass, by the passage's language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    passed: dict[tuple[bool, bool], list[bool]] = defaultdict(list)
    for one in read_written(given.data):
        supported = Checker(one.case.question, case_hits(one.case)).check(one.case.sentence).supported
        passed[one.english, one.case.true].append(supported)
        if given.verbose and supported and not one.case.true:
            print(one.case.sentence)
    for (english, true), lets in sorted(passed.items()):
        language, kind = ("English" if english else "Portuguese"), ("true" if true else "false")
        print(f"{language} passages, {kind} sentences: {sum(lets) / len(lets):.3f} of {len(lets)} pass")


if __name__ == "__main__":
    main()
