"""The web page's HTML: whatever a document, a question or a model says is text, and only our own tags are markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation
from assistant.notice import Notice
from index.hit import Hit
from ingest.chunk import Chunk
from ui.web.evidence import CONTEXT, highlight, render_evidence
from ui.web.examples import example_questions
from ui.web.message import render_message
from ui.web.readable import readable
from ui.web.strings import ENGLISH, PORTUGUESE, words_for

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(1)"> </div></section> " ' & &amp; ${1+1} {{value}}
![x](http://evil.example/x.png) [clique](javascript:alert(1)) <http://evil.example> http://evil.example/y
[1]: http://evil.example "título"
<svg/onload=alert(1)> <!-- --> ]]> <a href=//evil.example>x</a>
"""
OWN_TAGS = {"section", "h2", "p", "article", "header", "span", "div", "mark"}
MARKS = "*`|#>[]\\-+"
MESSAGE_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "pre", "blockquote"}


class Reader(HTMLParser):
    """Reads HTML as a browser does: its tags with their attributes, its text, and what stands in `<mark>`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.marked = ""
        self._in_mark = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_mark = self._in_mark or tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._in_mark = self._in_mark and tag != "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_mark:
            self.marked += data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    def attributes(self) -> set[str]:
        return {name for _, attributes in self.tags for name in attributes}


def citation(text: str, quote: str, **fields: object) -> Citation:
    start = text.index(quote)
    values: dict[str, object] = {
        "marker": 1,
        "chunk_id": "c",
        "doc": "a.md",
        "line_start": 1,
        "line_end": 2,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "headings": ("Título",),
    }
    return Citation(**{**values, **fields})  # type: ignore[arg-type]


def answer(*citations: Citation, **fields: object) -> Answer:
    values: dict[str, object] = {
        "question": "O que é?",
        "query": "O que é?",
        "text": "É isto. [1]",
        "status": "answered" if citations else "abstained",
        "language": "pt",
        "writer": "extractive",
        "citations": citations,
        "timings_ms": {"total": 1234.5},
    }
    return Answer(**{**values, **fields})  # type: ignore[arg-type]


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    cited = citation(HOSTILE, "onerror", doc=HOSTILE, headings=(HOSTILE,))
    told = answer(cited, notices=(Notice(HOSTILE, HOSTILE),), writer=HOSTILE)
    page = Reader(render_evidence(told, [(HOSTILE, 0)], PORTUGUESE))
    assert page.names() <= OWN_TAGS
    assert page.attributes() <= {"class", "id", "tabindex", "aria-label", "aria-live", "role"}
    assert page.text.count("<script>alert(1)</script>") == 5
    assert page.marked == "onerror"


def test_hits_of_an_abstention_are_text_too() -> None:
    chunk = Chunk("c", HOSTILE, HOSTILE, 0, len(HOSTILE), 1, 5, (HOSTILE,), 0, len(HOSTILE), "prose", HOSTILE)
    page = Reader(render_evidence(answer(hits=(Hit(chunk, 1.0, 1),)), [], ENGLISH))
    assert page.names() <= OWN_TAGS
    assert ENGLISH["abstained"] in page.text
    assert "lines 1–5" in page.text


@given(st.text(), st.text(min_size=1), st.text())
def test_any_quote_is_highlighted_exactly(before: str, quote: str, after: str) -> None:
    text = f"{before}{quote}{after}".replace("\r", "\n").replace("\0", " ")
    quote = quote.replace("\r", "\n").replace("\0", " ")
    cited = citation(text, quote)
    page = Reader(render_evidence(answer(cited), [(text, 0)], PORTUGUESE))
    assert page.names() <= OWN_TAGS
    shown, places = readable(text)
    start = text.index(quote)
    assert page.marked == shown[places[start] : places[start + len(quote)]]
    assert places[start + len(quote)] - places[start] == len(quote) or any(char in MARKS for char in text)


def test_a_long_section_is_cut_down_around_its_quotes_at_line_ends() -> None:
    text = "\n".join(f"linha {number} do documento" for number in range(900))
    first, second = (citation(text, f"linha {number} do documento") for number in (200, 700))
    shown = Reader(highlight((text, 0), [second, first])).text.splitlines()
    assert len("\n".join(shown)) < 4 * CONTEXT + 200
    assert shown[0] == "…"
    assert "linha 200 do documento[1]" in shown
    assert "linha 700 do documento[1]" in shown
    assert shown.count("…") == 2
    assert shown[-1].endswith("do documento…")
    assert all(line == "…" or line.startswith("linha ") for line in shown)


def test_section_may_start_anywhere_in_its_document() -> None:
    text = "\n## Seção\n\nA coruja caça à noite.\n"
    cited = citation(text, "caça à noite", start=1010 + text.index("caça"), end=1010 + text.index(".\n"))
    html = highlight((text, 1010), [cited])
    assert Reader(html).text == "Seção\n\nA coruja caça à noite[1]."
    assert '<span class="quote" id="evidence-1" tabindex="-1"><mark>caça à noite</mark>' in html


PLAIN = [
    ("# Título\n\n> Citado: **negrito** e *ênfase*.", "Título\n\nCitado: negrito e ênfase."),
    ("- um\n  * dois\n+ **[três](http://x.example)**", "• um\n  • dois\n• três"),
    ("| A | B |\n|:---|---|\n| `x` | 1 \\| 2 |\nfim", "A · B\nx · 1 | 2\nfim"),
    ("> [!NOTE]\n> Leia.\n\n---\nFim --- fim", "Leia.\n\nFim --- fim"),
    ("2 * 3 * 4, f(**k, **o), __init__, snake_case, a|b", "2 * 3 * 4, f(**k, **o), __init__, snake_case, a|b"),
    ("```sh\n# `date` **não**\n- x | y\n```\n# Sim", "```sh\n# `date` **não**\n- x | y\n```\nSim"),
    ("`a **b** c` <b>x</b> ![foto](y.png)", "a **b** c <b>x</b> foto"),
    ("** | ``` [x] (y) - # >", "** | ``` [x] (y) - # >"),
]


@pytest.mark.parametrize(("markdown", "plain"), PLAIN)
def test_markdown_is_shown_without_its_marks(markdown: str, plain: str) -> None:
    assert readable(markdown)[0] == plain


@given(st.text(alphabet="ab *`|-#>[]()\\\n~", max_size=200))
def test_every_offset_has_a_place_and_no_letter_is_lost_or_moved(markdown: str) -> None:
    shown, places = readable(markdown)
    assert len(places) == len(markdown) + 1
    assert (places[0], places[-1]) == (0, len(shown))
    assert places == sorted(places)
    kept = [at for at, char in enumerate(markdown) if char in "ab" and places[at] < places[at + 1]]
    assert all(shown[places[at]] == markdown[at] for at in kept)


def test_quotes_of_one_section_share_a_card() -> None:
    text = "A coruja caça à noite. Dorme de dia. Vive em troncos."
    quotes = ("Dorme de dia.", "A coruja caça", "coruja caça à noite.")
    cited = [citation(text, quote, marker=number) for number, quote in enumerate(quotes, start=1)]
    page = Reader(render_evidence(answer(*cited), [(text, 0)] * 3, PORTUGUESE))
    assert [tag for tag, _ in page.tags].count("article") == 1
    assert page.marked == "A coruja caça à noite.Dorme de dia."
    assert "A coruja caça[2] à noite.[3] Dorme de dia.[1] Vive em troncos." in page.text


def test_evidence_says_who_wrote_and_what_was_not_as_asked() -> None:
    text = "A coruja caça à noite."
    away = Notice("Ollama does not answer.", "O Ollama não responde.", lasting=True)
    cut = Notice("It stopped.", "Ele parou.")
    told = answer(citation(text, "caça"), notices=(away, cut), writer="ollama:pequeno:3b")
    page = Reader(render_evidence(told, [(text, 0)], PORTUGUESE))
    assert "ollama:pequeno:3b · 1.23 s" in page.text
    assert "O Ollama não responde." in page.text
    english = Reader(render_evidence(told, [(text, 0)], ENGLISH)).text
    assert "Ollama does not answer." in english
    assert "não responde" not in english
    again = Reader(render_evidence(told, [(text, 0)], PORTUGUESE, told.notices)).text
    assert "O Ollama não responde." not in again, "how things stand is told once"
    assert "Ele parou." in again, "what became of an answer is told each time"


def test_message_shows_hostile_text_as_it_was_typed() -> None:
    page = Reader(render_message(HOSTILE))
    assert page.names() <= MESSAGE_TAGS
    assert not page.attributes()
    for typed in ("<script>alert(1)</script>", "![x](http://evil.example/x.png)", "<a href=//evil.example>x</a>"):
        assert typed in page.text
    assert '[1]: http://evil.example "título"' in page.text


@given(st.text())
def test_no_message_makes_a_tag_of_its_own(text: str) -> None:
    page = Reader(render_message(text))
    assert page.names() <= MESSAGE_TAGS
    assert page.attributes() <= {"class", "start"}


def test_message_keeps_emphasis_lists_and_markers() -> None:
    page = Reader(render_message("Segundo a documentação:\n\n- **Canvas**: sem código. [1]\n- *Studio* [2]"))
    assert {"ul", "li", "strong", "em"} <= page.names()
    assert "sem código. [1]" in page.text


def test_markers_of_shown_evidence_are_buttons_and_no_others() -> None:
    text = "Caça. [1][2] Diz `[1]` e [3], [0], [01], \\\\[1], <button>[1]</button>"
    page = Reader(render_message(text, [1, 2]))
    assert [attributes for tag, attributes in page.tags if tag == "button"] == [
        {"type": "button", "class": "marker"}
    ] * 4
    assert page.text.startswith("Caça. [1][2] Diz [1] e [3], [0], [01], ")
    assert page.text.strip().endswith("<button>[1]</button>")
    assert "button" not in Reader(render_message(text)).names()


def test_page_follows_an_english_browser() -> None:
    assert words_for("en-GB,en;q=0.9,pt;q=0.8") is ENGLISH
    assert words_for("EN") is ENGLISH
    for header in ("pt-BR,pt;q=0.9,en;q=0.8", "es", "", None):
        assert words_for(header) is PORTUGUESE
    assert set(ENGLISH) == set(PORTUGUESE)


def test_example_questions_come_from_the_topics() -> None:
    topics = [f"Assunto {letter}" for letter in "abcdefgh"]
    asked = ["O que é Assunto a?", "O que é Assunto c?", "O que é Assunto e?", "O que é Assunto g?"]
    assert example_questions(topics) == asked
    assert example_questions(["🧠 Memória:", "1.2 Limites", "x" * 80, "***"]) == [
        "O que é Memória?",
        "O que é Limites?",
    ]
    assert example_questions([]) == []
