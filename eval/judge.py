"""Judging one answer against its example: what was found, and what was cited."""

import re
from collections.abc import Sequence
from itertools import chain

from assistant.answer import Citation
from index.hit import Hit

# A citation is of a quote when this share of the quote stands in it and it is no longer than a passage, or when this
# share of what it marks stands in the quote.
SHARE_HELD = 0.6
LONGEST = 1800
SHARE_INSIDE = 0.5


def found(quotes: Sequence[str], hits: Sequence[Hit]) -> tuple[tuple[str, float], ...]:
    """Return the hits as (name, score): a quote's place for each quote that a hit is the first to hold, else the chunk.

    A hit that holds several quotes takes as many places in the ranking.
    """
    missing = {str(place): _pattern(quote) for place, quote in enumerate(quotes)}
    results = []
    for hit in hits:
        names = [name for name, pattern in missing.items() if pattern.search(hit.chunk.text)]
        for name in names:
            del missing[name]
        results += [(name, hit.score) for name in names or [f"chunk {hit.chunk.chunk_id}"]]
    return tuple(results)


def quoted(quotes: Sequence[str], citation: Citation, text: str, offset: int) -> frozenset[int]:
    """Return the places of the quotes that a citation is of.

    Args:
        quotes: Exact text, but for white space.
        citation: What the answer cites.
        text: Text of the section that the citation stands in.
        offset: Offset in the document at which that text starts.
    """
    start, end = citation.start - offset, citation.end - offset
    inside: set[int] = set()
    touched: set[int] = set()
    held: set[int] = set()
    for place, quote in enumerate(quotes):
        for match in _pattern(quote).finditer(text):
            common = range(max(start, match.start()), min(end, match.end()))
            inside.update(common)
            touched.update({place} if common else ())
            if len(common) >= SHARE_HELD * len(match[0]) and end - start <= LONGEST:
                held.add(place)
    return frozenset(touched if len(inside) >= SHARE_INSIDE * max(end - start, 1) else held)


def is_exact(citation: Citation, text: str, offset: int) -> bool:
    """Tell whether a citation's quote is its document's text, word for word."""
    return bool(citation.quote) and text[citation.start - offset : citation.end - offset] == citation.quote


def source_is_right(quotes: Sequence[str], cited: Sequence[frozenset[int]]) -> bool:
    """Tell whether marker 1 is of the one quote or, where there are several, whether every quote is cited."""
    if len(quotes) > 1:
        return len(set(chain(*cited))) == len(quotes)
    return bool(cited and cited[0])


def _pattern(quote: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
