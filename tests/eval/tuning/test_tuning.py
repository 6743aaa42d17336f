"""Tuning: what was looked for is measured where it was not looked for, and nothing is written unasked."""

import json
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from commandline import coruja
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from assistant.workspace.opening import open_embedder, open_index
from eval.datasets.example import Evidence, Example, write_dataset
from eval.tuning.applying import apply
from eval.tuning.parting import part
from eval.tuning.remembered import Remembered, assistant_over
from eval.tuning.space import SPACE, Knob, Values, values_of, with_values
from eval.tuning.study import study
from ingest.errors import DatasetError, SettingsError

ASKED = 4  # of these
CRAFTS = ("oleiro", "ferreiro", "tecelão", "padeiro", "relojoeiro", "marceneiro", "vidreiro", "sapateiro")
TRAITS = ("a matéria-prima", "o horário de trabalho", "o principal cliente", "a ferramenta preferida")
SAYINGS = (
    "usa {0} trazido do vale do norte em carroças",
    "abre as portas às {1} horas e fecha ao anoitecer",
    "vende sobretudo para o mosteiro da colina {2}",
    "guarda com cuidado um martelo de cabo {3}",
)
WORDS = ("barro", "carvão", "linho", "trigo", "latão", "cedro", "areia", "couro")


def page(craft: str, at: int) -> str:
    said = [
        saying.format(WORDS[at], 5 + at, ("azul", "verde")[at % 2], ("longo", "curto")[at % 2]) for saying in SAYINGS
    ]
    parts = [
        f"## {trait.capitalize()} do {craft}\n\nQuanto a {trait}: o {craft} da aldeia {text}.\n"
        for trait, text in zip(TRAITS, said, strict=True)
    ]
    return f"# O {craft} da aldeia\n\n" + "\n".join(parts)


