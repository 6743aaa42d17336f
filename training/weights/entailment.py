"""Learn when a passage says a sentence, and measure it on documents held out.

    python -m training.weights.entailment --data ../shared/data # sets `checker.json`, then measures

A case is a sentence and the statements that it is judged against (see `training.weights.checker`). To that module's
cases, of documentations that the reading model has not learned from, come sentences written for passages of such ones
(`training.sentences.said`); the references of questions on real documentation with the quotes that answer them: as
people word it, true; false with a number, a name, a denial or a word changed, with a clause of another answer added,
with two facts crossed, and as the answer of another question. Then the sentences of a chat model, labelled by reading
(`training.sentences`): those of some documentations are learned from, those of the others held out. What strict
comparison decides is left to it: it is learned from what it leaves open.

What was made counts less than what the model wrote: where half of what has all words of its passage is false, and half
of what has few of them true, weights come out that judge a model's own sentences worse.

The threshold is the lowest at which `MOST_FALSE` of what is shown is false, of what the model wrote where Coruja itself
had looked for an answer, on the documents that choose.
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.checking.checker import Checker
from assistant.checking.entailment import SIGNS, Signs
from training.sentences.labelled import ASKED, read_labelled
from training.sentences.said import CHOOSING, read_said, said_hits, unread
from training.weights.checker import TARGET, Case, case_hits, documentation_cases, falsified, half, joined
from training.weights.logistic import Array, fit_logistic

RIDGE = 30.0
MADE = 0.25
"""What the cases of one kind of source, all true or all false, count beside all sentences of the model."""
MOST_FALSE = 0.1
WRITTEN = "written"
ROUNDS = 4
"""How often the statement that is learned from is chosen anew, by what was learned."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case as it is learned from: whether it is held out, and the signs of its statements, shape (found, signs).

    `decided` is what strict comparison says; None where it leaves the case open.
    """

    case: Case
    decided: bool | None
    signs: Array
    held_out: bool


def main() -> None:
    """Learn the weights and print what they let through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder of `train` and `train_docs`.")
    parser.add_argument("--share", type=float, default=0.1, help="Of the made cases of each kind of source.")
    asked = parser.parse_args()
    judged = [
        *_made(asked.data, asked.share),
        *_said(asked.data / "train"),
        *_written(asked.data / "train_docs"),
    ]
    choosing, held_out = ([one for one in judged if one.held_out == side] for side in (False, True))
    weights, bias = learn(choosing)
    threshold = _threshold(choosing, weights, bias)
    stored = json.loads(TARGET.read_text("utf-8"))
    stored |= {
        "weights": {name: round(float(weight), 4) for name, weight in zip(SIGNS, weights, strict=True)},
        "bias": round(bias, 4),
        "threshold": round(threshold, 3),
    }
    TARGET.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(stored))
    for name, group in (("choosing", choosing), ("held out", held_out)):
        _report(name, group, weights, bias, threshold)


def learn(judged: Sequence[Judged]) -> tuple[Array, float]:
    """Return the weights of the signs and the bias; of each case the statement counts that speaks most for it."""
    cases = [one for one in judged if one.decided is None and len(one.signs)]
    rows = np.array([one.signs[0] for one in cases])
    labels = np.array([float(one.case.true) for one in cases])
    groups = [(_source(one.case), one.case.true) for one in cases]
    sizes = Counter(groups)
    made = MADE * (sizes[WRITTEN, True] + sizes[WRITTEN, False]) / max(sum(source != WRITTEN for source, _ in sizes), 1)
    counts = np.array([1.0 if group[0] == WRITTEN else made / sizes[group] for group in groups])
    weights, bias = np.zeros(len(SIGNS)), 0.0
    for _ in range(ROUNDS):
        weights, bias = fit_logistic(rows, labels, counts, RIDGE / (2 * counts.sum()))
        rows = np.array([max(one.signs, key=lambda signs: float(signs @ weights)) for one in cases])
    return weights, bias


def chance(one: Judged, weights: Array, bias: float) -> float:
    """Return the probability of a case, 0 or 1 where it is decided or nothing speaks for it."""
    if one.decided is not None or not len(one.signs):
        return float(bool(one.decided))
    return float(1 / (1 + np.exp(-((one.signs @ weights).max() + bias))))


def _threshold(judged: Sequence[Judged], weights: Array, bias: float) -> float:
    """Return the lowest threshold at which few enough of what is shown is false, whatever shows it."""
    asked = [one for one in judged if one.case.kind == f"{WRITTEN} {ASKED}"]
    ordered = sorted(((chance(one, weights, bias), one.case.true) for one in asked), reverse=True)
    false = np.cumsum([not true for _, true in ordered]) / np.arange(1, len(ordered) + 1)
    return ordered[int(np.flatnonzero(false <= MOST_FALSE)[-1])][0] - 1e-3


