"""Measuring a folder in BEIR layout, end to end through the product's index."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.beir import run_beir
from index.arrays import FloatArray
from index.text.analyser import words
from ingest.errors import DatasetError


class HashedWords:
    """An embedder without weights: each word is counted in the place that its checksum names."""

    name = "hashed-words"
    dimension = 256
    fingerprint = "hashed-words:256"

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts that will be searched."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> FloatArray:
        """Embed what is searched for."""
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in words(text):
            vector[zlib.crc32(word.encode()) % self.dimension] += 1
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


PASSAGES = [
    {"_id": "cafe", "title": "Bebidas", "text": "O café é servido quente, em xícaras de porcelana."},
    {"_id": "trem", "title": "Transporte", "text": "O trem para o litoral parte às sete da manhã."},
    {"_id": "onibus", "title": "Transporte", "text": "O ônibus noturno circula de hora em hora."},
    {"_id": "museu", "text": "O museu de arte fecha às segundas-feiras."},
]
QUERIES = [
    {"_id": "q-trem", "text": "A que horas parte o trem para o litoral?"},
    {"_id": "q-bebida", "text": "bebidas em xicaras"},
    {"_id": "q-perdida", "text": "Quando fecha o museu?"},
    {"_id": "q-nao-julgada", "text": "Onde fica o ônibus?"},
]
JUDGEMENTS = "query-id\tcorpus-id\tscore\nq-trem\ttrem\t1\nq-bebida\tcafe\t1\nq-perdida\tnao-esta-no-corpus\t1\n"


def lines(rows: Sequence[object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def beir(folder: Path, **files: str) -> Path:
    """Write a BEIR folder; a file given takes the place of the one above."""
    (folder / "qrels").mkdir()
    content = {"corpus": lines(PASSAGES), "queries": lines(QUERIES), "qrels": JUDGEMENTS, **files}
    (folder / "corpus.jsonl").write_text(content["corpus"], "utf-8")
    (folder / "queries.jsonl").write_text(content["queries"], "utf-8")
    (folder / "qrels" / "test.tsv").write_text(content["qrels"], "utf-8")
    return folder


def test_a_folder_is_indexed_searched_and_scored(tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    result = run_beir(beir(tmp_path), HashedWords(), progress=lambda *step: steps.append(step))
    # Two of three judged queries find their passage first; the third one's is not in the corpus.
    assert result["measures"] == pytest.approx(
        dict.fromkeys(["Success@1", "Success@5", "R@10", "RR@10", "nDCG@10"], 2 / 3)
    )
    assert result["queries"] == 3
    assert result["seconds"] > 0
    assert json.loads(json.dumps(result)) == result
    assert {(all_of_them, what) for _, all_of_them, what in steps} == {(4, "index"), (3, "search")}


@pytest.mark.parametrize("judged", ["um", "dois"])
def test_of_two_equal_passages_the_right_one_comes_second(tmp_path: Path, judged: str) -> None:
    twins = [{"_id": name, "text": "O trem parte às sete."} for name in ("um", "dois")]
    folder = beir(
        tmp_path,
        corpus=lines([*twins, PASSAGES[0]]),
        qrels=f"query-id\tcorpus-id\tscore\nq-trem\t{judged}\t1\n",
    )
    assert run_beir(folder, HashedWords())["measures"]["RR@10"] == pytest.approx(1 / 2)


def test_judgements_may_lack_the_line_of_headings(tmp_path: Path) -> None:
    folder = beir(tmp_path, qrels="q-trem\ttrem\t1\r\n\n")
    assert run_beir(folder, HashedWords())["measures"]["Success@1"] == 1.0


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus", lines(PASSAGES[:2]) + "{", "corpus.jsonl, line 3: not JSON"),
        ("corpus", lines([*PASSAGES, PASSAGES[0]]), "corpus.jsonl, line 5: the _id 'cafe' stands twice"),
        ("corpus", lines([{"_id": "a"}]), "corpus.jsonl, line 1: `text`"),
        ("corpus", lines([{"_id": "a", "text": "x", "title": None}]), "corpus.jsonl, line 1: `title`"),
        ("queries", lines([*QUERIES, QUERIES[0]]), "queries.jsonl, line 5: the _id 'q-trem' stands twice"),
        ("queries", lines([{"_id": 7, "text": "x"}]), "queries.jsonl, line 1: `_id`"),
        ("queries", lines(QUERIES[1:]), "queries.jsonl lacks the query 'q-trem'"),
        ("qrels", JUDGEMENTS + "q-trem\tcafe\n", "test.tsv, line 5: not `query-id`"),
        ("qrels", JUDGEMENTS + "q-trem\tcafe\tsim\n", "test.tsv, line 5: not `query-id`"),
        ("qrels", "query-id\tcorpus-id\tscore\n", "test.tsv judges nothing"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, file: str, content: str, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        run_beir(beir(tmp_path, **{file: content}), HashedWords())
    assert said in caught.value.message
    assert caught.value.next_step


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    (folder / "queries.jsonl").unlink()
    with pytest.raises(DatasetError, match=r"queries\.jsonl cannot be read"):
        run_beir(folder, HashedWords())
