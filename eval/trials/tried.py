"""What was tried before, kept in the workspace: the last trial of each model on each set of questions."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from eval.datasets.example import write_whole
from eval.trials.trial import Trial

_NAMES = [field.name for field in fields(Trial)]


def read_trials(path: Path) -> list[Trial]:
    """Return what is kept, the newest last; nothing where nothing is kept, or what is there cannot be read."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [Trial(**{name: row[name] for name in _NAMES}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def keep_trial(path: Path, trial: Trial) -> Sequence[Trial]:
    """Keep a trial in the place of an earlier one of the same model and questions; return all that is kept.

    Raises:
        OSError: The file cannot be written.
    """
    others = [one for one in read_trials(path) if (one.model, one.questions) != (trial.model, trial.questions)]
    kept = [*others, trial]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps([one.to_dict() for one in kept], ensure_ascii=False, indent=1) + "\n")
    return kept
