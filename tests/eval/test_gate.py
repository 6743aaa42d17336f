"""The gate, typed as a person or a workflow types it: what is broken is not served, and the reason is the right one."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from commandline import CORUJA, ROOT, coruja, environment

from eval.datasets.example import Example, write_dataset

TOPICS = {
    "forno": ("Forno", "lenha de eucalipto", "vinte minutos", "pão"),
    "farol": ("Farol", "óleo de baleia", "doze milhas", "navio"),
    "moinho": ("Moinho", "vento do norte", "trinta sacos", "trigo"),
    "ponte": ("Ponte", "pedra calcária", "oito arcos", "rio"),
    "relógio": ("Relógio", "pesos de chumbo", "sete dias", "torre"),
    "sino": ("Sino", "bronze fundido", "quatro toques", "missa"),
}
QUESTIONS = ("O que usa o {0} da vila?", "Qual é a capacidade do {0}?")
OUTSIDE = (
    "Quem ganhou a copa de 1994?",
    "Qual é a temperatura de Vênus?",
    "Como se faz um bolo de fubá?",
    "Quanto custa um avião a jato?",
    "Quem escreveu Hamlet?",
    "Como se tira um passaporte?",
)


def page(name: str, source: str, capacity: str, use: str) -> str:
    return (
        f"# {name} da vila\n\n## Uso\n\nO {name.lower()} usa {source} e serve para o {use} da vila inteira.\n\n"
        f"## Capacidade\n\nA capacidade do {name.lower()} é de {capacity} por vez, nunca mais do que isso.\n"
    )


def examples() -> list[Example]:
    found = [Example(f"x{at}", question, answerable=False) for at, question in enumerate(OUTSIDE)]
    for topic, (name, source, capacity, use) in TOPICS.items():
        uses = f"O {name.lower()} usa {source} e serve para o {use} da vila inteira."
        holds = f"A capacidade do {name.lower()} é de {capacity} por vez, nunca mais do que isso."
        for at, question in enumerate(QUESTIONS):
            evidence = [{"doc": f"{topic}.md", "quote": holds if at == 1 else uses}]
            row: dict[str, object] = {
                "id": f"{topic}-{at}",
                "question": question.format(name.lower()),
                "evidence": evidence,
            }
            found.append(parsed(row))
    return found


def parsed(row: dict[str, object]) -> Example:
    from eval.datasets.reading import parse_example

    return parse_example(row, Path("perguntas.jsonl"), 1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose served index was accepted."""
    folder = tmp_path_factory.mktemp("vila")
    (folder / "corpus").mkdir()
    for topic, said in TOPICS.items():
        (folder / "corpus" / f"{topic}.md").write_text(page(*said), "utf-8")
    write_dataset(folder / "perguntas.jsonl", examples())
    (folder / "coruja.toml").write_text('writer = "extractive"\n[gate]\ndataset = "perguntas.jsonl"\n', "utf-8")
    run = coruja(folder, "eval", "gate", "--accept")
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def village(served: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(served, tmp_path / "vila"))


def gated(folder: Path) -> tuple[int, Any, bool]:
    """Type `coruja index --gate`; return its status, what it said, and whether another generation is served."""
    before = (folder / ".coruja" / "index" / "CURRENT").read_text("utf-8")
    run = coruja(folder, "index", "--gate", "--json")
    assert run.stdout, run.stderr
    after = (folder / ".coruja" / "index" / "CURRENT").read_text("utf-8")
    assert not list((folder / ".coruja" / "index").glob("building-*"))
    return run.returncode, json.loads(run.stdout), before != after


def test_a_harmless_edit_is_served(village: Path) -> None:
    document = village / "corpus" / "ponte.md"
    document.write_text(
        document.read_text("utf-8") + "\n## História\n\nA ponte foi pintada de azul no verão.\n", "utf-8"
    )
    status, verdict, promoted = gated(village)
    assert (status, verdict["passed"], verdict["reasons"], promoted) == (0, True, [], True)
    assert "pintada de azul" in coruja(village, "search", "ponte pintada de azul").stdout
    assert coruja(village, "generations", "verify").returncode == 0


def test_numbers_changed_behind_the_data_set_s_back_are_not_served(village: Path) -> None:
    document = village / "corpus" / "farol.md"
    document.write_text(document.read_text("utf-8").replace("doze milhas", "sete milhas"), "utf-8")
    comment = village / "comentário.md"
    run = coruja(village, "index", "--gate", "--comment", str(comment))
    assert run.returncode == 4, run.stdout + run.stderr
    assert "no longer in their documents (farol.md)" in run.stdout
    assert "sete milhas" in run.stdout
    assert "doze milhas" in coruja(village, "search", "capacidade do farol").stdout
    assert "**Qual é a capacidade do farol?** (changed)" in comment.read_text("utf-8")


