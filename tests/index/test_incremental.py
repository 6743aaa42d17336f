"""An index that grew edit by edit is the index that one build would have made, and costs only what changed."""

import os
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import bm25s
import numpy as np
import pytest

from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from index.arrays import FloatArray
from index.contents import Rows, read_contents
from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.embedding.vector_cache import VectorCache
from index.folder.generations import current
from index.folder.segment import Segment
from index.folder.store import FaissStore
from index.manifest import Manifest
from index.ranking.scoring import Words
from index.store import build_index
from index.text.analyser import grams, stem, words
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

PAGE = Path(__file__).parents[2] / "corpus" / "aws-sagemaker-e-seguranca.md"
QUERIES = (
    "Que serviço gerencia permissões?",
    "treinamento de modelos",
    "detecta vieses",
    "MLflow",
    "segurança da rede",
)


@cache
def embedder() -> Embedder:
    return load_embedder("coruja")


class CountingEmbedder:
    """The embedded model, and how many texts it was given."""

    def __init__(self) -> None:
        self.name, self.dimension, self.fingerprint = embedder().name, embedder().dimension, embedder().fingerprint
        self.texts = 0

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        self.texts += len(texts)
        return embedder().embed_passages(texts)

    def embed_query(self, text: str) -> FloatArray:
        return embedder().embed_query(text)


def pieces() -> list[str]:
    """Return the shipped page's sections, as texts of documents."""
    return re.split(r"\n(?=#+ )", read_bytes(PAGE.read_bytes(), "page.md").text)


def documents(texts: dict[str, str]) -> Iterator[tuple[Document, list[Chunk]]]:
    for doc_id in sorted(texts):
        document = Document(doc_id, texts[doc_id], "markdown", doc_id, texts[doc_id])
        yield document, split(document)


def edit(texts: dict[str, str], chance: random.Random) -> None:
    """Add, change, rename or delete a document."""
    names = sorted(texts)
    what = chance.choice(["add", "change", "rename", "delete"]) if len(names) > 3 else "add"
    name = f"{chance.randrange(1000):03}.md"
    if what == "add":
        texts[name] = chance.choice(pieces())
    elif what == "change":
        texts[chance.choice(names)] += f"\n\nA {chance.choice(['rede', 'permissão', 'coruja'])} muda.\n"
    elif what == "rename":
        texts[name] = texts.pop(chance.choice(names))
    else:
        del texts[chance.choice(names)]


@pytest.mark.parametrize("seed", range(4))
def test_edit_by_edit_or_at_once_the_index_is_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    texts = {f"{number:03}.md": text for number, text in enumerate(pieces())}
    build_index(FaissStore(tmp_path / "grown"), documents(texts), embedder())
    for _ in range(12):
        edit(texts, chance)
        grown = build_index(FaissStore(tmp_path / "grown"), documents(texts), embedder())
    whole = build_index(FaissStore(tmp_path / "whole"), documents(texts), embedder())
    assert grown.generation.split("-")[0] == whole.generation
    assert (grown.documents, grown.chunks) == (whole.documents, whole.chunks)
    assert len(whole.segments) == 1
    one, other = (FaissStore(tmp_path / name).open(embedder()) for name in ("grown", "whole"))
    assert one.topics() == other.topics()
    for query in QUERIES:
        hits, expected = one.search(query, 20), other.search(query, 20)
        assert [hit.chunk for hit in hits] == [hit.chunk for hit in expected]
        for hit, wanted in zip(hits, expected, strict=True):
            assert hit.signals == pytest.approx(wanted.signals, rel=1e-4, abs=1e-5)
        assert one.rarity(stem(query)) == other.rarity(stem(query))
        place = hits[0].chunk.doc_id, hits[0].chunk.headings
        assert one.under(*place) == other.under(*place)
    for doc_id in texts:
        assert one.document_text(doc_id) == other.document_text(doc_id)
    one.close()
    other.close()


def test_segments_stay_few_however_many_edits(tmp_path: Path) -> None:
    texts = {f"{number:03}.md": "# Nota\n\nUma linha.\n" * 4 for number in range(40)}
    build_index(FaissStore(tmp_path), documents(texts), embedder())
    most = 0
    for number in range(30):
        texts[f"{number % 40:03}.md"] += f"\n# Outra\n\nLinha {number}.\n"
        most = max(most, len(build_index(FaissStore(tmp_path), documents(texts), embedder()).segments))
    assert 1 < most <= 6


