"""What every verb shares: what was asked for before it, the options that many take, and the assistant that it opens."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.settings import Settings
    from assistant.workspace.build import BuildReport
    from index.store import Store

EXIT_PROBLEMS = 3
EXIT_GATE = 4
AT_FIRST = 2.0
"""Seconds that a first question waits for encoding: enough for a few pages."""


@dataclass
class Call:
    """What was asked for before the verb, and whether the verb prints JSON."""

    workspace: Path | None = None
    debug: bool = False
    as_json: bool = False

    def settings(self, **overrides: object) -> "tuple[Path, Settings]":
        """Find the workspace and read its settings; an override that is None was not given."""
        from assistant.workspace.folder import find_workspace, read_settings

        workspace = find_workspace(self.workspace)
        return workspace, read_settings(workspace, **overrides)

    def settings_anywhere(self, **overrides: object) -> "Settings":
        """Read settings for what needs no workspace: those of this folder, or the defaults."""
        from assistant.workspace.folder import read_settings

        return read_settings(self.workspace or Path.cwd(), **overrides)

    def open(self, **overrides: object) -> "Assistant":
        """Open the assistant; where nothing was indexed yet, index first."""
        from assistant.assistant import Assistant

        return Assistant.open_or_build(*self.settings(**overrides), build=_first_build)


def called(ctx: typer.Context) -> Call:
    """Return what was asked for before the verb."""
    return ctx.ensure_object(Call)


def build(
    workspace: Path, settings: "Settings", shard: tuple[int, int] | None = None, store: "Store | None" = None
) -> "BuildReport":
    """Build the index with a progress bar."""
    from assistant.workspace.build import build

    with console.progress_bar("Indexing") as advance:
        return build(workspace, settings, progress=advance, shard=shard, store=store)


def encode(
    workspace: Path, settings: "Settings", store: "Store | None" = None, *, seconds: float = float("inf")
) -> None:
    """Encode what was indexed, for so many seconds at most, with a progress bar; Ctrl-C ends it without loss."""
    from assistant.workspace.build import encode

    end = monotonic() + seconds

    with console.progress_bar("Reading for meaning") as advance:
        try:
            for done, total in encode(workspace, settings, store=store):
                advance(done, total, "reading for meaning")
                if monotonic() > end:
                    break
        except KeyboardInterrupt:
            console.say("Interrupted: questions are answered already, a little worse. To go on: coruja index")


def _first_build(workspace: Path, settings: "Settings") -> None:
    console.say("No index yet: building it now, once.")
    for problem in build(workspace, settings).problems:
        console.say(f"problem {problem.path}: {problem.why} — {problem.fix}")
    encode(workspace, settings, seconds=AT_FIRST)


def _remember_json(ctx: typer.Context, as_json: bool) -> bool:
    ctx.ensure_object(Call).as_json = as_json
    return as_json


Json = Annotated[bool, typer.Option("--json", callback=_remember_json, help="Print JSON and nothing else.")]
Hits = Annotated[int | None, typer.Option("-k", "--hits", help="How many hits; the setting `k` when not given.")]
Writer = Annotated[str | None, typer.Option(help="Who writes: auto, extractive or ollama.")]
