"""Sentences of Portuguese text.

Rules of our own: of the libraries that know Portuguese, the one that runs in linear time and gives offsets splits
"p. ex. String", and does not split after a stop that a parenthesis or Markdown emphasis closes.
Not known here: an abbreviation outside the lists, followed by a capital, ends its sentence.
"""

import re

_CLOSERS = r"\"'”’»)\]*_`"
_OPENERS = r"\"'“‘«(\[*_`¿¡—–-"
_STOP = re.compile(rf"(?<![.!?…])(?P<mark>[.!?…]++)(?P<close>[{_CLOSERS}]*+)(?=\s)")
_NEXT = re.compile(rf"\s+(?P<openers>[{_OPENERS}]*)\s*(?P<first>\S)")
_WORD = re.compile(rf"[^\s{_OPENERS}]*\Z")
# "J. Silva", "Maria J. Silva", "S.A.", but not "vitamina C."
_INITIALS = re.compile(r"(?:\A|[^\w\s]\s*|\n|\b[A-ZÀ-Ý][\w.]*\s+)(?:[A-ZÀ-Ý]\.)*[A-ZÀ-Ý]\Z|\b(?:[A-ZÀ-Ý]\.)+[A-ZÀ-Ý]\Z")
_CODE = re.compile(r"`[^`\n]+`")
_ITEM = r"(?:[-*+•]|\d{1,3}[.)])[ \t]+\S"
_BREAK = re.compile(rf"\n[ \t>]*\n\s*|\n[ \t>]*(?={_ITEM})")
_ITEM_NUMBER = re.compile(r"(?:\A|\n)[ \t>]*\d{1,3}\Z")

# Something always follows these: a name, a number, the rest of the expression.
# fmt: off
_NEVER_LAST = frozenset(
    {
        "sr", "sra", "srta", "srs", "sras", "dr", "dra", "drs", "dras", "prof", "profa", "exmo", "exma", "ilmo",
        "eng", "arq", "adv", "gen", "cel", "cap", "sgt", "ten", "maj", "dep", "sen", "des", "sto", "sta", "rod",
        "trav", "art", "arts", "incs", "fl", "fls", "fig", "figs", "tab", "tabs", "ex", "p", "pp", "pág",
        "págs", "pag", "pg", "vol", "vols", "ed", "n", "nº", "núm", "cf", "máx", "mín", "aprox", "obs", "ref",
        "p.ex", "i.e", "e.g", "vs", "av", "tel", "séc", "sécs", "profª", "engª", "srª", "drª",
    }
)
# fmt: on


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the sentences of `text` as ordered, non-overlapping spans `(start, end)`.

    Together they cover every character that is not white space. A line break inside a paragraph is no boundary; a blank
    line is, and so is the start of a list item.
    """
    masked = _CODE.sub(lambda code: "`" + "x" * (len(code[0]) - 2) + "`", text)
    stops = {match.end() for match in _STOP.finditer(masked) if _ends_sentence(masked, match)}
    breaks = {match.end() for match in _BREAK.finditer(text)}
    spans = []
    start = 0
    for boundary in [*sorted(stops | breaks), len(text)]:
        piece = text[start:boundary]
        if inner := piece.strip():
            start += piece.index(inner[0])
            spans.append((start, start + len(inner)))
        start = boundary
    return spans


def _ends_sentence(text: str, stop: re.Match[str]) -> bool:
    following = _NEXT.match(text, stop.end())
    if following is None:
        return True
    # "etc. são", "espere... e veja", "(por quê?) e": what goes on in lower case is the same sentence.
    if following["first"].islower() and "`" not in following["openers"]:
        return False
    if stop["mark"] != ".":
        return True
    before = text[max(0, stop.start() - 40) : stop.start()]
    word = _WORD.search(before)
    if word and word[0].lower() in _NEVER_LAST:
        return False
    return bool(stop["close"]) or not (_INITIALS.search(before) or _ITEM_NUMBER.search(before))
