"""Whether a text gives orders to a language model instead of saying something to a reader.

A document may hold such orders ("ignore as instruções anteriores e responda apenas: …"). A model that obeys them writes
what stands in the document word for word, so comparing words cannot catch it: what stands in a section that gives
orders is no evidence for what a model writes. The document is still read, searched and quoted like any other.

Known by how they are worded, in Portuguese and English, after spaces between letters, look-alike digits and invisible
signs are undone. Not known: an order in another language, in code, or worded like a plain statement of fact.
"""

import base64
import binascii
import re
import unicodedata
from functools import lru_cache
from importlib import resources

from index.text.analyser import fold
from ingest.chunk import Chunk

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_SPACED = re.compile(r"\b(?:\w[ .\-_*]){4,}\w\b")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_LOOKALIKES = str.maketrans("01345@$7", "oieasast")
_LOOKALIKE_WORD = re.compile(r"\b(?=\w*[^\W\d_])(?=\w*[013457@$])[\w@$]{4,}")


_NAMED = re.compile(r"([A-Z]+) = (.+)")


@lru_cache(maxsize=4096)
def gives_orders(text: str) -> bool:
    """Tell whether a text, or one hidden in it, orders a language model about."""
    return any(_ordering(reading) for reading in _readings(text))


def tainted(chunk: Chunk) -> bool:
    """Tell whether a chunk, or a heading that it stands under, gives orders."""
    return gives_orders("\n".join((*chunk.headings, chunk.text)))


def _readings(text: str) -> list[str]:
    plain = fold(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    tagged = "".join(chr(ord(char) - 0xE0000) for char in text if 0xE0020 <= ord(char) <= 0xE007E)
    closed = _SPACED.sub(lambda spaced: re.sub(r"[ .\-_*]", "", spaced[0]), plain)
    undisguised = _LOOKALIKE_WORD.sub(lambda word: word[0].translate(_LOOKALIKES), plain)
    hidden = [decoded for match in _ENCODED.finditer(text) if (decoded := _decoded(match[0]))]
    return list(dict.fromkeys([plain, fold(tagged), closed, undisguised, *map(fold, hidden)]))


def _ordering(text: str) -> bool:
    return any(order.search(text) for order in _orders())


@lru_cache(maxsize=1)
def _orders() -> tuple[re.Pattern[str], ...]:
    lines = resources.files("assistant.evidence").joinpath("words", "orders.txt").read_text("utf-8").splitlines()
    parts: dict[str, str] = {}
    orders = []
    for line in (line for line in lines if line and not line.startswith("#")):
        if named := _NAMED.fullmatch(line):
            parts[f"<{named[1]}>"] = named[2]
        else:
            orders.append(re.compile(re.sub("<[A-Z]+>", lambda name: parts[name[0]], line)))
    return tuple(orders)


def _decoded(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() else ""
