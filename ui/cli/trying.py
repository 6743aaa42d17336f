"""`coruja models try`: whether a chat model is worth it on this machine and these documents, and how it is printed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import UserError
from ui.cli import console
from ui.cli.call import Call, Json, called

if TYPE_CHECKING:
    from eval.datasets.example import Example
    from eval.trials.trial import Trial

_FIGURES = ("model", "right", "by quotes", "prose", "refused", "discarded", "left out", "first", "whole", "GB")
_MISSING = "–"


def try_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="As Ollama names it: qwen3:4b-instruct; it has to be there.")],
    questions: Annotated[
        Path | None,
        typer.Option(help="A data set of your own; else the shipped one, or what is drafted from the documents."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try a chat model on 20 questions: what it brings beside quotes alone, its cost, and whether it is worth it."""
    from assistant.models.choice import model_away
    from assistant.models.status import memory_taken
    from assistant.workspace.folder import trials_file
    from eval.trials.trial import try_model
    from eval.trials.tried import keep_trial

    call = called(ctx)
    wanted = {"model": name, "writer": "ollama", "log": False}
    workspace, settings = call.settings(**wanted)
    if away := model_away(settings):
        raise away
    title, examples = _questions(call, questions)
    assistant = call.open(**wanted)
    try:
        assistant.load_ahead()
        with console.progress_bar(f"Trying {name}") as advance:
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            trial = try_model(assistant.stream, examples, model=name, questions=title, when=now, progress=advance)
    finally:
        assistant.close()
    trial = _with_memory(trial, memory_taken(settings.ollama_url, name))
    kept = keep_trial(trials_file(workspace), trial)
    if as_json:
        console.print_json(trial.to_dict())
    else:
        _print_trials(trial, kept)


def _questions(call: Call, file: Path | None) -> "tuple[str, Sequence[Example]]":
    """Return what the questions are called, and the questions."""
    from eval.datasets.corpus import cut_corpus
    from eval.datasets.reading import read_dataset
    from eval.trials.trial import chosen

    return (file.stem, read_dataset(file)) if file else chosen(cut_corpus(*call.settings()))


def _with_memory(trial: "Trial", taken: float) -> "Trial":
    return replace(trial, memory_gb=round(taken, 1) or None)


def _print_trials(trial: "Trial", kept: "Iterable[Trial]") -> None:
    """Print a trial beside those before it on the same questions, and what is recommended."""
    beside = [one for one in kept if one.questions == trial.questions]
    console.show_table(_FIGURES, map(_row, beside), right=_FIGURES[1:])
    console.show(
        f"{console.counted(trial.asked, 'question')} ({trial.questions}); seconds are medians."
        + (f" {trial.answered_wrongly} answered though the documents do not say." if trial.answered_wrongly else "")
        + (f" {trial.failed} failed." if trial.failed else "")
        + (f" {trial.other_language} in another language." if trial.other_language else "")
    )
    console.show((trial.recommendation, "green" if trial.worth_it else "yellow"))
    chosen, without = f"To write with it: CORUJA_MODEL={trial.model}", "Quotes alone: CORUJA_WRITER=extractive"
    console.show(chosen if trial.worth_it else without)


def _row(trial: "Trial") -> tuple[str, ...]:
    counts = (trial.right, trial.right_quoting, trial.written, trial.refused, trial.discarded, trial.left_out)
    measured = (_seconds(trial.first_s), _seconds(trial.whole_s))
    memory = _MISSING if trial.memory_gb is None else f"{trial.memory_gb:.1f}"
    return (trial.model, *map(str, counts), *measured, memory)


def _seconds(value: float | None) -> str:
    return _MISSING if value is None else f"{value:.1f} s"


def tried_before(call: Call) -> "list[Trial]":
    """Return what was tried in the workspace; nothing where there is none."""
    from assistant.workspace.folder import find_workspace, trials_file
    from eval.trials.tried import read_trials

    try:
        return read_trials(trials_file(find_workspace(call.workspace)))
    except UserError:
        return []
