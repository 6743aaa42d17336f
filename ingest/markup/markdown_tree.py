"""Markdown as a tree, and any part of it as the text that a person reads. The one file that knows `markdown-it-py`."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.parser_inline import RuleFuncInlineType
from markdown_it.rules_inline import StateInline, emphasis, image, link
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode as Node

from ingest.markup.html_text import html_text

__all__ = [
    "Node",
    "Token",
    "heading_plain",
    "inline_plain",
    "inline_tokens",
    "lead_term",
    "parse_markdown",
    "strip_html",
]

# What site generators put between the words: Hugo and Liquid tags, Microsoft's `[!NOTE]` and `:::image` directives,
# the anchors of headings. None of it is said by the author to the reader.
_GENERATOR_TAGS = re.compile(
    r"\{\{[<%][^{}]*[%>]\}\}|\{%[^{}]*%\}|\{/\*[^{}]*\*/\}|^:::.*$|\[!(?:(?i:include|div|video|code)\b[^\]\n]{0,300}|\w+)\]",
    re.MULTILINE,
)
# `[!UICONTROL Salvar]` names a button.
_GENERATOR_NAMES = re.compile(r"\[![A-Z]{1,30} ([^\]\n]{1,300})\]")
_HEADING_ATTRIBUTES = re.compile(r"\s*\{[#.:/][^{}]*\}\s*$")
_LINE_BREAK = "\x0b"
_TASK_BOX = re.compile(r"^\[[ xX]\]\s+")
_SPACES = re.compile(r"[ \t\u00a0]+")

_FREE_MARKS = 50
_CHARACTERS_A_MARK = 16
"""In a stretch of text so many marks are read, and one more for so many characters of it."""
_COUNTED = "marks that were read"

_SEPARATOR = re.compile(r"\s*(?::|[—–-]\s)")
_DEFINITION = re.compile(r"([^.,;:!?\n]{2,60}?)(?:\s*:|\s+[—–-])\s+\S")
# fmt: off
_NOT_TERMS = frozenset(
    {
        "nota", "notas", "obs", "observação", "observações", "exemplo", "exemplos", "importante", "dica",
        "atenção", "aviso", "cuidado",
    }
)
# fmt: on
_TERM_WORDS = 6
_TERM_LENGTH = 80


def parse_markdown(text: str, *, html: bool = True) -> Node:
    """Parse CommonMark with tables; a node's `map` counts lines from 0 and excludes its last.

    Args:
        text: The Markdown.
        html: Whether `<b>` is a tag, as in a file that an author wrote. In text that a converter made it is what a
            person read on the page.
    """
    return Node(_parser(html).parse(text))


def inline_tokens(source: str, *, html: bool = True) -> list[Token]:
    """Parse one stretch of inline Markdown, such as a part of a long paragraph."""
    return _parser(html).parseInline(source)[0].children or []


def heading_plain(tokens: Sequence[Token]) -> str:
    """Return a heading as one line of plain text, without its `{#anchor}`."""
    return _HEADING_ATTRIBUTES.sub("", " ".join(inline_plain(tokens).split()))


def inline_plain(tokens: Sequence[Token] | None) -> str:
    """Return inline tokens as plain text: link texts and image descriptions stay, addresses and tags go."""
    text = "".join(_token_text(token) for token in tokens or ())
    # Only now, as a generator's tags may fill a line of their own inside a paragraph.
    text = _TASK_BOX.sub("", " ".join(_spoken(text).split("\n")).strip()).replace(_LINE_BREAK, "\n")
    return _SPACES.sub(" ", text).strip()


def strip_html(source: str) -> str:
    """Return the text of a piece of HTML, without comments, scripts and styles; one space between words."""
    return " ".join(_spoken(html_text(source)).split())


def lead_term(tokens: Sequence[Token] | None, *, ordered: bool) -> str:
    """Return the term that a list item opens with and goes on to explain, or an empty string.

    It is the bold lead (`**Termo:** ...`), or a short definition lead (`Termo: ...`, `Termo — ...`). In an ordered list
    a bold lead needs the separator: a step often just opens with an emphasised verb.
    """
    plain = inline_plain(tokens)
    bold = inline_plain(list(_leading_bold(tokens or ())))
    if bold and plain.startswith(bold) and len(bold) <= _TERM_LENGTH:
        rest = plain[len(bold) :]
        if not ordered or not rest or bold.endswith(":") or _SEPARATOR.match(rest):
            return bold.rstrip(" :—–-")
    match = _DEFINITION.match(plain)
    if match is None or len(match[1].split()) > _TERM_WORDS or match[1].lower() in _NOT_TERMS:
        return ""
    return match[1].strip()


def _spoken(text: str) -> str:
    return _GENERATOR_NAMES.sub(r"\1", _GENERATOR_TAGS.sub("", text))


@cache
def _parser(html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html}).enable("table")
    parser.inline.ruler.at("link", _bounded("[", link, counts=False))
    parser.inline.ruler.at("image", _bounded("!", image, counts=False))
    parser.inline.ruler.at("emphasis", _bounded("*_", emphasis.tokenize, counts=True))
    # Addresses are never shown: leave them as they are.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def _bounded(marks: str, rule: RuleFuncInlineType, *, counts: bool) -> RuleFuncInlineType:
    """Return a rule that is tried only so often in a stretch of text; from there on its mark is an ordinary character.

    What a mark costs is the same whatever surrounds it, but much: a megabyte of `![` takes half a minute.

    Args:
        marks: The characters that the rule looks for.
        rule: Reads what stands at a place, and returns whether it is what the rule is for.
        counts: Which results count: those of a mark that opens something, or of one that does not.
    """

    def tried(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in marks:
            return False
        key = marks, state.src
        counted = state.env.setdefault(_COUNTED, {})
        if counted.get(key, 0) > _FREE_MARKS + len(state.src) // _CHARACTERS_A_MARK:
            return False
        found = rule(state, silent)
        if found == counts:
            counted[key] = counted.get(key, 0) + 1
        return found

    return tried


def _token_text(token: Token) -> str:
    if token.type in ("text", "code_inline"):
        return token.content
    if token.type == "image":
        return inline_plain(token.children)
    if token.type == "softbreak":
        return "\n"
    return _LINE_BREAK if token.type == "hardbreak" or token.content.lower().startswith("<br") else ""


def _leading_bold(tokens: Sequence[Token]) -> Iterator[Token]:
    inside = False
    for token in tokens:
        if token.type == "strong_open":
            inside = True
        elif token.type == "strong_close":
            return
        elif inside:
            yield token
        elif token.type != "link_open" and _token_text(token).strip():
            return
