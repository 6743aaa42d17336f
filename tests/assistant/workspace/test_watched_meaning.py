"""What is watched is encoded, bit by bit, and what keeps that from being done keeps nothing else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Event, Thread

from commandline import coruja, workspace

from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.build import BuildReport, build, encode
from assistant.workspace.folder import index_folder, read_settings
from assistant.workspace.watch import following, watch
from ingest.errors import EncodingFailed, UserError

QUESTION = "Quando fecha o estoque?"
SHOP, NETWORK = "# Loja\n\nO estoque fecha na sexta-feira.\n", "# Rede\n\nA rede cai às segundas.\n"
BOUND = 30.0
"""Seconds within which an edit has to be known, however busy the machine."""


def settings(folder: Path) -> Settings:
    return read_settings(folder, writer="extractive")


def write(folder: Path, name: str, text: str) -> None:
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "corpus" / name).write_text(text, encoding="utf-8")


def meant(folder: Path) -> bool:
    """Tell whether everything that is found has been encoded, of two documents at least."""
    assistant = Assistant.open(folder, settings(folder))
    try:
        found = [hit.signals["meaning"] for hit in assistant.search(QUESTION, 5)]
    finally:
        assistant.close()
    return len(found) > 1 and all(found)


def until(known: Callable[[], bool]) -> None:
    """Ask over and over until something holds."""
    started = time.monotonic()
    while not known():
        assert time.monotonic() - started < BOUND, "not known in time"
        time.sleep(0.05)


@contextmanager
def watching(folder: Path, told: "Callable[[BuildReport | UserError], None]") -> Iterator[None]:
    stop = Event()
    thread = Thread(target=watch, args=(folder, settings(folder), told, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(BOUND)
        assert not thread.is_alive()


def test_what_is_watched_is_encoded_and_an_edit_again(tmp_path: Path) -> None:
    write(tmp_path, "loja.md", SHOP)
    write(tmp_path, "rede.md", NETWORK)
    told: Queue[BuildReport | UserError] = Queue()
    with watching(tmp_path, told.put):
        assert isinstance(told.get(timeout=BOUND), BuildReport)
        until(lambda: meant(tmp_path))
        write(tmp_path, "loja.md", SHOP.replace("na sexta-feira", "no sábado"))
        assert isinstance(told.get(timeout=BOUND), BuildReport)
        until(lambda: meant(tmp_path))


def test_an_encoder_that_cannot_go_on_is_told_and_answers_are_not_behind(tmp_path: Path) -> None:
    write(tmp_path, "loja.md", SHOP)
    build(tmp_path, settings(tmp_path))
    (index_folder(tmp_path) / "meaning").write_text("in the way", encoding="utf-8")
    told: Queue[BuildReport | UserError] = Queue()
    assistant = Assistant.open(tmp_path, settings(tmp_path))
    try:
        with watching(tmp_path, following(assistant, told.put)):
            assert isinstance(told.get(timeout=BOUND), BuildReport)
            failed = told.get(timeout=BOUND)
        assert isinstance(failed, EncodingFailed)
        assert "cannot be written" in failed.message
        assert not assistant.behind
        assert assistant.ask(QUESTION).status == "answered"
    finally:
        assistant.close()


def test_nothing_is_encoded_where_the_settings_do_not_want_it(tmp_path: Path) -> None:
    write(tmp_path, "loja.md", SHOP)
    build(tmp_path, settings(tmp_path))
    assert list(encode(tmp_path, settings(tmp_path).model_copy(update={"meaning": False}))) == []
    assert list(encode(tmp_path, settings(tmp_path)))


def test_index_encodes_what_it_serves_unless_it_is_told_not_to(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    assert coruja(folder, "index", "--no-meaning", CORUJA_MEANING="true").returncode == 0
    assert not list(folder.rglob("meaning/*.npy"))
    assert coruja(folder, "index", CORUJA_MEANING="true").returncode == 0
    assert list(folder.rglob("meaning/*.npy"))