@pytest.fixture(scope="module")
def crafts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that answers what nobody wrote: its owner asks for next to no certainty."""
    folder = tmp_path_factory.mktemp("ofícios")
    (folder / "corpus").mkdir()
    examples = [
        Example(f"u{at}", f"Quanto custa um {word} na lua?", answerable=False) for at, word in enumerate(WORDS[:4])
    ]
    for at, craft in enumerate(CRAFTS):
        text = page(craft, at)
        (folder / "corpus" / f"{craft}.md").write_text(text, "utf-8")
        if at >= ASKED:
            continue
        quote = next(line for line in text.splitlines() if line.startswith("Quanto a o horário"))
        asked = f"Qual é o horário de trabalho do {craft}?"
        examples.append(Example(craft, asked, True, (Evidence(f"{craft}.md", quote),)))
    write_dataset(folder / "perguntas.jsonl", examples)
    (folder / "coruja.toml").write_text(
        '# da casa\nwriter = "extractive"\ncaution = 0.05\n[evidence]\nsought = 20\n', "utf-8"
    )
    build(folder, read_settings(folder))
    return folder


def asked(name: str, *docs: str) -> Example:
    return Example(name, name, bool(docs), tuple(Evidence(doc, "x") for doc in docs))


@settings(max_examples=50)
@given(
    st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=3), min_size=4, max_size=40),
    st.floats(0.1, 0.9),
    st.integers(0, 5),
)
def test_no_document_is_asked_about_in_both_parts(docs: list[set[str]], held_out: float, seed: int) -> None:
    examples = [asked(str(at), *sorted(own)) for at, own in enumerate(docs)]
    try:
        parts = part(examples, held_out, seed)
    except DatasetError:
        return
    looked, held = ({piece.doc for each in own for piece in each.evidence} for own in (parts.looked, parts.held))
    assert looked and held
    assert not looked & held
    assert sorted(each.id for each in (*parts.looked, *parts.held, *parts.left_out)) == sorted(e.id for e in examples)


def test_few_are_left_out_where_questions_link_many_documents() -> None:
    chain = [asked(f"{at}", f"{at}.md", f"{at + 1}.md") for at in range(100)]
    parts = part(chain, 0.5)
    assert len(parts.left_out) <= 30
    assert abs(len(parts.looked) - len(parts.held)) <= 10
    with pytest.raises(DatasetError, match="cannot be parted"):
        part([asked("1", "a.md"), asked("2", "a.md")], 0.5)


def test_a_planted_optimum_is_found_within_what_has_to_hold_and_a_study_goes_on(tmp_path: Path) -> None:
    space = (Knob("x", 0, 1), Knob("y", 0, 100, step=5))
    seen: list[Values] = []

    def measure(values: Values) -> tuple[float, float]:
        seen.append(values)
        return -((values["x"] - 0.9) ** 2) - (values["y"] / 100 - 0.2) ** 2, values["x"] - 0.5

    start = {"x": 0.1, "y": 90}
    assert len(study(space, start, measure, tmp_path / "s.sqlite", "a", 15)) == 15
    tried = study(space, start, measure, tmp_path / "s.sqlite", "a", 40)
    assert (len(tried), len(seen)) == (40, 40)
    assert tried[0].values == start
    best = max((each for each in tried if each.allowed), key=lambda each: each.gained)
    assert 0.3 < best.values["x"] <= 0.5
    assert 10 <= best.values["y"] <= 35
    (tmp_path / "other.sqlite").write_text("no database")
    with pytest.raises(DatasetError, match="cannot be used"):
        study(space, start, measure, tmp_path / "other.sqlite", "a", 1)


def test_what_is_remembered_is_what_the_index_says(crafts: Path, tmp_path: Path) -> None:
    chosen = read_settings(crafts, caution=0.4)
    questions = ["Qual é o horário de trabalho do oleiro?", "Quem é o principal cliente do vidreiro?"]
    with (
        closing(open_index(crafts, chosen, open_embedder(chosen))) as index,
        closing(Remembered(index, tmp_path / "reads.sqlite")) as shared,
    ):
        plain, first, again = (assistant_over(one, chosen, crafts) for one in (index, shared, shared))
        for question in questions:
            answers = [one.ask(question) for one in (plain, first, again)]
            assert answers[0].citations
            assert len({answer.text for answer in answers}) == 1
            assert answers[1].probability == pytest.approx(answers[0].probability, abs=0.02)


def test_settings_are_what_they_were_but_for_what_is_tuned(crafts: Path) -> None:
    chosen = read_settings(crafts)
    values = values_of(chosen)
    assert {knob.name for knob in SPACE} == set(values)
    assert values["evidence.shown"] == 1750
    changed = with_values(chosen, {"k": 5, "evidence.read": 8})
    assert (changed.k, changed.evidence.read, changed.evidence.shown) == (5, 8, 1750)
    assert changed.model_copy(update={"k": 10, "evidence": chosen.evidence}) == chosen


def test_settings_are_written_beside_what_stands_there(tmp_path: Path) -> None:
    file = tmp_path / "coruja.toml"
    apply(file, {"k": 5, "evidence.read": 8})
    assert tomllib.loads(file.read_text("utf-8")) == {"k": 5, "evidence": {"read": 8}}
    file.write_text('k = 7  # sete\n# da casa\n[gate]\ndataset = "q.jsonl"\n', "utf-8")
    apply(file, {"k": 5, "caution": 0.5, "evidence.meaning": 2.0})
    text = file.read_text("utf-8")
    assert "# sete" in text and "# da casa" in text
    assert tomllib.loads(text) == {"k": 5, "caution": 0.5, "gate": {"dataset": "q.jsonl"}, "evidence": {"meaning": 2.0}}
    file.write_text("k =", "utf-8")
    with pytest.raises(SettingsError, match="cannot be changed"):
        apply(file, {"k": 5})


def test_what_is_better_on_other_documents_is_written_when_asked(crafts: Path) -> None:
    run = coruja(crafts, "tune", "perguntas.jsonl", "--trials", "4", "--apply", "--json")
    told = json.loads(run.stdout)
    assert (len(told["trials"]), told["written"], run.returncode) == (4, True, 0), run.stderr
    assert told["gain"]["before"] < 0.7 < told["gain"]["after"]
    assert "# da casa" in (crafts / "coruja.toml").read_text("utf-8")
    assert read_settings(crafts).caution == told["best"]["caution"] > 0.05
    shown = (crafts / ".coruja" / "tuning" / "perguntas.html").read_text("utf-8")
    assert "held-out gain" in shown
    assert "<circle" in shown
