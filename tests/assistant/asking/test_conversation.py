"""Questions of several parts, half answers, and questions that lean on the conversation, with and without a model."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import ollama_models
from servers.ollama import OllamaServer
from servers.ollama_assistant import assistant_with
from servers.ollama_replies import Prompt, Step

from assistant.answer import Answer, Turn
from assistant.asking.followup import Memory, standalone
from assistant.asking.parts import MOST_PARTS, parts_of
from assistant.assistant import Assistant
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from index.hit import Hit

REWRITING = "Pergunta reescrita:"


def talk(assistant: Assistant, *questions: str) -> list[Answer]:
    """Ask one question after the other, in one conversation."""
    answers: list[Answer] = []
    for question in questions:
        answers.append(assistant.ask(question, [Turn(answer.question, answer.text) for answer in answers]))
    return answers


def quotes(answer: Answer) -> str:
    return "\n".join(citation.quote for citation in answer.citations)


class TestParts:
    @pytest.mark.parametrize(
        ("asked", "parts"),
        [
            ("O que faz o X e quanto custa?", ("O que faz o X?", "quanto custa?")),
            ("O que é X, para que serve Y e quem usa Z?", ("O que é X?", "para que serve Y?", "quem usa Z?")),
            ("Explique o X. Depois diga o que é o Y.", ("Explique o X.", "Depois diga o que é o Y.")),
            ("What does X do and how much does it cost?", ("What does X do?", "how much does it cost?")),
            ("¿Qué es X y para qué sirve?", ("¿Qué es X?", "para qué sirve?")),
            ("Uso o X há um ano. Quanto custa?", None),
            ("Quais são as vantagens e desvantagens do X?", None),
            ("Como e quando usar o X?", None),
            ("Como treinar e implantar modelos?", None),
            ("Serviços de IA, como o X, servem para quê?", None),
            ("Compare X e Y, e diga qual é melhor", None),
            ("Oi! O que é o X?", None),
        ],
    )
    def test_only_what_asks_anew_is_a_part(self, asked: str, parts: tuple[str, ...] | None) -> None:
        assert parts_of(asked) == (parts or (asked,))

    @given(st.lists(st.sampled_from(["O que é", "quem", " e ", ", ", "? ", "X", "como", ". ", "quanto", "¿", " y "])))
    def test_no_word_is_lost(self, pieces: list[str]) -> None:
        asked = "".join(pieces)
        parts = parts_of(asked)
        assert 1 <= len(parts) <= MOST_PARTS
        kept = " ".join(parts)
        assert all(kept.count(word) == asked.count(word) for word in ("X", "quem", "quanto"))

    def test_each_is_answered_in_its_turn(self, page: Assistant) -> None:
        answer = page.ask("O que faz o Clarify e como funciona o Pipelines?")
        first, second = answer.text.split("\n\n")
        assert "vieses" in first
        assert "CI/CD" in second
        assert [citation.marker for citation in answer.citations] == [1, 2]

    def test_what_is_not_covered_is_said_beside_what_is(self, page: Assistant) -> None:
        answer = page.ask("O que faz o Clarify e quanto custa?")
        assert answer.status == "answered"
        assert "Detecta vieses" in quotes(answer)
        assert answer.text.endswith("Sobre “quanto custa”, a documentação não diz nada.")
        assert answer.missing == ("quanto custa",)

    def test_one_answer_to_two_parts_is_given_once(self, page: Assistant) -> None:
        answer = page.ask("O que é o SageMaker Canvas e para que ele serve?")
        assert len(answer.citations) == 1
        assert answer.text.count("No-Code") == 1

    def test_a_model_is_asked_the_whole_question_with_the_evidence_of_all_parts(self, page_workspace: Path) -> None:
        asked = "O que faz o Clarify e como funciona o Pipelines?"
        with OllamaServer({"escrivao:1b": ollama_models.honest}) as server:
            assistant = open_with(server, page_workspace)
            answer = assistant.ask(asked)
            assistant.close()
            *_, request = server.asked("/api/chat")
        assert asked in request.text
        assert answer.writer == "ollama:escrivao:1b"
        assert "vieses" in quotes(answer)
        assert "CI/CD" in quotes(answer)


class TestHalfAnswers:
    def test_a_word_that_stands_nowhere_is_named_beside_the_answer(self, page: Assistant) -> None:
        answer = page.ask("O Clarify detecta a fraude?")
        assert "Detecta vieses" in quotes(answer)
        assert answer.text.endswith("Na documentação não aparece “fraude”.")
        assert answer.missing == ("fraude",)
        assert answer.to_dict()["missing"] == ["fraude"]

    @pytest.mark.parametrize(
        "question",
        [
            "O que faz o SageMaker Clarify?",
            "o que faz o sagemaker clarfy",  # misspelt
            "Qual serviço detecta viés?",  # an inflection
            "Where are models approved for production?",  # words of another language
        ],
    )
    def test_other_words_for_what_is_there_are_not(self, page: Assistant, question: str) -> None:
        answer = page.ask(question)
        assert answer.status == "answered"
        assert answer.missing == ()

    def test_a_word_that_another_document_has_is_not(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "a.md").write_text("# Cantos\n\nA coruja canta de noite no telhado.\n", "utf-8")
        (tmp_path / "corpus" / "b.md").write_text("# Bancos\n\nFraude é crime contra o patrimônio.\n", "utf-8")
        settings = read_settings(tmp_path, writer="extractive")
        build(tmp_path, settings)
        assistant = Assistant.open(tmp_path, settings)
        answer = assistant.ask("A coruja canta de noite contra fraude?")
        assistant.close()
        assert "telhado" in quotes(answer)
        assert answer.missing == ()


class TestByRule:
    @pytest.mark.parametrize(
        ("question", "place"),
        [("e quanto ao segundo?", 1), ("fale mais do último", -1), ("o que faz o primeiro serviço?", 0)],
    )
    def test_a_member_of_the_list_is_counted_to(self, page: Assistant, question: str, place: int) -> None:
        listed, answer = talk(page, "Quais serviços existem para treinamento e otimização?", question)
        assert answer.citations[0].quote == listed.citations[place].quote

    def test_the_list_is_still_known_after_another_answer(self, page: Assistant) -> None:
        *_, answer = talk(page, "Compare o Clarify com o Model Monitor", "e o primeiro?", "e o segundo?")
        assert answer.query == "O que é SageMaker Model Monitor?"
        assert "drift" in quotes(answer)

    def test_in_english(self, page: Assistant) -> None:
        *_, answer = talk(page, "Compare Clarify with Model Monitor", "what about the second one?")
        assert answer.query == "What is SageMaker Model Monitor?"

    @pytest.mark.parametrize(
        "question", ["e o nono?", "e o sexto?", "Qual é a última versão do Python?", "Segundo o texto, o que é MLflow?"]
    )
    def test_what_counts_to_nothing_is_left_as_it_is(self, page: Assistant, question: str) -> None:
        _, answer = talk(page, "Compare o Clarify com o Model Monitor", question)
        assert "Monitor" not in answer.query
        assert "Clarify" not in answer.query

    @pytest.mark.parametrize(("cake", "minutes"), [("Broa", "quarenta"), ("Cuca", "noventa"), ("Sequilho", "doze")])
    def test_a_question_that_names_nothing_is_asked_of_the_subject(
        self, tmp_path: Path, cake: str, minutes: str
    ) -> None:
        (tmp_path / "corpus").mkdir()
        baked = {"Broa": "quarenta", "Cuca": "noventa", "Sequilho": "doze"}
        page = "".join(f"- **{name}**: assa durante {time} minutos.\n" for name, time in baked.items())
        (tmp_path / "corpus" / "a.md").write_text(f"# Bolos\n\n{page}", "utf-8")
        settings = read_settings(tmp_path, writer="extractive")
        build(tmp_path, settings)
        assistant = Assistant.open(tmp_path, settings)
        *_, answer = talk(assistant, f"O que é {cake}?", "Durante quanto tempo assa?")
        assistant.close()
        assert minutes in answer.citations[0].quote

    def test_a_new_subject_is_not_mixed_with_the_old_one(self, page: Assistant) -> None:
        _, monitor, mongolia = talk(
            page, "O que faz o Clarify?", "O que faz o Model Monitor?", "Qual é a capital da Mongólia?"
        )
        assert monitor.query == "O que faz o Model Monitor?"
        assert mongolia.query == "Qual é a capital da Mongólia?"
        assert mongolia.status == "abstained"


class Rewriter:
    """A model that rewrites every question to the same one, answers like the honest one, and counts."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.prompts: list[str] = []

    def __call__(self, prompt: Prompt) -> Iterator[Step]:
        if REWRITING in prompt.text:
            self.prompts.append(prompt.text)
            yield self.written
        else:
            yield from ollama_models.honest(prompt)


