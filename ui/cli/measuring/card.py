"""The card: `coruja card`, what is served and how well it answers, as Markdown or as a page."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.call import Json, called


def card(
    ctx: typer.Context,
    run: Annotated[str | None, typer.Argument(help="A finished run; the one accepted last when not given.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write: a page if .html, else Markdown.")] = None,
    as_json: Json = False,
) -> None:
    """Tell what is served: documents, models, settings, measures, known failures and licences."""
    from assistant.workspace.opening import open_embedder, open_index
    from eval.card import make_card
    from eval.pages.page import card_page, card_text
    from eval.report import read_report
    from eval.run import REPORT
    from eval.runs import accepted_last, find_run

    workspace, settings = called(ctx).settings()
    report = read_report(find_run(workspace, run) / REPORT) if run else accepted_last(workspace)
    index = open_index(workspace, settings, open_embedder(settings))
    made = make_card(workspace, settings, index.manifest, report)
    index.close()
    if out:
        out.write_text(
            card_page(made) if out.suffix.lower() in (".html", ".htm") else card_text(made), encoding="utf-8"
        )
    if as_json:
        console.print_json(made.to_dict())
    elif out:
        console.show(console.text(f"Card: {out}"))
    else:
        console.show(console.text(card_text(made)), end="")
