"""Markdown as it is shown in an answer: without what site generators and converters put between an author's words.

MkDocs, VitePress, Docusaurus, MDX, Hugo, Liquid and DocFX each have marks of their own; on a page none of them is read.
Fences of code stay as they are; one that was cut is closed.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

_FENCE = re.compile(r"^[ \t>]{0,40}(`{3,}|~{3,})")
# Lines that say nothing by themselves: the ends of containers and tabs, and MDX's imports and exports.
_LINES = re.compile(
    r"^[ \t>]*(?:"
    r":{3,}.*|/{3}.*"  # containers
    r"|\[!\w+\][ \t]*"  # `> [!NOTE]`
    r"|import\s[^\n]{1,300}\sfrom\s+['\"][^'\"\n]+['\"];?|export\s+(?:default|const)\s.*"
    r")$"
)
_TITLED = re.compile(r'^([ \t>]*)(?:!!!|\?\?\?\+?|===)[ \t]+(?:[\w-]+[ \t]*)?(?:"([^"\n]*)")?[ \t]*$')
# Code stays as it is; of what else begins earliest, a reference is shown by its name, and the rest not at all.
_INLINE = re.compile(
    r"(?P<code>(?P<ticks>`+)[^`\n]+(?P=ticks))"
    r"|<xref:(?P<reference>[^<>\s]{1,500})>"  # DocFX
    r"|<!--.{0,2000}?-->"
    r"|</?(?!(?:https?|ftp|mailto):|[^\s<>@]{1,100}@)[A-Za-z][^<>\n]{0,500}>"  # tags, JSX components; their text stays
    r"|\{\{[<%][^{}\n]{0,500}[%>]\}\}|\{%[^{}\n]{0,500}%\}|\{/?\*[^{}\n]{0,500}\*/?\}"
    r"|[ \t]*\{[ \t]*[#.:][^{}\n]{0,200}\}[ \t]*(?=\n|\Z)"  # attributes of a heading
    r"|\[!(?i:include|div|video|code)\b[^\]\n]{0,300}\](?:\([^()\s]{0,500}\))?",
    re.DOTALL,
)
_PARAMETERS = re.compile(r"\([^()]*\)|`+\d+")  # of a member, and how many a generic type has
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_NAMED = re.compile(r"\[![A-Z]+ ([^\]\n]{1,200})\]")
# A playground's address holds its whole program.
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\](?:\([^()\s]{1,4000}(?:\s+\"[^\"\n]{0,200}\")?\)|\[[^\[\]\n]{0,200}\])")
# AWS writes an image's words in two brackets, and the image once for each size of screen.
_IMAGES = re.compile(r"(?:!\[\[([^\[\]\n]{1,300})\]\]\([^()\s]{1,500}\))+")
_ESCAPED = re.compile(r"\\([-.,:;!?()'\"/_\[\]&=])")
_CODE = re.compile(r"(`+)[^`\n]+\1")
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


def as_shown(source: str) -> str:
    """Return whole lines of Markdown as an answer shows them: their words, emphasis, lists, tables and code."""
    return _BLANK.sub("\n\n", "".join(_shown(source))).strip("\n")


def _shown(source: str) -> Iterator[str]:
    prose: list[str] = []
    fence = ""
    for line in source.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            yield line
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            yield _prose("".join(prose))
            prose, fence = [], mark[1]
            yield line
        else:
            prose.append(line)
    yield _prose("".join(prose)) if not fence else f"\n{fence}"


def _prose(text: str) -> str:
    kept = []
    for line in text.splitlines(keepends=True):
        titled = _TITLED.match(line.rstrip("\n"))
        if titled:
            kept.append(f"{titled[1]}**{titled[2]}**\n" if titled[2] else "\n")
        elif not _LINES.match(line.rstrip("\n")):
            kept.append(line)
    return _outside_code(_QUOTED.sub("", _INLINE.sub(_unmarked, "".join(kept))))


def _unmarked(found: re.Match[str]) -> str:
    if found["reference"]:
        return _name(found["reference"])
    return found["code"] or "\n" * found[0].count("\n")


def _name(reference: str) -> str:
    """Return what DocFX shows of a reference to a type or a member, such as `System.Data.DataSet.Clear*?text=…`."""
    named, _, shown = unquote(reference).partition("?")
    parts = _PARAMETERS.sub("", named).rstrip("*").split(".")
    if "fullName" in shown:
        return ".".join(parts)
    return ".".join(parts[-2:] if "nameWithType" in shown else parts[-1:])


def _outside_code(text: str) -> str:
    parts, done = [], 0
    for code in _CODE.finditer(text):
        parts += [_words(text[done : code.start()]), code[0]]
        done = code.end()
    return "".join([*parts, _words(text[done:])])


def _words(text: str) -> str:
    return _ESCAPED.sub(r"\1", _LINK.sub(r"\1", _NAMED.sub(r"\1", _IMAGES.sub(r"\1", text))))