def _report(name: str, judged: Sequence[Judged], weights: Array, bias: float, threshold: float) -> None:
    kinds: dict[tuple[str, bool, str], list[tuple[bool, bool]]] = defaultdict(list)
    for one in judged:
        passed = chance(one, weights, bias) >= threshold
        kinds[_source(one.case), one.case.true, one.case.kind].append((bool(one.decided), passed))
        kinds[_source(one.case), one.case.true, "all"].append((bool(one.decided), passed))
    for (source, true, kind), passes in sorted(kinds.items()):
        strict, both = (sum(each[at] for each in passes) / len(passes) for at in (0, 1))
        print(f"{name:9} {source:14} {true!s:5} {kind:22} {len(passes):5}  strict {strict:.3f}  passed {both:.3f}")


def _source(case: Case) -> str:
    """Return what kind of source a case is from; sentences on passages of each language are one of their own."""
    if case.kind.startswith("said"):
        return case.kind
    return case.kind.split()[0] if case.kind.startswith(("reference", WRITTEN)) else "documentation"


def _made(data: Path, share: float) -> Iterator[Judged]:
    """Yield sentences that were made of passages and references, each judged by itself."""
    chance = random.Random(3)
    for group in (documentation_cases(data / "train", unread), reference_cases(data / "train_docs")):
        for case in group:
            if chance.random() < share:
                yield _judged(case, Checker(case.question, case_hits(case)), held_out=half(case) == 1)


def reference_cases(data: Path) -> Iterator[Case]:
    """Yield answers as people word them, and falsified, against the quotes that answer."""
    chance = random.Random(11)
    for path in sorted(data.glob("*/qa.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        rows = [row for row in rows if row["answerable"] and row.get("reference")]
        for row in rows:
            others = [other for other in chance.sample(rows, 6) if other["id"] != row["id"]]
            yield from _reference(row, others[:5], chance)


def _reference(row: dict[str, object], others: Sequence[dict[str, object]], chance: random.Random) -> Iterator[Case]:
    quotes, reference, question = _quotes(row), str(row["reference"]), str(row["question"])
    evidence = (*(quote for other in others[:3] for quote in _quotes(other)), *quotes)
    other, another = str(others[3]["reference"]), str(others[4]["reference"])
    foreign = "; ".join((other, another, *_quotes(others[3])))
    said = "\n".join(evidence).lower()
    yield Case("reference", True, question, reference, evidence)
    false = [("reference of another", other), ("clause added", joined(reference, another))]
    false += [(kind, text) for kind, text in falsified(reference, [*map(str, quotes)], foreign, chance)]
    if numbers := re.findall(r"(?<![\w.,])\d+(?![\w.,]*\d)", reference):
        number = chance.choice(numbers)
        false.append(("number changed", reference.replace(number, str(int(number) + chance.randint(1, 9)), 1)))
    for kind, text in false:
        if text.lower() not in said:
            yield Case(f"reference {kind}", False, question, text, evidence)


def _quotes(row: dict[str, object]) -> list[str]:
    evidence = row["evidence"]
    return [str(entry["quote"]) for entry in evidence] if isinstance(evidence, list) else []


def _said(data: Path) -> Iterator[Judged]:
    """Yield sentences that passages say, and nearly say."""
    for said in read_said(data):
        if said.source.startswith(CHOOSING):
            yield _judged(said.case, Checker("", said_hits(said)), held_out=False)


def _written(data: Path) -> Iterator[Judged]:
    """Yield the labelled sentences of a chat model, each judged where it stood in its answer."""
    for answer in read_labelled(data):
        checker = Checker(answer.question, answer.hits)
        evidence = tuple(hit.chunk.text for hit in answer.hits)
        for sentence in answer.sentences:
            case = Case(f"{WRITTEN} {answer.kind}", sentence.label == "yes", answer.question, sentence.text, evidence)
            judged = _judged(case, checker, answer.held_out)
            if judged.decided is None:
                checker.check(sentence.text)  # what comes next may point back to it
            if sentence.label in ("yes", "no"):
                yield judged


def _judged(case: Case, checker: Checker, held_out: bool) -> Judged:
    signs = checker.undecided(case.sentence)
    decided = checker.check(case.sentence).supported if signs is None else None
    return Judged(case, decided, _values(signs or ()), held_out)


def _values(found: Sequence[Signs]) -> Array:
    """Return signs in rows, shape (found, signs)."""
    return np.array([one.values for one in found]).reshape(len(found), len(SIGNS))


if __name__ == "__main__":
    main()
