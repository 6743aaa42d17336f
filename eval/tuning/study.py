"""The study: values tried one after the other, each chosen by those before it. The one file that knows Optuna.

It is kept in a SQLite file, each trial as it is done: interrupted, a study goes on.
"""

import json
import sqlite3
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, Trial

from assistant.workspace.batch import Progress
from eval.tuning.space import Knob, Values
from ingest.errors import DatasetError

STARTUP = 10
"""Trials drawn at random before the estimator has its say."""

_WORSE = "worse"
_TABLE = "CREATE TABLE IF NOT EXISTS trials (study TEXT NOT NULL, tried TEXT NOT NULL, gained REAL, worse REAL)"


@dataclass(frozen=True, slots=True)
class Tried:
    """Values that were tried.

    Attributes:
        values: The values.
        gained: What they gave: higher is better.
        worse: By how much they break what has to hold; 0 or less where they keep it.
    """

    values: Values
    gained: float
    worse: float

    @property
    def allowed(self) -> bool:
        """Tell whether they keep what has to hold."""
        return self.worse <= 0


def study(
    space: Sequence[Knob],
    start: Values,
    measure: Callable[[Values], tuple[float, float]],
    file: Path,
    name: str,
    trials: int,
    progress: Progress | None = None,
) -> list[Tried]:
    """Try values until there are so many trials, those of earlier calls included.

    They are chosen by the multivariate tree-structured Parzen estimator (Bergstra et al. 2011; Falkner et al. 2018),
    with what has to hold as its constraint; `start` is tried first.

    Args:
        space: What may be tried.
        start: What is in force.
        measure: Returns what values give, and by how much they break what has to hold.
        file: Where the studies are kept.
        name: Of this one: the same name goes on.
        trials: How many there are to be.
        progress: Called with (trials done, trials in all, the best so far).

    Returns:
        Every trial, in order.

    Raises:
        DatasetError: The file cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with closing(sqlite3.connect(file)) as database, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna calls what is used here experimental
            database.execute(_TABLE)
            tried = [
                Tried(json.loads(values), gained, worse)
                for values, gained, worse in database.execute(
                    "SELECT tried, gained, worse FROM trials WHERE study = ? ORDER BY rowid", (name,)
                )
            ]
            found: optuna.Study | None = None
            while len(tried) < trials:
                if progress:
                    progress(len(tried), trials, _best(tried))
                if not tried:
                    tried.append(Tried(dict(start), *measure(start)))
                else:
                    found = found or _opened(space, tried)
                    trial = found.ask()
                    values = {knob.name: _suggested(trial, knob) for knob in space}
                    tried.append(Tried(values, *measure(values)))
                    _tell(found, trial, tried[-1])
                row = name, json.dumps(tried[-1].values), tried[-1].gained, tried[-1].worse
                with database:
                    database.execute("INSERT INTO trials VALUES (?, ?, ?, ?)", row)
            return tried
    except sqlite3.Error as error:
        raise DatasetError(
            f"The studies in {file} cannot be used ({error}).", f"Remove {file}, and try anew."
        ) from error


def _opened(space: Sequence[Knob], tried: Sequence[Tried]) -> optuna.Study:
    """Return a study that knows what was tried; of what the owner set that no trial could, it knows nothing."""
    # Another seed for each time that a study goes on: it would try the same again.
    sampler = optuna.samplers.TPESampler(
        seed=len(tried), multivariate=True, n_startup_trials=STARTUP, constraints_func=_constraint
    )
    found = optuna.create_study(sampler=sampler, direction="maximize")
    for each in (each for each in tried if all(knob.has(each.values[knob.name]) for knob in space)):
        found.enqueue_trial(dict(each.values))
        trial = found.ask()
        for knob in space:
            _suggested(trial, knob)
        _tell(found, trial, each)
    return found


def _tell(found: optuna.Study, trial: Trial, tried: Tried) -> None:
    trial.set_user_attr(_WORSE, tried.worse)
    found.tell(trial, tried.gained)


def _constraint(trial: FrozenTrial) -> tuple[float]:
    return (trial.user_attrs.get(_WORSE, 0.0),)


def _suggested(trial: Trial, knob: Knob) -> float:
    if knob.whole:
        return trial.suggest_int(knob.name, int(knob.low), int(knob.high), step=int(knob.step))
    return trial.suggest_float(knob.name, knob.low, knob.high, log=knob.log)


def _best(tried: Sequence[Tried]) -> str:
    best = max((each.gained for each in tried if each.allowed), default=None)
    return "" if best is None else f"best {best:.3f}"
