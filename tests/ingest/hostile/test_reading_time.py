"""Time to read and cut a file grows as its length does, whatever it repeats.

A file TIMES as long may take TIMES to the power of 1.5: far from both what grows as the length does (TIMES) and what
grows as its square does, so that neither a busy machine nor the garbage collector decides.
"""

import gc
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from ingest.document import Format
from ingest.errors import CorpusError
from ingest.markup.html_text import html_text
from ingest.reading.converter import convert
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

LEAST, MOST, TIMES = 1_500, 6_000, 16
"""Characters of the smaller file, as many as take time that can be measured; how much longer the larger one is."""
MEASURABLE = 0.01
"""Seconds of the processor."""
BELOW = TIMES**1.5

REPEATED = {
    "open tags": ("<div>\n", "<a "),
    "open tags on lines": ("<div>\n", "<a\n"),
    "open quotes": ("<div>\n", '<a b="'),
    "open quotes of two kinds": ("<div>\n", "<a b=\"' c='\" "),
    "open comments": ("<div>\n", "<!-- "),
    "open declarations": ("<div>\n", "<![ "),
    "open instructions": ("<div>\n", "<? "),
    "open titles": ("", "<title "),
    "scripts": ("<div>\n", "<script>"),
    "ends": ("<div>\n", "</a "),
    "ampersands": ("<div>\n", "&#"),
    "brackets": ("", "["),
    "images": ("", "!["),
    "emphasis": ("", "*a "),
    "bold": ("", "a**b"),
    "underscores": ("", "_a __b "),
    "quotes": ("", "> "),
    "items": ("", "- "),
    "lines": ("", "a\n"),
    "references": ("[a]: x\n\n", "[a]"),
    "links": ("", "<http:"),
    "includes": ("", "[!INCLUDE "),
    "buttons": ("", "[!A "),
    "shortcodes": ("", "{{< "),
    "headings": ("", "# a "),
    "anchors": ("# a", " {#"),
    "blanks": ("# a", " "),
    "letters": ("", "a"),
    "stops": ("", "."),
    "abbreviations": ("", "Sr. "),
    "fences": ("", "```\n~~~\n"),
    "double encodings": ("", "Ã©Ã "),
    "front matter": ("---\n", "a: b\n"),
}


def growth(read: Callable[[str], object], head: str, part: str) -> float:
    """Return how many times as long the larger file takes. A busy machine only adds: too long is measured anew."""
    length = LEAST
    while length < MOST and seconds(read, head + part * (length // len(part))) < MEASURABLE:
        length *= 2
    small, large = (head + part * (size // len(part)) for size in (length, length * TIMES))
    one = max(min(seconds(read, small) for _ in range(3)), 0.005)
    grown = seconds(read, large) / one
    for _ in range(2):
        if grown < BELOW:
            break
        grown = min(grown, seconds(read, large) / one)
    return grown


def seconds(read: Callable[[str], object], text: str) -> float:
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        read(text)
        return time.process_time() - started
    finally:
        gc.enable()


@pytest.mark.parametrize("what", REPEATED)
def test_reading_takes_time_in_proportion(what: str) -> None:
    assert growth(lambda text: split(read_bytes(text.encode(), "a.md")), *REPEATED[what]) < BELOW


CONVERTED: dict[str, tuple[Format, str, str]] = {
    "cells": ("csv", "", "a,"),
    "rows": ("csv", "a;b\n", "1;2\n"),
    "quotes of cells": ("csv", "", '"'),
    "bars": ("csv", "a,b\n", "|"),
    "backslashes": ("csv", "a,b\n", "\\"),
    "headings of AsciiDoc": ("adoc", "", "= a\n"),
    "links of AsciiDoc": ("adoc", "", "link:a"),
    "closed links of AsciiDoc": ("adoc", "", "[a"),
    "bold of AsciiDoc": ("adoc", "", "*a "),
    "terms of AsciiDoc": ("adoc", "", "a:"),
    "crossings of AsciiDoc": ("adoc", "", "<<a,"),
    "cells of AsciiDoc": ("adoc", "|===\n", "|a"),
    "digits of AsciiDoc": ("adoc", "|===\n| ", "1"),
    "images of AsciiDoc": ("adoc", "", "image:a"),
    "languages of AsciiDoc": ("adoc", "[", "source"),
    "empty lines of a notebook": ("ipynb", '{"cells": [{"cell_type": "code", "source": "', "\\n"),
    "parts of a message": (
        "eml",
        "Content-Type: multipart/mixed; boundary=a\n\n",
        "--a\nContent-Type: text/plain\n\nb\n",
    ),
    "names of AsciiDoc": ("adoc", "", "{a"),
    "receivers": ("eml", "Subject: a\nTo: ", "a@b.c, "),
    "headers": ("eml", "", "A: b\n"),
    "folded headers": ("eml", "Subject: a", "\n b"),
    "encoded words": ("eml", "Subject: ", "=?utf-8?q?a?= "),
    "quoted lines": ("eml", "Subject: a\n\n", "> "),
    "cells of a notebook": ("ipynb", '{"cells": [{"cell_type": "code", "source": "', "`"),
    "brackets of a notebook": ("ipynb", "", "["),
    "tags": ("html", "", "<b>"),
    "rows of a page": ("html", "<table>", "<tr><td>a"),
}


@pytest.mark.parametrize("what", CONVERTED)
def test_converting_takes_time_in_proportion(what: str) -> None:
    kind, head, part = CONVERTED[what]

    def read(text: str) -> None:
        with suppress(CorpusError):
            convert(text.encode(), kind)

    assert growth(read, head, part) < BELOW


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a &amp; b</p>c", "a & b c"),
        ("a<br>b <img src=x alt='uma foto'>", "a b uma foto"),
        ("a < b, 1<2 e c > d", "a < b, 1<2 e c > d"),
        ('<a title="x > y">z</a>', "z"),
        ("<script>se(a<b)</script>fim<style>p>a</style>", "fim"),
        ("a<!-- b -- c -->d<!-- sem fim", "ad"),
        ("<![foo[bar]]>a<?php x ?>b<!DOCTYPE html>c", "abc"),
        ("a<![", "a<!["),
        ('a <b c="d> e</b> f', "a e f"),
    ],
)
def test_text_of_html(html: str, text: str) -> None:
    assert " ".join(html_text(html).split()) == text
