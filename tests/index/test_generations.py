"""Generations: never lost, whatever happens to a build or to a file; and what can be done with them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from commandline import coruja as run

from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.store import build_index
from ingest.document import Document
from ingest.errors import GenerationMissing, IndexDamaged, IndexMissing
from ingest.splitting.splitter import split

SURVIVOR = Path(__file__).with_name("survivor.py")
FRIDAY, SATURDAY = "O estoque fecha na sexta-feira.", "O estoque fecha no sábado."

LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = [sys.argv[3], str(Path(sys.argv[3]).parent)]
from test_generations import SATURDAY, build
from ingest.errors import IndexUnwritable
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    build(Path(sys.argv[1]), SATURDAY, filler=400)
except IndexUnwritable as error:
    print(error)
"""


@cache
def embedder() -> Embedder:
    return load_embedder("coruja")


def build(root: Path, sentence: str, *, filler: int = 20, **more: str) -> str:
    """Index a few documents, one with the given sentence, and return the generation's name."""
    texts = {"a.md": f"# Loja\n\n{sentence}\n", "b.md": "# Rede\n\nA rede cai às segundas-feiras.\n" * filler}
    texts |= {f"{name}.md": text for name, text in more.items()}
    documents = (Document(name, text, "markdown", name, text) for name, text in texts.items())
    return build_index(FaissStore(root), ((each, split(each)) for each in documents), embedder()).generation


def answer(root: Path) -> tuple[str, str]:
    """Return the text that is found, and what is damaged."""
    index = FaissStore(root).open(embedder())
    found = index.search("Quando fecha o estoque?")[0].chunk.text
    damage = index.damage
    index.close()
    return found, damage


