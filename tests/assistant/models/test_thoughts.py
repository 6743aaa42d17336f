"""Thinking that a model writes into its answer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.thoughts import OrphanThought, ThoughtFilter


def spoken(*pieces: str) -> str:
    thoughts = ThoughtFilter()
    return "".join([*(thoughts.feed(piece) for piece in pieces), thoughts.finish()])


TAGS = ("<think>", "</think>", "<THINKING>", "</Thinking>", "<", ">", "</", "th", "a", " ")
THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE)


@given(text=st.lists(st.sampled_from(TAGS)).map("".join))
def test_thinking_is_dropped_however_it_is_cut(text: str) -> None:
    if re.search(r"</think(?:ing)?>", THINKING.sub("#", text), re.IGNORECASE):
        with pytest.raises(OrphanThought):
            spoken(*text)
    else:
        assert spoken(*text) == spoken(text) == THINKING.sub("", text)


def test_only_tags_are_thinking() -> None:
    assert spoken("a < b e <thinker> e <th") == "a < b e <thinker> e <th"
    assert spoken("<think>x</think>Sim<thinking>y</thinking>, é.") == "Sim, é."
    assert spoken("Sim <think>sem fim") == "Sim "
