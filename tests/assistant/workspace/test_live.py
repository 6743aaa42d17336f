"""An edit is known moments after it is saved: to an assistant that is open, to a watch, to the page in the browser."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from types import MappingProxyType
from typing import Any

import pytest
from browser import ask, chromium, open_page, serving
from commandline import CORUJA, environment, workspace

from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.build import BuildReport, build
from assistant.workspace.folder import index_folder, read_settings
from assistant.workspace.opening import open_embedder
from assistant.workspace.watch import following, watch
from index.arrays import FloatArray
from index.embedding.static import StaticEmbedder
from index.folder.store import FaissStore
from index.index import Index
from index.live import LiveIndex
from ingest.errors import StoreUnavailable, UserError

QUESTION = "Quando fecha o estoque?"
FRIDAY, SATURDAY = "O estoque fecha na sexta-feira.", "O estoque fecha no sábado."
BOUND = 30.0
"""Seconds within which an edit has to be known, however busy the machine."""


def settings(folder: Path) -> Settings:
    return read_settings(folder, writer="extractive")


def write(folder: Path, sentence: str) -> Path:
    page = folder / "corpus" / "loja.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"# Loja\n\n{sentence}\n", encoding="utf-8")
    return page


def until(known: Callable[[], bool]) -> float:
    """Ask over and over until something holds; return the seconds that it took."""
    started = time.monotonic()
    while not known():
        assert time.monotonic() - started < BOUND, "not known in time"
        time.sleep(0.02)
    return time.monotonic() - started


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    write(tmp_path, FRIDAY)
    (tmp_path / "corpus" / "rede.md").write_text("# Rede\n\nA rede cai às segundas.\n" * 30, encoding="utf-8")
    build(tmp_path, settings(tmp_path))
    opened = Assistant.open(tmp_path, settings(tmp_path))
    yield opened
    opened.close()


class TestSwap:
    def test_the_next_question_knows_without_opening_anew(self, tmp_path: Path, assistant: Assistant) -> None:
        first = assistant.ask(QUESTION)
        write(tmp_path, SATURDAY)
        report = build(tmp_path, settings(tmp_path))
        second = assistant.ask(QUESTION)
        assert FRIDAY in first.text
        assert SATURDAY in second.text
        assert (second.generation, second.notice) == (report.manifest.generation, "")

    def test_a_question_under_way_keeps_its_generation(self, tmp_path: Path, assistant: Assistant) -> None:
        under_way = assistant.stream(QUESTION)
        pieces = [next(under_way)]
        for sentence in (
            SATURDAY,
            "O estoque fecha no domingo.",
            "O estoque fecha ao meio-dia.",
            "O estoque fecha às dez.",
        ):
            write(tmp_path, sentence)
            build(tmp_path, settings(tmp_path))
            assert sentence in assistant.ask(QUESTION).text
        *_, answer = (*pieces, *under_way)
        assert FRIDAY in getattr(answer, "text", "")

    def test_no_question_fails_while_generations_come_and_go(self, tmp_path: Path, assistant: Assistant) -> None:
        done = Event()

        def ask_on() -> set[str]:
            found = set()
            while not done.is_set():
                answer = assistant.ask(QUESTION)
                found.add(assistant.section_text(answer.citations[0])[0])
            return found

        with ThreadPoolExecutor(3) as threads:
            asking = [threads.submit(ask_on) for _ in range(3)]
            for number in range(8):
                write(tmp_path, f"O estoque fecha às {number} horas.")
                build(tmp_path, settings(tmp_path))
            done.set()
            found = set().union(*(each.result() for each in asking))
        assert len(found) > 1
        assert "7 horas" in assistant.ask(QUESTION).text

    def test_a_citation_of_an_edited_document_still_shows_its_quote(self, tmp_path: Path, assistant: Assistant) -> None:
        citation = assistant.ask(QUESTION).citations[0]
        page = tmp_path / "corpus" / "loja.md"
        page.write_text("Uma linha nova.\n\n" + page.read_text(encoding="utf-8"), encoding="utf-8")
        build(tmp_path, settings(tmp_path))
        section, start = assistant.section_text(citation)
        assert section[citation.start - start : citation.end - start] == citation.quote

    def test_a_damaged_new_generation_leaves_the_open_one_answering(self, tmp_path: Path, assistant: Assistant) -> None:
        write(tmp_path, SATURDAY)
        name = build(tmp_path, settings(tmp_path)).manifest.generation
        manifest = tmp_path / ".coruja" / "index" / "generations" / name / "manifest.json"
        manifest.write_bytes(manifest.read_bytes()[:100])
        answer = assistant.ask(QUESTION)
        assert FRIDAY in answer.text
        assert "manifest.json" in answer.notice
        build(tmp_path, settings(tmp_path))
        answer = assistant.ask(QUESTION)
        assert (SATURDAY in answer.text, answer.notice) == (True, "")

    @pytest.mark.parametrize("error", [OSError(24, "Too many open files"), StoreUnavailable("Milvus does not answer.")])
    def test_a_passing_error_does_not_hide_a_new_generation(self, tmp_path: Path, error: Exception) -> None:
        write(tmp_path, FRIDAY)
        build(tmp_path, settings(tmp_path))
        store = FailingStore(index_folder(tmp_path))
        live = LiveIndex(store, open_embedder(settings(tmp_path)))
        first = live.index.manifest.generation
        write(tmp_path, SATURDAY)
        second = build(tmp_path, settings(tmp_path)).manifest.generation
        for place in ("open", "served"):
            store.failing = {place: error}
            with live.using() as index:
                assert index.manifest.generation == first
            assert str(error.args[-1]) in live.problem
        store.failing = {}
        with live.using() as index:
            assert (index.manifest.generation, live.problem) == (second, "")
        live.close()

    def test_a_problem_ends_when_the_open_generation_is_served_again(
        self, tmp_path: Path, assistant: Assistant
    ) -> None:
        write(tmp_path, SATURDAY)
        name = build(tmp_path, settings(tmp_path)).manifest.generation
        manifest = tmp_path / ".coruja" / "index" / "generations" / name / "manifest.json"
        manifest.write_bytes(b"")
        assert assistant.ask(QUESTION).notice
        FaissStore(index_folder(tmp_path)).promote(assistant.index.manifest.generation)
        answer = assistant.ask(QUESTION)
        assert (FRIDAY in answer.text, answer.notice) == (True, "")


class FailingStore(FaissStore):
    """A store in a folder whose methods fail as long as they are told to."""

    failing: Mapping[str, Exception] = MappingProxyType({})

    def served(self) -> str:
        if "served" in self.failing:
            raise self.failing["served"]
        return super().served()

    def open(self, *given: Any, **named: Any) -> Index:
        if "open" in self.failing:
            raise self.failing["open"]
        return super().open(*given, **named)


class FailingEmbedder(StaticEmbedder):
    """The embedded model, with a defect that one word shows."""

    FAILS_ON = "abracadabra"

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        if any(self.FAILS_ON in text for text in texts):
            raise ZeroDivisionError
        return super().embed_passages(texts)


@contextmanager
def watching(folder: Path, **how: float) -> Iterator["Queue[BuildReport | UserError]"]:
    """Watch a workspace from a thread of this process; what is told is put into the queue."""
    told: Queue[BuildReport | UserError] = Queue()
    stop = Event()
    thread = Thread(target=watch, args=(folder, settings(folder), told.put, stop), kwargs=how)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(BOUND)
        assert not thread.is_alive()


def documents(told: "Queue[BuildReport | UserError]") -> int:
    report = told.get(timeout=BOUND)
    assert isinstance(report, BuildReport)
    return report.documents


class TestWatch:
    def test_sees_files_written_renamed_deleted_and_brought_back(self, tmp_path: Path) -> None:
        page = write(tmp_path, FRIDAY)
        with watching(tmp_path) as told:
            assert documents(told) == 1
            other = tmp_path / "corpus" / "nova pasta" / "rede.md"
            other.parent.mkdir()
            other.write_text("A rede cai.\n", encoding="utf-8")
            assert documents(told) == 2
            page.rename(page.with_name("mercado.md"))
            assert documents(told) == 2
            other.unlink()
            assert documents(told) == 1
            build(tmp_path, settings(tmp_path))
            assistant = Assistant.open(tmp_path, settings(tmp_path))
            assert [hit.chunk.doc_id for hit in assistant.search("estoque", 5)] == ["mercado.md"]
            assistant.close()

    def test_goes_on_after_an_error_and_when_the_corpus_comes_back(self, tmp_path: Path) -> None:
        page = write(tmp_path, FRIDAY)
        with watching(tmp_path) as told:
            assert documents(told) == 1
            page.unlink()
            assert isinstance(told.get(timeout=BOUND), UserError)  # there is no text to index
            page.parent.rmdir()
            assert "does not exist" in str(told.get(timeout=BOUND))
            write(tmp_path, SATURDAY)
            assert documents(told) == 1

    def test_survives_whatever_a_build_raises_and_answers_say_that_they_are_behind(
        self, tmp_path: Path, assistant: Assistant
    ) -> None:
        told: Queue[BuildReport | UserError] = Queue()
        stop = Event()
        options = {"stop": stop, "embedder": FailingEmbedder()}
        arguments = (tmp_path, settings(tmp_path), following(assistant, told.put))
        thread = Thread(target=watch, args=arguments, kwargs=options)
        thread.start()
        try:
            assert isinstance(told.get(timeout=BOUND), BuildReport)
            write(tmp_path, f"{FailingEmbedder.FAILS_ON} {SATURDAY}")
            failed = told.get(timeout=BOUND)
            assert "ZeroDivisionError" in str(failed)
            answer = assistant.ask(QUESTION)
            assert FRIDAY in answer.text
            assert "behind the documents" in answer.notice
            write(tmp_path, SATURDAY)
            assert isinstance(told.get(timeout=BOUND), BuildReport)
            answer = assistant.ask(QUESTION)
            assert (SATURDAY in answer.text, answer.notice) == (True, "")
        finally:
            stop.set()
            thread.join()

    def test_tries_again_by_itself_after_a_failure_and_tells_each_only_once(self, tmp_path: Path) -> None:
        page = write(tmp_path, FRIDAY)
        with watching(tmp_path, retry_seconds=0.1) as told:
            assert documents(told) == 1
            served = next(path for path in tmp_path.rglob("write.lock"))
            served.unlink()
            served.mkdir()  # what cannot be opened as a file: no build can begin
            page.write_text(f"{SATURDAY}\n", encoding="utf-8")
            assert isinstance(told.get(timeout=BOUND), UserError)
            time.sleep(1.5)
            assert told.empty()
            served.rmdir()
            assert documents(told) == 1

    def test_what_is_excluded_wakes_nobody(self, tmp_path: Path) -> None:
        (tmp_path / "coruja.toml").write_text('exclude = ["rascunhos/"]\n', encoding="utf-8")
        page = write(tmp_path, FRIDAY)
        with watching(tmp_path) as told:
            assert documents(told) == 1
            (page.parent / "rascunhos").mkdir()
            (page.parent / "rascunhos" / "a.md").write_text(f"{SATURDAY}\n", encoding="utf-8")
            page.with_name("outra.md").write_text(f"{SATURDAY}\n", encoding="utf-8")
            assert documents(told) == 2
        assert told.empty()

    def test_is_not_woken_by_its_own_index_inside_the_corpus(self, tmp_path: Path) -> None:
        (tmp_path / "coruja.toml").write_text('corpus = "."\n', encoding="utf-8")
        (tmp_path / "loja.md").write_text(f"{FRIDAY}\n", encoding="utf-8")
        with watching(tmp_path) as told:
            assert documents(told) == 1
            (tmp_path / "outra.md").write_text(f"{SATURDAY}\n", encoding="utf-8")
            assert documents(told) == 2
        assert told.empty()


def test_a_watching_process_and_an_answering_one(tmp_path: Path, assistant: Assistant) -> None:
    command = [str(CORUJA), "index", "--watch", "--json"]
    watcher = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert watcher.stdout is not None
        assert '"unchanged": true' in watcher.stdout.readline()
        for sentence in (SATURDAY, FRIDAY, "O estoque não fecha."):
            write(tmp_path, sentence)
            until(lambda sentence=sentence: sentence in assistant.ask(QUESTION).text)  # type: ignore[misc]
    finally:
        watcher.kill()
        watcher.communicate()


def test_the_page_in_the_browser_knows_an_edit_without_a_restart(tmp_path: Path) -> None:
    folder = workspace(tmp_path, loja=f"# Loja\n\n{FRIDAY}\n")
    with serving(folder, CORUJA_WRITER="extractive") as address, chromium() as browser:
        page, _ = open_page(browser, address)
        ask(page, QUESTION)
        assert FRIDAY in page.locator("#chat .bot").last.inner_text()
        write(folder, SATURDAY)

        def known() -> bool:
            page.get_by_role("button", name="Nova conversa").click()
            page.wait_for_selector("#chat .bot", state="detached")
            ask(page, QUESTION)
            return SATURDAY in page.locator("#chat .bot").last.inner_text()

        until(known)
