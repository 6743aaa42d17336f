"""What every store has to do, held by each of them: FAISS in a folder, and a real Milvus server over gRPC."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from commandline import coruja
from pages import OTHER, PAGE, document, found, parts
from servers.milvus import MilvusServer

from index.arrays import FloatArray
from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.live import LiveIndex
from index.milvus.store import MilvusStore
from index.ranking.features import FEATURES
from index.store import Shard, Store, build_index
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import CorpusError, GenerationMissing, IndexMismatch, IndexMissing, SettingsError, StoreUnavailable
from ingest.splitting.splitter import split

_names = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.kill()


Again = Callable[[], Store]


@pytest.fixture(params=["faiss", "milvus"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Again:
    """Return what opens one store, as another process would."""
    if request.param == "faiss":
        return lambda: FaissStore(tmp_path / "index")
    uri, name = request.getfixturevalue("server").uri, f"t{next(_names)}"
    return lambda: MilvusStore(tmp_path / "index", uri, name=name)


@pytest.fixture
def store(again: Again) -> Store:
    return again()


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder("coruja")


def test_what_is_built_is_found_by_words_and_by_meaning(store: Store, embedder: Embedder) -> None:
    manifest = build_index(store, parts(guia=PAGE, ferias=OTHER), embedder)
    assert (manifest.documents, manifest.chunks) == (2, 5)
    index = store.open(embedder)
    assert index.manifest == manifest
    hits = index.search("Quando é a manutencao?", 10)
    assert "domingos" in hits[0].chunk.text
    assert [hit.rank for hit in hits] == list(range(1, 6))
    assert set(hits[0].signals) == set(FEATURES)
    assert hits[0].signals["coverage"] == pytest.approx(1.0)
    assert hits[0].signals["words"] > 0 < hits[0].signals["dense"]
    assert "janeiro" in found(index, "quando começa o descanso de férias")[0]
    assert found(index, "de para com"), "stop words alone still have a vector"
    index.close()


def test_stores_weigh_alike(server: MilvusServer, tmp_path: Path, embedder: Embedder) -> None:
    folder, milvus = FaissStore(tmp_path / "one"), MilvusStore(tmp_path / "two", server.uri, name="alike")
    indexes = []
    for store in (folder, milvus):
        build_index(store, parts(guia=PAGE, ferias=OTHER), embedder)
        indexes.append(store.open(embedder))
    for query in ("Quando é a manutenção?", "quanto custa o plano básico", "ferias"):
        ours, theirs = ({hit.chunk.chunk_id: hit.signals for hit in index.search(query, 10)} for index in indexes)
        assert ours.keys() == theirs.keys()
        for chunk_id, signals in ours.items():
            for name in ("coverage", "near", "heading", "pairs", "brevity", "dense"):
                assert theirs[chunk_id][name] == pytest.approx(signals[name], abs=1e-5), name
        assert found(indexes[0], query)[0] == found(indexes[1], query)[0]
    for word in ("manutencao", "ferias", "nada", ""):
        assert indexes[0].rarity(word) == pytest.approx(indexes[1].rarity(word), abs=1e-5)
        assert indexes[0].lacks(word) == indexes[1].lacks(word)
    for index in indexes:
        index.close()


def test_chunks_sections_and_texts_are_there_whole(store: Store, embedder: Embedder) -> None:
    long = "# Código\n\n```\n" + "\n".join(f"linha_{number} = '{'é' * 40}'" for number in range(3000)) + "\n```\n"
    build_index(store, parts(guia=PAGE, longo=long), embedder)
    index = store.open(embedder)
    page = document("guia.md", PAGE)
    for chunk in (*split(page), *split(document("longo.md", long))):
        assert index.chunk(chunk.chunk_id) == chunk
    assert index.chunk("nada") is None
    assert index.document_text("guia.md") == page.text
    assert index.document_text("longo.md") == long
    assert index.document_text("nada.md") == ""
    assert index.under("guia.md", ["Guia"]) == list(split(page))
    assert index.under("nada.md", ["Guia"]) == []
    assert index.topics() == ["Plano básico", "Plano total"]
    index.close()


def test_an_edit_takes_the_place_of_what_was_there(again: Again, embedder: Embedder) -> None:
    embedded: list[str] = []

    class Counting:
        name, dimension, fingerprint = embedder.name, embedder.dimension, embedder.fingerprint

        def embed_passages(self, texts: Sequence[str]) -> FloatArray:
            embedded.extend(texts)
            return embedder.embed_passages(texts)

        def embed_query(self, text: str) -> FloatArray:
            return embedder.embed_query(text)

    store, counting = again(), Counting()
    first = build_index(store, parts(guia=PAGE, ferias=OTHER, velho="# Velho\n\nVai sair.\n"), counting)
    reader = store.open(embedder)
    embedded.clear()
    edited = PAGE.replace("domingos", "sábados")
    second = build_index(again(), parts(guia=edited, ferias=OTHER), counting)
    assert len(embedded) == 1
    assert (second.documents, second.chunks) == (2, 5)
    assert "domingos" in found(reader, "manutenção")[0], "who reads goes on with what was there"
    later = again().open(embedder)
    assert "sábados" in found(later, "manutenção")[0]
    assert not any("domingos" in text or "sair" in text for text in found(later, "domingos velho vai sair"))
    assert later.lacks("velho")
    assert later.document_text("guia.md") == edited
    told = again().diff(first.generation, second.generation)
    assert (told.documents.added, told.documents.changed, told.documents.removed) == ([], ["guia.md"], ["velho.md"])
    assert told.chunks.changed == ["guia.md:7 › Guia › Manutenção"]
    for index in (reader, later):
        index.close()


def test_nothing_changed_writes_nothing(again: Again, embedder: Embedder) -> None:
    first = build_index(again(), parts(guia=PAGE), embedder)
    assert build_index(again(), parts(guia=PAGE), embedder) == first
    assert [generation.name for generation in again().generations()] == [first.generation]
    second = build_index(again(), parts(guia=PAGE, ferias=OTHER), embedder)
    assert build_index(again(), parts(guia=PAGE), embedder) == first, "an edit undone is served from what is there"
    assert again().served() == first.generation != second.generation


def test_generations_are_kept_served_and_removed(again: Again, embedder: Embedder) -> None:
    with pytest.raises(IndexMissing):
        again().generations()
    names = [
        build_index(again(), parts(guia=PAGE, outro=f"# Outro\n\nTexto {number}.\n"), embedder).generation
        for number in range(4)
    ]
    told = again().generations(look_into=True)
    assert [generation.name for generation in told] == names[:0:-1], "the oldest made room"
    assert [generation.served for generation in told] == [True, False, False]
    assert not any(generation.damage for generation in told)
    assert again().rollback().generation == names[2]
    assert again().promote(names[3]).generation == again().served() == names[3]
    with pytest.raises(GenerationMissing):
        again().promote("nada")
    assert again().prune(1) == [names[2], names[1]]
    with pytest.raises(GenerationMissing):
        again().rollback()


def test_a_build_that_ends_early_changes_nothing(again: Again, embedder: Embedder) -> None:
    first = build_index(again(), parts(guia=PAGE), embedder)

    def broken() -> Iterator[tuple[Document, Sequence[Chunk]]]:
        yield from parts(guia=PAGE, ferias=OTHER)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(again(), broken(), embedder)
    with pytest.raises(CorpusError):
        build_index(again(), parts(), embedder)
    assert again().served() == first.generation
    assert [generation.name for generation in again().generations()] == [first.generation]


@pytest.mark.extras
def test_an_index_of_another_recipe_is_refused_and_built_anew(again: Again, embedder: Embedder) -> None:
    build_index(again(), parts(guia=PAGE), load_embedder("minilm"))
    with pytest.raises(IndexMismatch, match="embedder"):
        again().open(embedder)
    with pytest.raises(IndexMismatch):
        again().open(load_embedder("minilm"), redaction="cpf")
    build_index(again(), parts(guia=PAGE), embedder)
    again().open(embedder).close()


def test_what_is_masked_now_is_in_no_generation(again: Again, embedder: Embedder) -> None:
    build_index(again(), parts(guia=PAGE), embedder)
    masked = build_index(again(), parts(guia=PAGE), embedder, redaction="cpf")
    assert [generation.name for generation in again().generations()] == [masked.generation]


def test_a_running_server_sees_what_another_process_serves(again: Again, embedder: Embedder) -> None:
    build_index(again(), parts(guia=PAGE), embedder)
    live = LiveIndex(again(), embedder)
    with live.using() as under_way:
        build_index(again(), parts(guia=PAGE.replace("domingos", "sábados")), embedder)
        live.refresh()
        assert "domingos" in found(under_way, "manutenção")[0]
    with live.using() as index:
        assert "sábados" in found(index, "manutenção")[0]
    live.close()


class TestMilvus:
    """What only a server has."""

    def test_shards_become_one_generation(self, server: MilvusServer, tmp_path: Path, embedder: Embedder) -> None:
        texts = {
            f"p{number}": f"# Página {number}\n\nO assunto {number} tem o código x{number}y.\n" for number in range(12)
        }
        stores = [MilvusStore(tmp_path / f"{number}", server.uri, name="shards") for number in range(3)]

        def build(number: int) -> str:
            shard = Shard(number, 3, "corpus")
            with stores[number - 1].build(embedder, shard=shard) as build:
                for page, chunks in parts(**texts):
                    if shard.holds(page.doc_id):
                        build.add(page, chunks)
                return build.publish().generation

        names = {build(1), build(3)}
        with pytest.raises(IndexMissing):
            stores[0].served()
        names |= {build(3), build(2)}  # one ran twice
        assert names == {stores[0].served()}
        index = stores[1].open(embedder)
        assert (index.manifest.documents, index.manifest.chunks) == (12, 12)
        whole = FaissStore(tmp_path / "whole")
        build_index(whole, parts(**texts), embedder)
        alone = whole.open(embedder)
        for word in ("assunto", "x7y", "pagina"):
            assert index.rarity(word) == pytest.approx(alone.rarity(word), abs=1e-5)
        assert "x7y" in found(index, "qual é o x7y")[0]
        assert build_index(stores[2], parts(**texts), embedder).generation == index.manifest.generation
        index.close()
        alone.close()

    def test_shards_are_of_a_server(self, tmp_path: Path, embedder: Embedder) -> None:
        with pytest.raises(SettingsError, match="shards"):
            FaissStore(tmp_path).build(embedder, shard=Shard(1, 2, ""))

    def test_a_server_that_is_killed_and_comes_back(self, tmp_path: Path, embedder: Embedder) -> None:
        server = MilvusServer(tmp_path / "data")
        server.start()
        try:
            store = MilvusStore(tmp_path / "index", server.uri)
            build_index(store, parts(guia=PAGE), embedder)
            live = LiveIndex(store, embedder)
            server.kill()
            with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1"), live.using() as index:
                index.search("manutenção")
            server.start()
            with live.using() as index:
                assert "domingos" in found(index, "manutenção")[0]
            edited = build_index(store, parts(guia=PAGE.replace("domingos", "sábados")), embedder)
            assert store.served() == edited.generation
            live.close()
        finally:
            server.kill()

    def test_a_generation_that_lost_rows_is_named_and_another_answers(
        self, server: MilvusServer, tmp_path: Path, embedder: Embedder
    ) -> None:
        from pymilvus import MilvusClient

        store = MilvusStore(tmp_path / "index", server.uri, name="lost")
        build_index(store, parts(guia=PAGE), embedder)
        second = build_index(store, parts(guia=PAGE, ferias=OTHER), embedder)
        MilvusClient(uri=server.uri).delete(f"lost_{second.generation}", filter="ordinal == 0")
        index = store.open(embedder)
        assert second.generation in index.damage
        assert "domingos" in found(index, "manutenção")[0]
        assert [bool(each.damage) for each in store.generations(look_into=True)] == [True, False]
        index.close()
        repaired = build_index(store, parts(guia=PAGE, ferias=OTHER), embedder)
        assert store.open(embedder).damage == ""
        assert repaired.chunks == second.chunks

    def test_what_a_killed_build_left_is_removed(
        self, server: MilvusServer, tmp_path: Path, embedder: Embedder
    ) -> None:
        from pymilvus import MilvusClient

        store = MilvusStore(tmp_path / "index", server.uri, name="killed")
        build = store.build(embedder)
        build.__enter__()
        for page, chunks in parts(guia=PAGE):
            build.add(page, chunks)
        left = (tmp_path / "index" / "milvus.building").read_text(encoding="utf-8")
        build._stack.close()  # as when the process dies: the lock is free, nothing else is done
        client = MilvusClient(uri=server.uri)
        assert client.has_collection(f"killed_{left}")
        build_index(store, parts(guia=PAGE), embedder)
        assert not client.has_collection(f"killed_{left}")
        assert not client.has_collection(f"killed_{left}_records")


class TestSettings:
    def test_a_workspace_is_moved_to_a_server_by_a_setting(self, server: MilvusServer, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "guia.md").write_text(PAGE, encoding="utf-8")
        settings = f'[index]\nstore = "milvus"\nuri = "{server.uri}"\nname = "workspace"\n'
        (tmp_path / "coruja.toml").write_text(settings, encoding="utf-8")
        for shard in ("1/2", "2/2"):
            built = coruja(tmp_path, "index", "--shard", shard, "--json")
            assert built.returncode == 0, built.stderr
        answer = coruja(tmp_path, "ask", "Quando é a manutenção?")
        assert "domingos" in answer.stdout
        listed = coruja(tmp_path, "generations", "list")
        assert listed.returncode == 0
        assert not (tmp_path / ".coruja" / "index" / "generations").exists()

    def test_a_server_that_is_away_is_one_clear_line(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "guia.md").write_text(PAGE, encoding="utf-8")
        away = {"CORUJA_INDEX__STORE": "milvus", "CORUJA_INDEX__URI": "http://127.0.0.1:9"}
        failed = coruja(tmp_path, "ask", "Quando?", **away)
        assert failed.returncode == 1
        assert "Milvus at http://127.0.0.1:9" in failed.stderr
        assert "index.uri" in failed.stderr
        assert "Traceback" not in failed.stderr

    def test_a_shard_that_is_none_is_one_clear_line(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        for shard in ("3/2", "0/2", "x", "1"):
            failed = coruja(tmp_path, "index", "--shard", shard)
            assert failed.returncode == 1
            assert "--shard 1/4" in failed.stderr
