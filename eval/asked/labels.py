"""Labels: which answers a person should look at first, and what became of those that were looked at, as a data set."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.workspace.journal import Entry
from eval.asked.clusters import Embed, clusters
from eval.datasets.example import Evidence, Example


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer that nobody has labelled, and why it would teach something.

    Attributes:
        entry: The answer.
        worth: How much, comparable within one queue: 1 at the threshold, and 1 more for each doubling of how often a
            question that was not answered was asked.
        why: In words.
    """

    entry: Entry
    worth: float
    why: str


def queue(entries: Sequence[Entry], threshold: float, embed: Embed) -> list[Wanted]:
    """Return the answers without a label, those that would teach most first, one for each question.

    Uncertainty sampling (Lewis and Gale 1994): an answer is worth the more the nearer its probability is to the
    threshold. Beside it, what many asked and nobody was answered, one for each group of alike questions.

    Args:
        entries: The journal.
        threshold: The probability below which the assistant abstains.
        embed: Embeds questions.
    """
    once = {entry.question.lower(): entry for entry in entries if not entry.label}
    asked = Counter(entry.question.lower() for entry in entries)
    silent = [entry for entry in once.values() if entry.status == "abstained"]
    groups = clusters([entry.question for entry in silent], embed)
    wanted = [_judged(entry, threshold) for entry in once.values() if entry.status != "abstained"]
    for group in groups:
        times = sum(asked[silent[at].question.lower()] for at in group)
        first, *others = (_judged(silent[at], threshold) for at in group)
        bonus = (times.bit_length() - 1) if times > 1 else 0
        why = f"asked {times} times in like words, not answered" if times > 1 else first.why
        wanted += [Wanted(first.entry, first.worth + bonus, why), *others]
    return sorted(wanted, key=lambda each: (-each.worth, each.entry.id))


def _judged(entry: Entry, threshold: float) -> Wanted:
    if entry.probability is None:
        return Wanted(entry, 0.0, "was not judged")
    away = abs(entry.probability - threshold) / max(threshold, 1 - threshold)
    return Wanted(entry, round(1 - away, 6), f"sure by {entry.probability:.2f}, answers from {threshold:.2f}")


def exported(entries: Iterable[Entry]) -> list[Example]:
    """Return the labelled answers as examples; what was rejected without saying what is right is left out.

    An accepted answer's evidence is what it cites; an accepted silence makes an unanswerable question.
    """
    examples = []
    for entry in entries:
        evidence = tuple(Evidence(doc, quote) for doc, quote in entry.evidence)
        if entry.label == "accepted" and entry.status == "answered":
            evidence = evidence or tuple(_cited(each) for each in entry.trace["citations"])
        right = entry.label == "accepted" or evidence
        if entry.label and right:
            examples.append(
                Example(
                    id=f"label-{entry.id}",
                    question=entry.question,
                    answerable=bool(evidence),
                    evidence=evidence,
                    reference=entry.reference,
                    tags=("label", entry.label),
                    history=entry.history,
                )
            )
    return examples


def _cited(citation: dict[str, Any]) -> Evidence:
    start, end = citation["highlight"] or (citation["start"], citation["end"])
    return Evidence(citation["doc"], citation["quote"][start - citation["start"] : end - citation["start"]])
