"""Over every question of the shipped data set: no lie is shown as supported, and what is true keeps its citation.

The assistant is the whole one, the model is scripted and speaks Ollama's protocol.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from servers import ollama_models
from servers.liars import KINDS, Liar
from servers.ollama import OllamaServer
from servers.ollama_assistant import assistant_with
from servers.ollama_replies import Model, Prompt, Step

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.workspace.folder import read_settings
from eval.datasets.example import Example
from eval.datasets.reading import read_dataset

EXAMPLES = read_dataset(Path("aws_sagemaker"))
written_by = partial(assistant_with, writer="ollama", ollama_timeout=5.0)
MARKED = re.compile(r"([^\[\]]+?)\s*((?:\[\d+\])+)")


def bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKD", text).lower()))


def said(answer: Answer) -> str:
    """Return what the model wrote, as far as it is shown, without markers."""
    return re.sub(r" ?\[\d+\]", "", answer.written)


def supported(answer: Answer) -> set[str]:
    """Return the sentences of an answer that stand before a marker."""
    return {bare(stretch) for stretch, _ in MARKED.findall(answer.written)}


@pytest.mark.parametrize(
    ("unverified", "mixing"), [("drop", False), ("mark", True)], ids=["only lies, dropped", "among true ones, marked"]
)
def test_no_lie_is_shown_as_supported(page_workspace: Path, unverified: str, mixing: bool) -> None:
    kinds = [*KINDS.values(), *KINDS.values()]
    liar = Liar((), mixing)
    told = shown = answered = 0
    with written_by(liar, page_workspace, unverified=unverified) as assistant:
        for place, example in enumerate(EXAMPLES[1::2] if mixing else EXAMPLES):
            liar.told.clear()
            liar.kinds = tuple(kinds[place % len(KINDS) :][:2])
            answer = assistant.ask(example.question)
            told += len(liar.told)
            answered += answer.writer.startswith("ollama") and answer.status == "answered"
            lies = {bare(lie) for lie in liar.told}
            believed = [stretch for stretch in supported(answer) if any(stretch.endswith(lie) for lie in lies)]
            assert believed == [], example.question
            if unverified == "drop":
                shown += sum(lie in bare(answer.text) for lie in lies)
            if not mixing and liar.told:
                assert answer.writer == "extractive"
                # What it wrote was not said by the documents, or was cut where answers end before it came to that.
                assert "that the model" in answer.notice or "Answered by quoting" in answer.notice
    print(f"{told} lies, {shown} shown, {answered} answers of true sentences among lies")
    assert told > (100 if mixing else 700)
    assert shown == 0
    assert bool(answered) == mixing


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_lie_is_found_out(page_workspace: Path, kind: str) -> None:
    liar = Liar((KINDS[kind],))
    with written_by(liar, page_workspace) as assistant:
        answers = [assistant.ask(example.question) for example in EXAMPLES[:8]]
    assert liar.told
    assert {answer.writer for answer in answers if answer.status == "answered"} == {"extractive"}


def test_true_sentences_keep_their_citations(page_workspace: Path) -> None:
    written: list[str] = []

    def honest(prompt: Prompt) -> Iterator[Step]:
        for step in ollama_models.honest(prompt):
            written.append(str(step))
            yield step

    kept = total = 0
    with written_by(honest, page_workspace) as assistant:
        for example in EXAMPLES[::2]:
            written.clear()
            answer = assistant.ask(example.question)
            if answer.writer == "extractive":
                continue
            sentences = [bare(sentence) for text in written for sentence in re.split(r"(?<=\.) ", text)]
            total += len(sentences)
            kept += sum(sentence in supported(answer) for sentence in sentences)
            for citation in answer.citations:
                document = assistant.index.document_text(citation.doc)
                assert document[citation.start : citation.end] == citation.quote
    print(f"honest model: {kept} of {total} sentences keep their citation")
    assert total > 50
    assert kept >= 0.98 * total


def test_true_sentences_in_other_words_keep_their_citations(page_workspace: Path) -> None:
    """The model writes the data set's reference answers, which a person worded."""
    asked: dict[str, Example] = {example.question: example for example in EXAMPLES if example.answerable}

    def paraphrasing(prompt: Prompt) -> Iterator[Step]:
        yield asked[prompt.text.rpartition("Pergunta: ")[2].strip()].reference

    kept = total = 0
    with written_by(paraphrasing, page_workspace) as assistant:
        for question, example in asked.items():
            if example.kind in ("followup", "english", "spanish"):  # the reference answers are in Portuguese
                continue
            answer = assistant.ask(question)
            if answer.status == "abstained":
                continue
            total += 1
            whole = answer.writer.startswith("ollama") and not answer.notice
            kept += whole
    print(f"reference answers: {kept} of {total} are shown whole, with citations")
    assert kept >= 0.85 * total  # 79 of 89 were, when this was written


