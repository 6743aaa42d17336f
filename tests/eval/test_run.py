"""Running a data set: every question is asked, judged and counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from assistant.answer import Answer, Citation, Turn
from eval.dataset import Example
from eval.judge import quoted
from eval.report import Report, Row
from eval.run import run_dataset
from index.hit import Hit
from ingest.chunk import Chunk
from ingest.errors import ModelUnavailable

PAGE = """# Biblioteca

* Empréstimo: quatorze dias por livro.
* Multa: um real por dia.
* Silêncio: no segundo andar.
"""
LOAN, FINE, SILENCE = (line[2:] for line in PAGE.splitlines()[2:])


class Clerk:
    """Answers from a card file: each question it knows has the lines to cite, in order; no lines is an abstention.

    The model behind a question that has no card is away. What it cites is the page's text, but for a card that was
    copied wrongly: such a line is cited at the place of the line that it was meant to be.
    """

    def __init__(self, cards: Mapping[str, Sequence[str]], hits: Mapping[str, Sequence[str]] | None = None) -> None:
        self.cards = cards
        self.hits = hits if hits is not None else cards
        self.heard: list[tuple[Turn, ...]] = []

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer from the question's card."""
        self.heard.append(tuple(history))
        if question not in self.cards:
            raise ModelUnavailable("The model is away.", "Run: ollama serve")
        citations = [citation(marker, line) for marker, line in enumerate(self.cards[question], start=1)]
        hits = [Hit(chunk(text), 1 / rank, rank) for rank, text in enumerate(self.hits.get(question, ()), start=1)]
        return Answer(
            question=question,
            query=question,
            text=" ".join(f"{cited.quote} [{cited.marker}]" for cited in citations) or "O documento não diz.",
            status="answered" if citations else "abstained",
            language="pt",
            writer="extractive",
            citations=tuple(citations),
            hits=tuple(hits),
        )

    def section_text(self, citation: Citation) -> tuple[str, int]:
        """Return the page after its heading, which is its only section."""
        offset = PAGE.index("\n") + 1
        return PAGE[offset:], offset


def citation(marker: int, line: str) -> Citation:
    start = PAGE.find(line[:5])
    return Citation(marker, line, "biblioteca.md", 1, 1, start, start + len(line), line, ("Biblioteca",))


def chunk(text: str) -> Chunk:
    start = PAGE.index(text)
    return Chunk(
        text, "biblioteca.md", text, start, start + len(text), 1, 1, ("Biblioteca",), 0, len(PAGE), "item", text
    )


def example(question: str, *quotes: str, kind: str = "direct", answer: str = "") -> Example:
    return Example(question, question, quotes, bool(quotes), answer, kind)


def only_row(clerk: Clerk, asked: Example) -> Row:
    (row,) = run_dataset(clerk, [asked]).rows
    return row


def test_a_right_answer_earns_everything() -> None:
    row = only_row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", LOAN, answer="Empréstimo, quatorze dias por livro"))
    assert (row.outcome, row.correct, row.recall, row.precision, row.exact, row.f1) == ("answered", True, 1, 1, 1, 1)


def test_without_a_reference_answer_the_quotes_are_the_reference() -> None:
    row = only_row(Clerk({"Prazo?": [FINE]}), example("Prazo?", LOAN))
    # "por" is in both of "multa real por dia" (the article is dropped) and "empréstimo quatorze dias por livro".
    assert row.f1 == pytest.approx(2 * 1 / (4 + 5))


def test_marker_1_has_to_be_the_right_source() -> None:
    row = only_row(Clerk({"Prazo?": [FINE, LOAN]}), example("Prazo?", LOAN))
    assert (row.correct, row.recall, row.precision) == (False, 1, 0.5)


def test_a_citation_is_right_when_most_of_it_stands_in_the_quote() -> None:
    bullet_too = f"* {LOAN}"
    assert only_row(Clerk({"Prazo?": [bullet_too]}), example("Prazo?", LOAN)).correct
    assert only_row(Clerk({"Prazo?": ["Empréstimo"]}), example("Prazo?", LOAN)).correct


def test_a_passage_that_holds_the_quote_is_right_and_a_page_that_holds_it_is_not() -> None:
    passage = PAGE[PAGE.index("* Emp") :]
    assert only_row(Clerk({"Prazo?": [passage]}), example("Prazo?", SILENCE)).correct
    page = passage + "* Outra regra.\n" * 200
    cited = Citation(0, "c", "regras.md", 1, 200, 0, len(page), page)
    assert quoted([SILENCE], cited, page, 0) == frozenset()
    assert quoted([SILENCE], replace(cited, end=len(passage), quote=passage), page, 0) == {0}


def test_a_quote_may_be_broken_over_lines() -> None:
    quote = "quatorze dias\n   por livro."
    assert only_row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", quote)).results == (("0", 1.0),)
    assert only_row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", quote)).correct


def test_a_list_is_right_when_every_member_is_cited() -> None:
    regras = example("Regras?", LOAN, FINE, kind="list")
    assert only_row(Clerk({"Regras?": [SILENCE, FINE, LOAN]}), regras).correct
    half = only_row(Clerk({"Regras?": [SILENCE, FINE]}), regras)
    assert (half.correct, half.recall, half.precision) == (False, 0.5, 0.5)
    both_in_one = PAGE[PAGE.index(LOAN) : PAGE.index(FINE) + len(FINE)]
    assert only_row(Clerk({"Regras?": [both_in_one]}), regras).recall == 1


