"""Vectors beyond the size up to which they are searched exactly: what is found stays what is nearest."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.folder.vectors import EXACT_ROWS, Vectors
from index.ranking import scoring
from index.store import build_index
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

ROWS, LENGTH = EXACT_ROWS + 8_000, 64

FloatArray = NDArray[np.float32]


def unit(vectors: FloatArray) -> FloatArray:
    found: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


@pytest.fixture(scope="module")
def stored() -> FloatArray:
    """Return vectors that gather in groups, as those of texts do."""
    chance = np.random.default_rng(0)
    groups = chance.normal(size=(400, LENGTH))
    return unit((groups[chance.integers(400, size=ROWS)] + chance.normal(size=(ROWS, LENGTH)) * 0.6).astype(np.float32))


@pytest.fixture(scope="module")
def queries(stored: FloatArray) -> FloatArray:
    chance = np.random.default_rng(1)
    return unit(stored[chance.integers(ROWS, size=200)] + chance.normal(size=(200, LENGTH)).astype(np.float32) * 0.05)


@pytest.fixture(scope="module")
def many(stored: FloatArray, tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    vectors = Vectors(LENGTH, ROWS)
    for start in range(0, ROWS, 1000):
        vectors.add(stored[start : start + 1000])
    folder = tmp_path_factory.mktemp("vectors")
    vectors.write(folder)
    return Vectors.open(folder, LENGTH)


def shares(many: Vectors, stored: FloatArray, queries: FloatArray, live: NDArray[np.bool_] | None) -> list[float]:
    allowed = np.ones(ROWS, dtype=bool) if live is None else live
    found = []
    for query in queries:
        exact = np.where(allowed, stored @ query, -2.0)
        nearest = set(np.argsort(-exact)[:10].tolist())
        rows, _ = many.nearest(query, 100, live)
        assert len(rows) == 100
        assert allowed[rows].all()
        found.append(len(nearest & set(rows[:10].tolist())) / 10)
    return found


def test_almost_all_of_the_nearest_are_found(many: Vectors, stored: FloatArray, queries: FloatArray) -> None:
    assert len(many) == ROWS
    # Noise in every direction is harder than texts are; what texts give is in LOG.md.
    assert np.mean(shares(many, stored, queries, None)) >= 0.95


def test_dead_rows_are_not_found_and_hide_none_that_lives(
    many: Vectors, stored: FloatArray, queries: FloatArray
) -> None:
    live = np.random.default_rng(2).random(ROWS) < 0.1
    assert np.mean(shares(many, stored, queries, live)) >= 0.95


def test_a_handful_of_live_rows_is_found_whole(many: Vectors, queries: FloatArray) -> None:
    live = np.zeros(ROWS, dtype=bool)
    live[[5, 17, ROWS - 1]] = True
    rows, _ = many.nearest(queries[0], 100, live)
    assert sorted(rows.tolist()) == [5, 17, ROWS - 1]


def test_scores_are_cosines_and_vectors_come_back(many: Vectors, stored: FloatArray, queries: FloatArray) -> None:
    rows, cosines = many.nearest(queries[0], 10)
    assert cosines == pytest.approx(stored[rows] @ queries[0], abs=0.01)
    assert (np.diff(cosines) <= 0).all()
    assert np.abs(many.take(rows) - stored[rows]).max() < 0.02


def test_fewer_postings_find_the_same_best_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the frequent words would add to the candidates is left out; what answers has a rare one."""
    text = "# Guia\n\n" + "\n\n".join(f"O serviço número {n} da lista custa k{n * 7}z reais." for n in range(300))
    page = read_bytes(text.encode(), "guia.md")
    embedder, store = load_embedder("coruja"), FaissStore(tmp_path)
    build_index(store, [(page, split(page))], embedder)
    index = store.open(embedder)
    query = "qual serviço da lista custa k700z"
    whole = index.search(query)
    monkeypatch.setattr(scoring, "POSTINGS", 5)
    few = index.search(query)
    assert "k700z" in few[0].chunk.text
    assert few[0].chunk == whole[0].chunk
    assert few[0].signals["words"] == pytest.approx(whole[0].signals["words"]), "candidates are scored by all words"
    index.close()
