"""A document's Markdown as a person reads it, with where each character went, so that a quote stays exact.

Only what is surely a mark is left out: in doubt a text stays as it was typed. It stays text: nothing becomes HTML.
"""

import re
from collections.abc import Iterator

_FENCED = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`)[^`\n]+(`)")
_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_PIPE = re.compile(r"[ \t]{0,80}(?<!\\)\|[ \t]{0,80}")
# In each of these the groups are the marks. Repetitions are bounded: a long line costs no more than its length.
_MARKS = (
    re.compile(r"^ {0,3}(#{1,6}[ \t]+)", re.MULTILINE),
    re.compile(r"^ {0,3}(>[ \t]?)", re.MULTILINE),
    re.compile(r"^[ \t>]{0,20}(\[!\w{1,20}\][ \t]*(?:\n|\Z))", re.MULTILINE),
    re.compile(r"^( {0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*(?:\n|\Z))", re.MULTILINE),
    re.compile(r"^([ \t]*\|(?=[ \t:|]*-)[ \t:|-]+(?:\n|\Z))", re.MULTILINE),
    re.compile(r"(\*\*)(?=[^\s*])[^\n]{1,300}?(?<=[^\s*\\])(\*\*)(?!\*)"),
    re.compile(r"(?<![\w*\\])(\*)(?=[^\s*])[^*\n]{1,300}?(?<=[^\s*\\])(\*)(?![\w*])"),
    re.compile(r"(!?\[)[^\[\]\n]{1,300}(\]\([^()\s]{1,500}\))"),
    re.compile(r"(\\)[!-/:-@\[-`{-~]"),
)
_BULLET = re.compile(r"^[ \t]*([-*+])[ \t]", re.MULTILINE)

_Edit = tuple[int, int, str]
"""Start and end of what is left out, and what stands in its place."""


def readable(text: str) -> tuple[str, list[int]]:
    """Return Markdown without its marks: no asterisks of emphasis, signs of headings, pipes, addresses of links.

    Args:
        text: Markdown, from a line's beginning.

    Returns:
        The text, and for each offset of the Markdown (its length included) the offset in that text.
    """
    parts: list[str] = []
    offsets: list[int] = []
    done = length = 0
    for start, end, instead in sorted(_edits(text), key=lambda edit: (edit[0], -edit[1])):
        if start < done:
            continue
        parts += [text[done:start], instead]
        offsets += range(length, length + start - done + 1)
        length += start - done + len(instead)
        offsets += [length] * (end - start - 1)
        done = end
    offsets += range(length, length + len(text) - done + 1)
    return "".join([*parts, text[done:]]), offsets


def _edits(text: str) -> Iterator[_Edit]:
    code = {at for found in _FENCED.finditer(text) for at in range(*found.span())}
    inline = [found for found in _INLINE_CODE.finditer(text) if found.start() not in code]
    code.update(at for found in inline for at in range(*found.span()))
    for pattern in _MARKS:
        for found in pattern.finditer(text):
            if found.start() not in code:
                yield from ((*found.span(group), "") for group in range(1, pattern.groups + 1))
    for found in inline:
        yield from ((*found.span(group), "") for group in (1, 2))
    for found in _BULLET.finditer(text):
        if found.start() not in code:
            yield *found.span(1), "•"
    for row in _ROW.finditer(text):
        if row.start() not in code:
            yield from _pipes(text, *row.span())


def _pipes(text: str, start: int, end: int) -> Iterator[_Edit]:
    for found in _PIPE.finditer(text, start, end):
        inner = start < found.start() and found.end() < end
        yield *found.span(), " · " if inner else ""
