"""What the checker makes of labelled sentences: `python -m training.sentences.measure`.

Each answer is replayed as it was written, sentence by sentence. Honest sentences should pass, unsupported ones should
be caught; what claims nothing should not be shown as proven. With `-v` each sentence that is judged wrongly is printed.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.checking.checker import Checker, Verdict
from training.sentences.labelled import Labelled, Sentence, read_labelled


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled sentence and what the checker says of it."""

    answer: Labelled
    sentence: Sentence
    verdict: Verdict

    @property
    def shown(self) -> bool:
        """Tell whether it is shown as said by the passages."""
        return self.verdict.supported and bool(self.verdict.quotes)

    @property
    def right(self) -> bool:
        """Tell whether it is judged as it is labelled."""
        return self.verdict.supported if self.sentence.label == "yes" else not self.shown


def judged(answers: list[Labelled]) -> Iterator[Judged]:
    """Yield every sentence with its verdict."""
    for answer in answers:
        checker = Checker(answer.question, answer.hits)
        for sentence in answer.sentences:
            yield Judged(answer, sentence, checker.check(sentence.text))


def main() -> None:
    """Print the shares by documentation, and of what was learned from, held out, and asked afresh."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged(read_labelled(given.data)):
        for group in (f"{one.answer.corpus}, {one.answer.side}", one.answer.side, "all"):
            groups[group].append(one)
        if given.verbose and not one.right:
            print(f"{one.answer.corpus} {one.sentence.label:7}{one.sentence.text!r}\n      why: {one.verdict.why!r}")
    for group, ones in groups.items():
        print(f"{group:24}", *(_share(ones, label, name) for label, name in _NAMES))


_NAMES = (("yes", "honest passed"), ("no", "unsupported caught"), ("none", "no claim left alone"))


def _share(ones: list[Judged], label: str, name: str) -> str:
    right = [one.right for one in ones if one.sentence.label == label]
    return f"{name} {sum(right) / len(right):.3f} of {len(right)}; " if right else ""


if __name__ == "__main__":
    main()
