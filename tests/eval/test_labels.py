"""The journal of answers: what is kept of them, what a person says of them, and what drifts."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from commandline import coruja

from assistant.answer import Answer, Citation, Turn
from assistant.assistant import Assistant
from assistant.workspace.folder import BUILT_NAME, read_settings
from assistant.workspace.journal import Journal
from eval.asked.labels import exported, queue
from eval.asked.monitor import drift, features, watch
from eval.datasets.example import Evidence
from index.embedding.load import load_embedder
from ingest.errors import JournalError
from ingest.redaction import RedactionKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EMBED = load_embedder("coruja").embed_passages


def answer(question: str, probability: float | None = 0.9, *, answered: bool = True, ms: float = 100.0) -> Answer:
    cited = Citation(1, "c", "guia.md", 1, 1, 10, 40, "O prazo é de sete dias, salvo.", (), (12, 32))
    return Answer(
        question=question,
        query=question,
        text="O prazo é de sete dias. [1]" if answered else "A documentação não diz.",
        status="answered" if answered else "abstained",
        language="pt",
        writer="extractive",
        citations=(cited,) if answered else (),
        timings_ms={"total": ms},
        generation="g",
        probability=probability,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, days=30)


def test_what_is_masked_in_documents_is_masked_in_the_journal_and_the_old_goes(tmp_path: Path) -> None:
    masked: tuple[RedactionKind, ...] = ("email",)
    journal = Journal(tmp_path, masked, days=30)
    journal.add(answer("Velha?"), at=NOW - timedelta(days=31))
    journal.add(answer("Velha e rotulada?"), at=NOW - timedelta(days=30))
    journal.label(2, "accepted")
    journal.add(answer("Quem é ana@exemplo.com.br?"), [Turn("De rui@exemplo.com?", "Sim.")], at=NOW)
    kept, new = journal.entries()
    assert (kept.question, kept.label) == ("Velha e rotulada?", "accepted")
    assert new.question == "Quem é ███@███████.███.██?"
    assert new.history == (Turn("De ███@███████.███?", "Sim."),)
    assert b"ana@exemplo" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert new.trace["citations"][0]["doc"] == "guia.md"
    assert [entry.id for entry in journal.entries(since=NOW - timedelta(days=1))] == [3]
    with pytest.raises(JournalError, match="no answer 99"):
        journal.label(99, "accepted")


def test_what_would_teach_most_comes_first(journal: Journal) -> None:
    journal.add(answer("Qual é o prazo?", 0.95), at=NOW)
    journal.add(answer("Qual é a multa?", 0.42), at=NOW)
    for question in ("Como cancelo a assinatura?", "como cancelar assinatura", "Como cancelo a minha assinatura?"):
        journal.add(answer(question, 0.2, answered=False), at=NOW)
    journal.add(answer("Quanto pesa a Lua?", 0.05, answered=False), at=NOW)
    journal.add(answer("Já rotulada?", 0.4), at=NOW)
    journal.label(7, "accepted")
    wanted = queue(journal.entries(), 0.4, EMBED)
    assert [each.entry.question for each in wanted[:2]] == ["Como cancelo a assinatura?", "Qual é a multa?"]
    assert wanted[0].why == "asked 3 times in like words, not answered"
    assert len(wanted) == 6


def test_labels_become_a_data_set(journal: Journal) -> None:
    for question, answered in (("Prazo?", True), ("Lua?", False), ("Multa?", True), ("Taxa?", True), ("Nova?", True)):
        journal.add(answer(question, answered=answered), at=NOW)
    journal.label(1, "accepted", "Sete dias.")
    journal.label(2, "accepted")
    journal.label(3, "rejected", "Um real.", [("multas.md", "A multa é de um real.")])
    journal.label(4, "rejected")
    found = {example.question: example for example in exported(journal.entries())}
    assert set(found) == {"Prazo?", "Lua?", "Multa?"}
    # The stretch that answers, not the whole quote.
    assert found["Prazo?"].evidence == (Evidence("guia.md", "prazo é de sete dias"),)
    assert found["Multa?"].evidence == (Evidence("multas.md", "A multa é de um real."),)
    assert (found["Prazo?"].reference, found["Lua?"].answerable) == ("Sete dias.", False)


THINGS = (
    "o forno",
    "a lenha",
    "o farol",
    "o moinho",
    "a ponte",
    "o relógio",
    "o sino",
    "a prensa",
    "o tear",
    "a torre",
)
WAYS = (
    "Como uso {}?",
    "Para que serve {}?",
    "Quanto custa {}?",
    "Onde fica {}?",
    "Quem cuida de {}?",
    "Quando abre {}?",
)
USUAL = [way.format(thing) for thing in THINGS for way in WAYS]
BEANS = [f"{way} {bean}?" for bean in ("feijão", "fava", "lentilha", "grão-de-bico", "ervilha", "soja")
         for way in ("Como planto", "Quando colho", "Como cozinho", "Quanta água leva", "Que praga ataca")]  # fmt: skip


def test_planted_drift_is_found_and_what_is_missing_is_named(journal: Journal) -> None:
    chance = np.random.default_rng(3)
    for question in USUAL:
        journal.add(answer(question, float(chance.uniform(0.6, 1)), ms=float(chance.uniform(80, 120))), at=NOW)
    later = NOW + timedelta(days=10)
    for question in BEANS:
        sure = float(chance.uniform(0, 0.4))
        journal.add(answer(question, sure, answered=False, ms=float(chance.uniform(160, 240))), at=later)
    found = watch(journal.entries(until=later), journal.entries(since=later), EMBED)
    assert {signal.name for signal in found.alarms} == {"questions", "probability", "abstentions", "latency"}
    assert sum(topic.times for topic in found.topics) == len(BEANS)
    assert len(found.topics) <= len(BEANS) / 2
    assert any(bean in found.topics[0].name for bean in ("feijao", "fava", "lentilha", "ervilha", "soja", "grao"))
    few = watch(journal.entries(until=later)[:5], journal.entries(since=later), EMBED)
    assert few.signals == ()


def test_two_halves_of_one_journal_raise_no_alarm(journal: Journal) -> None:
    chance = np.random.default_rng(5)
    for question in USUAL:
        sure = float(chance.uniform(0.2, 1))
        journal.add(answer(question, sure, answered=sure > 0.4, ms=float(chance.lognormal(5, 0.4))), at=NOW)
    rows = features(journal.entries(), EMBED)
    alarms = 0
    for _ in range(100):
        split = rows[chance.permutation(len(rows))]
        alarms += any(signal.alarm for signal in drift(split, len(split) // 2))
    assert alarms <= 5


def test_answers_are_kept_only_when_asked_for_and_judged_in_the_terminal(page_workspace: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(page_workspace, tmp_path / "workspace"))
    for log in (False, True):
        settings = read_settings(folder, writer="extractive", log=log)
        assistant = Assistant.open(folder, settings)
        assistant.ask("O que faz o SageMaker Clarify?")
        assistant.close()
        assert (folder / BUILT_NAME / "journal.sqlite").exists() == log
    (listed,) = json.loads(coruja(folder, "labels", "list", "--json").stdout)["answers"]
    assert (listed["id"], listed["status"], listed["why"]) == (1, "answered", "was not judged")
    assert coruja(folder, "labels", "accept", "1").returncode == 0
    assert coruja(folder, "labels", "export", "--out", "dados.jsonl").returncode == 0
    (row,) = map(json.loads, (folder / "dados.jsonl").read_text("utf-8").splitlines())
    assert "Detecta vieses" in row["evidence"][0]["quote"]


class Hook(BaseHTTPRequestHandler):
    heard: list[bytes] = []  # noqa: RUF012 - one test, one server

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()


def test_an_alarm_is_posted_and_ends_with_a_status(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    now = datetime.now(UTC)
    journal = Journal(tmp_path / BUILT_NAME)
    for question in USUAL:
        journal.add(answer(question), at=now - timedelta(days=20))
        journal.add(answer(question, 0.1, answered=False), at=now - timedelta(hours=1))
    journal.close()
    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    run = coruja(tmp_path, "monitor", "--alert", CORUJA_WEBHOOK=f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()
    assert run.returncode == 4, run.stderr
    assert "60 answers now, 60 before." in run.stdout
    assert "abstentions" in json.loads(Hook.heard[0])["alarms"]
