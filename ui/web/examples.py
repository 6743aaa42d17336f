"""Example questions, derived from what the corpus is about."""

import re
from collections.abc import Sequence

SHOWN = 4
LONGEST = 48
"""Characters of a topic that still makes a readable question."""

_NUMBERING = re.compile(r"^[\W\d_]+")


def example_questions(topics: Sequence[str]) -> list[str]:
    """Make a few questions from topics, taken evenly across them.

    Args:
        topics: What chunks are about, in the order of the corpus (see `Index.topics`).
    """
    names = list(dict.fromkeys(name for topic in topics if 0 < len(name := _NUMBERING.sub("", topic)) <= LONGEST))
    step = max(1, len(names) // SHOWN)
    return [f"O que é {name.rstrip('.:;?! ')}?" for name in names[::step][:SHOWN]]
