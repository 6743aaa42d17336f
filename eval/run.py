"""Running a data set: every question asked, several at a time, and every answer judged.

A run is a folder. `made.json` says what it measures, `answers.jsonl` is the trace, as `ask --batch` writes it;
`report.json` and `report.html` are the same for the same inputs, `timings.json` is not. Interrupted, however hard, the
run goes on where it stopped.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from assistant.answer import Answer, Turn
from assistant.asking.question import LONGEST_QUESTION
from assistant.models.tokens import most_tokens
from assistant.workspace import batch
from eval.datasets.example import Example, write_whole
from eval.judge import judge
from eval.measures.statistics import percentile
from eval.pages.page import report_page
from eval.report import Report

Ask = Callable[[str, Sequence[Turn]], Answer]

ANSWERS, MADE, REPORT, PAGE, TIMINGS = "answers.jsonl", "made.json", "report.json", "report.html", "timings.json"


def run_dataset(
    ask: Ask,
    examples: Sequence[Example],
    folder: Path,
    *,
    made: Mapping[str, Any] | None = None,
    jobs: int = 1,
    progress: batch.Progress | None = None,
) -> Report:
    """Ask every question of a data set, judge the answers, and leave the run in a folder.

    A question that ends in a `UserError` counts as wrong and is in the report with what was said.

    Args:
        ask: Answers one question; called from several threads where `jobs` is above 1.
        examples: The questions (see `eval.datasets.reading.read_dataset`).
        folder: Where the run is kept; answers that it holds already are not asked for again.
        made: What the report says it measured.
        jobs: How many questions are asked at the same time.
        progress: Called with (questions done, questions in all, the question).

    Raises:
        BatchError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        batch.Row(example.id, line, example.question.strip()[:LONGEST_QUESTION], example.history)
        for line, example in enumerate(examples, start=1)
    ]
    batch.run_batch(ask, rows, folder / ANSWERS, jobs=jobs, progress=progress)
    with (folder / ANSWERS).open(encoding="utf-8") as lines:
        answers = [json.loads(line) for line in lines]
    report = Report(dict(made or {}), tuple(judge(*pair) for pair in zip(examples, answers, strict=True)))
    timings = _timings(answers, jobs)
    write_whole(folder / REPORT, json.dumps(report.to_dict(), ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / TIMINGS, json.dumps(timings) + "\n")
    write_whole(folder / PAGE, report_page(report, timings))
    return report


def _timings(answers: Sequence[Mapping[str, Any]], jobs: int) -> dict[str, Any]:
    """Return how many milliseconds answers took: percentiles, and each by its question's id.

    Where a model wrote: also `first_word`, percentiles of the milliseconds to the first word of it that was shown, and
    `tokens`, how many the mean answer has of what it wrote, as `assistant.models.tokens` estimates.
    """
    timed = [answer for answer in answers if "timings_ms" in answer]
    each = {str(answer["id"]): answer["timings_ms"]["total"] for answer in timed}
    first = [answer["timings_ms"]["first"] for answer in timed if "first" in answer["timings_ms"]]
    told = {"jobs": jobs, **_percentiles(list(each.values())), "ms": each}
    if first:
        told["first_word"] = _percentiles(first)
        told["tokens"] = round(fmean(most_tokens(answer["written"]) for answer in timed if answer.get("written")))
    return told


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(percentile(values, share / 100), 1) for share in (50, 90, 95, 99)}
