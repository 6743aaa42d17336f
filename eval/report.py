"""The report: what an assistant made of a data set."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.datasets.example import Example
from eval.measures.statistics import Bin, Estimate, auroc, calibration_error, draws, estimate, reliability
from eval.row import Row
from eval.scoring import MEASURES, shares
from ingest.errors import DatasetError

Measured = dict[str, Estimate]
"""Measures by name; only those that apply to at least one question."""

_ROW = TypeAdapter(Row)


@dataclass(frozen=True, slots=True)
class DocumentCount:
    """How a document fares: what is asked of it, and how often it comes up.

    Attributes:
        doc: The document.
        asked: Questions whose evidence it holds.
        found: Of those, how many have it among their ten best hits.
        cited: Of those, how many cite it.
        right: Of those, how many went right.
        preferred: Questions whose answer cites it first though it holds none of their evidence.
    """

    doc: str
    asked: int
    found: int
    cited: int
    right: int
    preferred: int


@dataclass(frozen=True, slots=True)
class Report:
    """All questions of a data set; failed and unanswered ones count, too.

    The same inputs give the same report, byte by byte: how long answers took is told elsewhere (see `eval.runs`).

    Attributes:
        made: What was measured: the data set with its checksum, the generation, the settings.
        rows: One for each question, in the data set's order.
    """

    made: Mapping[str, Any]
    rows: tuple[Row, ...]

    @property
    def writers(self) -> tuple[str, ...]:
        """Who wrote the answers."""
        return tuple(dict.fromkeys(row.writer for row in self.rows if row.writer))

    def examples(self) -> list[Example]:
        """Return what was asked, with the evidence that counted as right."""
        return [Example(row.id, row.question, row.answerable, row.evidence) for row in self.rows]

    def measures(self) -> Measured:
        """Return the measures of the whole data set."""
        return measured(self.rows)

    def groups(self) -> dict[str, dict[str, tuple[int, Measured]]]:
        """Return, by `style`, `kind` and `tag`, each group's number of questions and its measures."""
        found: dict[str, dict[str, list[Row]]] = {"style": {}, "kind": {}, "tag": {}}
        for row in self.rows:
            for dimension, names in (("style", [row.style]), ("kind", [row.kind]), ("tag", row.tags)):
                for name in filter(None, names):
                    found[dimension].setdefault(name, []).append(row)
        return {
            dimension: {name: (len(rows), measured(rows)) for name, rows in groups.items()}
            for dimension, groups in found.items()
            if groups
        }

    def documents(self) -> list[DocumentCount]:
        """Return how each document fares that is asked of or cited first, the most neglected first."""
        counts: dict[str, Counter[str]] = {}
        for row in self.rows:
            wanted = {piece.doc for piece in row.evidence}
            for doc in wanted:
                cited = [each.doc for each in row.cited]
                counts.setdefault(doc, Counter()).update(
                    asked=1, found=_among(doc, row.found), cited=_among(doc, cited), right=row.correct
                )
            if row.cited and not any(row.cited[0].doc.endswith(doc) for doc in wanted):
                counts.setdefault(row.cited[0].doc, Counter()).update(preferred=1)
        merged = [
            DocumentCount(doc, *(count[name] for name in DocumentCount.__slots__[1:])) for doc, count in counts.items()
        ]
        return sorted(merged, key=lambda each: (each.found - each.asked, -each.preferred, each.doc))

    def calibration(self) -> tuple[list[Bin], float, float]:
        """Return how sure answers were beside how often they were right, its error, and what silence is told apart by.

        Returns:
            The bins of answered questions that were judged, their expected calibration error, and the AUROC of the
            probability between answerable and unanswerable questions.
        """
        sure = [(row.probability, row) for row in self.rows if row.probability is not None]
        answered = [(value, row.correct) for value, row in sure if row.status == "answered"]
        bins = reliability([value for value, _ in answered], [right for _, right in answered])
        able, unable = ([value for value, row in sure if row.answerable == which] for which in (True, False))
        return bins, round(calibration_error(bins), 6), round(auroc(able, unable), 6)

    def worst(self, count: int = 40) -> list[Row]:
        """Return the questions that went wrong, the surest first: those are the ones that mislead."""
        wrong = [row for row in self.rows if not row.correct]
        order = {"failed": 0, "answered": 1, "abstained": 2}
        return sorted(wrong, key=lambda row: (order[row.status], -(row.probability or 0.0)))[:count]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        bins, error, apart = self.calibration()
        return {
            "made": dict(self.made),
            "writers": list(self.writers),
            "measures": {name: asdict(each) for name, each in self.measures().items()},
            "groups": {
                dimension: {
                    name: {"questions": count, **{each: found.value for each, found in values.items()}}
                    for name, (count, values) in groups.items()
                }
                for dimension, groups in self.groups().items()
            },
            "calibration": {"error": error, "auroc": apart, "bins": [asdict(each) for each in bins]},
            "documents": [asdict(each) for each in self.documents()],
            "rows": [row.to_dict() for row in self.rows],
        }


def measured(rows: Sequence[Row]) -> Measured:
    """Return the measures of these questions that apply to at least one of them."""
    if not rows:
        return {}
    gained, possible = shares(rows)
    estimates = estimate(gained, possible, draws(len(rows)))
    applies = possible.sum(axis=0) > 0
    return {each.name: found for each, found, there in zip(MEASURES, estimates, applies, strict=True) if there}


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.1f} %"


def one_line(text: str) -> str:
    """Return a text as one line of Markdown, which no table takes for two cells and no page for HTML."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")


def _among(doc: str, names: Iterable[str]) -> bool:
    return any(name.endswith(doc) for name in names)


def read_report(path: Path) -> Report:
    """Read a report that was written as JSON.

    Raises:
        DatasetError: It cannot be read, or is no report of this version.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        rows = tuple(_ROW.validate_python({k: v for k, v in row.items() if k != "correct"}) for row in stored["rows"])
        return Report(stored["made"], rows)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).", "coruja eval run") from error
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DatasetError(
            f"{path} is no report of this version ({type(error).__name__}).", "coruja eval run"
        ) from error