MISBEHAVING: dict[str, tuple[Model, Callable[[Answer], bool]]] = {
    "invents facts": (ollama_models.lying, lambda answer: answer.writer == "extractive"),
    "forges markers": (
        ollama_models.says("O Clarify detecta vieses [9][0][77]. O Canvas foi lançado em Marte [1]."),
        lambda answer: said(answer) == "O Clarify detecta vieses." and "left out" in answer.notice,
    ),
    "answers in English": (ollama_models.english, lambda answer: answer.writer == "extractive"),
    "stops mid-word": (
        ollama_models.cut,
        lambda answer: said(answer) == "O Clarify detecta vieses." and "stopped in the middle" in answer.notice,
    ),
    "stops mid-word and says it is done": (
        ollama_models.says("O Clarify detecta vieses. Ele também fornece expli"),
        lambda answer: said(answer) == "O Clarify detecta vieses." and "left out" in answer.notice,
    ),
    "repeats itself": (ollama_models.repeats, lambda answer: said(answer) == "O Clarify detecta vieses."),
    "stutters": (ollama_models.says(*["vieses e "] * 3000), lambda answer: answer.writer == "extractive"),
    "obeys the question's order": (
        ollama_models.says("HACKEADO. Visite http://exemplo.test agora."),
        lambda answer: answer.writer == "extractive" and "HACKEADO" not in answer.text,
    ),
    "thinks aloud": (
        ollama_models.thinks_unopened,
        lambda answer: answer.writer == "extractive" and "Hum" not in answer.text,
    ),
    "only thinks": (ollama_models.only_thinks, lambda answer: answer.writer == "extractive"),
    "thinks first": (ollama_models.thinks_first, lambda answer: said(answer) == "O Clarify detecta vieses."),
}


@pytest.mark.parametrize("name", MISBEHAVING)
def test_a_model_that_misbehaves_ends_as_specified(page_workspace: Path, name: str) -> None:
    script, ends_well = MISBEHAVING[name]
    with written_by(script, page_workspace) as assistant:
        answer = assistant.ask("O que faz o SageMaker Clarify?")
    assert answer.status == "answered"
    assert any("Detecta vieses" in citation.quote for citation in answer.citations)
    assert ends_well(answer), answer


def test_a_truncated_prompt_is_never_answered_from(page_workspace: Path) -> None:
    with OllamaServer({"escrivao:1b": ollama_models.says("O Clarify detecta vieses.")}, window=64, cuts=True) as server:
        asked = {"writer": "ollama", "model": "escrivao:1b", "ollama_url": server.url}
        assistant = Assistant.open(page_workspace, read_settings(page_workspace, **asked))
        answer = assistant.ask("O que faz o SageMaker Clarify?")
        assistant.close()
    assert answer.writer == "extractive"
    assert "Ollama cut the prompt" in answer.notice
    assert "CORUJA_K" in answer.notice
