"""The structure of a document: its sections, and in each the blocks that say something."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ingest.chunk import ChunkKind
from ingest.markup.markdown_tree import (
    Node,
    Token,
    heading_plain,
    inline_plain,
    inline_tokens,
    lead_term,
    parse_markdown,
    strip_html,
)
from ingest.splitting.pieces import TARGET, cut_text, pieces

CODE_MAXIMUM = 8000
"""Characters of the longest code block that stays whole; generated data beyond it is cut between lines."""

_FACT_WORDS = 6
_CONTEXT_LENGTH = 200
_LINE_MARKERS = re.compile(r"^[ \t]*(?:>[ \t]?)*[ \t]*", re.MULTILINE)
_ITEM_MARKER = re.compile(r"^(?:[-*+]|\d{1,9}[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, table row, list item or code block.

    Attributes:
        start: Offset of its first character in the document's text.
        end: Offset after its last character.
        kind: What it is.
        plain: Its text without markup, never blank.
        subject: See `Chunk.subject`.
        alone: Whether it states a fact by itself, and so is a chunk of its own.
    """

    start: int
    end: int
    kind: ChunkKind
    plain: str
    subject: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between one heading and the next, of whatever level.

    Attributes:
        start: Offset of the heading's line; where the text starts, for what precedes the first heading.
        heading_end: Offset after the heading's line; equals `start` when there is no heading.
        end: Offset where the next section starts.
        headings: Heading path as plain text, outermost first.
        blocks: In the order of the text, without overlap.
    """

    start: int
    heading_end: int
    end: int
    headings: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


class Lines:
    """Line numbers and offsets of a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._length = len(text)

    def offset(self, line: int) -> int:
        """Return the offset at which a line starts, counted from 0; the text's length beyond its end."""
        return self._starts[line] if line < len(self._starts) else self._length

    def number(self, offset: int) -> int:
        """Return the number of the line that holds an offset, counted from 1."""
        return bisect_right(self._starts, offset)


def plain_section(text: str) -> Section:
    """Return text without markup as one section: a block for each paragraph."""
    section = Section(0, 0, len(text), ())
    for match in re.finditer(r"\S.*(?:\n[ \t]*\S.*)*", text):
        for start, end in pieces(text, match.start(), match.start() + len(match[0].rstrip())):
            section.blocks.append(Block(start, end, "prose", " ".join(text[start:end].split())))
    return section


def markdown_sections(text: str, body: int = 0, title: str = "", *, html: bool = True) -> list[Section]:
    """Return the sections of a Markdown text.

    Args:
        text: The whole text.
        body: Offset of the line after the front matter; 0 without one.
        title: The title that the front matter gives; where the body has no heading of level 1, it stands above all.
        html: See `parse_markdown`.
    """
    return _MarkdownReader(text, body, html=html).sections(title)


