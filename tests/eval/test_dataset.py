"""Reading data sets, and the packaged one held to what it promises."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from assistant.answer import Turn
from eval.dataset import Example, read_dataset
from index.text.analyser import fold, stem, words
from ingest.errors import DatasetError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "corpus" / "aws-sagemaker-e-seguranca.md").read_text("utf-8")
SERVICES = [
    "SageMaker Studio",
    "SageMaker Canvas",
    "Data Wrangler",
    "Feature Store",
    "Ground Truth",
    "Automatic Model Tuning",
    "JumpStart",
    "MLflow on SageMaker",
    "Deployment & Inference",
    "SageMaker Pipelines",
    "Model Registry",
    "Role Manager",
    "SageMaker Clarify",
    "Model Monitor",
    "Model Cards",
    "Model Dashboard",
]
AT_LEAST = {
    "direct": 16,
    "paraphrase": 32,
    "unaccented": 16,
    "typo": 16,
    "list": 10,
    "comparison": 10,
    "followup": 10,
    "english": 10,
    "spanish": 8,
    "unanswerable_near": 30,
    "unanswerable_far": 25,
}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read_dataset(Path("aws_sagemaker"))


def of_kind(examples: list[Example], *kinds: str) -> list[Example]:
    return [example for example in examples if example.kind in kinds]


def test_there_are_enough_questions_of_every_kind(examples: list[Example]) -> None:
    counts = Counter(example.kind for example in examples)
    assert counts.keys() == AT_LEAST.keys()
    assert {kind: counts[kind] for kind in AT_LEAST if counts[kind] < AT_LEAST[kind]} == {}


def test_every_quote_is_exact_text_of_the_page_and_stands_there_once(examples: list[Example]) -> None:
    assert [quote for example in examples for quote in example.quotes if PAGE.count(quote) != 1] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_asked_in_each_way(examples: list[Example], service: str) -> None:
    ways = {example.kind for example in examples if len(example.quotes) == 1 and f"{service}" in example.quotes[0]}
    assert ways >= {"direct", "paraphrase", "unaccented", "typo"}


def test_no_question_is_asked_twice(examples: list[Example]) -> None:
    asked = Counter((" ".join(words(example.question)) or example.question, example.history) for example in examples)
    assert [question for question, times in asked.items() if times > 1] == []


def test_paraphrases_have_none_of_the_page_s_words(examples: list[Example]) -> None:
    page = {stem(word) for word in words(PAGE)}
    shared = {
        example.question: [word for word in words(example.question) if stem(word) in page]
        for example in of_kind(examples, "paraphrase")
    }
    assert {question: found for question, found in shared.items() if found} == {}


def test_unaccented_questions_lack_accents_that_the_page_has(examples: list[Example]) -> None:
    accented = {fold(word) for word in re.findall(r"\w+", PAGE) if not word.isascii()}
    for example in of_kind(examples, "unaccented"):
        assert example.question.isascii()
        assert accented & set(words(example.question)), example.question


def test_typos_are_words_that_the_other_questions_do_not_have(examples: list[Example]) -> None:
    others = [f"{example.question} {example.answer}" for example in examples if example.kind != "typo"]
    right = set(words(" ".join([PAGE, *others])))
    assert [example.question for example in of_kind(examples, "typo") if set(words(example.question)) <= right] == []


def test_answers_are_sentences(examples: list[Example]) -> None:
    assert [example.id for example in examples if not example.answer.endswith(".")] == []


def test_only_follow_ups_and_the_unanswerable_have_a_history(examples: list[Example]) -> None:
    assert all(example.history for example in of_kind(examples, "followup"))
    assert {example.kind for example in examples if example.history} == {"followup", "unanswerable_near"}


def test_unanswerable_questions_are_those_of_two_kinds(examples: list[Example]) -> None:
    assert {e.kind for e in examples if not e.answerable} == {"unanswerable_near", "unanswerable_far"}
    assert all(not e.answerable for e in of_kind(examples, "unanswerable_near", "unanswerable_far"))


def test_the_splits_halve_every_kind(examples: list[Example]) -> None:
    for kind in AT_LEAST:
        counts = Counter(example.split for example in of_kind(examples, kind))
        assert counts.keys() == {"dev", "test"}
        assert abs(counts["dev"] - counts["test"]) <= 1
    assert read_dataset(Path("aws_sagemaker"), split="dev") == [e for e in examples if e.split == "dev"]


def test_jsonl_and_csv_say_the_same(tmp_path: Path) -> None:
    row = {
        "id": "a",
        "question": "E o prazo?",
        "kind": "followup",
        "answer": "São 30 dias.",
        "quotes": ["30 dias, corridos", "salvo acordo"],
        "history": [{"question": "Há multa?", "answer": "Sim."}],
        "split": "dev",
    }
    as_json, as_csv = tmp_path / "set.jsonl", tmp_path / "set.csv"
    as_json.write_text("\n" + json.dumps(row) + "\n", "utf-8")
    as_csv.write_text(
        "id;question;kind;answer;quotes;answerable;history;split\r\n"
        'a;E o prazo?;followup;São 30 dias.;"30 dias, corridos\nsalvo acordo";true;'
        '"[{""question"": ""Há multa?"", ""answer"": ""Sim.""}]";dev\r\n',
        "utf-8-sig",
        newline="",
    )
    expected = Example(
        id="a",
        question="E o prazo?",
        quotes=("30 dias, corridos", "salvo acordo"),
        answerable=True,
        answer="São 30 dias.",
        kind="followup",
        split="dev",
        history=(Turn("Há multa?", "Sim."),),
    )
    assert read_dataset(as_json) == read_dataset(as_csv) == [expected]


def test_only_the_question_has_to_be_given(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("question,quotes\nQuanto custa?,\nQual é o prazo?,30 dias\n", "utf-8")
    unanswerable, answerable = read_dataset(path)
    assert (unanswerable.id, unanswerable.answerable, unanswerable.quotes) == ("2", False, ())
    assert (answerable.id, answerable.answerable, answerable.quotes) == ("3", True, ("30 dias",))


GOOD = '{"id": "a", "question": "Qual?", "quotes": ["x"]}\n'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("set.jsonl", GOOD + "{", "line 2: not JSON"),
        ("set.jsonl", GOOD + "[]", "line 2: not a JSON object"),
        ("set.jsonl", GOOD + "\n" + GOOD, "line 3: the id 'a' stands twice"),
        ("set.jsonl", '{"quotes": ["x"]}', "line 1: `question`"),
        ("set.jsonl", '{"question": "  ", "quotes": ["x"]}', "line 1: the question is empty"),
        ("set.jsonl", '{"question": "Qual?", "quotes": "x"}', "line 1: `quotes`"),
        ("set.jsonl", '{"question": "Qual?", "quotes": [3]}', "line 1: `quotes.0`"),
        ("set.jsonl", '{"question": "Qual?", "quotes": [" "]}', "line 1: answerable, but without a quote"),
        ("set.jsonl", '{"question": "Qual?", "answerable": true}', "line 1: answerable, but without a quote"),
        ("set.jsonl", '{"question": "Qual?", "quotes": ["x"], "answerable": false}', "unanswerable, but with a quote"),
        ("set.jsonl", '{"question": "E?", "quotes": ["x"], "history": [{"question": "?"}]}', "`history.0.answer`"),
        ("set.jsonl", "", "has no questions"),
        ("set.csv", "", "has no questions"),
        ("set.csv", "question,quotes\nQual?\n", "line 2: not as many cells"),
        ("set.csv", "question,quotes\nQual?,x,y\n", "line 2: not as many cells"),
        ("set.csv", 'question,quotes\nQual?,"x" y\n', "line 2: not CSV"),
        ("set.csv", "question,quotes,history\nQual?,x,antes\n", "line 2: `history` is not JSON"),
        ("set.csv", "question,quotes,answerable\nQual?,x,talvez\n", "line 2: `answerable`"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8", newline="")
    with pytest.raises(DatasetError) as caught:
        read_dataset(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.next_step


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.jsonl cannot be read"):
        read_dataset(tmp_path / "nowhere.jsonl")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("question,quotes\nNão?,x\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_dataset(latin)


def test_a_split_without_questions_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(GOOD, "utf-8")
    with pytest.raises(DatasetError, match="has no split 'test'"):
        read_dataset(path, split="test")
