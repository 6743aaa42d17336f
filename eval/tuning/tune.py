"""Tuning: settings that suit a corpus, looked for on one part of its questions and measured on the other."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from assistant.workspace.batch import Progress
from assistant.workspace.folder import BUILT_NAME
from assistant.workspace.opening import open_embedder, open_reranker, open_store
from eval.compare import Comparison, compare_runs
from eval.datasets.example import Example, dataset_text
from eval.judge import judge
from eval.measures.statistics import Change
from eval.report import Report
from eval.row import Row
from eval.scoring import total
from eval.tuning.parting import part
from eval.tuning.remembered import Remembered, assistant_over
from eval.tuning.space import SPACE, Values, values_of, with_values
from eval.tuning.study import Tried, study
from index.index import Index
from ingest.redaction import recipe

AIM, KEPT = "correct", "precision"
"""What is to rise, and what may not fall below what it is now: showing more is no art."""

STUDIES, READS = "studies.sqlite", "reads.sqlite"


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning found.

    Attributes:
        dataset: The name of the data set.
        start: What was in force.
        best: What gave most on the part that was looked at, of what keeps the precision.
        tried: All trials, in order.
        looked: How many questions settings were looked for on.
        held_out: How many they were measured on.
        left_out: How many are in neither part: their documents stand in both.
        comparison: What was in force beside the best, on the questions held out.
    """

    dataset: str
    start: Values
    best: Values
    tried: tuple[Tried, ...]
    looked: int
    held_out: int
    left_out: int
    comparison: Comparison

    @property
    def changed(self) -> dict[str, tuple[float, float]]:
        """What the best sets otherwise: name to (before, after)."""
        return {name: (self.start[name], value) for name, value in self.best.items() if value != self.start[name]}

    @property
    def gain(self) -> Change:
        """What it brings on the questions held out."""
        return self.comparison.changes[AIM]

    @property
    def better(self) -> bool:
        """Tell whether it brings anything there."""
        return bool(self.changed) and self.gain.after > self.gain.before

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "dataset": self.dataset,
            "looked_at": self.looked,
            "held_out": self.held_out,
            "left_out": self.left_out,
            "start": dict(self.start),
            "best": dict(self.best),
            "gain": asdict(self.gain),
            "comparison": self.comparison.to_dict(),
            "trials": [asdict(each) for each in self.tried],
        }


def tune(
    workspace: Path,
    settings: Settings,
    dataset: str,
    examples: Sequence[Example],
    *,
    trials: int,
    held_out: float = 0.5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tuned:
    """Look for settings on one part of the questions, and measure them on the other, whose documents they never saw.

    Answers are quoted, whatever the settings say: what a model writes rests on the same passages. The studies are kept
    in the workspace; the same data set, index and settings go on where they stopped.

    Args:
        workspace: The workspace.
        settings: What is in force.
        dataset: The name of the data set.
        examples: Its questions.
        trials: How many values are tried, earlier ones included.
        held_out: Share of the questions that is held out.
        seed: Of the parting.
        progress: Called with (done, in all, what).

    Raises:
        DatasetError: The questions cannot be parted, or the studies not be used.
        UserError: What opening the index raises.
    """
    settings = settings.model_copy(update={"writer": "extractive", "log": False})
    parts = part(examples, held_out, seed)
    folder = workspace / BUILT_NAME / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    embedder, masked = open_embedder(settings), recipe(settings.redact)
    with (
        closing(open_store(workspace, settings).open(embedder, open_reranker(settings), redaction=masked)) as index,
        closing(Remembered(index, folder / READS)) as shared,
    ):
        start = values_of(settings)

        def rows(index: Index, values: Values, asked: Sequence[Example], what: str = "") -> tuple[Row, ...]:
            assistant = assistant_over(index, with_values(settings, values), workspace)
            found = []
            for at, example in enumerate(asked):
                if progress and what:
                    progress(at, len(asked), what)
                found.append(judge(example, assistant.ask(example.question, example.history).to_dict()))
            return tuple(found)

        floor = total(rows(shared, start, parts.looked, "as it is"), KEPT)

        def measure(values: Values) -> tuple[float, float]:
            tried = rows(shared, values, parts.looked)
            return total(tried, AIM), floor - total(tried, KEPT)

        name = _name(dataset, parts.looked, index, settings)
        tried = study(SPACE, start, measure, folder / STUDIES, name, trials, progress)
        best = max((each for each in tried if each.allowed), key=lambda each: (each.gained, -each.worse)).values
        before, after = (
            Report({}, rows(index, values, parts.held, f"held out, {what}"))
            for values, what in ((start, "as it is"), (best, "tuned"))
        )
    sizes = len(parts.looked), len(parts.held), len(parts.left_out)
    return Tuned(dataset, start, best, tuple(tried), *sizes, compare_runs(before, after))


def _name(dataset: str, looked: Sequence[Example], index: Index, settings: Settings) -> str:
    """Return what a study is called: the same questions, index, settings and space have the same name."""
    made = (dataset_text(looked), index.manifest.generation, repr(settings.answering()), repr(SPACE))
    return f"{dataset}-{hashlib.sha256(repr(made).encode()).hexdigest()[:12]}"