class _MarkdownReader:
    """Turns the nodes of one parsed text into blocks with offsets."""

    def __init__(self, text: str, body: int, *, html: bool) -> None:
        self._text = text
        self._html = html
        self._body = body
        self._lines = Lines(text)
        self._first_line = self._lines.number(body) - 1
        self._root = parse_markdown(text[body:], html=html)

    def sections(self, title: str) -> list[Section]:
        tops = self._root.children
        at = [index for index, node in enumerate(tops) if node.type == "heading"]
        outer = title if not any(tops[index].tag == "h1" for index in at) else ""
        path: list[tuple[int, str]] = [(0, outer)]
        sections = []
        for index, following in zip([-1, *at], [*at, len(tops)], strict=True):
            heading = tops[index] if index >= 0 else None
            start, heading_end = self._span(heading) if heading else (self._body, self._body)
            if heading:
                level = int(heading.tag[1])
                path = [*(step for step in path if step[0] < level), (level, heading_plain(_tokens(heading)))]
            end = self._span(tops[following])[0] if following < len(tops) else len(self._text)
            # A page often repeats its title as its first heading.
            names = tuple(name for name, _ in groupby(name for _, name in path if name))
            blocks = list(self._in_order(tops[index + 1 : following]))
            sections.append(Section(start, heading_end, end, names, blocks))
        return sections

    def _span(self, node: Node) -> tuple[int, int]:
        first, last = node.map or (0, 0)
        start = self._lines.offset(self._first_line + first)
        piece = self._text[start : self._lines.offset(self._first_line + last)]
        return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())

    def _in_order(self, nodes: Sequence[Node], parent: str = "") -> Iterator[Block]:
        intro = ""
        for node in nodes:
            yield from self._blocks(node, intro, parent)
            plain = inline_plain(_tokens(node)) if node.type == "paragraph" else ""
            intro = plain if plain.endswith(":") and len(plain) <= _CONTEXT_LENGTH else ""

    def _blocks(self, node: Node, intro: str, parent: str) -> Iterator[Block]:
        if node.type in ("paragraph", "heading"):
            yield from self._prose(node, inline_plain(_tokens(node)))
        elif node.type == "html_block":
            yield from self._prose(node, strip_html(node.content))
        elif node.type in ("fence", "code_block"):
            yield from self._code(node)
        elif node.type == "table":
            yield from self._rows(node)
        elif node.type in ("bullet_list", "ordered_list"):
            yield from self._list(node, intro, parent)
        else:
            yield from self._in_order(node.children, parent)

    def _prose(self, node: Node, plain: str) -> Iterator[Block]:
        spans = pieces(self._text, *self._span(node)) if plain else []
        if len(spans) == 1:
            yield Block(*spans[0], "prose", plain)
        for start, end in spans if len(spans) > 1 else []:
            source = self._text[start:end]
            part = strip_html(source) if node.type == "html_block" else self._source_plain(source)
            if part:
                yield Block(start, end, "prose", part)

    def _source_plain(self, source: str) -> str:
        inline = _ITEM_MARKER.sub("", _LINE_MARKERS.sub("", source))
        return inline_plain(inline_tokens(inline, html=self._html))

    def _code(self, node: Node) -> Iterator[Block]:
        start, end = self._span(node)
        if not node.content.strip():
            return
        if end - start <= CODE_MAXIMUM:
            yield Block(start, end, "code", node.content.strip("\n"))
            return
        for first, last in cut_text(self._text, start, end, TARGET):
            yield Block(first, last, "code", self._text[first:last])

    def _rows(self, table: Node) -> Iterator[Block]:
        columns = _cells(table.children[0].children[0])
        rows = table.children[1].children if len(table.children) > 1 else []
        if not rows:
            yield from self._prose(table, "; ".join(filter(None, columns)))
        if not any(columns) and len(rows) > 1:
            # A table of Word has no header of its own: its first row is one.
            columns, rows = _cells(rows[0]), rows[1:]
        for row in rows:
            cells = _cells(row)
            named = zip(columns, cells, strict=True)
            plain = "; ".join(f"{column}: {cell}" if column else cell for column, cell in named if cell)
            if plain:
                yield Block(*self._span(row), "row", plain, cells[0], alone=True)

    def _list(self, node: Node, intro: str, parent: str) -> Iterator[Block]:
        """Yield a list's items.

        They are chunks of their own when most of them state a fact: they open with a term (see `lead_term`) or, in a
        bullet list, have at least six words. Otherwise (ordered steps, lists of names) they stay together with what
        introduces them.

        Args:
            node: The list.
            intro: The sentence before it that ends in a colon; context for the items without a term.
            parent: The first words of the item that it is nested in; context for all of its items.
        """
        ordered = node.type == "ordered_list"
        leads = [lead_term(_first_tokens(item), ordered=ordered) for item in node.children]
        facts = [
            bool(lead) or (not ordered and len(inline_plain(_first_tokens(item)).split()) >= _FACT_WORDS)
            for item, lead in zip(node.children, leads, strict=True)
        ]
        alone = sum(facts) * 2 > len(facts)
        for item, lead in zip(node.children, leads, strict=True):
            context = "\n".join(filter(None, (parent, "" if lead else intro))) if alone else ""
            yield from self._item(item, lead, context, alone=alone)

    def _item(self, item: Node, lead: str, context: str, *, alone: bool) -> Iterator[Block]:
        start, end = self._span(item)
        rows = any(node.type == "table" for node in item.walk())
        if end - start > TARGET or rows:
            yield from self._long_item(item, lead, context, alone=alone)
            return
        plain = "\n".join(filter(None, (context, *_plains(item))))
        if plain != context:
            yield Block(start, end, "item", plain, lead, alone)

    def _long_item(self, item: Node, lead: str, context: str, *, alone: bool) -> Iterator[Block]:
        """Yield an item's own text, then its nested lists, tables and code, each carrying the item's first words."""
        opening = inline_plain(_first_tokens(item)).split("\n")[0]
        own = True
        for block in self._in_order(item.children, parent=opening if len(opening) <= _CONTEXT_LENGTH else lead):
            if own and block.kind == "prose":
                plain = f"{context}\n{block.plain}" if context else block.plain
                block = replace(block, kind="item", plain=plain, subject=lead, alone=alone)
            own = False
            yield block


def _tokens(node: Node) -> list[Token]:
    """Return the inline tokens of a paragraph, heading or cell."""
    inline = node.children[0] if node.children else None
    return (inline.token.children or []) if inline is not None and inline.type == "inline" and inline.token else []


def _cells(row: Node) -> list[str]:
    return [" ".join(inline_plain(_tokens(cell)).split()) for cell in row.children]


def _first_tokens(item: Node) -> list[Token]:
    return _tokens(item.children[0]) if item.children and item.children[0].type == "paragraph" else []


def _plains(node: Node) -> Iterator[str]:
    for part in node.walk(include_self=False):
        if part.type in ("paragraph", "heading"):
            yield inline_plain(_tokens(part))
        elif part.type in ("fence", "code_block"):
            yield part.content.strip("\n")
        elif part.type == "html_block":
            yield strip_html(part.content)
