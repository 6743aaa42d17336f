"""Text that was encoded twice is repaired, provably; clean text never changes."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from portuguese import texts

from ingest.errors import CorpusError
from ingest.reading.encoding import decode
from ingest.reading.repair import repair_file, repair_text

DATA = Path(__file__).parents[1] / "data"
BROKEN = (DATA / "aws-sagemaker-mac-roman.txt").read_text(encoding="utf-8")
GOLDEN = (DATA / "aws-sagemaker-golden.md").read_text(encoding="utf-8")
MISREADINGS = ["mac_roman", "sloppy-windows-1252", "latin-1", "cp850", "cp437"]


def misread(text: str, codec: str) -> str:
    return text.encode().decode(codec)


def test_the_owners_page_comes_back_whole() -> None:
    assert repair_text(BROKEN) == (GOLDEN, "UTF-8 that had been read as Mac Roman")
    assert "√" not in GOLDEN
    assert "‚Ä" not in GOLDEN


def test_clean_lines_appended_to_a_broken_file_are_left_alone() -> None:
    added = "\n## Notas\n\nA equipe não atende aos sábados: “só” às terças.\n"
    assert repair_text(BROKEN + added)[0] == GOLDEN + added
    assert repair_text(added + BROKEN)[0] == added + GOLDEN


@settings(max_examples=300, deadline=None)
@given(texts())
def test_clean_portuguese_is_never_touched(text: str) -> None:
    assert repair_text(text) == (text, "")


@settings(max_examples=300, deadline=None)
@given(texts(), st.sampled_from(["mac_roman", "sloppy-windows-1252", "latin-1"]), st.integers(1, 2))
def test_portuguese_encoded_twice_or_thrice_comes_back(text: str, codec: str, times: int) -> None:
    # What nobody could tell from honest text is not asked for: "AVÔ" alone becomes `AVÃ”`, "Aú" `AÃº`.
    assume(re.search("[a-zà-ú][áâãçéíóõú]|[áâãçéíóõú][a-z]", text))
    broken = text
    for _ in range(times):
        broken = misread(broken, codec)
    repaired, description = repair_text(broken)
    assert repaired == text
    assert description


@pytest.mark.parametrize("codec", MISREADINGS)
@pytest.mark.parametrize(
    "word", ["você", "número", "à toa", "É", "ção", "saúde", "variáveis", "Óleo", "órgão", "avô – avó", "☁️"]
)
def test_one_broken_word_is_enough_when_nothing_else_is_clean(word: str, codec: str) -> None:
    assert (
        repair_text(f"Uma linha com {misread(word, codec)} e mais nada.\n")[0] == f"Uma linha com {word} e mais nada.\n"
    )


def test_lines_that_mix_broken_and_clean_words() -> None:
    text = "A ação começou, mas nÃ£o terminou.\nA solução Ã© só esta.\nÉ prÃ³xima.\n"
    fixed = "A ação começou, mas não terminou.\nA solução é só esta.\nÉ próxima.\n"
    assert repair_text(text) == (fixed, "double encoding in the middle of lines")


def test_a_page_that_shows_an_example_keeps_it() -> None:
    text = "# Codificação\n\nQuando a codificação está errada, aparece\n`nÃ£o`\nno lugar de `não`.\n"
    assert repair_text(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        "IRMÃ\u00a0Maria e a MAÇÃ\u00a0verde\n",
        "“Ele chamou a\nIRMÔ e saiu\n",
        "├── docs\n│   └── índice.md\n",
        "x ≤ 3 ∧ y ≥ √2, ∑ e ∂f\n",
        "Привет, мир; 你好; Γειά σου\n",
        "¬p ∨ q‚ †nota ‡outra\n",
        "Ação ☁️ 🧠 🛠️ e “fim”\n",
    ],
)
def test_unusual_but_honest_text_is_left_alone(text: str) -> None:
    assert repair_text(text) == (text, "")


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_the_lines_stay_the_lines(text: str) -> None:
    assert repair_text(text)[0].count("\n") == text.count("\n")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_clean_file_is_not_written(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "limpo.txt"
    path.write_bytes("Ação e reação.\r\n".encode(encoding))
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert repair_file(path) is None
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert [file.name for file in tmp_path.iterdir()] == ["limpo.txt"]


def test_a_repaired_file_keeps_its_backup_line_ends_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "pagina.md"
    data = BROKEN.replace("\n", "\r\n").encode()
    path.write_bytes(data)
    path.chmod(0o640)
    assert repair_file(path) == tmp_path / "pagina.md.bak"
    assert path.read_bytes() == GOLDEN.replace("\n", "\r\n").encode()
    assert (tmp_path / "pagina.md.bak").read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert repair_file(path) is None
    assert sorted(file.name for file in tmp_path.iterdir()) == ["pagina.md", "pagina.md.bak"]


def test_an_existing_backup_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "pagina.md"
    (tmp_path / "pagina.md.bak").write_text("de ontem", encoding="utf-8")
    path.write_text(BROKEN, encoding="utf-8")
    assert repair_file(path) == tmp_path / "pagina.md.bak1"
    assert (tmp_path / "pagina.md.bak").read_text(encoding="utf-8") == "de ontem"
    assert (tmp_path / "pagina.md.bak1").read_text(encoding="utf-8") == BROKEN


def test_a_file_that_cannot_be_repaired_says_why(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No such file"):
        repair_file(tmp_path / "nada.md")
    (tmp_path / "binario.md").write_bytes(bytes(range(256)))
    with pytest.raises(CorpusError, match="binary"):
        repair_file(tmp_path / "binario.md")


def test_decoding_does_not_hide_double_encoding() -> None:
    assert decode(BROKEN.encode()) == BROKEN
