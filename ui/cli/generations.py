"""The generations of the index: list, compare, verify, go back, and how they are printed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.call import Json, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.history import Difference, Generation
    from index.manifest import Manifest
    from index.store import Store

app = typer.Typer(help="The built indexes that are kept: list, compare, verify, go back.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a generation, or how it begins.")]


@app.command("list")
def list_generations(ctx: typer.Context, as_json: Json = False) -> None:
    """List the generations, the newest first; the one that answers is marked."""
    _print_generations(_store(ctx).generations(), as_json=as_json)


@app.command("verify")
def verify_generations(ctx: typer.Context, as_json: Json = False) -> None:
    """Read every file of every generation and compare its checksum. Exit status 1: something is damaged."""
    found = _store(ctx).generations(look_into=True)
    _print_generations(found, as_json=as_json)
    if any(generation.damage for generation in found):
        raise typer.Exit(1)


@app.command("diff")
def diff_generations(ctx: typer.Context, before: Name, after: Name, as_json: Json = False) -> None:
    """Show the documents and chunks that one generation adds to, changes in and removes from another."""
    _print_difference(_store(ctx).diff(before, after), as_json=as_json)


@app.command("promote")
def promote_generation(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Serve a generation, once it is verified. The next `coruja index` brings the index up to the corpus again."""
    _print_served(_store(ctx).promote(name), as_json=as_json)


@app.command("rollback")
def rollback_generation(ctx: typer.Context, as_json: Json = False) -> None:
    """Serve the generation before the served one."""
    _print_served(_store(ctx).rollback(), as_json=as_json)


@app.command("prune")
def prune_generations(
    ctx: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="How many to keep, the served one among them.")],
    as_json: Json = False,
) -> None:
    """Remove the oldest generations. The served one always stays."""
    removed = _store(ctx).prune(keep)
    if as_json:
        console.print_json({"removed": removed})
    else:
        console.show(console.text("\n".join(f"removed {name}" for name in removed) or "Nothing to remove."))


def _store(ctx: typer.Context) -> "Store":
    from assistant.workspace.opening import open_store

    return open_store(*called(ctx).settings())


def _print_generations(generations: "Sequence[Generation]", *, as_json: bool) -> None:
    """Print one line for each generation; the served one is marked."""
    if as_json:
        console.print_json({"generations": [_generation_dict(generation) for generation in generations]})
        return
    for generation in generations:
        made = generation.manifest
        created = made.created[:19].replace("T", " ") if made else ""
        line = f"{'*' if generation.served else ' '} {generation.name}  {created}  {_counts(made) if made else ''}"
        console.show(line.rstrip(), (f"  damaged: {generation.damage}" if generation.damage else "", "red"))


def _generation_dict(generation: "Generation") -> dict[str, Any]:
    made = generation.manifest
    return {
        "generation": generation.name,
        "served": generation.served,
        "created": made.created if made else None,
        "documents": made.documents if made else None,
        "chunks": made.chunks if made else None,
        "embedder": made.embedder if made else None,
        "damage": generation.damage,
    }


def _print_difference(difference: "Difference", *, as_json: bool) -> None:
    """Print what one generation adds to, changes in and removes from another: documents, then chunks."""
    if as_json:
        console.print_json(asdict(difference))
        return
    for noun, changes in (("document", difference.documents), ("chunk", difference.chunks)):
        counts = (len(changes.added), len(changes.changed), len(changes.removed))
        console.show("{}s: {} added, {} changed, {} removed".format(noun, *counts))
        for sign, style, names in (
            ("+", "green", changes.added),
            ("~", "yellow", changes.changed),
            ("-", "red", changes.removed),
        ):
            for name in names:
                console.show((f"  {sign} ", style), console.one_line(name))


def _print_served(manifest: "Manifest", *, as_json: bool) -> None:
    """Print which generation answers from now on."""
    if as_json:
        console.print_json({"served": manifest.generation})
    else:
        console.show(f"Generation {manifest.generation} answers now: {_counts(manifest)}.")


def _counts(made: "Manifest") -> str:
    return f"{console.counted(made.documents, 'document')}, {console.counted(made.chunks, 'chunk')}"
