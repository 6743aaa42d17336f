"""What a person does with the command line, typed for real: index, ask, search, chat, repair, measure, doctor."""

import json
import re
import shutil
from pathlib import Path

import pytest
from commandline import NO_OLLAMA, ROOT, coruja, workspace

PAGE = "guia rápido/página.md"
MAC_ROMAN = ROOT / "tests" / "data" / "aws-sagemaker-mac-roman.txt"

ANSWER = {"question", "answer", "status", "language", "writer", "citations", "hits", "timings_ms", "generation"}
ALSO = {"probability", "query", "missing", "notice"}
CITATION = {"marker", "doc", "line_start", "line_end", "start", "end", "quote", "chunk_id", "headings", "highlight"}
HIT = {"rank", "score", "doc", "chunk_id", "text", "headings"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose index is built."""
    folder = workspace(tmp_path_factory.mktemp("indexed"))
    assert coruja(folder, "index").returncode == 0
    return folder


def test_first_question_needs_nothing_configured(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    run = coruja(folder, "ask", "O que faz o SageMaker Clarify?", CORUJA_WRITER="extractive")
    assert run.returncode == 0, run.stderr
    assert "No index yet" in run.stderr
    assert re.search(r"^\[1\] guia rápido/página\.md:\d+-\d+  \".*Clarify.*\"$", run.stdout, re.MULTILINE)
    assert "Monitoramento e Ética" in run.stdout
    again = coruja(folder, "ask", "O que faz o SageMaker Clarify?", CORUJA_WRITER="extractive")
    assert again.stdout == run.stdout
    assert again.stderr == ""


def test_answer_as_json_keeps_its_documented_schema(indexed: Path) -> None:
    run = coruja(indexed, "ask", "--json", "O que faz o SageMaker Clarify?")
    answer = json.loads(run.stdout)
    assert set(answer) == ANSWER | ALSO
    assert answer["status"] == "answered"
    assert (answer["language"], answer["writer"]) == ("pt", "extractive")
    assert all(set(citation) == CITATION for citation in answer["citations"])
    assert all(set(hit) == HIT for hit in answer["hits"])
    assert [hit["rank"] for hit in answer["hits"]] == list(range(1, len(answer["hits"]) + 1))
    assert set(answer["timings_ms"]) == {"search", "write", "total"}
    assert re.search(r"\[1\]", answer["answer"])
    assert "ollama serve" in answer["notice"]


def test_quotes_stand_in_the_file_where_the_citation_says(indexed: Path) -> None:
    answer = json.loads(coruja(indexed, "ask", "--json", "Quais são os serviços de monitoramento?").stdout)
    assert answer["citations"]
    for citation in answer["citations"]:
        text = (indexed / "corpus" / citation["doc"]).read_text(encoding="utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        lines = text.split("\n")[citation["line_start"] - 1 : citation["line_end"]]
        assert citation["quote"] in "\n".join(lines)


def test_what_the_corpus_does_not_say_is_an_answer_too(indexed: Path) -> None:
    run = coruja(indexed, "ask", "--json", "Qual é a capital da Mongólia?")
    answer = json.loads(run.stdout)
    assert run.returncode == 0
    assert (answer["status"], answer["citations"]) == ("abstained", [])


def test_question_typed_below_the_workspace_or_elsewhere(indexed: Path, tmp_path: Path) -> None:
    below = coruja(indexed / "corpus" / "guia rápido", "search", "--json", "Canvas")
    elsewhere = coruja(tmp_path, "--workspace", str(indexed), "search", "--json", "Canvas")
    assert below.returncode == elsewhere.returncode == 0
    assert below.stdout == elsewhere.stdout


def test_search_lists_hits(indexed: Path) -> None:
    run = coruja(indexed, "search", "-k", "3", "SageMaker Canvas")
    assert run.stdout.splitlines()[0].startswith("  1  ")
    assert len(re.findall(rf"^ *\d+  \S+  {PAGE}:\d+-\d+$", run.stdout, re.MULTILINE)) == 3
    found = json.loads(coruja(indexed, "search", "--json", "-k", "3", "SageMaker Canvas").stdout)
    assert found["query"] == "SageMaker Canvas"
    assert [set(hit) for hit in found["hits"]] == [HIT] * 3
    assert "Canvas" in found["hits"][0]["text"]


def test_index_reports_repairs_and_problems_and_keeps_the_good_files(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    shutil.copy(MAC_ROMAN, folder / "corpus" / "antigo.txt")
    (folder / "corpus" / "vazio.md").write_text("", encoding="utf-8")
    (folder / "corpus" / "quebrado.pdf").write_bytes(b"%PDF-1.7\n\x00\x01\x02")
    run = coruja(folder, "index")
    assert run.returncode == 3, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("Indexed 2 documents, ")
    assert [line.split(":")[0] for line in lines[1:]] == [
        "repaired antigo.txt",
        "problem quebrado.pdf",
        "problem vazio.md",
    ]
    assert all(" — " in line for line in lines if line.startswith("problem"))
    report = json.loads(coruja(folder, "index", "--json").stdout)
    assert set(report) == {
        "documents",
        "chunks",
        "seconds",
        "generation",
        "unchanged",
        "waiting",
        "repairs",
        "redactions",
        "problems",
    }
    assert report["documents"] == 2
    assert report["unchanged"] is True
    assert [set(problem) for problem in report["problems"]] == [{"path", "why", "fix"}] * 2
    assert coruja(folder, "ask", "O que faz o SageMaker Clarify?").returncode == 0


def test_index_makes_a_workspace_around_a_folder_that_is_named(tmp_path: Path) -> None:
    documents = workspace(tmp_path) / "corpus"
    documents.rename(tmp_path / "meus textos")
    home = tmp_path / "casa"
    home.mkdir()
    assert coruja(home, "index", "../meus textos").returncode == 0
    assert "coruja.toml" in [path.name for path in home.iterdir()]
    assert json.loads(coruja(home, "ask", "--json", "O que é o Canvas?").stdout)["status"] == "answered"


def test_chat_keeps_the_conversation(indexed: Path) -> None:
    run = coruja(indexed, "chat", "--json", stdin="O que faz o SageMaker Clarify?\n\ne o Canvas?\n/quit\nnunca lida\n")
    first, second = (json.loads(line) for line in run.stdout.splitlines())
    assert first["question"] == "O que faz o SageMaker Clarify?"
    assert second["question"] == "e o Canvas?"
    assert "Canvas" in second["citations"][0]["quote"]


def test_chat_tells_once_that_ollama_is_away_and_in_english(indexed: Path) -> None:
    run = coruja(indexed, "chat", stdin="O que faz o SageMaker Clarify?\ne o Canvas?\n")
    notes = [line for line in run.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert notes[0].endswith(f"Ollama does not answer at {NO_OLLAMA}. Start it with: ollama serve")


def test_chat_for_people_ends_at_the_end_of_input(indexed: Path) -> None:
    run = coruja(indexed, "chat", stdin="O que faz o SageMaker Clarify?\n")
    assert run.returncode == 0
    assert "[1] " + PAGE in run.stdout


def test_repair_writes_the_text_back_and_keeps_what_was(tmp_path: Path) -> None:
    damaged = tmp_path / "página.txt"
    shutil.copy(MAC_ROMAN, damaged)
    before = damaged.read_bytes()
    run = coruja(tmp_path, "repair", "--json", str(damaged))
    (done,) = json.loads(run.stdout)["files"]
    assert Path(done["backup"]).read_bytes() == before
    assert "Implantação" in damaged.read_text(encoding="utf-8")
    again = coruja(tmp_path, "repair", str(damaged))
    assert "nothing to repair" in again.stdout


def test_eval_beir_measures_retrieval(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    passages = {"a": "A coruja caça à noite.", "b": "O peixe nada no rio.", "c": "O trem chega às oito."}
    rows = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in passages.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "quando a coruja caça?"}), encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n", encoding="utf-8")
    result = json.loads(coruja(tmp_path, "eval", "beir", "--json", str(tmp_path)).stdout)
    assert set(result) == {"measures", "queries", "seconds"}
    assert set(result["measures"]) == {"Success@1", "Success@5", "R@10", "RR@10", "nDCG@10"}
    assert result["measures"]["RR@10"] == 1.0
    assert re.search(r"^RR@10 +1\.000$", coruja(tmp_path, "eval", "beir", str(tmp_path)).stdout, re.MULTILINE)


def test_doctor_says_what_works(indexed: Path) -> None:
    run = coruja(indexed, "doctor", "--json")
    examined = json.loads(run.stdout)
    checks = {check["name"]: check for check in examined["checks"]}
    assert run.returncode == 0
    assert examined["works"] is True
    base = {"python", "packages", "workspace", "corpus", "embedder", "index", "ollama", "disk", "port"}
    assert set(checks) == base | {"formats", "ocr"}
    assert 'pip install "coruja[ocr]"' in checks["ocr"]["found"] or "are read" in checks["ocr"]["found"]
    assert "ollama" in checks["ollama"]["fix"]
    assert all(check["ok"] for name, check in checks.items() if name not in {"ollama", "port"})
    assert all(check["fix"] for check in checks.values() if not check["ok"])
    assert "documents: 1," in checks["index"]["found"]


def test_doctor_speaks_english_of_ollama(indexed: Path) -> None:
    run = coruja(indexed, "doctor")
    assert f"Ollama does not answer at {NO_OLLAMA}." in run.stdout
    assert "next: Start it with: ollama serve" in run.stdout


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    run = coruja(tmp_path, "doctor")
    assert run.returncode == 1
    assert re.search(r"^MISSING workspace", run.stdout, re.MULTILINE)
    assert "next: " in run.stdout


def test_every_verb_is_in_the_help(tmp_path: Path) -> None:
    run = coruja(tmp_path, "--help")
    for verb in ("index", "repair", "ask", "search", "chat", "ui", "eval", "prompts", "doctor"):
        assert re.search(rf"^\W+{verb} ", run.stdout, re.MULTILINE), verb
    assert coruja(tmp_path, "--version").stdout.startswith("coruja ")