def open_with(server: OllamaServer, workspace: Path) -> Assistant:
    settings = read_settings(workspace, writer="auto", model="escrivao:1b", ollama_url=server.url, ollama_timeout=30)
    return Assistant.open(workspace, settings)


def ask_after(model: Rewriter, workspace: Path, question: str, history: Sequence[Turn]) -> Answer:
    with assistant_with(model, workspace, ollama_timeout=30) as assistant:
        return assistant.ask(question, history)


CLARIFY = [Turn("O que faz o Clarify?", "Detecta vieses [1].")]
JUMPSTART = [Turn("O que o JumpStart oferece?", "Um hub de modelos pré-treinados [1].")]


class TestByModel:
    def test_is_not_asked_when_the_question_stands_alone(self, page_workspace: Path) -> None:
        model = Rewriter("O que é o Pipelines?")
        answer = ask_after(model, page_workspace, "O que faz o Model Monitor?", CLARIFY)
        assert model.prompts == []
        assert answer.query == "O que faz o Model Monitor?"

    def test_is_not_asked_where_the_rule_finds_what_answers(self, page_workspace: Path) -> None:
        model = Rewriter("O que faz o SageMaker Canvas?")
        answer = ask_after(model, page_workspace, "E o Canvas?", CLARIFY)
        assert model.prompts == []
        assert "Canvas" in quotes(answer)

    def test_is_kept_where_it_alone_finds_what_answers(self, page_workspace: Path) -> None:
        model = Rewriter("Tem LLMs ou llm lá no SageMaker JumpStart?")
        answer = ask_after(model, page_workspace, "tem llm lá?", JUMPSTART)
        assert len(model.prompts) == 1
        assert answer.query == "Tem LLMs ou llm lá no SageMaker JumpStart?"
        assert "JumpStart" in quotes(answer)

    @pytest.mark.parametrize("written", ["Quanto pesa o Canvas em Marte?", "O que faz o Model Monitor?", ""])
    def test_gives_way_to_the_rule_where_it_does_not(self, page_workspace: Path, written: str) -> None:
        answer = ask_after(Rewriter(written), page_workspace, "E o Canvas?", CLARIFY)
        assert "Canvas" in quotes(answer)
        unsaid = ask_after(Rewriter(written), page_workspace, "tem llm lá?", JUMPSTART)
        assert unsaid.query != written

    def test_does_not_answer_another_question_than_was_asked(self, page_workspace: Path) -> None:
        answer = ask_after(Rewriter("O que é o Canvas?"), page_workspace, "Qual é o preço do H100?", CLARIFY)
        assert answer.status == "abstained"

    def test_a_long_talk_is_a_short_prompt(self, page_workspace: Path) -> None:
        history = [
            Turn(f"Pergunta número {number} {'muito longa ' * 50}?", "Resposta. " * 200) for number in range(100)
        ]
        model = Rewriter("Tem LLMs ou llm lá no SageMaker JumpStart?")
        ask_after(model, page_workspace, "tem llm lá?", [*history, *JUMPSTART])
        (prompt,) = model.prompts
        assert "Pergunta número 90" in prompt
        assert "O que o JumpStart oferece?" in prompt
        assert len(prompt) < 8000


def test_a_turn_costs_as_many_searches_as_the_one_before(page: Assistant) -> None:
    searches: list[str] = []

    def search(query: str) -> Sequence[Hit]:
        searches.append(query)
        return page.search(query, 1)

    memory, history, cost = Memory(), [Turn("O que é o SageMaker?", "Um serviço.")], []
    for number in range(40):
        question = ("E quanto custa isso?", "E o IAM?", "Para que serve ele?")[number % 3]
        before = len(searches)
        kept = standalone(question, history, search, memory)
        cost.append(len(searches) - before)
        assert kept == standalone(question, history, lambda query: page.search(query, 1))
        history.append(Turn(question, f"Resposta {number}."))
    assert max(cost) <= 2


def test_what_a_question_became_is_kept_by_conversation_and_generation(page: Assistant) -> None:
    memory = Memory()
    found = [
        standalone("Para que serve ele?", [Turn(asked, "")], lambda query: page.search(query, 1), memory, generation)
        for asked in ("O que é o SageMaker?", "O que é o IAM?")
        for generation in ("a", "b")
    ]
    assert found[0] == found[1] != found[2] == found[3]
    assert standalone("Para que serve ele?", [Turn("O que é o IAM?", "")], lambda query: [], memory, "c") != found[2]
