"""What the encoder knows of an index: worked out once it is served, as far as it was let, and never trusted blindly."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from pages import document, parts

from index.embedding.embedder import Embedder
from index.embedding.encoder import encoder
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.store import build_index
from ingest.splitting.splitter import split

PAGES = {
    "bill": "# Billing\n\nYou are charged at the end of each month for what your functions have used.\n",
    "keys": "# Keys\n\nRotate the credentials of the service every ninety days.\n",
    "name": "# Names\n\nA name has at most sixty-four characters.\n",
    "time": "# Time\n\nA function that has run for fifteen minutes is stopped.\n",
}
BILL = "quando pago a conta?"  # shares no word with what answers it


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder("coruja")


@pytest.fixture
def store(tmp_path: Path, embedder: Embedder) -> FaissStore:
    store = FaissStore(tmp_path / "index")
    build_index(store, parts(**PAGES), embedder)
    return store


def meanings(store: FaissStore, embedder: Embedder, query: str = BILL, k: int = 10) -> dict[str, float]:
    """Return what the encoder says of each document that is found, best first, 0 for what it has not seen."""
    with closing(store.open(embedder)) as index:
        return {hit.chunk.doc_id: hit.signals["meaning"] for hit in index.search(query, k)}


def encoded(store: FaissStore) -> int:
    """Return how many texts the encoder has read."""
    with closing(sqlite3.connect(store.root / "meaning.cache")) as database:
        return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])


def test_what_is_encoded_is_found_across_languages(store: FaissStore, embedder: Embedder) -> None:
    assert set(meanings(store, embedder).values()) == {0.0}
    assert list(store.encode())[-1] == (4, 4)
    found = meanings(store, embedder)
    assert max(found, key=lambda doc: found[doc]) == "bill.md"
    with closing(store.open(embedder)) as index:
        assert index.search(BILL, 1)[0].chunk.doc_id == "bill.md"


def test_an_open_index_knows_what_is_encoded_meanwhile(store: FaissStore, embedder: Embedder) -> None:
    with closing(store.open(embedder)) as index:
        assert not index.search(BILL, 1)[0].signals["meaning"]
        list(store.encode())
        assert index.search(BILL, 1)[0].signals["meaning"]


def test_what_no_word_and_no_likeness_brings_up_is_found_by_meaning(tmp_path: Path, embedder: Embedder) -> None:
    boats = {
        f"b{number}": f"# Conta {number}\n\nQuando o barco conta, a conta é de {number} remos.\n"
        for number in range(150)
    }
    store = FaissStore(tmp_path / "index")
    build_index(store, parts(**PAGES, **boats), embedder)
    assert "bill.md" not in meanings(store, embedder, k=300)
    list(store.encode())
    assert "bill.md" in meanings(store, embedder, k=300)


def test_the_encoder_reads_what_was_asked_not_what_is_sought_beside_it(store: FaissStore, embedder: Embedder) -> None:
    list(store.encode())
    with closing(store.open(embedder)) as index:
        alone = {hit.chunk.doc_id: hit.signals["meaning"] for hit in index.search(BILL)}
        beside = {hit.chunk.doc_id: hit.signals["meaning"] for hit in index.search(f"{BILL} names", asked=BILL)}
        assert beside == pytest.approx(alone)
        assert {hit.signals["meaning"] for hit in index.search(BILL, asked="")} == {0.0}


def test_a_vector_is_the_same_whatever_was_encoded_beside_it() -> None:
    texts = list(PAGES.values())
    together = encoder().embed_passages(texts)
    assert np.array_equal(together, np.concatenate([encoder().embed_passages([text]) for text in texts]))
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder().embed_passages([]).shape == (0, encoder().dimension)


def test_what_was_left_is_gone_on_with(tmp_path: Path, embedder: Embedder) -> None:
    texts = {f"page{number:02}": f"# Page {number}\n\nThe number of this page is {number}.\n" for number in range(40)}
    store = FaissStore(tmp_path / "index")
    build_index(store, parts(**texts), embedder)
    encoding = store.encode()
    done, _ = next(encoding)
    del encoding
    assert 0 < done == encoded(store) < len(texts)
    assert set(meanings(store, embedder).values()) == {0.0}
    list(store.encode())
    assert encoded(store) == len(texts)
    assert any(meanings(store, embedder).values())
    assert list(store.encode()) == []


def test_a_killed_encoder_leaves_an_index_that_answers(store: FaissStore, embedder: Embedder) -> None:
    program = """
import pathlib, sys
from index.folder.store import FaissStore
for _ in FaissStore(pathlib.Path(sys.argv[1])).encode():
    print(".", flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", program, store.root], stdin=-1, stdout=-1) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert len(meanings(store, embedder)) == 4
    list(store.encode())
    assert any(meanings(store, embedder).values())


def test_an_edit_costs_what_changed(store: FaissStore, embedder: Embedder) -> None:
    list(store.encode())
    build_index(store, parts(**PAGES | {"name": "# Names\n\nA name may be as long as you like.\n"}), embedder)
    list(store.encode())
    assert encoded(store) == 5
    assert all(meanings(store, embedder).values())
    before = set((store.root / "meaning").iterdir())
    store.rollback()
    store.prune(1)
    list(store.encode())
    assert all(meanings(store, embedder).values())
    assert set((store.root / "meaning").iterdir()) < before, "vectors of a segment that is gone are gone, too"


@pytest.mark.parametrize("damage", [lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: data[:100]])
def test_damaged_vectors_are_not_read_and_written_anew(
    store: FaissStore, embedder: Embedder, damage: Callable[[bytes], bytes]
) -> None:
    list(store.encode())
    whole = meanings(store, embedder)
    (file,) = (store.root / "meaning").glob("*.npy")
    file.write_bytes(damage(file.read_bytes()))
    assert set(meanings(store, embedder).values()) == {0.0}
    list(store.encode())
    assert meanings(store, embedder) == whole


def test_another_embedder_stays_alone(tmp_path: Path, embedder: Embedder) -> None:
    class Chosen:
        name, dimension, fingerprint = "chosen", embedder.dimension, "chosen/1"
        embed_passages, embed_query = embedder.embed_passages, embedder.embed_query

    store = FaissStore(tmp_path / "chosen")
    build_index(store, parts(**PAGES), Chosen())
    assert list(store.encode()) == []
    assert not (store.root / "meaning").exists()


def test_one_process_encodes_at_a_time(store: FaissStore) -> None:
    with FileLock(store.root / "meaning.lock"):
        assert list(store.encode()) == []
    assert list(store.encode())


def test_a_candidate_takes_its_vectors_along(store: FaissStore, embedder: Embedder) -> None:
    list(store.encode())
    with store.candidate() as candidate:
        assert all(meanings(candidate, embedder).values())
        page = document("more.md", "# Payment\n\nPay by card.\n")
        build_index(candidate, [*parts(**PAGES), (page, split(page))], embedder)
        list(candidate.encode())
        store.adopt(candidate)
    found = meanings(store, embedder)
    assert len(found) == 5
    assert all(found.values())


def test_what_is_masked_now_is_no_longer_kept(store: FaissStore, embedder: Embedder) -> None:
    list(store.encode())
    build_index(store, parts(**PAGES), embedder, redaction="email/1")
    assert not list(store.root.glob("meaning.cache*"))
