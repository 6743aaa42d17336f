"""A message of the chat as HTML: emphasis, lists and code of Markdown, and nothing that loads, links or runs.

Answers carry text of documents and models. Raw HTML is escaped, images and links stay as they were typed. The markers
of an answer's citations become buttons, which lead to the evidence.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_MARKER = re.compile(r"\[([1-9][0-9]{0,3})\]")
_LEFT_OUT = (
    "autolink",
    "entity",
    "heading",
    "hr",
    "html_block",
    "html_inline",
    "image",
    "lheading",
    "link",
    "reference",
)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(_LEFT_OUT)
    parser.inline.ruler.push("marker", _read_marker)
    parser.add_render_rule("marker", _render_marker)
    return parser


def render_message(text: str, markers: Collection[int] = ()) -> str:
    """Render the text of an answer as safe HTML.

    Args:
        text: Markdown.
        markers: The citations whose evidence is shown: `[n]` becomes a button for each.
    """
    return str(_parser().render(text, {"markers": markers}))


def _read_marker(state: StateInline, silent: bool) -> bool:
    found = _MARKER.match(state.src, state.pos)
    if found is None or int(found[1]) not in state.env["markers"]:
        return False
    if not silent:
        state.push("marker", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _render_marker(renderer: object, tokens: Sequence[Token], at: int, options: object, env: Mapping[str, Any]) -> str:
    return f'<button type="button" class="marker">[{tokens[at].content}]</button>'
