"""Redaction: personal numbers and addresses masked in a document's text, before anything else sees it.

CPF, CNPJ (the alphanumeric one of 2026, too) and NIF are masked only where their check digits are right; telephone
numbers where they are valid in Brazil, in Portugal or, with a `+`, anywhere. A mask has the length of what it hides and
keeps its separators, so that offsets and lines stay true.

It does not know names, street addresses or what an image shows; nor a number that markup or a line break cuts in two.
One in eleven numbers of nine digits is a valid NIF by chance, one in a hundred of eleven digits a valid CPF: those are
masked, too.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Literal, get_args

from ingest.document import Document

RedactionKind = Literal["cpf", "cnpj", "nif", "email", "phone"]

KINDS: tuple[RedactionKind, ...] = get_args(RedactionKind)
"""Everything that can be masked, in the order in which it is looked for."""

MASK = "█"
"""Stands for one letter or digit. Not `*` or `_`: those are Markdown, and a masked line could become a rule."""

_VERSION = "1"

_PARTED = r"[ \u00a0\u202f.\-/\\\u2010-\u2015\u2212]{0,3}"  # what people write between groups; bounded: linear time
# A local part begins where no sign of one stands before it, and gives nothing back: linear time.
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@(?:[\w-]++\.)+[^\W\d_]{2,}")
_REGIONS = ("BR", "PT")

_Find = Callable[[str], Iterator[tuple[int, int]]]


def recipe(kinds: Collection[RedactionKind]) -> str:
    """Return what names a way of redacting: the same recipe masks the same text alike. Empty for none."""
    return f"{_VERSION}:{','.join(kind for kind in KINDS if kind in kinds)}" if kinds else ""


def masked_kinds(recipe: str) -> str:
    """Return the kinds that a recipe masks, parted by commas; empty for none."""
    return recipe.rpartition(":")[2]


def redact(document: Document, kinds: Collection[RedactionKind]) -> tuple[Document, Counter[str]]:
    """Return a document with its text, title and metadata masked, and how many of each kind its text held.

    Args:
        document: What was read. Its `doc_id`, the file's name, is not touched.
        kinds: What to mask.
    """
    text, counts = redact_text(document.text, kinds)
    title, _ = redact_text(document.title, kinds)
    metadata = {name: redact_text(value, kinds)[0] for name, value in document.metadata.items()}
    return replace(document, text=text, title=title, metadata=metadata), counts


def redact_text(text: str, kinds: Collection[RedactionKind]) -> tuple[str, Counter[str]]:
    """Return a text of the same length, masked, and how many of each kind were found."""
    counts: Counter[str] = Counter()
    for kind in KINDS:
        found = int(kind in kinds)
        while found:  # a mask may part what stood beside it from it
            text, found = _masked(text, _FINDERS[kind](text))
            counts[kind] += found
    return text, +counts


def _masked(text: str, spans: Iterator[tuple[int, int]]) -> tuple[str, int]:
    """Mask spans; of two that overlap, the first."""
    parts, end, count = [], 0, 0
    for start, after in spans:
        if start < end:
            continue
        parts += [text[end:start], re.sub(r"[^\W_]", MASK, text[start:after])]
        end, count = after, count + 1
    return "".join([*parts, text[end:]]), count


def _numbers(text: str, signs: str, groups: tuple[int, ...]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and bare signs of everything that is grouped like a number, overlapping ones included.

    What was masked goes on being a sign, so that redacting twice finds nothing new.
    """
    grouped = _PARTED.join(f"[{signs}]{{{size}}}" for size in groups)
    for match in re.finditer(rf"(?<![{signs}{MASK}])(?=({grouped})(?![{signs}{MASK}]))", text):
        yield match.start(), match.end(1), re.sub(rf"[^{signs}]", "", match[1])


def _cpf(text: str) -> Iterator[tuple[int, int]]:
    from stdnum.br import cpf

    return ((start, end) for start, end, bare in _numbers(text, "0-9", (3, 3, 3, 2)) if cpf.is_valid(bare))


def _cnpj(text: str) -> Iterator[tuple[int, int]]:
    from stdnum.br import cnpj

    groups = (2, 3, 3, 4, 2)
    digits = ((start, end) for start, end, bare in _numbers(text, "0-9", groups) if cnpj.is_valid(bare))
    signs = (
        (start, end)
        for start, end, bare in _numbers(text, "0-9A-Za-z", groups)
        if bare[-2:].isdecimal() and not _are_words(text[start:end]) and cnpj.is_valid(bare)
    )
    return iter(sorted({*digits, *signs}))


def _are_words(written: str) -> bool:
    """Tell whether signs parted by blanks read as words: "NA SUA VEZ TUDO 10" is no number."""
    first = written[:-2]
    return any(char.isspace() for char in first) and not (any(map(str.isdecimal, first)) or "/" in first)


def _nif(text: str) -> Iterator[tuple[int, int]]:
    from stdnum.pt import nif

    return (
        (start, end)
        for start, end, bare in _numbers(text, "0-9", (3, 3, 3))
        if nif.is_valid(bare) and not _is_part(text, start, end)
    )


def _is_part(text: str, start: int, end: int) -> bool:
    """Tell whether dots go on with more digits: thousands, or an address such as 192.168.100.200."""
    sign = f"[0-9{MASK}]"
    after, before = text[end : end + 2], text[max(start - 2, 0) : start]
    return bool(re.match(rf"\.{sign}", after) or re.match(rf"{sign}\.", before))


def _email(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _EMAIL.finditer(text))


def _phone(text: str) -> Iterator[tuple[int, int]]:
    from phonenumbers import PhoneNumberMatcher

    found = {
        (match.start, match.end)
        for region in _REGIONS
        for match in PhoneNumberMatcher(text, region, max_tries=len(text))
    }
    return iter(sorted(found))


_FINDERS: dict[RedactionKind, _Find] = {"cpf": _cpf, "cnpj": _cnpj, "nif": _nif, "email": _email, "phone": _phone}
