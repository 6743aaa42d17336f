"""Time to read and cut a file grows as its length does, whatever it repeats."""

import time
from collections.abc import Callable

import pytest

from ingest.markup.html_text import html_text
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split

SMALL, TIMES = 25_000, 4
"""Characters of the smaller file, and how many times as long the larger one is."""

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
    """Return how many times as long the larger file takes; the best of three, as a busy machine only adds."""
    took = [
        min(seconds(read, head + part * (length // len(part))) for _ in range(3)) for length in (SMALL, SMALL * TIMES)
    ]
    return took[1] / max(took[0], 0.005)


def seconds(read: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


@pytest.mark.parametrize("what", REPEATED)
def test_reading_takes_time_in_proportion(what: str) -> None:
    assert growth(lambda text: split(read_bytes(text.encode(), "a.md")), *REPEATED[what]) < 2.2 * TIMES


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
