"""From bytes to text."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portuguese import texts

from ingest.errors import CorpusError
from ingest.reading.encoding import decode, normalise

SENTENCE = "Não há solução: você começa às três, à “última” hora — José pôs 5º lugar…\n"


@settings(max_examples=300, deadline=None)
@given(texts(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"]))
def test_clean_portuguese_comes_back_from_every_usual_encoding(text: str, encoding: str) -> None:
    if encoding == "latin-1":
        text = text.encode("latin-1", "replace").decode("latin-1")
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp1252", "utf-16-le", "utf-16-be"])
def test_older_encodings_are_told_apart(encoding: str) -> None:
    text = SENTENCE if encoding != "cp850" else "Não há solução: você começa às três, José pôs o 5º lugar.\n"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    assert decode(mark + (text * 3).encode(encoding)) == text * 3


def test_another_script_is_left_to_detection() -> None:
    text = "Это обычный русский текст, который записан в старой кодировке. " * 5
    assert decode(text.encode("cp1251")) == text


def test_a_latin_1_line_appended_to_a_utf_8_file() -> None:
    assert (
        decode("ação no começo\n".encode() + "manutenção no fim\n".encode("latin-1"))
        == "ação no começo\nmanutenção no fim\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 10,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(50),
        "texto".encode("utf-16-le"),
        b"\x01\x02\x03\x04" * 30,
    ],
)
def test_binary_is_an_error_that_says_what_to_do(data: bytes) -> None:
    with pytest.raises(CorpusError, match="binary") as caught:
        decode(data)
    assert caught.value.next_step


@pytest.mark.parametrize("data", [b"\xff\xfea\x00b", b"\xef\xbb\xbfa\xff", b"\x00\x00\xfe\xff\x00"])
def test_a_damaged_marked_file_is_an_error(data: bytes) -> None:
    with pytest.raises(CorpusError, match="damaged"):
        decode(data)


@given(st.text())
def test_lines_stay_the_lines(text: str) -> None:
    normal = normalise(text)
    assert "\r" not in normal
    assert unicodedata.is_normalized("NFC", normal)
    assert normal.count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def test_decomposed_letters_are_composed() -> None:
    assert normalise("a\u0301gua e c\u0327\r\nfim\rhoje") == "água e ç\nfim\nhoje"
