"""Tracking: a run with its settings, measures and report, in an MLflow store. The one file that knows MLflow."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from eval.report import Report, read_report
from eval.run import PAGE, REPORT, TIMINGS
from ingest.errors import DatasetError, said

_REPORT_TAG = "coruja.report"
_LOCAL = "sqlite:///"


def track(folder: Path, uri: str, experiment: str = "coruja") -> str:
    """Log a finished run; one that is there already is not logged again.

    Parameters are what was measured and the settings; metrics the measures, each with the ends of its interval
    (`NAME.low`, `NAME.high`); artifacts the report, its page and the timings.

    Args:
        folder: The run (see `eval.run`).
        uri: Where: `sqlite:///PATH` (what is logged lies beside it), or a server's `http://…`.
        experiment: Under which name.

    Returns:
        The run's id in MLflow.

    Raises:
        DatasetError: There is no report, or the store cannot be used.
    """
    report = read_report(folder / REPORT)
    digest = hashlib.sha256((folder / REPORT).read_bytes()).hexdigest()
    with explained(uri):
        client = MlflowClient(tracking_uri=uri)
        where = _experiment(client, uri, experiment)
        if there := client.search_runs([where], f"tags.`{_REPORT_TAG}` = '{digest}'", max_results=1):
            return str(there[0].info.run_id)
        run = client.create_run(where, run_name=folder.name).info.run_id
        now = int(time() * 1000)
        client.log_batch(
            run,
            metrics=[Metric(name, value, now, 0) for name, value in _metrics(report).items()],
            params=[Param(name, value) for name, value in _params(report.made).items()],
        )
        for name in (REPORT, PAGE, TIMINGS):
            if (folder / name).exists():
                client.log_artifact(run, str(folder / name))
        client.log_batch(run, tags=[RunTag(_REPORT_TAG, digest)])  # last: what was interrupted is logged anew
        client.set_terminated(run)
        return str(run)


def _experiment(client: MlflowClient, uri: str, name: str) -> str:
    """Return the id of an experiment, which is made when it is not there."""
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    local = uri.startswith(_LOCAL)
    beside = Path(uri.removeprefix(_LOCAL)).absolute().with_suffix("") / "artifacts"
    return str(client.create_experiment(name, artifact_location=beside.as_uri() if local else None))


def _metrics(report: Report) -> dict[str, float]:
    """Return the measures by names that MLflow takes: no `@`."""
    return {
        f"{name.replace('@', '_at_')}{end}": value
        for name, each in report.measures().items()
        for end, value in (("", each.value), (".low", each.low), (".high", each.high))
    }


def _params(made: Mapping[str, Any]) -> dict[str, str]:
    own = {name: value for name, value in made.items() if name != "settings"}
    return {name: str(value) for name, value in {**own, **made.get("settings", {})}.items()}


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Turn whatever MLflow, and what it calls, raises into `DatasetError`: their errors share no class.

    Args:
        uri: The store that is used.

    Raises:
        DatasetError: Something was raised.
    """
    try:
        yield
    except Exception as error:
        message = f"The MLflow store {uri} cannot be used ({said(error)})."
        raise DatasetError(message, "Check --to: sqlite:///runs.db, or the address of a server.") from error
