"""What holds for the chunks of any document, however strange."""

from chunk_checks import check_invariants, document
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Format

_WORDS = st.lists(
    st.sampled_from(
        [
            *("fila", "é", "ação.", "Dr.", "Ele", "**forte**", "`x`", "[a](b)", "<b>", "|", "-"),
            *("1.", ">", "não:", "🧠", "{{%", "a", "%}}", "\\"),
        ]
    ),
    max_size=30,
).map(" ".join)
_MARKERS = st.sampled_from(["- ", "1. ", "> ", "* ", "# ", "### ", "  - ", "     ", "```"])
_STRUCTURE = [
    "",
    "",
    "```",
    "---",
    "| a | b |\n|---|---|\n| c | d |",
    "<div>",
    "</div>",
    "===",
    "[r]: http://x",
    "\t",
    "~~~",
]
_LINES = st.one_of(
    _WORDS,
    st.builds(str.__add__, _MARKERS, _WORDS),
    st.sampled_from(_STRUCTURE),
    st.text(max_size=20).map(lambda text: " ".join(text.split())),
)
_PROSE = st.lists(
    st.sampled_from(["fila", "ação.", "Ele", "é", "Dr.", "não?", "🧠", "1.2"]), min_size=1, max_size=60
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=40).map("\n".join), st.sampled_from(["markdown", "text", "html"]))
def test_invariants_hold_for_any_text(text: str, kind: Format) -> None:
    check_invariants(document(text, "a.md", kind))


@settings(max_examples=100, deadline=None)
@given(st.lists(_PROSE, max_size=30))
def test_every_character_of_prose_is_in_exactly_one_chunk(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    said = "".join("".join(chunk.text.split()) for chunk in check_invariants(document(text)))
    assert said == "".join(text.split())


def test_long_hostile_documents_take_linear_time() -> None:
    for text in ("> " * 20_000, "- " * 20_000, "[" * 20_000, "* a\n" * 20_000, "`" * 20_001, "|a" * 5_000 + "\n"):
        check_invariants(document(text))
