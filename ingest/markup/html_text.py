"""The text of a piece of HTML, in time that grows with its length alone, whatever it holds.

`html.parser` starts anew at every `<` that nothing closes, and fails on some that are closed oddly. This reads every
character a fixed number of times: what has been looked for once and is not there is not looked for again.
"""

import re
from collections.abc import Iterator
from html import unescape

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd"})
_SILENT = ("script", "style")
# Nothing that one of these has read is given back (`*+`): a tag that is not closed fails at once.
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*+)(?P<rest>(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_BROKEN_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][^\s/<>]*+)(?P<rest>[^<>]*+)>")
_ALT = re.compile(r"(?<!\S)alt\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s\"'>]++))", re.I)


def html_text(source: str) -> str:
    """Return the text of a piece of HTML without comments, scripts and styles, with a space where a block ends.

    An image is its description. A comment, script or style that nothing closes hides what follows, as on a page.
    """
    return "".join(_parts(source))


def _parts(source: str) -> Iterator[str]:
    place, tag = 0, _TAG
    while (start := source.find("<", place)) >= 0:
        yield unescape(source[place:start])
        match = tag.match(source, start)
        if match is None and tag is _TAG and source[start + 1 : start + 2].isalpha():
            # A quote, or this tag, is open until the end: from here on a tag ends at its first `>`.
            tag = _BROKEN_TAG
            match = tag.match(source, start)
        if match:
            name = match["name"].lower()
            yield " " if name in _BLOCKS else ""
            if name == "img" and (alt := _ALT.search(match["rest"])):
                yield unescape(alt["double"] or alt["single"] or alt["bare"] or "")
            place = match.end()
            if name in _SILENT and not match["end"]:
                closing = re.compile(f"</{name}", re.IGNORECASE).search(source, place)
                place = closing.start() if closing else len(source)
        elif source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            place = end + 3 if end >= 0 else len(source)
        elif source.startswith(("<!", "<?", "</"), start):
            end = source.find(">", start)
            if end < 0:
                yield unescape(source[start:])
                return
            place = end + 1
        else:
            yield "<"
            place = start + 1
    yield unescape(source[place:])