def test_half_a_corpus_is_not_served(village: Path) -> None:
    for topic in list(TOPICS)[:3]:
        (village / "corpus" / f"{topic}.md").unlink()
    status, verdict, promoted = gated(village)
    assert (status, promoted) == (4, False)
    assert any("of documents that are not there (forno.md, farol.md" in reason for reason in verdict["reasons"])
    assert any("evidence shown went from" in reason for reason in verdict["reasons"])
    assert "documents: 6 → 3" in verdict["notes"]


def test_without_an_accepted_run_or_a_data_set_it_says_what_to_type(village: Path, tmp_path: Path) -> None:
    shutil.rmtree(village / ".coruja" / "evaluations")
    run = coruja(village, "index", "--gate")
    assert (run.returncode, "coruja eval gate --accept" in run.stderr) == (1, True)
    (village / "coruja.toml").write_text('writer = "extractive"\n', "utf-8")
    run = coruja(village, "eval", "gate")
    assert (run.returncode, "[gate] dataset" in run.stderr) == (1, True)


def test_runs_are_compared_by_name_and_broken_quotes_named(village: Path) -> None:
    run = coruja(village, "eval", "run", "perguntas.jsonl", "--name", "quieto", "--tag", "x")
    assert (run.returncode, "Leave out --tag" in run.stderr) == (1, True)
    table = coruja(village, "eval", "run", "perguntas.jsonl", "--name", "quieto", CORUJA_CAUTION="1")
    assert re.search(r"^correct +[01]\.\d+ +[01]\.\d+ to [01]\.\d+$", table.stdout, re.MULTILINE), table.stderr
    told = coruja(village, "eval", "compare", "perguntas-1", "quieto", "--out", "diferença.html").stdout
    assert "settings.caution: None → 1.0" in told
    assert (village / "diferença.html").exists()
    assert coruja(village, "eval", "check", "perguntas.jsonl").returncode == 0
    (village / "corpus" / "sino.md").unlink()
    run = coruja(village, "eval", "check", "perguntas.jsonl", "--json")
    assert run.returncode == 3
    assert {each["fault"] for each in json.loads(run.stdout)["broken"]} == {"no document"}


def test_drafts_are_accepted_one_by_one(village: Path) -> None:
    guide = "## Por que o sino toca?\n\nPorque a missa começa, e a vila inteira precisa saber disso a tempo.\n\n"
    guide += "## Quem cuida do farol?\n\nO faroleiro cuida do farol todas as noites, desde que o farol existe.\n"
    (village / "corpus" / "guia.md").write_text(guide, "utf-8")
    assert coruja(village, "eval", "draft", "--out", "novas.jsonl", "--count", "5").returncode == 0
    listed = json.loads(coruja(village, "eval", "accept", "novas.jsonl", "--json").stdout)["pending"]
    assert listed
    first = listed[0]["id"]
    assert json.loads(coruja(village, "eval", "accept", "novas.jsonl", first, "--json").stdout)["accepted"] == [first]
    rest = coruja(village, "eval", "accept", "novas.jsonl", "--all", "--reject")
    assert rest.returncode == 0
    assert (village / "novas.jsonl").read_text("utf-8").count("\n") == 1
    assert coruja(village, "eval", "accept", "novas.jsonl", "nada").returncode == 1


def test_the_workflow_s_steps_run_in_a_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(clone)]
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    (document,) = (clone / "corpus").glob("*.md")
    document.write_text(document.read_text("utf-8").replace("Detecta vieses", "Ignora vieses"), "utf-8")
    subprocess.run([*git, "commit", "--quiet", "-am", "edit"], check=True)
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "docs.yml").read_text("utf-8"))
    env = {
        **environment(**{name: value for name, value in steps["env"].items() if name.startswith("CORUJA_")}),
        "BASE": "HEAD~1",
        "HEAD": subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip(),
        "PATH": f"{CORUJA.parent}{os.pathsep}{os.environ['PATH']}",
    }
    (clone / "perguntas.jsonl").write_text("".join(kept_lines()), "utf-8")
    env["CORUJA_GATE__DATASET"] = "perguntas.jsonl"  # a few of the shipped questions: all of them take a minute
    status, said = {}, ""
    for step in steps["jobs"]["gate"]["steps"]:
        if step.get("name") in ("before", "after"):
            run = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=clone, env=env, capture_output=True, text=True)
            status[step["name"]] = run.returncode
            said = run.stdout + run.stderr
    assert status == {"before": 0, "after": 1}
    assert (clone / "comment.md").exists(), said
    comment = (clone / "comment.md").read_text("utf-8")
    assert "does not pass" in comment
    assert "Ignora vieses" in comment


def kept_lines() -> list[str]:
    lines = (ROOT / "eval" / "datasets" / "aws_sagemaker.jsonl").read_text("utf-8").splitlines(keepends=True)
    return [line for line in lines if "clarify" in line.lower() or '"canvas-' in line]
