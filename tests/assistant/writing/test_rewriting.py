"""Follow-up questions that a model makes stand alone."""

from collections.abc import Iterator, Sequence

import pytest
from scripted_writer import MODELS, real_model
from servers import ollama_models as scripted
from servers.ollama import OllamaServer

from assistant.answer import Turn
from assistant.models.chat_model import ChatModel
from assistant.writing.model_writer import ModelWriter
from ingest.errors import ModelUnavailable


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS) as running:
        yield running


@pytest.fixture(params=["scripted", pytest.param("real", marks=pytest.mark.ollama)])
def answering(request: pytest.FixtureRequest, server: OllamaServer) -> Iterator[ChatModel]:
    """Return a model that answers: an honest one of ours, and with `-m ollama` a real Ollama's."""
    chat = ChatModel("honest", server.url) if request.param == "scripted" else real_model()
    yield chat
    chat.close()


HISTORY = [Turn("O que faz o SageMaker Studio?", "É uma interface visual única [1].")]


def rewrite(server: OllamaServer, written: str, history: Sequence[Turn] = HISTORY) -> str:
    server.models["reescreve:latest"] = scripted.says(written)
    chat = ChatModel("reescreve", server.url)
    try:
        return ModelWriter(chat).rewrite("E o Canvas?", history)
    finally:
        chat.close()


@pytest.mark.parametrize("written", ["O que faz o Canvas?", '"O que faz o Canvas?"\n', " “O que faz o Canvas?” "])
def test_a_follow_up_is_rewritten(server: OllamaServer, written: str) -> None:
    assert rewrite(server, written) == "O que faz o Canvas?"
    asked = server.asked("/api/chat")[-1].text
    assert "O que faz o SageMaker Studio?" in asked
    assert "É uma interface visual única" in asked
    assert "E o Canvas?" in asked


@pytest.mark.parametrize("written", ["Claro!\nO que faz o Canvas?", "O que " * 100, '""', "O Canvas é " * 1000])
def test_anything_but_one_short_line_is_not_a_question(server: OllamaServer, written: str) -> None:
    assert rewrite(server, written) == "E o Canvas?"


def test_without_history_the_model_is_not_asked(server: OllamaServer) -> None:
    before = len(server.requests)
    assert rewrite(server, "Outra coisa?", []) == "E o Canvas?"
    assert len(server.requests) == before


def test_a_model_that_is_away_cannot_rewrite(server: OllamaServer) -> None:
    chat = ChatModel("não-existe", server.url)
    with pytest.raises(ModelUnavailable):
        ModelWriter(chat).rewrite("E o Canvas?", HISTORY)
    chat.close()


def test_a_real_model_rewrites_or_leaves_a_question(answering: ChatModel) -> None:
    rewritten = ModelWriter(answering).rewrite("E o Canvas?", HISTORY)
    assert "canvas" in rewritten.lower()
    assert "\n" not in rewritten
