"""A model's opinion of answers: measured against people's, by a model on the protocol server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commandline import coruja
from servers.ollama import OllamaServer
from servers.ollama_replies import Prompt, Step

from assistant.answer import Answer
from assistant.workspace.folder import BUILT_NAME
from assistant.workspace.journal import Journal, Label
from eval.asked.opinion import verdict
from eval.measures.statistics import kappa

SAID: tuple[tuple[str, Label], ...] = (
    ("certo um", "accepted"),
    ("certo dois", "rejected"),
    ("falso", "rejected"),
    ("certo três", ""),
    ("vago", "accepted"),
)


def strict(prompt: Prompt) -> Iterator[Step]:
    """Think right what says "certo", and everything else wrong."""
    yield "CERTA." if "certo" in prompt.text.rpartition("Resposta:")[2] else "Não: ERRADA"


def test_kappa_is_that_of_the_hand() -> None:
    hand = [(True, True)] * 4 + [(False, False)] * 3 + [(True, False)] * 2 + [(False, True)]
    assert kappa(hand) == pytest.approx(0.4)
    assert kappa([(True, True)] * 3) == 0
    assert kappa([(True, False), (False, True)]) == -1


@pytest.mark.parametrize(
    ("text", "right"), [("CERTA", True), ("É errada.", False), ("Certa? Não: errada", False), ("Incerta", None)]
)
def test_the_last_of_the_two_words_counts(text: str, right: bool | None) -> None:
    assert verdict(text) is right


def test_it_is_measured_against_what_people_said(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    journal = Journal(tmp_path / BUILT_NAME)
    for at, (said, label) in enumerate(SAID):
        text = Answer(f"Pergunta {at}?", f"Pergunta {at}?", said, "answered", "pt", "extractive")
        journal.add(text, at=datetime(2026, 1, 1 + at, tzinfo=UTC))
        if label:
            journal.label(at + 1, label)
    journal.close()
    with OllamaServer({"juiz": strict}) as server:
        run = coruja(tmp_path, "eval", "judge", "--json", CORUJA_MODEL="juiz", CORUJA_OLLAMA_URL=server.url)
    told = json.loads(run.stdout)
    assert (told["labelled"], told["agreed"], told["kappa"]) == (4, 2, 0.0), run.stderr
    away = coruja(tmp_path, "eval", "judge")
    assert (away.returncode, "next:" in away.stderr) == (1, True)
