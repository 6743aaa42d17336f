"""Reading data sets, and the packaged one held to what it promises."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from assistant.answer import Turn
from assistant.workspace.folder import read_settings
from eval.datasets.checking import check_dataset
from eval.datasets.corpus import cut_corpus
from eval.datasets.drafting import draft
from eval.datasets.example import Evidence, Example, write_dataset
from eval.datasets.importing import import_dataset
from eval.datasets.reading import read_all, read_dataset
from index.text.analyser import fold, stem, words
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import DatasetError
from ingest.splitting.splitter import split

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
    assert [piece.quote for example in examples for piece in example.evidence if PAGE.count(piece.quote) != 1] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_asked_in_each_way(examples: list[Example], service: str) -> None:
    ways = {example.kind for example in examples if len(example.evidence) == 1 and service in example.evidence[0].quote}
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
    others = [f"{example.question} {example.reference}" for example in examples if example.kind != "typo"]
    right = set(words(" ".join([PAGE, *others])))
    assert [example.question for example in of_kind(examples, "typo") if set(words(example.question)) <= right] == []


def test_answers_are_sentences(examples: list[Example]) -> None:
    assert [example.id for example in examples if not example.reference.endswith(".")] == []


def test_only_follow_ups_and_the_unanswerable_have_a_history(examples: list[Example]) -> None:
    assert all(example.history for example in of_kind(examples, "followup"))
    assert {example.kind for example in examples if example.history} == {"followup", "unanswerable_near"}


def test_unanswerable_questions_are_those_of_two_kinds(examples: list[Example]) -> None:
    assert {e.kind for e in examples if not e.answerable} == {"unanswerable_near", "unanswerable_far"}
    assert all(not e.answerable for e in of_kind(examples, "unanswerable_near", "unanswerable_far"))


def test_two_tags_halve_every_kind(examples: list[Example]) -> None:
    for kind in AT_LEAST:
        counts = Counter(tag for example in of_kind(examples, kind) for tag in example.tags)
        assert counts.keys() == {"dev", "test"}
        assert abs(counts["dev"] - counts["test"]) <= 1
    assert read_dataset(Path("aws_sagemaker"), tag="dev") == [e for e in examples if "dev" in e.tags]


def test_a_data_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    asked = Example(
        id="a",
        question="E o prazo?",
        answerable=True,
        evidence=(Evidence("prazos.md", "30 dias, corridos"), Evidence("prazos.md", "salvo acordo")),
        reference="São 30 dias.",
        style="colloquial",
        kind="followup",
        tags=("dev",),
        needs_all=True,
        history=(Turn("Há multa?", "Sim."),),
    )
    silent = Example("b", "Quanto custa?", answerable=False, why="nenhum preço é dito", state="pending")
    path = tmp_path / "set.jsonl"
    write_dataset(path, [asked, silent])
    assert read_all(path) == [asked, silent]
    assert read_dataset(path) == [asked]  # what is pending is not measured
    as_csv = tmp_path / "set.csv"
    as_csv.write_text(
        "id;question;style;kind;answer;doc;quotes;answerable;needs_all;history;tags\r\n"
        'a;E o prazo?;colloquial;followup;São 30 dias.;prazos.md;"30 dias, corridos\nsalvo acordo";true;sim;'
        '"[{""question"": ""Há multa?"", ""answer"": ""Sim.""}]";dev\r\n',
        "utf-8-sig",
        newline="",
    )
    assert import_dataset(as_csv) == [asked]


def test_only_the_question_has_to_be_given(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("question,quotes\nQuanto custa?,\nQual é o prazo?,30 dias\n", "utf-8")
    unanswerable, answerable = import_dataset(path)
    assert (unanswerable.id, unanswerable.answerable, unanswerable.evidence) == ("2", False, ())
    assert (answerable.id, answerable.answerable, answerable.evidence) == ("3", True, (Evidence("", "30 dias"),))


def test_squad_and_beir_are_imported(tmp_path: Path) -> None:
    text = "O farol foi construído em 1871. Hoje recebe visitas."
    asked = [
        {"id": "f1", "question": "Quando?", "answers": [{"text": "1871", "answer_start": text.index("1871")}]},
        {"id": "f2", "question": "Quanto custa?", "answers": [], "is_impossible": True},
    ]
    squad = tmp_path / "squad.json"
    squad.write_text(json.dumps({"data": [{"paragraphs": [{"context": text, "qas": asked}]}]}), "utf-8")
    when, cost = import_dataset(squad)
    assert (when.id, when.reference, when.evidence) == (
        "f1",
        "1871",
        (Evidence("", "O farol foi construído em 1871."),),
    )
    assert not cost.answerable
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "p", "text": text}), "utf-8")
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Quando?"}), "utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tp\t1\n", "utf-8")
    (query,) = import_dataset(tmp_path)
    assert (query.id, query.evidence) == ("q", (Evidence("", text),))


def document(doc_id: str, text: str) -> tuple[Document, list[Chunk]]:
    made = Document(doc_id, text, "markdown", doc_id, "")
    return made, split(made)


def test_what_an_edit_breaks_is_named_with_the_nearest_text() -> None:
    guide = "# Entrega\n\nO prazo de entrega é de doze dias úteis.\n\n## Custos\n\nA taxa de entrega custa dez reais.\n"
    apart = "entrega é de doze dias úteis.\n\n## Custos\n\nA taxa"
    pieces = {
        "stands": Evidence("guia.md", "O prazo de  entrega\né de doze dias"),
        "edited": Evidence("guia.md", "O prazo de entrega é de sete dias úteis."),
        "apart": Evidence("guia.md", "entrega é de doze dias úteis.\n\n## Custos\n\nA taxa de entrega custa dez"),
        "gone": Evidence("antigo.md", "A taxa de entrega custa cinco reais."),
    }
    assert apart in guide
    examples = [Example(name, f"{name}?", answerable=True, evidence=(piece,)) for name, piece in pieces.items()]
    broken = {each.example: each for each in check_dataset(examples, [document("pt/guia.md", guide)])}
    assert {name: each.fault for name, each in broken.items()} == {
        "edited": "no such text",
        "apart": "cut apart",
        "gone": "no document",
    }
    assert broken["edited"].nearest == "O prazo de entrega é de doze dias úteis."
    assert (broken["gone"].nearest, broken["gone"].nearest_doc) == ("A taxa de entrega custa dez reais.", "pt/guia.md")


def test_questions_are_drafted_from_the_structure_and_stay_pending() -> None:
    corpus = [
        document("a.md", "# Forno\n\nO forno é uma câmara de tijolos aquecida a lenha, onde se assa o pão da casa.\n"),
        document("b.md", "# Acender o fogo\n\n1. Ponha a lenha seca no fundo.\n2. Acenda o papel por baixo dela.\n"),
        document("c.md", "# Por que lenha seca?\n\nPorque a lenha úmida faz fumaça e não aquece o bastante.\n"),
        document(
            "d.md", "# Peças\n\n* **Grelha:** segura a lenha e deixa cair a cinza.\n* **Nota:** " + "x " * 30 + "\n"
        ),
        document("e.md", "# Outras\n\n* **Nota:** vale para todos os fornos da casa, menos para um.\n"),
    ]
    drafted = draft(corpus, 10)
    assert [example.question for example in drafted] == [
        "O que é forno?",
        "Como acender o fogo?",
        "Por que lenha seca?",
        "O que é Grelha?",
    ]
    assert {example.state for example in drafted} == {"pending"}
    assert check_dataset(drafted, corpus) == []
    written = draft(corpus, 2, ask=lambda text: "Onde se assa o pão?" if "pão" in text else "Não sei.")
    assert [(example.question, example.evidence[0].doc) for example in written] == [("Onde se assa o pão?", "a.md")]


GOOD = '{"id": "a", "question": "Qual?", "evidence": [{"doc": "a.md", "quote": "x"}]}\n'
PIECE = '"evidence": [{"doc": "", "quote": "x"}]'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("set.jsonl", GOOD + "{", "line 2: not JSON"),
        ("set.jsonl", GOOD + "[]", "line 2: not a JSON object"),
        ("set.jsonl", GOOD + "\n" + GOOD, "line 3: the id 'a' stands twice"),
        ("set.jsonl", "{" + PIECE + "}", "line 1: `question`"),
        ("set.jsonl", '{"question": "Qual?", "quotes": ["x"]}', "line 1: `quotes`"),
        ("set.jsonl", '{"question": "  ", ' + PIECE + "}", "line 1: the question is empty"),
        ("set.jsonl", '{"question": "Qual?", "evidence": "x"}', "line 1: `evidence`"),
        ("set.jsonl", '{"question": "Qual?", "evidence": [{"quote": "x"}]}', "line 1: `evidence.0.doc`"),
        ("set.jsonl", '{"question": "Qual?", "answerable": true}', "line 1: answerable, but without evidence"),
        ("set.jsonl", '{"question": "Qual?", "answerable": false, ' + PIECE + "}", "unanswerable, but with evidence"),
        ("set.jsonl", '{"question": "E?", ' + PIECE + ', "history": [{"question": "?"}]}', "`history.0.answer`"),
        ("set.jsonl", "", "has no questions"),
        ("set.jsonl", '{"question": "Qual?", "state": "pending"}', "has no question that is accepted"),
        ("set.csv", "", "has no questions"),
        ("set.csv", "question,quotes\nQual?\n", "line 2: not as many cells"),
        ("set.csv", "question,quotes\nQual?,x,y\n", "line 2: not as many cells"),
        ("set.csv", 'question,quotes\nQual?,"x" y\n', "line 2: not CSV"),
        ("set.csv", "question,quotes,history\nQual?,x,antes\n", "line 2: `history` is not JSON"),
        ("set.csv", "question,quotes,answerable\nQual?,x,talvez\n", "line 2: `answerable`"),
        ("set.json", '{"data": [{}]}', "is not SQuAD's JSON"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8", newline="")
    with pytest.raises(DatasetError) as caught:
        (read_dataset if name.endswith("l") else import_dataset)(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.next_step


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.jsonl cannot be read"):
        read_dataset(tmp_path / "nowhere.jsonl")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("question,quotes\nNão?,x\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        import_dataset(latin)


def test_a_tag_without_questions_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(GOOD, "utf-8")
    with pytest.raises(DatasetError, match="has no question with the tag 'test'"):
        read_dataset(path, tag="test")


def test_a_data_set_is_checked_against_what_is_indexed(tmp_path: Path) -> None:
    for name in ("guia.md", "rascunhos/ideia.md"):
        (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "corpus" / name).write_text("# Horário\n\nAbrimos às nove.\n", encoding="utf-8")
    (tmp_path / "corpus" / "quebrado.pdf").write_bytes(b"%PDF-1.4 nada disso")
    settings = read_settings(tmp_path, exclude=("rascunhos/",))
    assert [document.doc_id for document, chunks in cut_corpus(tmp_path, settings) if chunks] == ["guia.md"]
