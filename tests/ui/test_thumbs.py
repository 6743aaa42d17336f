"""Thumbs on the page, in a real browser: what a person says of an answer is a label of the journal."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ask, chromium, open_page, send, serving
from commandline import coruja
from playwright.sync_api import Browser

RIGHT, WRONG = "A resposta está certa", "A resposta está errada"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def folder(page_workspace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(page_workspace, tmp_path / "w"))


def labelled(folder: Path) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(coruja(folder, "labels", "list", "--labelled", "--json").stdout)["answers"]
    return {each["question"]: each["label"] for each in found}


def test_thumbs_label_the_answers_that_they_stand_at(browser: Browser, folder: Path) -> None:
    with serving(folder, CORUJA_WRITER="extractive", CORUJA_LOG="true") as address:
        page, _ = open_page(browser, address)
        ask(page, "O que faz o SageMaker Clarify?")
        send(page, "Qual é a capital da Mongólia?")
        page.wait_for_selector(".evidence:has-text('não respondem')")
        for at, thumb in ((0, RIGHT), (1, WRONG)):
            page.get_by_label(thumb).nth(0 if thumb == RIGHT else at).click()
            page.wait_for_timeout(1500)
    assert labelled(folder) == {
        "O que faz o SageMaker Clarify?": "accepted",
        "Qual é a capital da Mongólia?": "rejected",
    }


def test_what_is_not_kept_is_not_asked_about(browser: Browser, folder: Path) -> None:
    with serving(folder, CORUJA_WRITER="extractive") as address:
        page, _ = open_page(browser, address)
        ask(page, "O que faz o SageMaker Clarify?")
        assert page.get_by_label(RIGHT).count() == 0