class TestScores:
    """Equal to those of bm25s, an independent implementation of the same formula."""

    @pytest.mark.parametrize("view", ["words", "stems", "grams"])
    def test_are_lucenes_bm25(self, tmp_path: Path, view: str) -> None:
        texts = {f"{number:03}.md": text for number, text in enumerate(pieces())}
        before = {**texts, "000.md": "Um começo que muda.\n", "zzz.md": "Sai daqui.\n"}
        build_index(FaissStore(tmp_path), documents(before), embedder())
        build_index(FaissStore(tmp_path), documents(texts), embedder())
        terms_of = {"words": lambda word: [word], "stems": lambda word: [stem(word)], "grams": grams}[view]
        corpus = [[term for word in words(chunk.searchable) for term in terms_of(word)] for chunk in chunks(texts)]
        reference = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        reference.index(corpus, show_progress=False)
        folder = current(tmp_path)
        manifest = Manifest.read(folder)
        assert len(manifest.segments) > 1
        segments = [Segment(folder / name, manifest.dimension) for name in manifest.segments]
        index = Words([each.words for each in segments], Rows(read_contents(folder).values(), manifest.segments))
        for query in QUERIES:
            asked = [term for word in words(query) for term in terms_of(word)]
            known = [term for term in asked if term in reference.vocab_dict]
            expected = reference.get_scores(known) if known else np.zeros(len(corpus))
            matches = index.matches(query)
            assert np.allclose(matches.scores(view, np.arange(len(corpus))), expected, rtol=1e-4, atol=1e-5)
            best = matches.best(view, 5)
            assert len(best) == min(5, np.count_nonzero(expected))
            assert np.allclose(np.sort(expected[best]), np.sort(expected)[::-1][: len(best)][::-1], rtol=1e-4)
        for segment in segments:
            segment.close()


def chunks(texts: dict[str, str]) -> list[Chunk]:
    return [chunk for _, parts in documents(texts) for chunk in parts]


class TestEmbedding:
    def test_only_what_is_new_is_embedded(self, tmp_path: Path) -> None:
        texts = {f"{number:03}.md": text for number, text in enumerate(pieces())}
        counting = CountingEmbedder()

        def embedded() -> int:
            counting.texts = 0
            build_index(FaissStore(tmp_path), documents(texts), counting)
            return counting.texts

        assert embedded() == len({chunk.searchable for chunk in chunks(texts)})
        texts["nome novo.md"] = texts.pop("002.md")
        assert embedded() == 0  # renamed
        before = texts["001.md"]
        texts["001.md"] += "\n\n# Nova\n\nUma frase nunca vista.\n"
        assert embedded() == 1
        texts["001.md"] = before
        assert embedded() == 0  # undone
        shutil.rmtree(tmp_path / "generations")
        assert embedded() == 0  # the index is lost, the vectors are not

    def test_the_cache_is_bounded_and_the_vectors_are_right(self, tmp_path: Path) -> None:
        texts = [f"Frase número {number}." for number in range(200)]
        kept = VectorCache(tmp_path, embedder(), most_bytes=50 * 4 * embedder().dimension)
        for at in range(0, 200, 20):
            assert np.array_equal(kept.embed(texts[at : at + 20]), embedder().embed_passages(texts[at : at + 20]))
        kept.close()
        counting = CountingEmbedder()
        again = VectorCache(tmp_path, counting, most_bytes=50 * 4 * embedder().dimension)
        assert np.array_equal(again.embed(texts[150:]), embedder().embed_passages(texts[150:]))
        assert counting.texts == 0
        again.embed(texts[:20])
        assert counting.texts == 20
        again.close()

    def test_another_embedder_has_vectors_of_its_own(self, tmp_path: Path) -> None:
        counting = CountingEmbedder()
        counting.fingerprint += "/other"
        for one in (VectorCache(tmp_path, embedder()), VectorCache(tmp_path, counting)):
            one.embed(["Uma frase."])
            one.close()
        assert counting.texts == 1


class TestWorkspace:
    def test_a_rebuild_reads_repairs_and_problems_from_what_it_knows(self, tmp_path: Path) -> None:
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        shutil.copy(Path(__file__).parents[1] / "data" / "aws-sagemaker-mac-roman.txt", corpus / "pagina.txt")
        (corpus / "vazio.md").write_text("---\ntitle: só isto\n---\n<!-- nada -->\n", encoding="utf-8")
        settings = read_settings(tmp_path, writer="extractive")
        first, again = build(tmp_path, settings), build(tmp_path, settings)
        assert list(first.repairs) == ["pagina.txt"]
        assert (again.unchanged, first.unchanged) == (True, False)
        assert (again.repairs, again.problems) == (first.repairs, first.problems)

    def test_content_counts_and_time_stamps_do_not(self, tmp_path: Path) -> None:
        page = tmp_path / "corpus" / "a.md"
        page.parent.mkdir()
        page.write_text("Texto um.\n", encoding="utf-8")
        settings = read_settings(tmp_path, writer="extractive")
        build(tmp_path, settings)
        stamp = page.stat()
        page.touch()
        assert build(tmp_path, settings).unchanged
        page.write_text("Texto dois.\n"[:10], encoding="utf-8")
        os.utime(page, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert not build(tmp_path, settings).unchanged
