"""The journal of answers: labelling it, exporting what was labelled, watching it; and how that is printed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.errors import JournalError, SettingsError
from ui.cli import console
from ui.cli.call import EXIT_GATE, Json, called

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.workspace.journal import Journal
    from eval.asked.clusters import Embed
    from eval.asked.labels import Wanted
    from eval.asked.monitor import Watch

app = typer.Typer(help="Say which answers were right, and make a data set of it.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The answer's number in `coruja labels list`.")]
Reference = Annotated[str, typer.Option(help="What you would have answered.")]


@app.command("list")
def list_labels(
    ctx: typer.Context,
    count: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    labelled: Annotated[bool, typer.Option("--labelled", help="Those that bear a label instead.")] = False,
    as_json: Json = False,
) -> None:
    """List answers that nobody has labelled: first what would teach most, near the threshold or often unanswered."""
    from assistant.evidence.answerable import threshold
    from eval.asked.labels import Wanted, queue

    _, settings, journal = _opened(ctx)
    entries = journal.entries()
    if labelled:
        found = [Wanted(entry, 0.0, entry.label) for entry in entries if entry.label]
    else:
        found = queue(entries, threshold(settings.caution), _embed(settings))
    if as_json:
        console.print_json({"answers": [_wanted_dict(each) for each in found[:count]]})
        return
    for each in found[:count]:
        _show_wanted(each)
    if len(found) > count:
        console.say(f"{len(found) - count} more: --count {len(found)}")


@app.command("accept")
def accept_label(ctx: typer.Context, number: Number, reference: Reference = "", as_json: Json = False) -> None:
    """Say that an answer, or a silence, was right."""
    _, _, journal = _opened(ctx)
    journal.label(number, "accepted", reference)
    _told(number, "accepted", as_json=as_json)


@app.command("reject")
def reject_label(
    ctx: typer.Context,
    number: Number,
    reference: Reference = "",
    doc: Annotated[str, typer.Option(help="The document that answers.")] = "",
    quote: Annotated[str, typer.Option(help="Where it does, word for word.")] = "",
    as_json: Json = False,
) -> None:
    """Say that an answer was wrong and, if you know it, what would be right."""
    _, _, journal = _opened(ctx)
    journal.label(number, "rejected", reference, [(doc, quote)] if quote else [])
    _told(number, "rejected", as_json=as_json)


@app.command("export")
def export_labels(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="The .jsonl file to write.")],
    as_json: Json = False,
) -> None:
    """Write what was labelled as a data set; what was rejected without a quote that is right is left out."""
    from eval.asked.labels import exported
    from eval.datasets.example import write_dataset

    _, _, journal = _opened(ctx)
    examples = exported(journal.entries())
    write_dataset(out, examples)
    if as_json:
        console.print_json({"file": str(out), "exported": len(examples)})
    else:
        console.show(console.text(f"{console.counted(len(examples), 'question')} exported: {out}"))


def monitor(
    ctx: typer.Context,
    days: Annotated[float, typer.Option(min=0.01, help="The window: the last so many days.")] = 7.0,
    baseline: Annotated[float, typer.Option(min=0.01, help="The baseline: so many days before the window.")] = 28.0,
    alert: Annotated[
        bool, typer.Option("--alert", help="Exit status 4 where something drifted; post it to the setting `webhook`.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare what is asked and answered now with what was before, and name what the documents do not answer."""
    from eval.asked.monitor import watch

    _, settings, journal = _opened(ctx)
    now = datetime.now(UTC)
    begun = now - timedelta(days=days)
    before, after = journal.entries(begun - timedelta(days=baseline), begun), journal.entries(begun)
    found = watch(before, after, _embed(settings))
    if as_json:
        console.print_json(found.to_dict())
    else:
        _show_watch(found)
    if alert and found.alarms:
        if settings.webhook:
            _post(settings.webhook, found.to_dict())
        raise typer.Exit(EXIT_GATE)


def _opened(ctx: typer.Context) -> "tuple[Path, Settings, Journal]":
    from assistant.workspace.folder import BUILT_NAME
    from assistant.workspace.journal import NAME
    from assistant.workspace.opening import open_journal

    workspace, settings = called(ctx).settings()
    if not (workspace / BUILT_NAME / NAME).exists():
        message = "No answer was written down here yet."
        raise JournalError(message, "Set log = true in coruja.toml, and ask something.")
    return workspace, settings, open_journal(workspace, settings)


def _embed(settings: "Settings") -> "Embed":
    from assistant.workspace.opening import open_embedder

    return open_embedder(settings).embed_passages


def _show_wanted(wanted: "Wanted") -> None:
    entry = wanted.entry
    console.show((f"{entry.id}  ", "bold"), console.one_line(entry.question), "  ", console.one_line(wanted.why, "dim"))
    console.show("    ", console.one_line(str(entry.trace["answer"])[:200], "dim"))


def _wanted_dict(wanted: "Wanted") -> dict[str, Any]:
    entry = wanted.entry
    told: dict[str, Any] = {name: getattr(entry, name) for name in ("id", "at", "question", "status", "probability")}
    return {**told, "generation": entry.generation, "label": entry.label, "why": wanted.why, "trace": entry.trace}


def _told(number: int, label: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json({"id": number, "label": label})
    else:
        console.show(f"Answer {number}: {label}.")


def _show_watch(found: "Watch") -> None:
    from eval.asked.monitor import FEWEST

    console.show(f"{console.counted(found.window, 'answer')} now, {found.baseline} before.")
    if not found.signals:
        console.show(f"Too few to compare: {FEWEST} of each are needed.")
    rows = [
        (
            signal.name,
            f"{signal.before:.3g}",
            f"{signal.after:.3g}",
            f"{signal.p:.4f}",
            "drifted" if signal.alarm else "",
        )
        for signal in found.signals
    ]
    if rows:
        console.show_table(("", "before", "now", "p", ""), rows, right=("before", "now", "p"))
    for topic in found.topics:
        console.show((f"{topic.times} × ", "bold"), console.one_line(f"{topic.name}: {' / '.join(topic.questions)}"))


def _post(address: str, told: dict[str, Any]) -> None:
    """Post an alarm as JSON.

    Raises:
        SettingsError: The address cannot be reached, or does not take it.
    """
    import json
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    if not address.startswith(("http://", "https://")):
        raise SettingsError(f"The webhook {address} is no web address.", "Begin it with https://.")
    body = json.dumps(told).encode()
    try:
        urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=10).close()  # noqa: S310
    except (URLError, OSError) as error:
        raise SettingsError(f"The webhook {address} did not take the alarm ({error}).", "Check `webhook`.") from error
