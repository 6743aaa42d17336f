"""The chat model: the real LangChain client against a server that speaks Ollama's protocol."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import ollama_models as scripted
from servers.base import real_ollama
from servers.ollama import OllamaServer
from servers.ollama_replies import Prompt, Step, Wait

from assistant.models.chat_model import MAX_CONTEXT, MAX_REPLY, ChatModel, PromptCut, ReplyCut
from assistant.models.tokens import least_tokens, most_tokens
from ingest.errors import ModelUnavailable

ROOT = Path(__file__).parents[3]
MESSAGES = [("system", "Responda em português."), ("human", "O que faz o Clarify?")]
ANSWER = "O Clarify detecta vieses."


def reads(prompt: Prompt) -> Iterator[Step]:
    """Say how many tokens were left of the prompt."""
    yield f"Li {prompt.count} partes."


MODELS = {
    "responde": scripted.says(ANSWER),
    "lê": reads,
    "vazio": scripted.empty,
    "branco": scripted.blank,
    "pensa-só": scripted.only_thinks,
    "pensa-só-no-texto": scripted.only_thinks_inline,
    "pensa-antes": scripted.thinks_first,
    "pensa-no-texto": scripted.thinks_inline,
    "pensa-sem-abrir": scripted.thinks_unopened,
    "lento": scripted.slow,
    "empaca": scripted.stalls,
    "morre": scripted.dies,
    "morre-logo": scripted.dies_at_once,
    "falha": scripted.fails,
    "sem-memória": scripted.fails_at_once,
    "acaba-cedo": scripted.ends_early,
    "cortado": scripted.cut,
    "repete": scripted.repeats,
    "carrega": scripted.loads,
    "html": scripted.no_json,
    "lista": scripted.other_json,
}


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS) as running:
        yield running


def listen(server: OllamaServer, model: str, timeout: float = 5.0) -> tuple[str, ModelUnavailable | None]:
    """Return the text that a model wrote, and the error that ended it, if one did."""
    chat = ChatModel(model, server.url, timeout=timeout)
    heard: list[str] = []
    try:
        heard.extend(chat.stream(MESSAGES))
    except ModelUnavailable as error:
        return "".join(heard), error
    finally:
        chat.close()
    return "".join(heard), None


# --- what it says ---


@pytest.fixture(params=["scripted", pytest.param("real", marks=pytest.mark.ollama)])
def answering(request: pytest.FixtureRequest, server: OllamaServer) -> Iterator[ChatModel]:
    """Return a model that answers: ours, and with `-m ollama` a real Ollama's."""
    url, model = (server.url, "responde") if request.param == "scripted" else real_ollama()
    chat = ChatModel(model, url)
    yield chat
    chat.close()


def test_an_answer_comes_in_pieces(answering: ChatModel) -> None:
    asked = [("system", "Responda em português, em uma frase."), *MESSAGES[1:]]
    pieces = list(answering.stream(asked))
    assert len(pieces) > 3
    assert "clarify" in "".join(pieces).lower()
    # A real server remembers the prompt, and rounds otherwise the second time: a long answer may end in other words.
    first, again = "".join(pieces).split(), answering.complete(asked).split()
    assert again[:8] == first[:8], "the same question gets the same answer"
    assert answering.name.startswith("ollama:")


def test_what_ollama_is_asked(server: OllamaServer) -> None:
    listen(server, "responde")
    request = server.asked("/api/chat")[-1]
    assert request.options["temperature"] == 0
    assert request.options["num_predict"] == MAX_REPLY
    assert isinstance(request.options["seed"], int)
    assert request.body["keep_alive"] == "10m"
    assert request.body["think"] is False
    assert request.body["stream"] is True
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]


