"""From a document to chunks that follow its structure.

A chunk never crosses a heading. A table row, and a list item that states a fact, is a chunk of its own; a code block
stays whole, with the paragraph that introduces it when both are short; short paragraphs of one section are gathered up
to about 1,000 characters; longer ones are cut on sentences. Front matter, comments and link definitions are never
indexed, though they may stand between two paragraphs of one chunk.
"""

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from ingest.chunk import Chunk
from ingest.document import Document
from ingest.markup.front_matter import front_matter_end
from ingest.splitting.blocks import Block, Lines, Section, markdown_sections, plain_section
from ingest.splitting.pieces import TARGET

_LOOKS_LIKE_MARKDOWN = re.compile(
    r"^(?:#{1,6} \S"  # heading
    r"|```|~~~"  # fence
    r"|[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*\|"  # second line of a table
    r"|[-*+] \S.*\n(?:\s*\n)?[-*+] \S)",  # two bullets
    re.MULTILINE,
)


def split(document: Document) -> list[Chunk]:
    """Return a document's chunks in the order of the text, without overlap.

    Plain text and PDF are read as Markdown when they look like it (a heading, table, code fence or bullet list), so
    that a page saved as `.txt` gives the chunks that it would give as `.md`; otherwise paragraph by paragraph.
    """
    text = document.text
    as_markdown = document.format not in ("text", "pdf") or _LOOKS_LIKE_MARKDOWN.search(text) is not None
    sections = _markdown(document) if as_markdown else [plain_section(text)]
    if not any(section.blocks for section in sections):
        sections = [_heading_as_block(text, section) for section in _leaves(sections)]
    lines, seen = Lines(text), Counter[tuple[tuple[str, ...], str]]()
    return [_chunk(document, lines, section, group, seen) for section in sections for group in _groups(section.blocks)]


def _markdown(document: Document) -> list[Section]:
    written = document.format in ("markdown", "text")
    body = front_matter_end(document.text) if written else 0
    return markdown_sections(document.text, body, document.metadata.get("title", ""), html=written)


def _leaves(sections: list[Section]) -> Iterator[Section]:
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        has_heading = section.heading_end > section.start
        if has_heading and (following is None or following.headings[: len(section.headings)] != section.headings):
            yield section


def _heading_as_block(text: str, section: Section) -> Section:
    name = section.headings[-1] if section.headings else text[section.start : section.heading_end]
    block = Block(section.start, section.heading_end, "prose", name)
    return Section(section.start, section.heading_end, section.end, section.headings[:-1], [block])


def _groups(blocks: list[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and (block.alone or _full(group, block)):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _full(group: list[Block], block: Block) -> bool:
    # Code that opens a chunk had no room with its own introduction; what follows introduces something else.
    return group[0].alone or group[0].kind == "code" or block.end - group[0].start > TARGET


def _chunk(
    document: Document, lines: Lines, section: Section, group: list[Block], seen: Counter[tuple[tuple[str, ...], str]]
) -> Chunk:
    start, end = group[0].start, group[-1].end
    text = document.text[start:end]
    seen[section.headings, text] += 1
    identity = "\x1f".join((document.doc_id, *section.headings, text, str(seen[section.headings, text])))
    return Chunk(
        chunk_id=sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        doc_id=document.doc_id,
        text=text,
        start=start,
        end=end,
        line_start=lines.number(start),
        line_end=lines.number(end - 1),
        headings=section.headings,
        section_start=section.start,
        section_end=section.end,
        kind=group[0].kind if len({block.kind for block in group}) == 1 else "prose",
        plain="\n".join(block.plain for block in group),
        subject=group[0].subject if len(group) == 1 else "",
    )
