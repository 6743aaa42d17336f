"""What is found, and how much of it is shown."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asking.question import understand
from assistant.assistant import Assistant
from assistant.evidence.gather import query_of
from assistant.evidence.passage import Passage, find_passages, passage_source
from assistant.evidence.reading import in_order, worth_showing
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from index.hit import Hit
from index.text.translation import translations
from ingest.chunk import Chunk

PAGES = {
    "password.md": "# Changing a password\n\nOpen the account page, choose Security and type the new password twice.\n",
    "queues.md": "# Message queues\n\nA queue keeps messages for four days.\n",
    "retries.md": (
        "# Retries\n\n"
        + "A worker that loses its connection tries again, later each time, and tells the log. " * 6
        + "How often a worker retries is set by these fields:\n\n"
        + "".join(
            f"- `retry_{name}`: {name} of a retry, in seconds, as the operator of the cluster wants it\n"
            for name in ("delay", "jitter", "limit", "factor")
        )
        + "\nNothing else is looked at.\n"
    ),
    "billing.md": "# Invoices\n\nInvoices are sent on the first day of each month.\n",
}


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("english")
    (folder / "corpus").mkdir()
    for name, text in PAGES.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    chosen = read_settings(folder, writer="extractive")
    build(folder, chosen)
    return Assistant.open(folder, chosen)


def test_words_that_english_documents_lack_are_sought_by_what_these_call_them(english: Assistant) -> None:
    asked = query_of(understand("Como troco a senha?"), english.index)
    assert asked.startswith("Como troco a senha?")
    assert "password" in asked.split()
    assert english.index.search(asked, 1)[0].chunk.doc_id == "password.md"


def test_what_introduces_a_list_is_shown_with_it(english: Assistant) -> None:
    found = find_passages(english.index.search("How often a worker retries is set", 50), english.index)
    text = passage_source(found[0], english.index)
    assert found[0].hit.chunk.doc_id == "retries.md"
    assert "these fields:" in text
    assert "retry_factor" in text


def test_what_the_documents_do_not_have_is_not_sought(english: Assistant) -> None:
    assert "car" not in query_of(understand("Onde fica o carro?"), english.index).split()


def test_a_word_without_a_translation_has_none() -> None:
    assert translations("senha")[0] == "password"
    assert translations("xyzzy") == ()


def passages(logits: Sequence[float], lengths: Sequence[int]) -> list[Passage]:
    found = []
    for number, (logit, length) in enumerate(zip(logits, lengths, strict=True)):
        text = "a" * length
        chunk = Chunk(
            chunk_id=str(number), doc_id="a.md", text=text, plain=text, start=0, end=length, line_start=1, line_end=1,
            headings=(), kind="prose", subject="", section_start=0, section_end=length,
        )  # fmt: skip
        found.append(Passage(Hit(chunk, 1.0, number + 1), (chunk,), 1.0, logit))
    return found


def test_one_that_surely_answers_is_shown_alone_and_more_where_none_does() -> None:
    assert len(worth_showing(in_order(passages([9.0, -4.0, -4.0], [400] * 3)))) == 1
    assert len(worth_showing(in_order(passages([0.1, 0.0, 0.1, 0.0, 0.1, 0.0], [400] * 6)))) >= 3


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(1, 2000)), min_size=1, max_size=16))
def test_what_is_shown_begins_with_the_best(read: list[tuple[float, int]]) -> None:
    ordered = in_order(passages(*zip(*read, strict=True)))
    shown = worth_showing(ordered)
    assert shown[0] is ordered[0]
    assert [each for each in ordered if each in shown] == shown


def test_a_page_of_one_word_is_asked(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("Coruja\n", encoding="utf-8")
    chosen = read_settings(tmp_path, writer="extractive")
    build(tmp_path, chosen)
    assistant = Assistant.open(tmp_path, chosen)
    assert assistant.ask("E a gaivota?").status == "abstained"
    assistant.close()


def test_how_much_is_read_and_shown_can_be_set(page_workspace: Path) -> None:
    def shown(**how: object) -> int:
        settings = read_settings(page_workspace, writer="extractive", caution=0.0, evidence={"sought": 10, **how})
        with closing(Assistant.open(page_workspace, settings)) as assistant:
            return sum(len(each.quote) for each in assistant.ask("Como a AWS protege os dados em trânsito?").citations)

    usual = shown()
    assert shown(worth=0.0, shown=5000) > usual > shown(worth=0.0, length=150, shown=160) > 0
    assert shown(worth=0.0, read=1) < usual
