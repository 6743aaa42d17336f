"""AsciiDoc as Markdown: headings, lists, tables, code, admonitions, links; what is not known stays as it was written.

Line by line, as its libraries are written in Ruby and JavaScript. Not known here: included files, conditions, nested
tables and cells of several lines.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest

from ingest.formats.fences import fenced
from ingest.formats.tables import markdown_table

# Every stretch is bounded: what is not closed must not be looked for again from each of its beginnings.
_HEADING = re.compile(r"(={1,6}) +(\S.*)")
_ATTRIBUTE = re.compile(r":!?([\w-]+)!?:(?: +(.*))?$")
_BLOCK_LINE = re.compile(r"\[(?P<attributes>[^\[\]]*)\]$|\.(?P<title>[^\s.].*)$")
_LANGUAGE = re.compile(r"(?:source|,)[ %\w]{0,50},\s*(\w+)")
_FENCES = {"----", "....", "```"}
_SILENT = "////"
_MARKS = {"====", "****", "____", "--", "++++"}
_ITEM = re.compile(r"\s*(?P<marks>\*{1,6}|\.{1,6}|-) +(?P<text>\S.*)")
_TERM = re.compile(r"(?P<term>[^\s:|][^:|\n]{0,100})::(?: +(?P<text>.*))?$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION): +(.*)")
_LINK = re.compile(r"(?:link:|xref:)?((?:https?://|mailto:)?[^\s\[\]<>]*?)\[([^\[\]]+)\]")
_LINKS = re.compile(r"(?:link:|xref:|https?://|mailto:)[^\s\[\]<>]{1,300}\[[^\[\]]+\]")
_CROSS = re.compile(r"<<[^<>,]+,([^<>]+)>>")
_IMAGE = re.compile(r"image::?([^\s\[\]]{1,300})\[([^\[\]]*)\]")
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_REFERENCE = re.compile(r"\{([\w-]+)\}")
_CELL = re.compile(r"(?:^|\s)(?:\d{0,3}[.+]?\d{0,3}[\^<>.]{0,3}[aehlmdsv]?)\|")


def adoc_markdown(data: bytes) -> str:
    """Return an AsciiDoc file (UTF-8) as Markdown."""
    return "\n".join(_Lines(data.decode("utf-8").splitlines()).markdown())


class _Lines:
    """Reads the lines of one file."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)
        self._attributes: dict[str, str] = {}
        self._language = ""

    def markdown(self) -> Iterator[str]:
        for line in self._lines:
            bare = line.strip()
            if bare == _SILENT:
                self._until(_SILENT)
            elif bare in _FENCES or (bare.startswith("```") and bare.count("```") == 1):
                yield from self._code(bare)
            elif bare[:1] in "|,:!" and bare[1:] == "===":
                yield from self._table(bare)
            elif bare in _MARKS or bare.startswith("//"):
                yield ""
            elif attribute := _ATTRIBUTE.match(bare):
                self._attributes[attribute[1]] = attribute[2] or ""
            elif block := _BLOCK_LINE.match(bare):
                language = _LANGUAGE.search(block["attributes"] or "")
                self._language = language[1] if language else self._language
                yield from (f"**{self._inline(block['title'])}**", "") if block["title"] else ()
            else:
                yield from self._line(line)

    def _line(self, line: str) -> Iterator[str]:
        if heading := _HEADING.match(line):
            yield from ("", "#" * len(heading[1]) + f" {self._inline(heading[2])}", "")
        elif item := _ITEM.match(line):
            marks = item["marks"]
            yield f"{'   ' * (len(marks) - 1)}{'1.' if marks[0] == '.' else '-'} {self._inline(item['text'])}"
        elif term := _TERM.match(line):
            yield f"- **{self._inline(term['term'])}:** {self._inline(term['text'] or '')}"
        elif said := _ADMONITION.match(line):
            yield f"> **{said[1].capitalize()}:** {self._inline(said[2])}"
        else:
            yield "" if line.strip() == "+" else self._inline(line)

    def _until(self, end: str) -> Iterator[str]:
        for line in self._lines:
            if line.strip() == end:
                return
            yield line

    def _code(self, fence: str) -> Iterator[str]:
        code = "\n".join(self._until(fence[:3] if fence.startswith("```") else fence))
        yield from ("", fenced(code, self._language or fence[3:].strip(".-")), "")
        self._language = ""

    def _table(self, fence: str) -> Iterator[str]:
        mark, lines = fence[0], list(self._until(fence))
        if mark != "|":
            rows = [[self._inline(cell) for cell in line.split(mark)] for line in lines]
            yield from ("", markdown_table(rows), "")
            return
        found = [[cell.strip() for cell in _CELL.split(line)[1:]] for line in lines if line.strip().startswith("|")]
        # The first line says how many columns there are; cells below may stand one a line.
        width = max(len(found[0]), 1) if found else 1
        cells = iter([self._inline(cell) for row in found for cell in row])
        yield from ("", markdown_table([list(row) for row in zip_longest(*[cells] * width, fillvalue="")]), "")

    def _inline(self, text: str) -> str:
        text = _REFERENCE.sub(lambda match: self._attributes.get(match[1], match[0]), text)
        text = _IMAGE.sub(r"![\2](\1)", text)
        text = _LINKS.sub(lambda link: _LINK.sub(r"[\2](\1)", link[0]), text)
        return _BOLD.sub(r"**\1**", _CROSS.sub(r"\1", text)).removesuffix(" +")
