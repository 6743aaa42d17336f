"""Running a data set: every question is asked, judged and counted; runs are compared, and judged by the gate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answer import Answer, Citation, Turn
from eval.compare import compare_runs
from eval.datasets.checking import Broken
from eval.datasets.example import Evidence, Example
from eval.gate import judge_run, verdict_text
from eval.pages.page import comparison_page
from eval.report import Report, read_report
from eval.row import Row
from eval.run import run_dataset
from index.hit import Hit
from ingest.chunk import Chunk
from ingest.errors import ModelUnavailable, SettingsError

PAGE = """# Biblioteca

* Empréstimo: quatorze dias por livro.
* Multa: um real por dia.
* Silêncio: no segundo andar.
"""
LOAN, FINE, SILENCE = (line[2:] for line in PAGE.splitlines()[2:])


class Clerk:
    """Answers from a card file: each question it knows has the lines to cite, in order; no lines is an abstention.

    The model behind a question that has no card is away.
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
            timings_ms={"total": 7.0},
            probability=0.9 if citations else 0.1,
        )


def citation(marker: int, line: str) -> Citation:
    start = PAGE.find(line[:5])
    return Citation(marker, line, "biblioteca.md", 1, 1, start, start + len(line), line, ("Biblioteca",))


def chunk(text: str) -> Chunk:
    start = PAGE.index(text)
    return Chunk(
        text, "biblioteca.md", text, start, start + len(text), 1, 1, ("Biblioteca",), 0, len(PAGE), "item", text
    )


def example(question: str, *quotes: str, kind: str = "fact", reference: str = "", needs_all: bool = False) -> Example:
    evidence = tuple(Evidence("biblioteca.md", quote) for quote in quotes)
    return Example(question, question, bool(quotes), evidence, reference, kind=kind, needs_all=needs_all)


@pytest.fixture
def run(tmp_path: Path) -> "Running":
    return Running(tmp_path)


