"""The protocol server keeps Ollama's protocol, as Ollama's own client and plain HTTP see it."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import ollama
import pytest

from servers.base import real_ollama
from servers.ollama import OllamaServer
from servers.ollama_models import fails, fails_at_once, only_thinks, repeats, says
from servers.ollama_replies import Model, Wait, tokens

MESSAGES = [{"role": "user", "content": "O que faz o Clarify?"}]


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    models = {"eco": says("Detecta vieses [1]."), "pensa:4b": only_thinks, "falha": fails, "grande": fails_at_once}
    with OllamaServer({**models, "repete": repeats, "le": lambda prompt: iter([prompt.text])}) as running:
        yield running


RECORDED = [json.loads(line) for line in Path("tests/data/ollama_shapes.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def recorded() -> Iterator[OllamaServer]:
    with OllamaServer(
        {"chat:1b": says("Olá! Como posso ajudar você? " * 20), "embed:l6": says()}, chat_only={"chat:1b"}
    ) as it:
        post(f"{it.url}/api/chat", {"model": "chat:1b", "messages": []})
        yield it


@pytest.fixture
def client(server: OllamaServer) -> Iterator[ollama.Client]:
    with ollama.Client(host=server.url) as client:
        yield client


@pytest.fixture(params=["scripted", pytest.param("real", marks=pytest.mark.ollama)])
def answering(request: pytest.FixtureRequest, server: OllamaServer) -> tuple[str, str]:
    """Return an address and a model that answer: ours, and with `-m ollama` a real Ollama's."""
    if request.param == "scripted":
        return server.url, "eco"
    return real_ollama()


def get(url: str) -> tuple[str, str]:
    with urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return answer.read().decode(), answer.headers["Content-Type"]


def post(url: str, body: object) -> list[dict[str, object]]:
    with urlopen(Request(url, json.dumps(body).encode()), timeout=60) as answer:  # noqa: S310 - loopback
        return [json.loads(line) for line in answer.read().splitlines()]


@pytest.mark.parametrize("exchange", RECORDED, ids=[one["case"] for one in RECORDED])
def test_it_answers_as_a_real_ollama_was_recorded_to(recorded: OllamaServer, exchange: dict[str, Any]) -> None:
    status, kind, reply = _asked(recorded.url, exchange)
    assert status == exchange["status"]
    assert kind.startswith(exchange.get("type", ""))
    if "error" in exchange:
        without_figures = partial(re.sub, r"\d+", "N")
        assert without_figures(reply["error"]) == without_figures(exchange["error"])
    ends = [reply[0], reply[-1]] if exchange.get("type") == "application/x-ndjson" else reply
    _assert_shape(ends, exchange["shape"])
    if "reason" in exchange and exchange["reason"] != "stop":
        assert reply["done_reason"] == exchange["reason"]


def _asked(url: str, exchange: dict[str, Any]) -> tuple[int, str, Any]:
    body = exchange.get("body")
    text = body if isinstance(body, str) else json.dumps(body).replace("$long", "palavra " * 6000)
    data = text.encode() if exchange["method"] == "POST" else None
    try:
        answer = urlopen(Request(url + exchange["path"], data), timeout=20)  # noqa: S310 - loopback
    except HTTPError as error:
        answer = error
    with answer:
        kind, said = answer.headers["Content-Type"], answer.read().decode()
    if "ndjson" in kind:
        return answer.status, kind, [json.loads(line) for line in said.splitlines()]
    return answer.status, kind, json.loads(said) if "json" in kind else said


def _assert_shape(value: Any, shape: Any) -> None:
    """Check that a value has what was recorded, each of the same type; it may have more."""
    types = {"text": str, "number": int | float, "bool": bool}
    if isinstance(shape, dict):
        assert shape.keys() - {"context"} <= value.keys()
        for name in shape.keys() - {"context"}:
            _assert_shape(value[name], shape[name])
    elif isinstance(shape, list):
        assert bool(value) == bool(shape)
        for one, its in zip(value, shape, strict=False):
            _assert_shape(one, its)
    elif shape in types:
        assert isinstance(value, types[shape])
    else:
        assert value == (None if shape == "null" else shape)


