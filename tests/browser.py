"""A real page in a real browser: the web chat as a child process, and Chromium without a screen."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from commandline import CORUJA, environment
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
UNREACHABLE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Every name but the loopback address fails to resolve: a request that slips out is seen and goes nowhere."""

START_SECONDS = 120


@contextmanager
def serving(folder: Path, *words: str, **settings: str) -> Iterator[str]:
    """Run `coruja ui` in a workspace and yield the address that it prints."""
    with talking(folder, *words, **settings) as (address, _):
        yield address


@contextmanager
def talking(folder: Path, *words: str, **settings: str) -> "Iterator[tuple[str, Queue[str]]]":
    """Run `coruja ui` in a workspace and yield the address that it prints, and the lines that it prints after it."""
    command = [str(CORUJA), "ui", *words]
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(**{"CORUJA_PORT": "0", **settings}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    said: Queue[str] = Queue()
    threading.Thread(target=_read, args=(child, said), daemon=True).start()
    try:
        yield _address(said), said
    finally:
        child.terminate()
        child.wait(timeout=START_SECONDS)
        if child.stdout:
            child.stdout.close()


def _read(child: "subprocess.Popen[str]", said: "Queue[str]") -> None:
    for line in child.stdout or ():
        said.put(line)
    said.put("")


def _address(said: "Queue[str]") -> str:
    """Return the address in what the child says; everything it said is told when there is none."""
    heard = ""
    while line := said.get(timeout=START_SECONDS):
        heard += line
        if line.startswith("Coruja: http://"):
            return line.split()[1]
    raise AssertionError(f"`coruja ui` ended without an address:\n{heard}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium; without one a test fails and says how to get it."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise AssertionError("No Chromium found. Install it (Debian: apt-get install chromium) or set CHROMIUM.")
    arguments = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={UNREACHABLE}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, address: str, locale: str = "pt-BR") -> tuple[Page, list[Request]]:
    """Open the chat in a fresh profile; return the page and every request that it makes from then on."""
    page = browser.new_context(locale=locale, viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(START_SECONDS * 1000)
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    page.goto(address)
    page.wait_for_selector("#question textarea")
    page.wait_for_selector(".evidence")
    return page, requests


def send(page: Page, question: str) -> None:
    """Type a question, send it and wait until the page has taken it."""
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    expect(box).to_have_value("", timeout=60_000)


def ask(page: Page, question: str) -> None:
    """Send a question and wait for the whole answer's evidence."""
    send(page, question)
    page.wait_for_selector(".evidence .writer")
