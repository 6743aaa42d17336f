"""The card: it says what is served and what was measured of it, and never more than that."""

import re
import shutil
from pathlib import Path

import pytest
from commandline import coruja

from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.folder import read_settings
from eval.card import make_card
from eval.datasets.example import Evidence
from eval.pages.page import card_page, card_text
from eval.report import Report
from eval.row import Cited, Row

RIGHT = Row(
    "1", "O que é?", "direta", "fato", ("a",), True, (Evidence("a.md", "x"),), "", "", "answered", evidence_shown=True
)
SILENT = Row("2", "E | ou\n<b>?", "coloquial", "fato", ("b",), True, (Evidence("b|c.md", "y"),), "", "", "abstained")
MISLED = Row("3", "Quanto?", "direta", "fato", (), False, (), "", "", "answered", cited=(Cited("a.md", 1, 1, "x"),))


@pytest.fixture
def settings(page_workspace: Path) -> Settings:
    return read_settings(page_workspace, writer="extractive", caution=0.7, exclude=("rascunhos/",))


def report_of(page: Assistant, settings: Settings) -> Report:
    made = {
        "dataset": "perguntas",
        "generation": page.index.manifest.generation,
        "settings": settings.answering(),
    }
    return Report(made, (RIGHT, SILENT, MISLED))


def cells(markdown: str, first: str) -> list[str]:
    """Return the cells of the table row that begins with a cell."""
    row = next(line for line in markdown.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_it_says_what_is_served_and_how_it_was_set(page_workspace: Path, page: Assistant, settings: Settings) -> None:
    text = card_text(make_card(page_workspace, settings, page.index.manifest, None))
    assert page.index.manifest.generation in cells(text, "generation")[1]
    assert cells(text, "left out") == ["left out", "rascunhos/"]
    assert cells(text, "embedder")[1::2] == ["coruja", "Apache-2.0"]
    assert cells(text, "encoder")[1::2] == ["multilingual-e5-small", "MIT"]
    assert (cells(text, "`caution`"), cells(text, "`k`")) == (["`caution`", "0.7", "chosen"], ["`k`", "10", ""])
    assert "Not measured" in text
    assert re.search(r"^- MIT: .*\brich \d", text, re.MULTILINE)


def test_its_figures_are_those_of_the_run_and_its_failures_are_named(
    page_workspace: Path, page: Assistant, settings: Settings
) -> None:
    report = report_of(page, settings)
    card = make_card(page_workspace, settings, page.index.manifest, report)
    text = card_text(card)
    assert cells(text, "correct")[1] == "33.3 %"
    assert cells(text, "evidence shown")[1] == "50.0 %"
    assert cells(text, "coloquial")[1:3] == ["1", "0.0 %"]
    assert "than what is served now" not in text
    assert [row.id for row in card.failures] == ["3", "2"]
    assert "Quanto? — answered, though the documents do not say" in text
    assert r"- E \| ou &lt;b>? — needlessly silent; it stands in b\|c.md" in text
    assert "never found: a.md (1), b\\|c.md (1)." in text
    assert card.to_dict()["measured"]["wrongly_preferred"] == ["a.md"]


def test_figures_of_something_else_are_told_as_such(page_workspace: Path, page: Assistant, settings: Settings) -> None:
    other = settings.model_copy(update={"k": 3})
    card = make_card(page_workspace, other, page.index.manifest, report_of(page, settings))
    assert "another generation, or other settings, than what is served now" in card_text(card)
    assert card.to_dict()["measured"]["served_now"] is False


def test_its_page_needs_nothing_and_runs_nothing(page_workspace: Path, page: Assistant, settings: Settings) -> None:
    report = report_of(page, settings)
    shown = card_page(make_card(page_workspace, settings, page.index.manifest, report))
    assert "E | ou\n&lt;b&gt;?" in shown
    assert not re.search(r"<script|<link|src=|url\(|@import", shown)


def test_it_is_typed(page_workspace: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(page_workspace, tmp_path / "w"))
    (folder / "corpus" / "LICENCE.txt").write_text("CC BY", "utf-8")
    (folder / "coruja.toml").write_text('exclude = ["LICENCE.txt"]\n[index]\ntoken = "user:secret"\n', "utf-8")
    shown = coruja(folder, "card")
    assert "- documents: see LICENCE.txt beside them" in shown.stdout, shown.stderr
    assert "secret" not in shown.stdout
    assert coruja(folder, "card", "--out", "card.html").stdout == "Card: card.html\n"
    assert (folder / "card.html").read_text("utf-8").startswith("<!doctype html>")
    assert "There is no finished run 'nada'" in coruja(folder, "card", "nada").stderr