def test_the_context_grows_with_the_prompt_and_never_shrinks(server: OllamaServer) -> None:
    chat = ChatModel("lê", server.url)
    sizes = []
    for length in (100, 20_000, 100, 90_000):
        chat.complete([("human", "pão " * (length // 4))])
        sizes.append(server.asked("/api/chat")[-1].options["num_ctx"])
    chat.close()
    assert sizes == [4096, 8192, 8192, MAX_CONTEXT]


def cut_prompt(length: int = 40_000, **served: Any) -> PromptCut:
    """Return the error that a prompt of so many characters ends in, on a server with these limits."""
    with OllamaServer(MODELS, **served) as server:
        chat = ChatModel("lê", server.url)
        with pytest.raises(PromptCut) as caught:
            chat.complete([("human", "pão " * (length // 4))])
        chat.close()
    assert "CORUJA_K" in caught.value.next_step
    return caught.value


def test_a_prompt_that_ollama_cuts_is_an_error() -> None:
    assert "Ollama cut the prompt" in cut_prompt(window=4096, cuts=True).message
    assert "too small" in cut_prompt(window=4096).message, "newer versions refuse it"


def test_a_prompt_that_fits_no_context_is_not_sent() -> None:
    assert "too small" in cut_prompt(1_000_000).message
    assert "too small" in cut_prompt(trained=4096).message


@pytest.mark.parametrize("trained", [2048, 4096, 8192, 0])
def test_no_more_context_is_asked_for_than_the_model_has(trained: int) -> None:
    with OllamaServer(MODELS, trained=trained) as server:
        chat = ChatModel("lê", server.url)
        chat.complete([("human", "pão " * 1000)])
        options = server.asked("/api/chat")[-1].options
        chat.close()
    assert options["num_ctx"] <= (trained or MAX_CONTEXT)
    assert options["num_predict"] < options["num_ctx"] / 2


def test_a_remembered_prompt_is_not_taken_for_a_cut_one() -> None:
    with OllamaServer(MODELS, remembers=True) as server:
        chat = ChatModel("lê", server.url)
        for _ in range(2):
            assert chat.complete([("human", "pão " * 3000)]).startswith("Li 3")
        chat.close()


def test_a_full_queue_is_waited_for() -> None:
    with OllamaServer({"espera": scripted.says(Wait(0.8), ANSWER)}, queue=0) as server:
        chats = [ChatModel("espera", server.url, timeout=20) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(lambda chat: chat.complete(MESSAGES), chats))
        assert len(server.asked("/api/chat")) > len(chats), "one was refused, and asked again"
    assert said == [ANSWER, ANSWER]


def test_a_queue_that_stays_full_is_told_as_busy() -> None:
    with OllamaServer({"espera": scripted.says(Wait(3), ANSWER)}, queue=0) as server:
        first, second = (ChatModel("espera", server.url, timeout=1.2) for _ in range(2))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(first.complete, MESSAGES)
            time.sleep(0.3)
            with pytest.raises(ModelUnavailable, match="too many questions waiting") as caught:
                second.complete(MESSAGES)
    assert "moment" in caught.value.next_step


def test_how_fast_a_model_reads_is_learned(server: OllamaServer) -> None:
    chat = ChatModel("lê", server.url)
    unknown = chat.readable(10)
    chat.complete([("human", "pão " * 1000)])
    assert chat.pace.speed > 0
    assert chat.readable(10) != unknown
    before = chat.pace.speed
    chat.complete([("human", "pão " * 1000)])
    assert chat.pace.speed == before, "what is remembered was not read again"
    chat.close()


def test_a_model_is_loaded_with_the_context_that_it_will_be_asked_with(server: OllamaServer) -> None:
    chat = ChatModel("responde", server.url)
    chat.load(6000)
    loading = server.asked("/api/chat")[-1]
    assert loading.body["messages"] == []
    chat.complete(MESSAGES)
    assert server.asked("/api/chat")[-1].options["num_ctx"] == loading.options["num_ctx"] == 8192
    chat.close()


def test_loading_never_fails(free_url: str) -> None:
    ChatModel("responde", free_url).load(100)
    ChatModel("responde", "http://[").load(100)


@given(text=st.text(max_size=300))
def test_a_text_has_between_the_least_and_the_most_tokens(text: str) -> None:
    assert least_tokens(text) <= most_tokens(text)


def test_a_portuguese_prompt_is_not_cut(server: OllamaServer) -> None:
    page = (ROOT / "corpus" / "aws-sagemaker-e-seguranca.md").read_text("utf-8")
    chat = ChatModel("lê", server.url)
    chat.complete([("human", page * 5)])
    chat.close()
    request = server.asked("/api/chat")[-1]
    assert request.text.count("SageMaker Clarify") == 5 * page.count("SageMaker Clarify")
    # Ollama cuts only what exceeds the window; what the model read is the whole prompt.
    assert len(request.text) / 3 + MAX_REPLY <= request.options["num_ctx"]


@pytest.mark.parametrize("model", ["pensa-antes", "pensa-no-texto"])
def test_thinking_is_never_shown(server: OllamaServer, model: str) -> None:
    text, error = listen(server, model)
    assert text.strip() == ANSWER
    assert error is None


@pytest.mark.parametrize("model", ["pensa-só", "pensa-só-no-texto"])
def test_a_model_that_only_thinks_is_unavailable(server: OllamaServer, model: str) -> None:
    text, error = listen(server, model)
    assert text == ""
    assert error is not None
    assert "only thought" in error.message
    assert "CORUJA_MODEL" in error.next_step


def test_thinking_taken_for_the_answer_is_an_error(server: OllamaServer) -> None:
    _, error = listen(server, "pensa-sem-abrir")
    assert error is not None
    assert "mixed thinking" in error.message


@pytest.mark.parametrize("model", ["vazio", "branco", "carrega"])
def test_an_empty_answer_is_an_error(server: OllamaServer, model: str) -> None:
    text, error = listen(server, model)
    assert text.strip() == ""
    assert error is not None
    assert "answered nothing" in error.message
    assert error.next_step


def test_a_missing_model_is_an_error_with_the_pull(server: OllamaServer) -> None:
    _, error = listen(server, "qwen3:4b-instruct")
    assert error is not None
    assert error.next_step == "Download it with: ollama pull qwen3:4b-instruct"


def test_nobody_there_is_an_error_with_the_start(free_url: str) -> None:
    chat = ChatModel("qwen3:4b-instruct", free_url)
    with pytest.raises(ModelUnavailable) as caught:
        chat.complete(MESSAGES)
    chat.close()
    assert caught.value.next_step == "Start it with: ollama serve"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[", "ftp://127.0.0.1"])
def test_an_unusable_address_is_an_error_of_ours(url: str) -> None:
    chat = ChatModel("qwen3:4b-instruct", url)
    with pytest.raises(ModelUnavailable):
        chat.complete(MESSAGES)
    chat.close()


@pytest.mark.parametrize(("model", "heard"), [("lento", ""), ("empaca", f"{ANSWER} Ele ")])
def test_a_slow_model_is_left_after_the_timeout(server: OllamaServer, model: str, heard: str) -> None:
    start = time.perf_counter()
    text, error = listen(server, model, timeout=0.3)
    assert time.perf_counter() - start < 5
    assert text == heard
    assert error is not None
    assert "0.3 s" in error.message
    assert "CORUJA_OLLAMA_TIMEOUT" in error.next_step


@pytest.mark.parametrize(
    ("model", "heard", "said"),
    [
        ("morre", f"{ANSWER} Ele também exp", "broke"),
        ("morre-logo", "", "broke"),
        ("falha", f"{ANSWER} Ele ", "terminated"),
        ("sem-memória", "", "does not fit into memory"),
        ("acaba-cedo", f"{ANSWER} Ele ", "stopped in the middle"),
        ("html", "", "is not Ollama"),
        ("lista", "", "is not Ollama"),
    ],
)
def test_whatever_breaks_is_explained(server: OllamaServer, model: str, heard: str, said: str) -> None:
    text, error = listen(server, model)
    assert text == heard
    assert error is not None
    assert said in error.message
    assert error.next_step


def test_a_reply_that_reached_its_limit_is_told_apart(server: OllamaServer) -> None:
    text, error = listen(server, "cortado")
    assert text.endswith("explicabi")
    assert isinstance(error, ReplyCut)
    text, error = listen(server, "repete")
    assert isinstance(error, ReplyCut)


def test_a_reply_may_be_left_in_the_middle(server: OllamaServer) -> None:
    chat = ChatModel("repete", server.url)
    stream = chat.stream(MESSAGES)
    assert next(stream)
    stream.close()  # type: ignore[attr-defined]
    chat.close()


def test_nothing_is_reported_to_a_tracing_service(server: OllamaServer) -> None:
    code = (
        "from langchain_core.output_parsers import StrOutputParser\n"
        "from langchain_core.prompts import ChatPromptTemplate\n"
        "from assistant.models.chat_model import ChatModel\n"
        f"chat = ChatModel('responde', {server.url!r})\n"
        "chain = ChatPromptTemplate([('human', '{pergunta}')]) | chat.runnable() | StrOutputParser()\n"
        "print(chain.invoke({'pergunta': 'segredo'}), chat.complete([('human', 'segredo')]))\n"
        "chat.close()\n"
        "from langchain_core.tracers.langchain import wait_for_all_tracers; wait_for_all_tracers()"
    )
    with OllamaServer({}) as tracing:
        asks = {"LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true", "LANGCHAIN_TRACING": "true"}
        target = {"LANGSMITH_ENDPOINT": tracing.url, "LANGSMITH_API_KEY": "chave"}
        env = os.environ | asks | target | {"PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env, check=False)
        assert tracing.requests == []
    assert done.stdout.strip() == f"{ANSWER} {ANSWER}", done.stderr