def test_too_many_at_once_are_refused_as_busy() -> None:
    with OllamaServer({"eco": says(Wait(0.5), "Olá.")}, queue=0) as busy, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(_asked, busy.url, EXCHANGE) for _ in range(3)]
        statuses = sorted(one.result()[0] for one in asked)
    assert statuses[0] == 200
    assert statuses[-1] == 503


EXCHANGE = {"method": "POST", "path": "/api/chat", "body": {"model": "eco", "messages": MESSAGES, "stream": False}}


def test_it_says_that_it_runs(answering: tuple[str, str]) -> None:
    url, _ = answering
    assert get(url)[0] == "Ollama is running"
    assert json.loads(get(f"{url}/api/version")[0])["version"]


def test_models_are_listed_and_described(answering: tuple[str, str]) -> None:
    url, model = answering
    with ollama.Client(host=url) as client:
        listed = client.list().models
        assert any((entry.model or "").startswith(model) for entry in listed)
        assert all(entry.size and entry.digest and entry.details for entry in listed)
        shown = client.show(model)
    assert "completion" in (shown.capabilities or [])
    assert shown.modelinfo


def test_a_reply_streams_as_lines_and_ends_with_counts(answering: tuple[str, str]) -> None:
    url, model = answering
    lines = post(f"{url}/api/chat", {"model": model, "messages": MESSAGES, "options": {"num_predict": 64}})
    *parts, last = lines
    assert len(parts) > 1
    assert all(part["done"] is False for part in parts)
    assert all(set(part) >= {"model", "created_at", "message", "done"} for part in parts)
    assert last["done"] is True
    assert last["done_reason"] in ("stop", "length")
    durations = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    assert all(isinstance(last[name], int) for name in (*durations, "prompt_eval_count", "eval_count"))


def test_a_reply_can_be_whole(answering: tuple[str, str]) -> None:
    url, model = answering
    body: dict[str, object] = {"model": model, "messages": MESSAGES, "stream": False, "options": {"num_predict": 64}}
    (whole,) = post(f"{url}/api/chat", body)
    assert whole["done"] is True
    assert whole["message"]["content"]  # type: ignore[index]
    (whole,) = post(f"{url}/api/generate", {**body, "prompt": "Olá"})
    assert whole["response"]


def test_an_empty_conversation_loads_the_model(answering: tuple[str, str]) -> None:
    url, model = answering
    (line,) = post(f"{url}/api/chat", {"model": model, "messages": []})
    assert (line["done"], line["done_reason"]) == (True, "load")


def test_a_missing_model_is_404_with_an_error(answering: tuple[str, str]) -> None:
    url, _ = answering
    with ollama.Client(host=url) as client, pytest.raises(ollama.ResponseError, match="not found") as caught:
        client.chat("nao-existe", MESSAGES)
    assert caught.value.status_code == 404


def test_what_is_asked_wrongly_is_refused(server: OllamaServer) -> None:
    for path, status in (("/api/chat", 400), ("/api/nada", 404)):
        with pytest.raises(HTTPError) as caught:
            post(server.url + path, {})
        assert caught.value.code == status
        caught.value.close()
    with pytest.raises(HTTPError) as caught:
        get(f"{server.url}/api/nada")
    caught.value.close()


def test_the_same_text_streamed_or_whole(client: ollama.Client) -> None:
    streamed = [part.message.content or "" for part in client.chat("eco", MESSAGES, stream=True)]
    assert "".join(streamed) == client.chat("eco", MESSAGES).message.content == "Detecta vieses [1]."
    assert streamed[-5:] == [" [", "1", "]", ".", ""], "a marker is cut into three lines"
    generated = [part.response or "" for part in client.generate("eco", "Olá", stream=True)]
    assert "".join(generated) == "Detecta vieses [1]."


