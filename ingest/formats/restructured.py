"""reStructuredText as HTML. The one file that knows docutils, which the extra `formats` brings."""

from docutils.core import publish_parts

_SETTINGS = {
    # Nothing but the file itself is read, and nothing in it is taken for HTML.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "report_level": 5,
    "halt_level": 5,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "line_length_limit": 20_000_000,
    "_disable_config": True,
}


def rst_html(data: bytes) -> str:
    """Return the HTML of a file in reStructuredText (UTF-8)."""
    parts = publish_parts(data.decode("utf-8"), writer_name="html5", settings_overrides=_SETTINGS)
    return str(parts["html_body"])
