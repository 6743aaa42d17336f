"""Batches: questions in, answers out in their order, whatever happens in between."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from commandline import CORUJA, coruja, environment, workspace
from servers import ollama_models as scripted
from servers.ollama import OllamaServer
from servers.ollama_replies import Wait

from assistant.answer import Answer, Turn
from assistant.assistant import Assistant
from assistant.workspace.batch import parse_questions, read_questions, run_batch
from ingest.errors import BatchError, ModelUnavailable


def echo(question: str, history: Sequence[Turn] = ()) -> Answer:
    """Answer with the question and how long the conversation is; some questions cannot be answered."""
    if "caro" in question:
        raise ModelUnavailable("O modelo não respondeu.", "Tente de novo.")
    if "defeito" in question:
        raise ZeroDivisionError("por zero")
    return Answer(question, question, f"{question}! {len(history)}", "answered", "pt", "extractive")


def objects(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


# --- reading ---


CSV = 'id,question,history\na,O que é X?,\nb,"E\nY, então?","[{""question"":""q"",""answer"":""r""}]"\n'
EXCEL = '\ufeffID;Pergunta;history\r\na;O que é X?;\r\n;;\r\nb;"E\nY, então?";[{"question":"q","answer":"r"}]\r\n'
JSON_LINES = """{"id": "a", "question": " O que é X? "}