def test_thinking_has_its_own_field(client: ollama.Client) -> None:
    message = client.chat("pensa:4b", MESSAGES).message
    assert message.thinking == "O usuário quer saber do Clarify. Vou pensar bastante."
    assert not message.content
    with pytest.raises(ollama.ResponseError, match="does not support thinking"):
        client.chat("eco", MESSAGES, think=True)


def test_errors_before_and_in_a_stream(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="more system memory") as caught:
        list(client.chat("grande", MESSAGES, stream=True))
    assert caught.value.status_code == 500
    heard: list[str] = []
    with pytest.raises(ollama.ResponseError, match="terminated"):
        heard.extend(part.message.content or "" for part in client.chat("falha", MESSAGES, stream=True))
    assert "".join(heard).startswith("O Clarify detecta vieses.")


def test_a_limit_ends_a_reply(client: ollama.Client) -> None:
    reply = client.chat("repete", MESSAGES, options={"num_predict": 20})
    assert (reply.done_reason, reply.eval_count) == ("length", 20)
    assert reply.message.content == "".join((tokens("O Clarify detecta vieses. ") * 9)[:20])


def test_a_prompt_over_the_window_is_refused(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="exceeds the available context size") as caught:
        client.chat("le", [{"role": "user", "content": "palavra " * 3000}], options={"num_ctx": 2048})
    assert caught.value.status_code == 400


def test_old_versions_cut_a_prompt_and_answer_all_the_same() -> None:
    reads: Model = lambda prompt: iter([prompt.text])  # noqa: E731
    with OllamaServer({"le": reads}, cuts=True) as old, ollama.Client(host=old.url) as client:
        _assert_cut(client)


def _assert_cut(client: ollama.Client) -> None:
    long = [{"role": "user", "content": "começo " + "palavra " * 3000 + " fim"}]
    whole = client.chat("le", long, options={"num_ctx": 16384})
    assert "começo" in (whole.message.content or "")
    assert (whole.prompt_eval_count or 0) > 3000
    half = client.chat("le", long, options={"num_ctx": 2048})
    assert "começo" not in (half.message.content or "")
    assert "fim" in (half.message.content or "")
    assert half.prompt_eval_count == 2048 // 2 + 2 < (whole.prompt_eval_count or 0)


def test_old_messages_go_first_and_rules_stay(client: ollama.Client) -> None:
    talk = [
        {"role": "system", "content": "REGRAS"},
        {"role": "user", "content": "velha " * 900},
        {"role": "user", "content": "nova"},
    ]
    read = client.chat("le", talk, options={"num_ctx": 1024}).message.content or ""
    assert "REGRAS" in read
    assert "nova" in read
    assert "velha" not in read


def test_a_pull_tells_its_progress(client: ollama.Client) -> None:
    lines = list(client.pull("qwen3:4b-instruct", stream=True))
    assert lines[0].status == "pulling manifest"
    assert lines[-1].status == "success"
    done = [line.completed for line in lines if line.completed]
    assert done == sorted(done)
    assert done[-1] == next(line.total for line in lines if line.total)
    assert client.pull("qwen3:4b-instruct").status == "success"
    with pytest.raises(ollama.ResponseError, match="does not exist"):
        list(client.pull("inexistente", stream=True))


def test_embeddings_are_unit_vectors_that_follow_the_words(client: ollama.Client) -> None:
    one, two, other = client.embed("eco", ["detecta vieses", "vieses detecta", "painel central"]).embeddings
    assert sum(value * value for value in one) == pytest.approx(1)
    assert one == two != other
    assert client.embed("eco", "detecta vieses").embeddings == [one]


def test_loaded_models_are_listed_after_use(client: ollama.Client) -> None:
    client.chat("eco", MESSAGES)
    assert "eco:latest" in [entry.model for entry in client.ps().models]
