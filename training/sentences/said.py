"""What the checker makes of sentences that passages say, and nearly say: `python -m training.sentences.said`.

For 500 passages of other documentations (`training.reader.elsewhere`) two sentences each were written as a chat model
words them, and two that are false by a word or a clause: a number, a role, a condition, a denial. They are harder than
what a model writes by itself, and nothing was learned from them. With `-v` each false one that passes is printed.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from assistant.checking.entailment import enough
from training.reader.elsewhere import read_taken
from training.weights.checker import Case, share, supported

WRITTEN = Path("training/sentences/written/elsewhere.jsonl")


def read_said(data: Path) -> Iterator[Case]:
    """Yield every sentence with its passage, which is in `data` (the folder of `pairs_qp.jsonl.gz`)."""
    passages = {each.name: each for each in read_taken(data)}
    for row in map(json.loads, WRITTEN.read_text("utf-8").splitlines()):
        passage = passages[row["of"]]
        language = "English" if passage.english else "Portuguese"
        for true, sentences in ((True, row["y"]), (False, row["x"])):
            for sentence in sentences:
                yield Case(language, true, "", sentence, (passage.english or passage.text,))


def main() -> None:
    """Print how many pass, by the passage's language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    passed: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for case in read_said(given.data):
        passes = supported(case, enough())
        passed[case.kind, case.true].append(passes)
        if given.verbose and passes and not case.true:
            print(case.sentence)
    for (language, true), lets in sorted(passed.items()):
        kind = "true" if true else "false"
        print(f"{language} passages, {kind} sentences: {share(lets):.3f} of {len(lets)} pass")


if __name__ == "__main__":
    main()
