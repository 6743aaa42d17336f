"""Trying a chat model: what it brings beside quotes alone, told for people and for programs, and kept."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from commandline import NO_OLLAMA, coruja, workspace
from servers import ollama_models as scripted
from servers.ollama import OllamaServer
from servers.ollama_assistant import assistant_with
from servers.ollama_replies import Model

from assistant.models.memory import free_memory
from assistant.workspace.folder import read_settings
from eval.datasets.corpus import cut_corpus
from eval.datasets.example import Evidence, Example, write_dataset
from eval.trials.trial import DRAFTED, SHIPPED, Trial, chosen, spread, try_model
from eval.trials.tried import keep_trial, read_trials

EXAMPLES = (
    Example("1", "O que faz o SageMaker Clarify?", True, (Evidence("", "Detecta vieses"),)),
    Example("2", "O que faz o SageMaker Canvas?", True, (Evidence("", "Criar modelos sem código"),)),
    Example("3", "Quem é o presidente da Amazon?", False),
)


def tried(script: Model, page_workspace: Path) -> Trial:
    seen: list[str] = []
    with assistant_with(script, page_workspace) as assistant:
        trial = try_model(
            assistant.stream,
            EXAMPLES,
            model="escrivao:1b",
            questions="três",
            when="2026-01-15T10:00:00-03:00",
            progress=lambda done, total, question: seen.append(question),
        )
    assert seen == [example.question for example in EXAMPLES]
    return trial


def test_an_honest_model_is_worth_it(page_workspace: Path) -> None:
    trial = tried(scripted.honest, page_workspace)
    assert (trial.asked, trial.tried, trial.written) == (3, 2, 2)
    assert trial.right == trial.right_quoting == 3
    assert (trial.refused, trial.discarded, trial.failed, trial.answered_wrongly) == (0, 0, 0, 0)
    assert trial.worth_it
    assert trial.recommendation.startswith("Worth it: as many right of 3, prose in 2 of 2 answers")
    assert trial.quotes_s is not None
    assert trial.first_s is not None
    assert trial.whole_s is not None
    assert 0 < trial.quotes_s <= trial.first_s <= trial.whole_s


@pytest.mark.parametrize(
    ("script", "found", "said"),
    [
        (scripted.lying, {"discarded": 2}, "the documents support too little of what it wrote in 2 of 2"),
        (scripted.says(scripted.UNKNOWING), {"refused": 2}, "it wrote something in 0 of 2"),
        (scripted.fails_at_once, {"failed": 2}, "it failed in 2 of 2"),
    ],
    ids=["lies", "refuses", "fails"],
)
def test_a_model_that_brings_nothing_is_not_worth_it(
    page_workspace: Path, script: Model, found: dict[str, int], said: str
) -> None:
    trial = tried(script, page_workspace)
    counts = {name: getattr(trial, name) for name in ("refused", "discarded", "failed")}
    assert counts == {"refused": 0, "discarded": 0, "failed": 0} | found
    assert trial.right == trial.right_quoting == 3  # the quotes stay
    assert trial.first_s is None
    assert not trial.worth_it
    assert said in trial.recommendation


def test_sentences_left_out_are_counted(page_workspace: Path) -> None:
    script = scripted.says("O SageMaker Clarify detecta vieses. Ele custa 40 dólares. Ele foi lançado em 1987. ")
    trial = tried(scripted.in_turn(["O SageMaker Clarify detecta vieses. O Clarify custa 40 dólares."]), page_workspace)
    assert (trial.written, trial.left_out, trial.discarded) == (1, 1, 1)
    assert tried(script, page_workspace).discarded == 2


def test_which_questions_a_model_is_tried_on(page_workspace: Path, tmp_path: Path) -> None:
    title, examples = chosen(cut_corpus(page_workspace, read_settings(page_workspace)))
    assert (title, len(examples)) == (SHIPPED, 20)
    assert {example.answerable for example in examples} == {True, False}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "rio.md").write_text("# Tietê\n\nO Tietê é um rio paulista que corre para o interior.\n")
    title, examples = chosen(cut_corpus(tmp_path, read_settings(tmp_path)))
    assert title == DRAFTED
    assert [example.question for example in examples] == ["O que é Tietê?"]
    assert [example.id for example in spread(EXAMPLES, 2)] == ["1", "2"]


def test_the_last_trial_of_each_model_and_set_is_kept(page_workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / ".coruja" / "tried.json"
    assert read_trials(file) == []
    trial = tried(scripted.honest, page_workspace)
    other = Trial(**{name: getattr(trial, name) for name in trial.__slots__} | {"model": "outro:1b"})
    assert list(keep_trial(file, trial)) == [trial]
    assert list(keep_trial(file, other)) == [trial, other]
    assert list(keep_trial(file, trial)) == [other, trial]
    assert read_trials(file) == [other, trial]
    file.write_text('[{"model": "x"}]')
    assert read_trials(file) == []


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer({"escrivao:1b": scripted.honest, "mentiroso:1b": scripted.lying}) as running:
        yield running


def test_trying_from_the_command_line(tmp_path: Path, server: OllamaServer) -> None:
    folder = workspace(tmp_path)
    write_dataset(tmp_path / "três.jsonl", EXAMPLES)
    ask = partial(coruja, folder, "models", CORUJA_OLLAMA_URL=server.url)
    run = ask("try", "escrivao:1b", "--questions", str(tmp_path / "três.jsonl"))
    assert run.returncode == 0, run.stderr
    assert "Worth it: as many right of 3" in run.stdout
    assert "CORUJA_MODEL=escrivao:1b" in run.stdout
    liar = json.loads(ask("try", "mentiroso:1b", "--questions", str(tmp_path / "três.jsonl"), "--json").stdout)
    assert (liar["model"], liar["questions"], liar["discarded"], liar["worth_it"]) == ("mentiroso:1b", "três", 2, False)
    assert liar["memory_gb"] > 0
    listed = ask()
    assert "três: Worth it: as many right of 3" in listed.stdout
    assert "três: Not worth it here" in listed.stdout
    told = json.loads(ask("--json").stdout)
    assert [trial["model"] for trial in told["tried"]] == ["escrivao:1b", "mentiroso:1b"]
    assert (folder / ".coruja" / "journal.jsonl").exists() is False


def test_a_model_that_is_not_there_cannot_be_tried(tmp_path: Path, server: OllamaServer) -> None:
    folder = workspace(tmp_path)
    run = coruja(folder, "models", "try", "novo:1b", CORUJA_OLLAMA_URL=server.url)
    assert run.returncode == 1
    assert run.stderr.endswith("next: Download it with: ollama pull novo:1b\n")
    assert "ollama serve" in coruja(folder, "models", "try", "novo:1b", CORUJA_OLLAMA_URL=NO_OLLAMA).stderr


def test_free_memory_is_what_the_system_tells(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:       24000000 kB\nMemFree: 100 kB\nMemAvailable:   1953125 kB\n")
    assert free_memory(tmp_path / "meminfo") == pytest.approx(2.0)
    (tmp_path / "meminfo").write_text("nichts")
    assert free_memory(tmp_path / "meminfo") >= 0
    assert free_memory(tmp_path / "none") >= 0
