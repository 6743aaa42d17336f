"""The web chat in a real browser: an answer with its highlighted evidence, and documents that try to run."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import ask, chromium, open_page, send, serving, talking
from commandline import workspace
from playwright.sync_api import Browser, expect

HOSTILE = """# Corujas

A coruja-das-torres <img src=x onerror="window.ran='img'"> caça ratos à noite. ![foto](http://evil.example/foto.png)

- **Mocho-galego** <script>window.ran='script'</script> vive em <b>troncos</b> ocos: [veja](http://evil.example/veja).
"""


IN_VIEW = "mark => { const box = mark.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served workspace with the shipped page and a hostile document."""
    folder = workspace(tmp_path_factory.mktemp("web"), corujas=HOSTILE)
    with serving(folder, CORUJA_WRITER="extractive") as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


def test_answer_comes_with_its_quote_highlighted_in_its_section(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    assert page.title() == "Coruja"
    ask(page, "O que faz o SageMaker Clarify?")
    assert "Clarify" in page.locator("#chat .bot").last.inner_text()
    assert "[1]" in page.locator("#chat .bot").last.inner_text()
    card = page.locator(".evidence .card").first
    assert "Detecta vieses" in card.locator("mark").inner_text()
    assert "Model Monitor" in card.locator(".section").inner_text(), "the quote stands in its section"
    assert "guia rápido/página.md" in card.inner_text()
    assert "Monitoramento e Ética" in card.locator(".headings").inner_text()
    assert "sem modelo de linguagem" in page.locator(".evidence .writer").inner_text()


def test_a_marker_leads_to_its_evidence(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "Qual a diferença entre o SageMaker Canvas e o Model Monitor?")
    second = page.locator("#chat .bot").last.get_by_role("button", name="[2]")
    second.click()
    assert page.evaluate("document.activeElement.id") == "evidence-2"
    assert page.locator("#evidence-2 mark").evaluate(IN_VIEW)
    send(page, "e o Clarify?")
    page.wait_for_selector("mark:has-text('Clarify')")
    answers = page.locator("#chat .bot")
    expect(answers.first.locator("button.marker")).to_have_count(0)  # its evidence is no longer beside it
    answers.last.get_by_role("button", name="[1]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "evidence-1"


def test_evidence_reads_as_text_and_not_as_markdown(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "O que faz o SageMaker Clarify?")
    shown = page.locator(".evidence .section").first.inner_text()
    assert "• SageMaker Clarify: Detecta vieses" in shown
    assert "**" not in shown
    send(page, "Qual é a capital da Mongólia?")
    page.wait_for_selector(".evidence:has-text('não respondem')")
    assert page.locator(".evidence .card").count() > 0
    assert "**" not in page.locator(".evidence").inner_text()


def test_conversation_goes_on_and_begins_anew(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "O que faz o SageMaker Clarify?")
    send(page, "e o Canvas?")
    page.wait_for_selector("mark:has-text('Canvas')")
    assert page.locator("#chat .bot").count() == 2
    page.get_by_role("button", name="Nova conversa").click()
    page.wait_for_selector("#chat .bot", state="detached")
    assert page.locator(".evidence .card").count() == 0


def test_ollama_away_is_told_once_in_the_language_of_the_page(browser: Browser, tmp_path: Path) -> None:
    with serving(workspace(tmp_path)) as served:
        page, _ = open_page(browser, served)
        ask(page, "O que faz o SageMaker Clarify?")
        told = page.locator(".evidence .notice")
        assert told.inner_text().startswith("Respondi citando os documentos")
        assert told.inner_text().endswith("Inicie-o com: ollama serve")
        send(page, "What does SageMaker Canvas do?")
        page.wait_for_selector("mark:has-text('Canvas')")
        expect(told).to_have_count(0)
        page.get_by_role("button", name="Nova conversa").click()
        page.wait_for_selector("#chat .bot", state="detached")
        ask(page, "O que faz o SageMaker Clarify?")
        expect(told).to_have_count(1)  # another conversation, told again
        english, _ = open_page(browser, served, "en-US")
        ask(english, "O que faz o SageMaker Clarify?")
        assert english.locator(".evidence .notice").inner_text().endswith("Start it with: ollama serve")


def test_an_empty_box_changes_nothing(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "O que faz o SageMaker Clarify?")
    send(page, "   ")
    send(page, "e o Canvas?")
    page.wait_for_selector("mark:has-text('Canvas')")
    assert page.locator("#chat .bot").count() == 2, "the conversation is still there, and so is its history"


def test_what_is_typed_while_an_answer_is_written_stays_and_waits_for_its_turn(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    box = page.locator("#question textarea")
    for question in ("O que faz o SageMaker Clarify?", "O que faz o SageMaker Canvas?", "e o Feature Store?"):
        send(page, question)
    box.fill("e o")
    page.wait_for_selector("mark:has-text('Feature')")
    asked = [text.strip() for text in page.locator("#chat .user").all_inner_texts()]
    assert asked == ["O que faz o SageMaker Clarify?", "O que faz o SageMaker Canvas?", "e o Feature Store?"]
    assert page.locator("#chat .bot").count() == 3
    assert box.input_value() == "e o"


def test_two_sessions_do_not_share_a_conversation(browser: Browser, address: str) -> None:
    first, _ = open_page(browser, address)
    second, _ = open_page(browser, address)
    ask(first, "O que faz o SageMaker Clarify?")
    ask(second, "e o outro?")
    assert first.locator("#chat .bot").count() == second.locator("#chat .bot").count() == 1
    assert "Clarify" not in second.locator("#chat .user").inner_text()


def test_question_that_the_corpus_does_not_answer(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "Qual é a capital da Mongólia?")
    assert "não respondem" in page.locator(".evidence").inner_text()
    assert page.locator(".evidence mark").count() == 0


def test_example_questions_of_the_corpus_are_answered(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    examples = page.locator("#chat .example")
    assert examples.count() == 4
    first = examples.first.inner_text().strip()
    assert first.startswith("O que é ")
    examples.first.click()
    page.wait_for_selector(".evidence .writer")
    assert page.locator("#chat .user").inner_text().strip() == first
    assert page.locator(".evidence mark").count() >= 1


@pytest.mark.parametrize("question", ["O que a coruja-das-torres caça?", "Onde vive o mocho-galego?"])
def test_html_in_a_document_neither_runs_nor_loads(browser: Browser, address: str, question: str) -> None:
    page, requests = open_page(browser, address)
    ask(page, question)
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    shown = page.locator(".evidence .section").first.inner_text()
    assert "<img src=x onerror=" in shown
    assert "<script>window.ran='script'</script>" in shown
    for place in ("#chat .bot", ".evidence"):
        assert page.locator(f"{place} img, {place} script, {place} a").count() == 0
    assert {urlsplit(request.url).hostname for request in requests} <= {"127.0.0.1", None, ""}


def test_html_in_a_question_is_text(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "<img src=x onerror=\"window.ran='q'\"> O que faz o <b>Canvas</b>?")
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    assert "<b>Canvas</b>" in page.locator("#chat .user").inner_text()


@pytest.mark.parametrize(("locale", "said"), [("pt-BR", "Pronto"), ("en-US", "Ready")])
def test_a_screen_reader_is_told_in_the_pages_language(browser: Browser, address: str, locale: str, said: str) -> None:
    page, _ = open_page(browser, address, locale)
    page.evaluate(
        "window.heard = []; new MutationObserver(() => window.heard.push("
        "...[...document.querySelectorAll('.sr-only')].map(e => e.textContent)))"
        ".observe(document.body, {subtree: true, childList: true, characterData: true})"
    )
    ask(page, "O que faz o SageMaker Clarify?")
    page.wait_for_function("said => window.heard.includes(said)", arg=said)
    assert not [heard for heard in page.evaluate("window.heard") if heard.startswith("common.")]


@pytest.mark.parametrize(
    ("locale", "button", "title"),
    [("en-US", "New conversation", "Evidence"), ("pt-BR", "Nova conversa", "Evidências")],
)
def test_page_follows_the_browsers_language(
    browser: Browser, address: str, locale: str, button: str, title: str
) -> None:
    page, _ = open_page(browser, address, locale)
    assert page.get_by_role("button", name=button).is_visible()
    assert page.locator(".evidence h2").inner_text() == title


def test_every_control_has_a_name(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    ask(page, "O que faz o SageMaker Clarify?")
    assert page.get_by_role("textbox", name="Pergunta").is_visible()
    assert page.get_by_role("region", name="Evidências").is_visible()
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.offsetParent && "
        "!(b.innerText.trim() || b.ariaLabel || b.title)).map(b => b.outerHTML)"
    )
    assert unnamed == []


def test_narrow_screen_has_no_sideways_scrolling(browser: Browser, address: str) -> None:
    page, _ = open_page(browser, address)
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, "O que faz o SageMaker Clarify?")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator(".evidence mark").first.is_visible()


def test_only_this_machine_is_answered_and_nothing_is_loaded_from_elsewhere(address: str) -> None:
    assert urlsplit(address).hostname == "127.0.0.1"
    status, policy = get(address)
    assert status == 200
    assert "default-src 'self'" in policy
    assert get(address, host="evil.example")[0] == 400


def test_busy_port_is_replaced_by_a_free_one_and_what_next_is_told(tmp_path: Path, address: str) -> None:
    port = urlsplit(address).port
    folder = workspace(tmp_path)
    with talking(folder, "--port", str(port)) as (other, said):
        assert urlsplit(other).port not in {port, None}
        after = said.get(timeout=60)
        assert after.startswith("next: open the address and ask there; ")
        assert str(folder / "corpus") in after, "it says where documents go"
        assert after.rstrip().endswith("coruja --help lists what else there is")
        assert get(other)[0] == 200


def get(address: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Fetch a page; return its status and its content policy."""
    connection = HTTPConnection("127.0.0.1", urlsplit(address).port or 80, timeout=30)
    try:
        connection.request("GET", "/", headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Security-Policy", "")
    finally:
        connection.close()