{"id": "b", "pergunta": "E\\nY, então?", "history": [{"question": "q", "answer": "r"}]}"""


@pytest.mark.parametrize(("name", "text"), [("q.csv", CSV), ("q.CSV", EXCEL), ("q.jsonl", JSON_LINES)])
def test_questions_are_read_as_the_extension_says(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    first, second = read_questions(tmp_path / name)
    assert (first.id, first.question, first.history, first.error) == ("a", "O que é X?", (), "")
    assert (second.id, second.question.split(), second.error) == ("b", ["E", "Y,", "então?"], "")
    assert second.history == (Turn("q", "r"),)


def test_a_spreadsheet_in_windows_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_bytes("pergunta\nQual é a solução?\n".encode("cp1252"))
    assert [row.question for row in read_questions(tmp_path / "q.csv")] == ["Qual é a solução?"]


def test_plain_lines_and_objects_may_be_mixed() -> None:
    rows = parse_questions('O que é X?\n\n{"question": "E Y?", "id": 7}\n{quebrado\n')
    assert [(row.id, row.line, row.question, bool(row.error)) for row in rows] == [
        (1, 1, "O que é X?", False),
        (7, 3, "E Y?", False),
        (4, 4, "", True),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("não é json", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"id": 1}', "no question"),
        ('{"question": 3}', "no question"),
        ('{"question": "a", "id": [1]}', "`id`"),
        ('{"question": "a", "history": "antes"}', "`history`"),
        ('{"question": "a", "id": "b"}', "line 1, too"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "q.jsonl").write_text(f'{{"question": "boa", "id": "b"}}\n{line}\n{{"question": "fim"}}', "utf-8")
    rows = read_questions(tmp_path / "q.jsonl")
    assert [bool(row.error) for row in rows] == [False, True, False]
    assert said in rows[1].error


@pytest.mark.parametrize("line", ["a,b,c", '"a"b,c', "a"])
def test_a_bad_line_of_csv_says_why(tmp_path: Path, line: str) -> None:
    (tmp_path / "q.csv").write_text(f"id,question\n1,boa\n{line}\n2,fim\n", "utf-8")
    assert [(row.line, bool(row.error)) for row in read_questions(tmp_path / "q.csv")] == [
        (2, False),
        (3, True),
        (4, False),
    ]


@pytest.mark.parametrize(
    ("name", "text"), [("q.csv", "nome,idade\na,1\n"), ("q.csv", ""), ("q.xlsx", "x"), ("nada.csv", None)]
)
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(BatchError) as caught:
        read_questions(tmp_path / name)
    assert caught.value.next_step


# --- asking ---


def test_answers_come_in_order_and_bad_rows_stop_none(tmp_path: Path) -> None:
    rows = parse_questions("Um?\nQuanto é caro?\n{ruim\nUm defeito?\nDois?\n")
    seen: list[tuple[int, int]] = []
    out = tmp_path / "a.jsonl"
    report = run_batch(echo, rows, out, jobs=3, progress=lambda done, total, what: seen.append((done, total)))
    found = objects(out)
    assert [answer["id"] for answer in found] == [1, 2, 3, 4, 5]
    assert found[0] == {"id": 1, **echo("Um?").to_dict()}
    assert found[1] == {
        "id": 2,
        "line": 2,
        "question": "Quanto é caro?",
        "error": "O modelo não respondeu.",
        "next": "Tente de novo.",
    }
    assert "ZeroDivisionError" in found[3]["error"]
    assert report.failed == (2, 3, 4)
    assert seen == [(done, 5) for done in range(1, 6)]


def test_rows_are_asked_at_the_same_time(tmp_path: Path) -> None:
    """Three rows wait for each other: they can only end together."""
    together = threading.Barrier(3, timeout=20)

    def meet(question: str, history: Sequence[Turn]) -> Answer:
        together.wait()
        return echo(question, history)

    rows = parse_questions("a\nb\nc\nd\ne\nf\n")
    assert run_batch(meet, rows, tmp_path / "a.jsonl", jobs=3).failed == ()


def test_a_batch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    rows = parse_questions("".join(f"Pergunta {number}?\n" for number in range(20)))
    whole, out = tmp_path / "whole.jsonl", tmp_path / "a.jsonl"
    run_batch(echo, rows, whole)
    lines = whole.read_bytes().splitlines(keepends=True)
    asked: list[str] = []

    def listed(question: str, history: Sequence[Turn]) -> Answer:
        asked.append(question)
        return echo(question, history)

    # Cut anywhere, with lines missing before others, and with a failure among them.
    failure = b'{"id": 3, "line": 3, "question": "Pergunta 2?", "error": "caiu", "next": ""}\n'
    out.write_bytes(b"".join([lines[7], lines[0], failure, *lines[10:15], lines[15][:25]]))
    report = run_batch(listed, rows, out, jobs=2)
    assert out.read_bytes() == whole.read_bytes()
    assert (report.kept, report.rows, report.failed, report.backup) == (7, 20, (), None)
    assert sorted(asked) == sorted(
        f"Pergunta {number}?" for number in range(20) if number not in {0, 7, *range(10, 15)}
    )
    asked.clear()
    assert run_batch(listed, rows, out).kept == 20
    assert asked == []
    assert out.read_bytes() == whole.read_bytes()


def test_answers_to_other_questions_are_kept_in_a_copy(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    run_batch(echo, parse_questions("a\nb\nc\n"), out)
    before = out.read_bytes()
    report = run_batch(echo, parse_questions("a\nB\nc\n"), out)
    assert [answer["question"] for answer in objects(out)] == ["a", "B", "c"]
    assert (report.kept, report.backup and report.backup.read_bytes()) == (2, before)


def test_a_copy_of_answers_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    written = []
    for questions in ("a\nb\n", "a\nB\n", "A\nB\n", "A\nc\n"):
        run_batch(echo, parse_questions(questions), out)
        written.append(out.read_bytes())
    copies = [tmp_path / f"a.jsonl.old{end}" for end in ("", ".2", ".3")]
    assert [copy.read_bytes() for copy in copies] == written[:3]


@pytest.mark.parametrize("text", ["texto\n", "[]\n", '{"id": 1, "question": "a"}\n'])
def test_a_file_that_holds_no_answers_is_never_written(tmp_path: Path, text: str) -> None:
    out = tmp_path / "a.jsonl"
    out.write_text(text, "utf-8")
    with pytest.raises(BatchError, match="line 1"):
        run_batch(echo, parse_questions("a\n"), out)
    assert out.read_text("utf-8") == text
    with pytest.raises(BatchError, match="cannot be written"):
        run_batch(echo, parse_questions("a\n"), tmp_path / "nada" / "a.jsonl")


def test_threads_get_the_answers_that_one_gets(page: Assistant, tmp_path: Path) -> None:
    rows = parse_questions("O que faz o SageMaker Clarify?\nO que é o Canvas?\nQual é a capital da Mongólia?\n" * 4)
    for jobs in (1, 4):
        run_batch(page.ask, rows, tmp_path / f"{jobs}.jsonl", jobs=jobs)
    one, four = ([{**answer, "timings_ms": None} for answer in objects(tmp_path / f"{jobs}.jsonl")] for jobs in (1, 4))
    assert one == four
    assert {answer["status"] for answer in one} == {"answered", "abstained"}


# --- from the command line ---


def test_a_killed_batch_is_the_same_in_the_end(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    coruja(folder, "index")
    names = ["Canvas", "Clarify", "Feature Store", "Ground Truth", "Model Monitor", "Pipelines", "Autopilot", "Studio"]
    questions = [f"{asks} o SageMaker {name}?" for asks in ("O que é", "O que faz", "Para que serve") for name in names]
    (folder / "q.csv").write_text("pergunta\n" + "\n".join(questions), "utf-8")

    def slow(prompt: Any) -> Any:
        yield Wait(0.1)
        yield from scripted.honest(prompt)

    with OllamaServer({"lento": slow}) as server:
        settings = {"CORUJA_OLLAMA_URL": server.url, "CORUJA_MODEL": "lento"}
        assert coruja(folder, "ask", "--batch", "q.csv", "--out", "inteiro.jsonl", **settings).returncode == 0
        out = folder / "morto.jsonl"
        command = [str(CORUJA), "ask", "--batch", "q.csv", "--out", str(out), "--jobs", "2"]
        killed = subprocess.Popen(command, cwd=folder, env=environment(**settings))
        deadline = time.monotonic() + 60
        while not (out.exists() and out.read_bytes().count(b"\n") > 3) and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        left = out.read_bytes()
        assert 3 < left.count(b"\n") < len(questions)
        out.write_bytes(left + b'{"id": 9, "question": "O que')
        before = len(server.asked("/api/chat"))
        done = coruja(folder, "ask", "--batch", "q.csv", "--out", str(out), "--json", **settings)
        assert json.loads(done.stdout) == {
            "rows": 24,
            "kept": left.count(b"\n"),
            "failed": [],
            "out": str(out),
            "backup": None,
        }
        loading = 1
        assert len(server.asked("/api/chat")) - before <= 24 - left.count(b"\n") + loading
    whole, resumed = (
        [{**answer, "timings_ms": None} for answer in objects(path)] for path in (folder / "inteiro.jsonl", out)
    )
    assert resumed == whole
    assert "ollama:lento" in {answer["writer"] for answer in whole}
    assert [answer["question"] for answer in whole] == questions


def test_a_batch_from_standard_input_with_a_bad_row(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    typed = 'O que faz o SageMaker Clarify?\n{"question": "O que é o Canvas?", "id": "c"}\n{"id": "x"}\n'
    run = coruja(folder, "ask", "--batch", "-", "--out", "a.jsonl", stdin=typed)
    assert run.returncode == 3, run.stderr
    assert run.stdout == "2 of 3 questions answered: a.jsonl\n"
    assert "line 3" in run.stderr
    found = objects(folder / "a.jsonl")
    assert [answer["id"] for answer in found] == [1, "c", "x"]
    assert found[0]["citations"]
    assert found[2]["error"]


@pytest.mark.parametrize(
    "words", [["ask"], ["ask", "a", "--batch", "q.csv", "--out", "a"], ["ask", "--batch", "q.csv"]]
)
def test_mistakes_in_typing_a_batch(tmp_path: Path, words: list[str]) -> None:
    run = coruja(tmp_path, *words)
    assert run.returncode == 2
    assert "--out" in run.stderr
