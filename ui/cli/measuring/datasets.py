"""Data sets for `coruja eval`: checked against the corpus, imported, drafted, accepted; and how that is printed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import DatasetError
from ui.cli import console
from ui.cli.call import EXIT_PROBLEMS, Json, Writer, called

if TYPE_CHECKING:
    from assistant.settings import Settings
    from eval.datasets.checking import Broken
    from eval.datasets.drafting import Ask

Dataset = Annotated[Path, typer.Argument(help="A .jsonl file, or a packaged set (aws_sagemaker).")]
_SHOWN = 240  # characters of a quote that are printed


def check(ctx: typer.Context, dataset: Dataset, as_json: Json = False) -> None:
    """Check that every quote of a data set still stands in the corpus and can be found. Exit status 3: some do not."""
    from eval.datasets.checking import check_dataset
    from eval.datasets.corpus import cut_corpus
    from eval.datasets.reading import read_all

    examples = read_all(dataset)
    broken = check_dataset(examples, cut_corpus(*called(ctx).settings()))
    if as_json:
        console.print_json({"questions": len(examples), "broken": [each.to_dict() for each in broken]})
    else:
        quotes = sum(len(example.evidence) for example in examples)
        console.show(f"{console.counted(quotes, 'quote')} of {console.counted(len(examples), 'question')}:", end=" ")
        console.show(f"{console.counted(len(broken), 'quote')} broken." if broken else "all stand in the corpus.")
        show_broken(broken)
    if broken:
        raise typer.Exit(EXIT_PROBLEMS)


def show_broken(broken: "Sequence[Broken]") -> None:
    """Print each quote that does not stand in the corpus, with the nearest text."""
    for each in broken:
        console.show((f"{each.fault} ", "yellow"), console.one_line(f"{each.example} ({each.doc}): {each.question}"))
        console.show(("  - ", "red"), console.one_line(each.quote[:_SHOWN]))
        if each.nearest:
            where = "" if each.nearest_doc.endswith(each.doc) and each.doc else f"{each.nearest_doc}: "
            console.show(("  + ", "green"), console.one_line(f"{where}{each.nearest[:_SHOWN]}"))


def import_(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="A .csv file, SQuAD's .json, or a folder in BEIR layout.")],
    out: Annotated[Path, typer.Option(help="The .jsonl file to write.")],
    as_json: Json = False,
) -> None:
    """Write a data set in another format as one of ours."""
    from eval.datasets.example import write_dataset
    from eval.datasets.importing import import_dataset

    if out.exists():
        raise DatasetError(f"{out} is there already.", "Choose another --out, or remove it.")
    examples = import_dataset(source)
    write_dataset(out, examples)
    _told(out, len(examples), "imported", as_json=as_json)


def draft(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="The .jsonl file to add to.")],
    count: Annotated[int, typer.Option(min=1, help="How many questions at most.")] = 20,
    writer: Writer = None,
    as_json: Json = False,
) -> None:
    """Propose questions from the corpus: by the chat model where there is one, else by rule. They stay pending."""
    from eval.datasets.corpus import cut_corpus
    from eval.datasets.drafting import draft
    from eval.datasets.example import write_dataset
    from eval.datasets.reading import read_all

    workspace, settings = called(ctx).settings(writer=writer)
    there = read_all(out) if out.exists() else []
    asked = {example.question.lower() for example in there}
    drafted = draft(cut_corpus(workspace, settings), count + len(there), ask=_model(settings))
    new = [example for example in drafted if example.question.lower() not in asked][:count]
    if not new:
        message = "Nothing new could be drafted: no heading asks, no step, row or definition names one thing."
        raise DatasetError(message, "Write questions yourself, or let a chat model draft: --writer ollama")
    write_dataset(out, [*there, *new])
    _told(out, len(new), "drafted", as_json=as_json)


def _model(settings: "Settings") -> "Ask | None":
    from assistant.models.choice import model_away, open_model
    from eval.datasets.drafting import asked_by

    if settings.writer == "extractive":
        return None
    if why := model_away(settings):
        console.say(f"Drafting by rule: {why}")
        return None
    return asked_by(open_model(settings))


def accept(
    ctx: typer.Context,
    dataset: Annotated[Path, typer.Argument(help="A .jsonl file with pending questions.")],
    ids: Annotated[
        list[str] | None, typer.Argument(help="The questions' ids; without any, the pending are listed.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are pending.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Take them out instead.")] = False,
    as_json: Json = False,
) -> None:
    """Accept drafted questions, or reject them; only what is accepted is measured."""
    from dataclasses import replace

    from eval.datasets.example import write_dataset
    from eval.datasets.reading import read_all

    examples = read_all(dataset)
    pending = {example.id: example for example in examples if example.state == "pending"}
    chosen = set(pending) if every else set(ids or ())
    if unknown := sorted(chosen - set(pending)):
        raise DatasetError(f"{dataset} has no pending question {unknown[0]!r}.", f"coruja eval accept {dataset}")
    if chosen:
        kept = (example for example in examples if not (reject and example.id in chosen))
        write_dataset(dataset, [replace(each, state="accepted") if each.id in chosen else each for each in kept])
    if as_json:
        left = [example.to_dict() for name, example in pending.items() if name not in chosen]
        console.print_json({"rejected" if reject else "accepted": sorted(chosen), "pending": left})
        return
    if chosen:
        console.show(f"{console.counted(len(chosen), 'question')} {'rejected' if reject else 'accepted'}.")
    for example in (example for name, example in pending.items() if name not in chosen):
        console.show((f"{example.id}  ", "bold"), console.one_line(example.question))
        console.show(
            ("    ", ""), console.one_line(example.evidence[0].quote[:_SHOWN] if example.evidence else "", "dim")
        )


def _told(out: Path, count: int, how: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json({"file": str(out), how: count})
    else:
        console.show(console.text(f"{console.counted(count, 'question')} {how}: {out}"))