class Running:
    """Runs each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, 0

    def __call__(self, clerk: Clerk, *examples: Example, jobs: int = 1) -> Report:
        self.runs += 1
        return run_dataset(clerk.ask, examples, self.folder / str(self.runs), made={"dataset": "regras"}, jobs=jobs)

    def row(self, clerk: Clerk, asked: Example) -> Row:
        (row,) = self(clerk, asked).rows
        return row


def test_a_right_answer_earns_everything(run: Running) -> None:
    row = run.row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", LOAN, reference="Empréstimo, quatorze dias por livro"))
    assert (row.status, row.correct, row.shown, row.complete, row.document) == ("answered", True, (1,), 1, True)
    assert (row.precision, row.f1, row.grounded) == (1, 1, 1)


def test_evidence_is_shown_when_three_words_in_five_are(run: Running) -> None:
    # Content words of the quote: empréstimo, quatorze, dias, livro, reservado. Four of five are shown.
    assert run.row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", LOAN + " (reservado)")).shown == (0.8,)
    assert run.row(Clerk({"Prazo?": [LOAN]}), example("Prazo?", LOAN + " (reservado)")).correct
    other = run.row(Clerk({"Prazo?": [FINE]}), example("Prazo?", LOAN))
    assert (other.shown, other.correct, other.precision, other.document) == ((0,), False, 0, True)


def test_precision_falls_with_whatever_else_is_shown(run: Running) -> None:
    # empréstimo quatorze dias livro, of those and multa real dia.
    assert run.row(Clerk({"Prazo?": [FINE, LOAN]}), example("Prazo?", LOAN)).precision == pytest.approx(4 / 7, abs=1e-6)


def test_what_is_cited_of_another_document_shows_nothing(run: Running) -> None:
    asked = replace(example("Prazo?", LOAN), evidence=(Evidence("regras.md", LOAN),))
    row = run.row(Clerk({"Prazo?": [LOAN]}), asked)
    # The answer's own text says it all the same.
    assert (row.shown, row.document, row.retrieval["document@1"]) == ((1,), False, 0)


def test_one_of_several_pieces_suffices_unless_all_are_needed(run: Running) -> None:
    half = Clerk({"Regras?": [SILENCE, FINE]})
    assert run.row(half, example("Regras?", LOAN, FINE)).correct
    row = run.row(half, example("Regras?", LOAN, FINE, needs_all=True))
    assert (row.correct, row.complete, row.shown) == (False, 0.5, (0, 1))
    assert run.row(Clerk({"Regras?": [LOAN, FINE]}), example("Regras?", LOAN, FINE, needs_all=True)).correct


def test_a_question_that_fails_is_wrong_and_is_told(run: Running) -> None:
    report = run(Clerk({"Prazo?": [LOAN]}), example("Prazo?", LOAN), example("Multa?", FINE), example("Wi-Fi?"))
    _, failed, unknown = report.rows
    assert (failed.status, failed.correct, unknown.correct) == ("failed", False, False)
    assert failed.error == "The model is away. Run: ollama serve"
    values = {name: each.value for name, each in report.measures().items()}
    # Of two answerable questions one was answered, of three one was right, and nothing was abstained from.
    assert (values["abstained_wrongly"], values["RR@10"], values["evidence_shown"]) == (0.5, 0.5, 0.5)
    assert values["correct"] == pytest.approx(1 / 3, abs=1e-6)
    assert (values["abstention_recall"], values["abstention_f1"]) == (0, 0)


def test_an_abstention_is_scored_though_the_search_found_the_line(run: Running) -> None:
    row = run.row(Clerk({"Prazo?": []}, hits={"Prazo?": [FINE, LOAN]}), example("Prazo?", LOAN))
    assert (row.correct, row.f1, row.document) == (False, 0, False)
    assert (row.retrieval["RR@10"], row.retrieval["Success@1"], row.retrieval["Success@5"]) == (0.5, 0, 1)
    assert (row.retrieval["document@1"], row.found) == (1, ("biblioteca.md",))


def test_abstention_is_scored_as_a_detection(run: Running) -> None:
    cards = {"Prazo?": [LOAN], "Multa?": [], "Wi-Fi?": [], "Café?": [SILENCE], "Estacionamento?": []}
    unanswerable = [example(question) for question in ("Wi-Fi?", "Café?", "Estacionamento?")]
    report = run(Clerk(cards), example("Prazo?", LOAN), example("Multa?", FINE), *unanswerable)
    measures = report.measures()
    # Three abstentions, two of them right, of three that were due.
    for name in ("abstention_precision", "abstention_recall", "abstention_f1"):
        assert measures[name].value == pytest.approx(2 / 3, abs=1e-6)
    assert measures["answered_wrongly"].value == pytest.approx(1 / 3, abs=1e-6)
    # Answers were sure by 0.9 and one of two was right; probabilities tell what is answerable in 3.5 of 6 pairs.
    bins, error, apart = report.calibration()
    assert [(each.count, each.accuracy) for each in bins] == [(2, 0.5)]
    assert error == pytest.approx(0.4)
    assert apart == pytest.approx(3.5 / 6, abs=1e-6)


def test_documents_that_are_never_found_or_wrongly_preferred_are_named(run: Running) -> None:
    hidden = replace(example("Horário?", LOAN), evidence=(Evidence("horario.md", "Abre às nove."),))
    report = run(Clerk({"Horário?": [FINE], "Multa?": [FINE]}), hidden, example("Multa?", FINE))
    assert [(each.doc, each.asked, each.found, each.preferred) for each in report.documents()] == [
        ("horario.md", 1, 0, 0),
        ("biblioteca.md", 1, 1, 1),
    ]


def test_groups_are_measured_apart(run: Running) -> None:
    asked = [example("Prazo?", LOAN), example("Multa?", FINE, kind="typo"), example("Wi-Fi?", kind="far")]
    kinds = run(Clerk({"Prazo?": [LOAN], "Multa?": [SILENCE], "Wi-Fi?": []}), *asked).groups()["kind"]
    assert {kind: found["correct"].value for kind, (_, found) in kinds.items()} == {"fact": 1, "typo": 0, "far": 1}
    assert "RR@10" not in kinds["far"][1]


def test_the_same_inputs_give_the_same_bytes_and_a_run_that_was_cut_goes_on(run: Running) -> None:
    cards = {f"Pergunta {number}?": [LOAN] for number in range(9)}
    asked = [example(question, LOAN) for question in cards] + [example("E a multa?", FINE)]
    asked[-1] = replace(asked[-1], history=(Turn("Prazo?", LOAN),))
    clerk = Clerk({**cards, "E a multa?": [FINE]})
    one = run(clerk, *asked)
    assert clerk.heard[-1] == (Turn("Prazo?", LOAN),)
    run(clerk, *asked, jobs=4)
    first, second = (run.folder / number for number in ("1", "2"))
    for name in ("report.json", "report.html"):
        assert (first / name).read_bytes() == (second / name).read_bytes().replace(b"4 at a time", b"1 at a time")
    assert read_report(first / "report.json") == one
    # Four answers are there, the fifth was cut in the middle.
    (second / "report.json").unlink()
    lines = (second / "answers.jsonl").read_bytes().splitlines(keepends=True)
    (second / "answers.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:20])
    clerk.heard.clear()
    run_dataset(clerk.ask, asked, second, made={"dataset": "regras"})
    assert len(clerk.heard) == 6
    assert (first / "report.json").read_bytes() == (second / "report.json").read_bytes()
    assert json.loads((first / "timings.json").read_text("utf-8"))["p95"] == 7.0


def test_a_page_needs_nothing_from_elsewhere_and_takes_no_markup(run: Running) -> None:
    evil = "<script>alert(1)</script>?"
    run(Clerk({evil: [FINE]}), example(evil, LOAN))
    page = (run.folder / "1" / "report.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "http:" not in page
    assert "https:" not in page


QUESTIONS = [f"Pergunta {number}?" for number in range(40)]


def test_two_runs_are_compared_question_by_question(run: Running) -> None:
    asked = [example(question, LOAN) for question in QUESTIONS]
    right = {question: [LOAN] for question in QUESTIONS}
    before = run(Clerk(right), *asked)
    worse = {**right, **{question: [FINE] for question in QUESTIONS[:10]}, QUESTIONS[20]: [LOAN, SILENCE]}
    after = run(Clerk(worse), *asked)
    found = compare_runs(before, after)
    change = found.changes["correct"]
    assert (change.before, change.after, change.p < 0.01, change.high < 0) == (1, 0.75, True, True)
    assert [flip.after.question for flip in found.flips] == QUESTIONS[:10]
    assert [flip.after.question for flip in found.changed] == [QUESTIONS[20]]
    assert found.flips[0].before.answer.startswith(LOAN)
    assert "right → wrong" in comparison_page("a", "b", found)
    assert compare_runs(after, before).flips[0].better


def test_the_gate_says_why(run: Running) -> None:
    asked = [example(question, LOAN) for question in QUESTIONS] + [example("Wi-Fi?")]
    cards: dict[str, list[str]] = {question: [LOAN] for question in QUESTIONS} | {"Wi-Fi?": []}
    accepted = run(Clerk(cards), *asked)
    assert judge_run(accepted, accepted=accepted, at_least={"correct": 1.0}, at_most={"answered_wrongly": 0}).passed
    # One question that turns is no proof; a quarter of them is.
    assert judge_run(run(Clerk({**cards, QUESTIONS[0]: [FINE]}), *asked), accepted=accepted).passed
    worse = run(Clerk({**cards, **{question: [FINE] for question in QUESTIONS[:10]}}), *asked)
    verdict = judge_run(worse, accepted=accepted, at_least={"correct": 0.9})
    assert not verdict.passed
    assert verdict.reasons[0] == "correct is 75.6 %; at least 90.0 % is asked for."
    assert any("evidence shown went from 100.0 % to 75.0 %" in reason for reason in verdict.reasons)
    told = verdict_text(verdict)
    assert "does not pass" in told
    assert f"**{QUESTIONS[0]}** (right → wrong)" in told
    edited = Broken("x", "Prazo?", "biblioteca.md", "sete dias", "no such text", "quatorze dias", "biblioteca.md")
    (reason,) = judge_run(accepted, accepted=accepted, broken=[edited]).reasons
    assert "rests on “sete dias”. Now the nearest is “quatorze dias”" in reason
    with pytest.raises(SettingsError, match="no measure 'corect'"):
        judge_run(accepted, at_least={"corect": 1})


def test_a_build_without_caution_fails_for_what_it_answers_wrongly(run: Running) -> None:
    asked = [example(question) for question in QUESTIONS[:12]] + [example("Prazo?", LOAN)]
    careful = run(Clerk({**dict.fromkeys(QUESTIONS, ()), "Prazo?": [LOAN]}), *asked)
    careless = run(Clerk({**dict.fromkeys(QUESTIONS, (SILENCE,)), "Prazo?": [LOAN]}), *asked)
    before = replace(careful, made={"dataset": "regras", "settings": {"caution": None}})
    after = replace(careless, made={"dataset": "regras", "settings": {"caution": 0.0}})
    verdict = judge_run(after, accepted=before)
    assert any(reason.startswith("answered wrongly went from 0.0 % to 100.0 %") for reason in verdict.reasons)
    assert verdict.notes == ("settings.caution: None → 0.0",)