def test_an_answer_to_what_the_corpus_does_not_say_is_wrong() -> None:
    unknown = example("Wi-Fi?", kind="unanswerable")
    assert only_row(Clerk({"Wi-Fi?": []}), unknown).correct
    assert not only_row(Clerk({"Wi-Fi?": [SILENCE]}), unknown).correct


def test_an_abstention_is_scored_though_the_search_found_the_line() -> None:
    report = run_dataset(Clerk({"Prazo?": []}, hits={"Prazo?": [FINE, LOAN]}), [example("Prazo?", LOAN)])
    measures = report.measures()
    assert (measures["answered"], measures["correct"], measures["f1"]) == (0, 0, 0)
    assert (measures["RR@10"], measures["Success@1"], measures["Success@5"]) == (0.5, 0, 1)


def test_a_question_that_fails_is_wrong_and_is_told() -> None:
    report = run_dataset(
        Clerk({"Prazo?": [LOAN]}), [example("Prazo?", LOAN), example("Multa?", FINE), example("Wi-Fi?")]
    )
    _, failed, unknown = report.rows
    assert (failed.outcome, failed.correct, unknown.correct) == ("failed", False, False)
    assert failed.error == "The model is away. Run: ollama serve"
    measures = report.measures()
    assert (measures["questions"], measures["failed"]) == (3, 2)
    # Of two answerable questions one was answered, of three one was right, and nothing was abstained from.
    assert (measures["answered"], measures["RR@10"], measures["right_source"]) == (0.5, 0.5, 0.5)
    assert measures["correct"] == pytest.approx(1 / 3)
    assert (measures["abstention_precision"], measures["abstention_recall"], measures["abstention_f1"]) == (0, 0, 0)


def test_a_quote_that_the_document_does_not_have_lowers_exactness() -> None:
    miscopied = LOAN.replace("quatorze", "quarenta")
    report = run_dataset(
        Clerk({"Prazo?": [miscopied], "Multa?": [FINE, SILENCE]}, hits={}),
        [example("Prazo?", LOAN), example("Multa?", FINE)],
    )
    assert report.measures()["citation_exactness"] == pytest.approx(2 / 3)


def test_abstention_is_scored_as_a_detection() -> None:
    cards = {"Prazo?": [LOAN], "Multa?": [], "Wi-Fi?": [], "Café?": [SILENCE], "Estacionamento?": []}
    examples = [example("Prazo?", LOAN), example("Multa?", FINE)]
    examples += [example(question, kind="unanswerable") for question in ("Wi-Fi?", "Café?", "Estacionamento?")]
    measures = run_dataset(Clerk(cards), examples).measures()
    # Three abstentions, two of them right, of three that were due.
    assert measures["abstention_precision"] == pytest.approx(2 / 3)
    assert measures["abstention_recall"] == pytest.approx(2 / 3)
    assert measures["abstention_f1"] == pytest.approx(2 / 3)


def test_a_long_chunk_is_found_once_for_each_quote_that_it_holds() -> None:
    regras = example("Regras?", LOAN, SILENCE, kind="list")
    hits = {"Regras?": [FINE, PAGE, LOAN]}
    row = only_row(Clerk({"Regras?": []}, hits=hits), regras)
    assert [name for name, _ in row.results] == [f"chunk {FINE}", "0", "1", f"chunk {LOAN}"]


def test_kinds_are_measured_apart() -> None:
    examples = [example("Prazo?", LOAN), example("Multa?", FINE, kind="typo"), example("Wi-Fi?", kind="far")]
    kinds = run_dataset(Clerk({"Prazo?": [LOAN], "Multa?": [SILENCE], "Wi-Fi?": []}), examples).by_kind()
    assert {kind: measures["correct"] for kind, measures in kinds.items()} == {"direct": 1, "typo": 0, "far": 1}
    assert kinds["typo"]["RR@10"] == 0
    assert "RR@10" not in kinds["far"]


def test_the_history_is_handed_over_and_progress_is_told() -> None:
    turns = (Turn("Prazo?", LOAN),)
    clerk = Clerk({"E a multa?": [FINE]})
    steps: list[tuple[int, int, str]] = []
    asked = Example("1", "E a multa?", (FINE,), True, history=turns)
    run_dataset(clerk, [asked], progress=lambda *step: steps.append(step))
    assert clerk.heard == [turns]
    assert steps == [(0, 1, "E a multa?")]


def test_the_report_is_json_with_a_row_for_each_question() -> None:
    report: Report = run_dataset(Clerk({"Prazo?": [LOAN]}), [example("Prazo?", LOAN), example("Wi-Fi?")], name="regras")
    told = json.loads(json.dumps(report.to_dict()))
    assert told["dataset"] == "regras"
    assert told["writers"] == ["extractive"]
    assert told["measures"]["questions"] == 2
    assert told["kinds"]["direct"]["questions"] == 2
    assert [(row["id"], row["correct"], row["cited"]) for row in told["rows"]] == [
        ("Prazo?", True, [LOAN]),
        ("Wi-Fi?", False, []),
    ]
