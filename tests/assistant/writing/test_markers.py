"""The streaming reader of citation markers."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.writing.markers import MarkerReader, Token

LIMIT = 5


def merge(events: list[Token]) -> list[Token]:
    """Join neighbouring texts, so that only what was read counts, not how it was cut."""
    merged: list[Token] = []
    for event in events:
        if merged and isinstance(event, str) and isinstance(merged[-1], str):
            merged[-1] += event
        else:
            merged.append(event)
    return merged


def read(*pieces: str, limit: int = LIMIT) -> list[Token]:
    reader = MarkerReader(limit)
    events = [event for piece in pieces for event in reader.feed(piece)]
    return merge([*events, *reader.finish()])


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("Detecta vieses [1].", ["Detecta vieses", (1,), "."]),
        ("Detecta vieses.[1] Alerta.[2]", ["Detecta vieses.", (1,), " Alerta.", (2,)]),
        ("Um [1, 2] dois", ["Um", (1, 2), " dois"]),
        ("Um [1][2].", ["Um", (1,), (2,), "."]),
        ("Um [1] [2] dois", ["Um", (1,), (2,), " dois"]),
        ("Um 【1】.", ["Um", (1,), "."]),
        ("Um [1-3].", ["Um", (1, 2, 3), "."]),
        ("Um [1–2; 4].", ["Um", (1, 2, 4), "."]),
        ("Um [2, 2].", ["Um", (2,), "."]),
        ("Um [1]dois", ["Um", (1,), " dois"]),
        ("[1] No início", [(1,), " No início"]),
    ],
)
def test_every_spelling_of_a_marker_is_read(text: str, events: list[Token]) -> None:
    assert read(text) == events


@pytest.mark.parametrize("text", ["Um [9].", "Um [0].", "Um [7-9].", "Um 【12】.", "Um [3-1].", "Um [9][8]."])
def test_invented_markers_are_dropped(text: str) -> None:
    assert read(text) == ["Um."]


def test_invented_numbers_leave_the_true_ones_beside_them() -> None:
    assert read("Um [2, 9].") == ["Um", (2,), "."]
    assert read("Um [4-99].") == ["Um", (4, 5), "."]


@pytest.mark.parametrize(
    "text",
    [
        "Desde [2024] há.",
        "[texto](http://x)",
        "lista [ ] vazia",
        "[1",
        "[1, ",
        "[1,]",
        "[a1]",
        "[1】",
        "[[",
        "[1.5]",
        "[-1]",
    ],
)
def test_what_is_no_marker_stays_text(text: str) -> None:
    assert read(text) == [text]


@pytest.mark.parametrize(
    "code",
    [
        "Use `v[1]` assim",
        "Use ``v`[1]`` assim",
        "Use ```v[1]``` assim",
        "```python\nv = w[1]\n```\n",
        "~~~\nv[1]\n```\nv[2]\n~~~\n",
        "````\n```\nv[1]\n````\n",
        "  ```\nv[1]",
        "`v[1]",
    ],
)
def test_code_is_left_alone(code: str) -> None:
    assert read(code) == [code]


def test_markers_are_read_again_after_code() -> None:
    assert read("Use `v[1]` [1].") == ["Use `v[1]`", (1,), "."]
    assert read("```\nv[1]\n```\nFim [2].") == ["```\nv[1]\n```\nFim", (2,), "."]
    assert read("um ` solto [1]\nfim [2].") == ["um ` solto [1]\nfim", (2,), "."]
    assert read("risca ~isto~ [1]") == ["risca ~isto~", (1,)]


def test_only_a_possible_marker_is_held_back() -> None:
    reader = MarkerReader(LIMIT)
    assert reader.feed("Detecta vieses [1") == ["Detecta vieses"]
    assert reader.feed("].") == [(1,), "."]
    assert reader.feed(" E [a") == [" E [a"]


LETTERS = st.text(alphabet="[]【】0123459,;-–  \n`~ab.", max_size=60)


@given(text=LETTERS, cuts=st.lists(st.integers(0, 60), max_size=12))
def test_how_a_text_is_cut_changes_nothing(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert read(*pieces) == read(text)
    assert read(*text) == read(text)


@given(text=LETTERS)
def test_reading_only_takes_markers_and_space_away(text: str) -> None:
    kept = iter("".join(text.split()))
    shown = "".join("".join(event for event in read(text) if isinstance(event, str)).split())
    assert all(char in kept for char in shown), "the text that is shown is a subsequence of what was written"
    assert all(1 <= number <= LIMIT for event in read(text) if isinstance(event, tuple) for number in event)


@given(text=st.text(alphabet=st.characters(exclude_characters="[【"), max_size=80))
def test_text_without_brackets_passes_unchanged(text: str) -> None:
    assert "".join(event for event in read(*text) if isinstance(event, str)) == text


@pytest.mark.parametrize("unit", ["[", "[1", "[1,", "[1-100]", " ", "`", "`[", "【1", "[ ", "1,", "[1]", "``` ", "\n["])
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            read(text, limit=100)
            best = min(best, time.process_time() - start)
        return best

    # Quadratic work would take 16 times as long for 4 times the text; half of that leaves room for noise.
    assert seconds(80_000) < 8 * max(seconds(20_000), 0.01)
