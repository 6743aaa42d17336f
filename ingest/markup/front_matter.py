"""The YAML block at the head of a Markdown file."""

import re
from collections.abc import Mapping

import yaml

_BLOCK = re.compile(r"---[ \t]*\n(?P<yaml>(?:(?!---[ \t]*$).*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_LONGEST = 100_000
_DEEPEST = 20
_KEY = re.compile(r"\s*(?:#.*\n\s*)*(?:[\w\"'.$-][^\n:]*:(?:\s|$)|\Z)")


def front_matter_end(text: str) -> int:
    """Return the offset of the line after the front matter; 0 when the text has none.

    A block counts only if it is closed and opens with a key, so that text between two thematic breaks is never lost.
    """
    match = _match(text)
    return match.end() if match else 0


def front_matter(text: str) -> Mapping[str, str]:
    """Return the front matter's scalar values and flat lists as text.

    Nothing where the YAML is absent, broken, longer than 100,000 characters or nested deeper than 20 levels.
    """
    match = _match(text)
    if match is None or len(match["yaml"]) > _LONGEST:
        return {}
    try:
        if _too_deep(match["yaml"]):
            return {}
        values = yaml.load(match["yaml"], Loader=_TextLoader)  # noqa: S506  # a SafeLoader that leaves dates as text
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(key): text for key, value in values.items() if (text := _as_text(value))}


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads every scalar as the text that the author wrote."""


_TextLoader.yaml_implicit_resolvers = {}


def _match(text: str) -> re.Match[str] | None:
    match = _BLOCK.match(text)
    return match if match and _KEY.match(match["yaml"]) else None


def _too_deep(source: str) -> bool:
    """Tell whether YAML is nested so deep that building its values, which calls itself, could end the process."""
    depth = 0
    for event in yaml.parse(source, Loader=_TextLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(item for item in value if isinstance(item, str))
    return " ".join(value.split()) if isinstance(value, str) else ""