@pytest.fixture(scope="module")
def two_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two generations, the later one served. Copied by those who change it."""
    root = tmp_path_factory.mktemp("index")
    build(root, FRIDAY)
    build(root, SATURDAY)
    return root


@pytest.fixture
def two(two_built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_built, tmp_path / "index")


@pytest.mark.parametrize("accident", ["kill", "full"])
def test_a_build_that_dies_at_any_step_loses_nothing_and_the_next_one_ends_it(tmp_path: Path, accident: str) -> None:
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(SURVIVOR), accident, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) > 25
    assert {each["answers"] for each in found} == {FRIDAY, SATURDAY}
    assert {each["after"] for each in found} == {SATURDAY}
    ends = {"kill": {"signal 9"}, "full": {"told", "built"}}
    assert {each["came_to"] for each in found} <= ends[accident]
    # What is served changes at one step, and never back.
    assert [each["answers"] for each in found] == sorted(
        (each["answers"] for each in found), key=[FRIDAY, SATURDAY].index
    )


@pytest.mark.parametrize("most", [4_096, 40_000, 100_000])
def test_files_that_cannot_grow_are_told_and_lose_nothing(tmp_path: Path, most: int) -> None:
    build(tmp_path, FRIDAY)
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(most), str(SURVIVOR.parent)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be written" in run.stdout
    assert answer(tmp_path) == (FRIDAY, "")
    build(tmp_path, SATURDAY, filler=400)
    assert answer(tmp_path) == (SATURDAY, "")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def every_file(root: Path) -> Iterator[Path]:
    """Yield every file that the served generation consists of."""
    served = root / "generations" / (root / "CURRENT").read_text(encoding="utf-8").strip()
    yield from sorted(path for path in served.rglob("*") if path.is_file())


class TestDamage:
    @pytest.mark.parametrize("damage", [flip, cut, os.truncate, Path.unlink])
    def test_in_any_file_is_named_the_generation_before_answers_and_the_next_build_repairs(
        self, two_built: Path, tmp_path: Path, damage: object
    ) -> None:
        names = [path.relative_to(two_built) for path in every_file(two_built)]
        assert {"manifest.json", "documents.json", "vectors.faiss", "chunks.sqlite"} <= {name.name for name in names}
        for number, name in enumerate(names):
            root = shutil.copytree(two_built, tmp_path / str(number))
            if damage is os.truncate:
                os.truncate(root / name, 0)
            else:
                damage(root / name)  # type: ignore[operator]
            found, told = answer(root)
            assert found == FRIDAY
            assert name.name in told
            if damage is flip:
                build(root, SATURDAY)
                assert answer(root) == (SATURDAY, "")
                assert not any(generation.damage for generation in FaissStore(root).generations(look_into=True))

    def test_in_what_the_two_generations_share_takes_only_one(self, two_built: Path) -> None:
        one, other = (two_built / "generations" / each.name for each in FaissStore(two_built).generations())
        shared = {path.name for path in one.rglob("*")} & {path.name for path in other.rglob("*")}
        assert "000001" in shared
        inodes = [{path.stat().st_ino for path in folder.rglob("*") if path.is_file()} for folder in (one, other)]
        assert not inodes[0] & inodes[1]

    @pytest.mark.parametrize("content", [b"", b"nada\n", b"\xff\xfe\x00", b"../../etc\n"])
    def test_of_the_pointer_leaves_an_answer(self, two: Path, content: bytes) -> None:
        (two / "CURRENT").write_bytes(content)
        found, told = answer(two)
        assert found == SATURDAY
        assert told
        build(two, SATURDAY)
        assert answer(two) == (SATURDAY, "")

    def test_of_all_generations_is_an_error_that_names_the_file(self, two: Path) -> None:
        for path in (two / "generations").rglob("vectors.faiss"):
            flip(path)
        with pytest.raises(IndexDamaged, match=r"vectors\.faiss.*coruja index"):
            answer(two)
        build(two, SATURDAY)
        assert answer(two) == (SATURDAY, "")

    def test_of_the_vector_cache_changes_no_vector(self, two: Path) -> None:
        cache = two / "vectors.cache"
        data = bytearray(cache.read_bytes())
        for at in range(0, len(data), 97):
            data[at] ^= 0x55
        cache.write_bytes(data)
        shutil.rmtree(two / "generations")
        (two / "CURRENT").unlink()
        build(two, SATURDAY)
        assert answer(two) == (SATURDAY, "")


class TestHistory:
    def test_lists_the_newest_first_and_marks_the_served(self, two: Path) -> None:
        newest, oldest = FaissStore(two).generations()
        assert (newest.served, oldest.served) == (True, False)
        assert newest.manifest is not None
        assert newest.manifest.documents == 2

    def test_promote_and_rollback_serve_another_until_the_next_build(self, two: Path) -> None:
        newest, oldest = FaissStore(two).generations()
        assert FaissStore(two).rollback().generation == oldest.name
        assert answer(two) == (FRIDAY, "")
        with pytest.raises(GenerationMissing, match="no generation older"):
            FaissStore(two).rollback()
        assert FaissStore(two).promote(newest.name[:6]).generation == newest.name
        assert answer(two) == (SATURDAY, "")
        FaissStore(two).rollback()
        assert build(two, SATURDAY) == newest.name  # it is there: served, not built again
        assert answer(two) == (SATURDAY, "")

    def test_a_damaged_generation_is_not_promoted(self, two: Path) -> None:
        _, oldest = FaissStore(two).generations()
        flip(two / "generations" / oldest.name / "000001" / "lengths.npy")
        with pytest.raises(IndexDamaged, match=r"lengths\.npy"):
            FaissStore(two).promote(oldest.name)
        assert answer(two) == (SATURDAY, "")
        assert [bool(generation.damage) for generation in FaissStore(two).generations(look_into=True)] == [False, True]

    def test_prune_keeps_the_served_one_whatever_its_age(self, two: Path) -> None:
        build(two, "O estoque fecha no domingo.")
        newest, middle, oldest = (generation.name for generation in FaissStore(two).generations())
        FaissStore(two).promote(oldest)
        assert FaissStore(two).prune(2) == [middle]
        assert FaissStore(two).prune(1) == [newest]
        assert answer(two) == (FRIDAY, "")

    def test_a_reader_keeps_what_is_pruned_and_promoted_under_it(self, two: Path) -> None:
        reader = FaissStore(two).open(embedder())
        FaissStore(two).rollback()
        FaissStore(two).prune(1)
        assert reader.search("Quando fecha o estoque?")[0].chunk.text == SATURDAY
        assert reader.document_text("a.md").endswith(f"{SATURDAY}\n")
        reader.close()

    def test_diff_shows_documents_and_chunks(self, tmp_path: Path) -> None:
        body = "# Loja\n\n## Horário\n\n* **Estoque:** Fecha na sexta.\n* **Caixa:** Fecha às seis.\n"
        before = build(tmp_path, FRIDAY, loja=body, velho="# Velho\n\nSai daqui.\n")
        later = body.replace("na sexta", "no sábado") + "* **Doca:** Abre às oito.\n"
        after = build(tmp_path, FRIDAY, loja=later, novo="# Novo\n\nChega agora.\n")
        found = FaissStore(tmp_path).diff(before, after)
        assert (found.documents.added, found.documents.changed, found.documents.removed) == (
            ["novo.md"],
            ["loja.md"],
            ["velho.md"],
        )
        assert found.chunks.changed == ["loja.md:5 › Loja › Horário"]
        assert found.chunks.added == ["loja.md:7 › Loja › Horário", "novo.md:3 › Novo"]
        assert found.chunks.removed == ["velho.md:3 › Velho"]
        assert FaissStore(tmp_path).diff(after, after).chunks.changed == []

    def test_an_unknown_or_ambiguous_name_says_what_to_type(self, two: Path) -> None:
        with pytest.raises(GenerationMissing, match="generations list"):
            FaissStore(two).promote("xyz")
        with pytest.raises(GenerationMissing, match="2 generations"):
            FaissStore(two).promote("")
        with pytest.raises(IndexMissing):
            FaissStore(two / "nothing").generations()


def test_the_command_line_offers_them_all(tmp_path: Path) -> None:
    page = tmp_path / "corpus" / "loja.md"
    page.parent.mkdir()
    names = []
    for sentence in (FRIDAY, SATURDAY):
        page.write_text(f"# Loja\n\n{sentence}\n", encoding="utf-8")
        names.append(json.loads(run(tmp_path, "index", "--json").stdout)["generation"])
    listed = json.loads(run(tmp_path, "generations", "list", "--json").stdout)["generations"]
    assert [(each["generation"], each["served"]) for each in listed] == [(names[1], True), (names[0], False)]
    difference = json.loads(run(tmp_path, "generations", "diff", *names, "--json").stdout)
    assert difference["documents"] == {"added": [], "changed": ["loja.md"], "removed": []}
    assert "~ loja.md:3" in run(tmp_path, "generations", "diff", *names).stdout
    assert names[0] in run(tmp_path, "generations", "rollback").stdout
    assert FRIDAY in run(tmp_path, "ask", "Quando fecha o estoque?").stdout
    assert json.loads(run(tmp_path, "generations", "promote", names[1], "--json").stdout) == {"served": names[1]}
    assert run(tmp_path, "generations", "verify").returncode == 0
    flip(tmp_path / ".coruja" / "index" / "generations" / names[1] / "000002" / "vectors.faiss")
    verified = run(tmp_path, "generations", "verify", "--json")
    assert verified.returncode == 1
    assert "vectors.faiss" in verified.stdout
    asked = json.loads(run(tmp_path, "ask", "Quando fecha o estoque?", "--json").stdout)
    assert FRIDAY in asked["answer"]
    assert "vectors.faiss" in asked["notice"]
    assert "vectors.faiss" in run(tmp_path, "doctor").stdout
    run(tmp_path, "index")
    assert SATURDAY in run(tmp_path, "ask", "Quando fecha o estoque?").stdout
    assert json.loads(run(tmp_path, "generations", "prune", "--keep", "1", "--json").stdout) == {"removed": [names[0]]}
    assert run(tmp_path, "generations", "promote", "xyz").returncode == 1
