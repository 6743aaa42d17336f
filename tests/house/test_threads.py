"""What several threads hold at once is hammered from eight: each gets what it would get alone."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from sys import getswitchinterval, setswitchinterval
from threading import Barrier

import numpy as np
import pytest
from commandline import workspace

from assistant.assistant import Assistant
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from index.arrays import FloatArray
from index.embedding.static import StaticEmbedder
from index.embedding.vector_cache import VectorCache
from index.text.analyser import fold, grams, stem

THREADS = 8


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns every few instructions, so that what can happen between two of them does."""
    before = getswitchinterval()
    setswitchinterval(1e-6)
    try:
        yield
    finally:
        setswitchinterval(before)


def hammer(work: Callable[[int], None]) -> None:
    """Do something from eight threads that begin together; what fails in one fails here."""
    ready = Barrier(THREADS)

    def begin(number: int) -> None:
        ready.wait()
        work(number)

    with switching_often(), ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(begin, number) for number in range(THREADS)]:
            done.result()


def test_the_embedded_model_with_a_table_of_words_that_is_always_full() -> None:
    texts = [f"Documento {number} sobre férias{number} e prazos{number * 7}." for number in range(300)]
    expected = StaticEmbedder().embed_passages(texts)
    shared = StaticEmbedder(cached_words=50)

    def embed(number: int) -> None:
        for place in range(number, len(texts), 3):
            np.testing.assert_array_equal(shared.embed_passages(texts[place : place + 2]), expected[place : place + 2])

    hammer(embed)


def test_the_analyser() -> None:
    words = [f"{word}{number}" for word in ("ações", "férias", "segurança") for number in range(200)]
    expected = [(fold(word), stem(word), grams(word)) for word in words]
    stem.cache_clear()

    def analyse(number: int) -> None:
        for place in range(len(words)):
            at = (place * (number + 1)) % len(words)
            assert (fold(words[at]), stem(words[at]), grams(words[at])) == expected[at]

    hammer(analyse)


class Counting(StaticEmbedder):
    """Remembers how many texts it embedded."""

    embedded = 0

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        self.embedded += len(texts)
        return super().embed_passages(texts)


def test_the_cache_of_vectors(tmp_path: Path) -> None:
    texts = [f"Documento {number} sobre férias e prazos." for number in range(64)]
    embedder = Counting()
    expected = StaticEmbedder().embed_passages(texts)
    cache = VectorCache(tmp_path, embedder)

    def embed(number: int) -> None:
        for place in range(number % 4, len(texts), 4):
            np.testing.assert_array_equal(cache.embed(texts[place : place + 2]), expected[place : place + 2])

    hammer(embed)
    before = embedder.embedded
    np.testing.assert_array_equal(cache.embed(texts), expected)
    cache.close()
    assert embedder.embedded == before, "no thread's vectors were lost"


QUESTIONS = ("O que é o SageMaker?", "Quais são os recursos de segurança?", "O que é o IAM?", "Quem venceu a copa?")


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    folder = workspace(tmp_path)
    settings = read_settings(folder, writer="extractive")
    build(folder, settings)
    opened = Assistant.open(folder, settings)
    yield opened
    opened.close()


def test_one_assistant_answers_eight_at_once(assistant: Assistant) -> None:
    expected = {question: assistant.ask(question).text for question in QUESTIONS}

    def ask(number: int) -> None:
        for turn in range(6):
            question = QUESTIONS[(number + turn) % len(QUESTIONS)]
            assert assistant.ask(question).text == expected[question]

    hammer(ask)
