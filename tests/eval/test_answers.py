"""Measuring extractive answers on a folder of passages, questions and reference answers."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from assistant.workspace.folder import read_settings
from eval.answers import run_answers
from ingest.errors import DatasetError

PASSAGES = {
    "farol": "A ilha tem um farol. O farol velho foi construído por Inácio Prado em 1871. Hoje recebe visitas.",
    "forno": "O forno da padaria usa lenha de eucalipto. O pão fica pronto em vinte minutos.",
}
QUESTIONS = {
    "quem": ("Por quem foi construído o farol velho?", ["Inácio Prado"]),
    "lenha": ("Que lenha o forno da padaria usa?", ["granito", "lenha de eucalipto"]),
    "fora": ("Qual é a temperatura da superfície de Vênus?", ["464 graus"]),
}


def lines(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def folder_of(folder: Path, answers: str) -> Path:
    """Write the passages and questions above, and a file of answers."""
    passages = [{"_id": name, "title": "", "text": text} for name, text in PASSAGES.items()]
    (folder / "corpus.jsonl").write_text(lines(passages), "utf-8")
    questions = [{"_id": name, "text": text} for name, (text, _) in QUESTIONS.items()]
    (folder / "queries.jsonl").write_text(lines(questions), "utf-8")
    (folder / "answers.jsonl").write_text(answers, "utf-8")
    return folder


def test_sentences_spans_and_abstentions_are_counted(tmp_path: Path) -> None:
    answers = [{"_id": name, "answers": right} for name, (_, right) in QUESTIONS.items()]
    result = run_answers(folder_of(tmp_path, lines(answers)), read_settings(tmp_path))
    measures = result["measures"]
    assert result["queries"] == 3
    assert measures["Holds@1"] == pytest.approx(2 / 3)
    assert measures["answered"] == pytest.approx(2 / 3)
    # Whole sentences of nine and seven words, articles dropped, against two and three words.
    assert measures["F1_sentence"] == pytest.approx((2 * 2 / (9 + 2) + 2 * 3 / (7 + 3)) / 3)
    assert measures["F1_sentence"] <= measures["F1"] <= 2 / 3


@pytest.mark.parametrize("answers", ["", '{"_id": "quem"}\n', '{"_id": "quem", "answers": []}\n', '{"_id": "x"\n'])
def test_answers_that_cannot_be_used_are_told(tmp_path: Path, answers: str) -> None:
    with pytest.raises(DatasetError):
        run_answers(folder_of(tmp_path, answers), read_settings(tmp_path))


def test_answers_to_a_question_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="which answers"):
        run_answers(folder_of(tmp_path, lines([{"_id": "outra", "answers": ["sim"]}])), read_settings(tmp_path))
