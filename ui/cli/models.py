"""Models: `embedders`, `models` and `prompts`, and how they are printed."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.errors import ModelUnavailable, UserError
from ui.cli import console, trying
from ui.cli.call import Json, called

if TYPE_CHECKING:
    from assistant.models.catalogue import Installed, KnownModel
    from eval.trials.trial import Trial
    from ui.embedders import Choice

embedding_app = typer.Typer(invoke_without_command=True)
chat_app = typer.Typer(help="List chat models, try one, or have Ollama download one.", invoke_without_command=True)
chat_app.command("try")(trying.try_model)


@embedding_app.callback()
def embedders(ctx: typer.Context, as_json: Json = False) -> None:
    """List the embedding models and rerankers that are ready to be chosen, and which are on this machine."""
    if ctx.invoked_subcommand:
        return
    from ui.embedders import choices

    found = choices(called(ctx).settings_anywhere())
    if as_json:
        console.print_json({"models": [choice.to_dict() for choice in found]})
    else:
        _print_choices(found)


@embedding_app.command()
def pull(name: Annotated[str, typer.Argument(help="A name or alias of the list, or any other hub name.")]) -> None:
    """Download a model from the Hugging Face hub. Nothing is downloaded unasked."""
    from ui.embedders import fetch

    folder = fetch(name, progress=sys.stderr.isatty())
    console.say(f"{name} is on this machine now: {folder}")


@chat_app.callback()
def list_models(ctx: typer.Context, as_json: Json = False) -> None:
    """List the models that Ollama has, what they brought when tried, and the small ones known to write Portuguese."""
    if ctx.invoked_subcommand:
        return
    from assistant.models.catalogue import catalogue, installed
    from assistant.models.memory import free_memory

    tried, free = trying.tried_before(called(ctx)), free_memory()
    settings = called(ctx).settings_anywhere()
    try:
        there, away = installed(settings.ollama_url), None
    except ModelUnavailable as error:
        there, away = [], error
    if as_json:
        told = {"tried": [trial.to_dict() for trial in tried], "free_memory_gb": round(free, 1)}
        console.print_json(_models_dict(there, catalogue(), settings.model, away) | told)
    else:
        _print_models(there, settings.model, tried, away)
        _print_catalogue([entry for entry in catalogue() if entry.name not in _names(there)], free)


@chat_app.command("pull")
def pull_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="As Ollama names it: qwen3:4b-instruct.")],
    as_json: Json = False,
) -> None:
    """Have Ollama download a model. What is there when it is interrupted is kept."""
    from assistant.models.catalogue import pull

    settings = called(ctx).settings_anywhere()
    try:
        with console.progress_bar(f"Downloading {name}", in_bytes=True) as advance:
            for step in pull(name, settings.ollama_url):
                advance(step.done, step.total, step.what)
    except KeyboardInterrupt:
        console.say(f"Interrupted. The same command goes on where it stopped: coruja models pull {name}")
        raise
    if as_json:
        console.print_json({"model": name, "status": "success"})
    else:
        typer.echo(f'{name} is there. To write with it: CORUJA_MODEL={name}, or `model = "{name}"` in coruja.toml')


def prompts(as_json: Json = False) -> None:
    """Show what a model is told, each prompt with its version and digest."""
    from assistant.writing.prompt import all_prompts

    shown = [asdict(prompt) | {"digest": prompt.digest} for prompt in all_prompts()]
    if as_json:
        console.print_json({"prompts": shown})
    else:
        _print_prompts(shown)


def _print_choices(found: "Sequence[Choice]") -> None:
    """Print the models that can be chosen as a table; a star marks those in use."""
    headings = ("", "name", "alias", "here", "vectors", "MB", "licence", "note")
    console.show_table(headings, map(_choice_row, found), right={"vectors", "MB"})


def _choice_row(choice: "Choice") -> tuple[str, ...]:
    model, here = choice.model, "yes" if choice.here else "no"
    figures = (str(model.dimension or model.kind), str(model.megabytes))
    return ("*" * choice.chosen, model.name, model.alias, here, *figures, model.licence, model.note)


def _names(there: "Sequence[Installed]") -> set[str]:
    return {model.name.removesuffix(":latest") for model in there}


def _print_models(there: "Sequence[Installed]", chosen: str, tried: "Sequence[Trial]", away: UserError | None) -> None:
    """Print the models that Ollama has, each with what it brought when it was tried."""
    from assistant.models.status import full_name

    if away:
        console.say(str(away))
    for model in there:
        mark = "*" if model.name.removesuffix(":latest") == chosen else " "
        size = console.one_line(f"{model.name:<18} {model.disk:.1f} GB")
        console.show((f"{mark} {'installed':<12}", "green"), size)
        for trial in tried:
            if full_name(trial.model) == full_name(model.name):
                told = f"{trial.when[:10]}, {trial.questions}: {trial.recommendation}"
                console.show((f"{'':<15}", "dim"), console.one_line(told))
    if there:
        console.show("Is one worth it on these documents? Ask: coruja models try NAME")


def _print_catalogue(known: "Sequence[KnownModel]", free: float) -> None:
    """Print the models that Ollama could have; `free` are the GB of memory that are free, 0 for unknown."""
    for entry in known:
        fits = "" if not free else ", fits now" if entry.memory <= free else ", more than is free now"
        sizes = f"{entry.disk:.1f} GB on disk, about {entry.memory:.1f} GB of memory{fits}"
        console.show((f"  {'to download':<12}", "cyan"), f"{entry.name:<18} {sizes}, {entry.licence}")
        measured = " Measured by us: LOG.md." if entry.measured else ""
        console.show((f"{'':<15}Portuguese: {entry.portuguese}. {entry.note}{measured}", "dim"))
        console.show((f"{'':<15}{entry.source}", "dim"))
    if free:
        console.show(f"Free memory: {free:.1f} GB.")
    console.show("Download one with: coruja models pull NAME")


def _models_dict(
    there: "Sequence[Installed]", known: "Sequence[KnownModel]", chosen: str, away: UserError | None
) -> dict[str, Any]:
    """Return the models as the documented JSON object."""
    return {
        "model": chosen,
        "installed": [asdict(model) for model in there],
        "catalogue": [asdict(entry) for entry in known],
        "notice": str(away) if away else "",
    }


def _print_prompts(prompts: Sequence[Mapping[str, Any]]) -> None:
    """Print what a model is told."""
    for prompt in prompts:
        head = f"{prompt['name']}  version {prompt['version']}  {prompt['digest']}"
        console.show((head, "bold cyan"), "  ", prompt["purpose"], "\n")
        console.show(f"{prompt['rules']}\n\n---\n\n{prompt['asked']}\n")
