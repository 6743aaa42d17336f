"""Comparing two runs of one data set: what changed, how surely, and which questions turned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.measures import statistics
from eval.measures.statistics import Change, draws
from eval.report import Report
from eval.row import Row
from eval.scoring import MEASURES, shares
from ingest.errors import DatasetError

SURE = 0.05
"""Two-sided p-value below which a change counts as more than chance."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that went right in one of two runs and wrong in the other; or whose answer is another one."""

    before: Row
    after: Row

    @property
    def better(self) -> bool:
        """Tell whether it went right in the second run."""
        return self.after.correct


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a second run changed.

    Attributes:
        changes: Every measure that applies to one of the runs, by name.
        flips: The questions that turned, those that went wrong first.
        changed: Questions that are as right or wrong as before, but are answered in other words.
        made: What the runs measured differently: name to (before, after).
        left_out: Questions that only one of the runs asks.
    """

    changes: Mapping[str, Change]
    flips: tuple[Flip, ...]
    changed: tuple[Flip, ...]
    made: Mapping[str, tuple[object, object]]
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "changes": {name: asdict(change) for name, change in self.changes.items()},
            "made": {name: list(values) for name, values in self.made.items()},
            "flips": [_flip_dict(flip) for flip in self.flips],
            "changed": [_flip_dict(flip) for flip in self.changed],
            "left_out": self.left_out,
        }


def _flip_dict(flip: Flip) -> dict[str, Any]:
    def told(row: Row) -> dict[str, Any]:
        return {
            "correct": row.correct,
            "status": row.status,
            "answer": row.answer,
            "cited": [asdict(c) for c in row.cited],
        }

    asked = {"id": flip.after.id, "question": flip.after.question}
    return {**asked, "before": told(flip.before), "after": told(flip.after)}


def compare_runs(before: Report, after: Report) -> Comparison:
    """Compare two runs on the questions that both ask.

    Raises:
        DatasetError: They have no question in common.
    """
    first = {(row.id, row.question): row for row in before.rows}
    pairs = [(first[row.id, row.question], row) for row in after.rows if (row.id, row.question) in first]
    if not pairs:
        raise DatasetError("The two runs have no question in common.", "Compare runs of one data set.")
    old, new = (shares(rows) for rows in zip(*pairs, strict=True))
    changes = statistics.compare(old, new, draws(len(pairs)))
    applies = (old[1].sum(axis=0) + new[1].sum(axis=0)) > 0
    flips = [Flip(*pair) for pair in pairs if pair[0].correct != pair[1].correct]
    others = [Flip(*pair) for pair in pairs if pair[0].correct == pair[1].correct and _said(pair[0]) != _said(pair[1])]
    return Comparison(
        {each.name: change for each, change, there in zip(MEASURES, changes, applies, strict=True) if there},
        tuple(sorted(flips, key=lambda flip: flip.better)),
        tuple(others),
        _differently(before.made, after.made),
        len(before.rows) + len(after.rows) - 2 * len(pairs),
    )


def _said(row: Row) -> tuple[object, ...]:
    return row.status, row.answer, [each.quote for each in row.cited]


def _differently(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return what differs of what two runs measured, settings one by one."""
    flat = [
        {**made, **{f"settings.{name}": value for name, value in made.get("settings", {}).items()}}
        for made in (before, after)
    ]
    names = dict.fromkeys(name for made in flat for name in made if name != "settings")
    return {name: (flat[0].get(name), flat[1].get(name)) for name in names if flat[0].get(name) != flat[1].get(name)}
