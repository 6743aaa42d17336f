"""What the checker makes of sentences that passages say, and nearly say: `python -m training.sentences.said`.

For passages of other documentations (`training.reader.elsewhere`) two sentences each were written as a chat model words
them, and two that are false by a word or a clause: a number, a role, a condition, a denial. They are harder than what a
model writes by itself. Those of most documentations are what the entailment model learns from
(`training.sentences.entailed`); those of one decide what it counts; the others, of which nothing is learned, are
measured. With `-v` each false one that passes is printed.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.checking.checker import Checker
from index.hit import Hit
from training.reader.elsewhere import UNREAD, Taken, read_taken
from training.weights.checker import Case, case_hits, share

WRITTEN = Path("training/sentences/written/elsewhere.jsonl")
CHOOSING = ("SQLCrespi/PowerShell-Docs",)
MEASURED = ("microsoft/edgeai", "nodejs/", "tldr-pages/")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with the passage that it was written for.

    Attributes:
        case: Both; its kind tells the passage's language.
        passage: The passage's name.
        source: The documentation that it is of.
        english: Whether it is in English here.
        headed: Whether its first line is its headings.
    """

    case: Case
    passage: str
    source: str
    english: bool
    headed: bool


def unread(source: str) -> bool:
    """Tell whether the entailment model learns nothing of a documentation."""
    return source.startswith((*CHOOSING, *MEASURED, *UNREAD))


def read_said(data: Path) -> Iterator[Said]:
    """Yield every sentence with its passage, which is in `data` (the folder of `pairs_qp.jsonl.gz`).

    One that is known in both languages comes twice.
    """
    passages = {each.name: each for each in read_taken(data)}
    for row in map(json.loads, WRITTEN.read_text("utf-8").splitlines()):
        passage = passages[row["of"]]
        for true, sentences in ((True, row["y"]), (False, row["x"])):
            for sentence in sentences:
                yield _said(passage, passage.text, sentence, true, english=False)
                if passage.english:
                    yield _said(passage, passage.english, sentence, true, english=True)


def _said(passage: Taken, text: str, sentence: str, true: bool, *, english: bool) -> Said:
    case = Case("said in English" if english else "said in Portuguese", true, "", sentence, (text,))
    return Said(case, passage.name, passage.source, english, headed=passage.headed)


def said_hits(said: Said) -> list[Hit]:
    """Return the passage as the checker is given it: its headings apart."""
    return [headed(hit) if said.headed else hit for hit in case_hits(said.case)]


def headed(hit: Hit) -> Hit:
    """Return a hit whose first line is its headings with these apart."""
    headings, _, body = hit.chunk.text.partition("\n")
    chunk = replace(hit.chunk, text=body, plain=body, end=len(body), headings=tuple(headings.split(" › ")))
    return replace(hit, chunk=chunk)


def main() -> None:
    """Print how many pass, by the passage's language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    passed: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for said in read_said(given.data):
        if said.source.startswith(MEASURED):
            passes = Checker("", said_hits(said)).check(said.case.sentence).supported
            passed[said.case.kind, said.case.true].append(passes)
            if given.verbose and passes and not said.case.true:
                print(said.case.sentence)
    for (kind, true), lets in sorted(passed.items()):
        print(f"{'true' if true else 'false'} ones {kind}: {share(lets):.3f} of {len(lets)} pass")


if __name__ == "__main__":
    main()
