"""A message of the chat as HTML: emphasis, lists and code of Markdown, and nothing that loads, links or runs.

Answers carry text of documents and models. Raw HTML is escaped, images and links stay as they were typed.
"""

from functools import cache

from markdown_it import MarkdownIt

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
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(_LEFT_OUT)


def render_message(text: str) -> str:
    """Render the text of an answer as safe HTML."""
    return str(_parser().render(text))
