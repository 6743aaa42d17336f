"""Evaluation: the verbs of `eval`; those that measure on a folder in BEIR layout stand here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli import console
from ui.cli.call import Json, called
from ui.cli.measuring import datasets, gate, judging, running, tracking

app = typer.Typer(help="Measure retrieval and answers on a data set.", no_args_is_help=True)
app.command("run")(running.eval_run)
app.command("compare")(running.eval_compare)
app.command("gate")(gate.eval_gate)
app.command("judge")(judging.judge)
app.command("track")(tracking.track)
app.command("check")(datasets.check)
app.command("import")(datasets.import_)
app.command("draft")(datasets.draft)
app.command("accept")(datasets.accept)


@app.command("beir")
def eval_beir(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    embedder: Annotated[
        str | None, typer.Option(help="Embedding model; the setting `embedder` when not given.")
    ] = None,
    reranker: Annotated[str | None, typer.Option(help="Reranker; the setting `reranker` when not given.")] = None,
    as_json: Json = False,
) -> None:
    """Measure retrieval alone on a folder in BEIR layout, through the same index as answers."""
    from assistant.workspace.opening import open_embedder, open_reranker
    from eval.beir import run_beir

    settings = called(ctx).settings_anywhere(embedder=embedder, reranker=reranker)
    with console.progress_bar("Measuring") as advance:
        result = run_beir(folder, open_embedder(settings), reranker=open_reranker(settings), progress=advance)
    _print_result(folder.name, result, as_json=as_json)


@app.command("answers")
def eval_answers(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and answers.jsonl.")],
    as_json: Json = False,
) -> None:
    """Measure quoted answers on a folder in BEIR layout with answers: the sentence, and the span marked in it."""
    from eval.answers import run_answers

    settings = called(ctx).settings_anywhere()
    with console.progress_bar("Measuring") as advance:
        result = run_answers(folder, settings, progress=advance)
    _print_result(folder.name, result, as_json=as_json)


def _print_result(name: str, result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a folder's measuring returned: its measures, how many queries and seconds."""
    if as_json:
        console.print_json(result)
    else:
        _print_measures({name: {**result["measures"], "queries": result["queries"], "seconds": result["seconds"]}})


def _print_measures(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print measures as a table: a row for each measure, a column for each name."""
    measures = dict.fromkeys(measure for column in columns.values() for measure in column)
    rows = ((measure, *(_figure(column.get(measure)) for column in columns.values())) for measure in measures)
    console.show_table(("", *columns), rows, right=columns)


def _figure(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
