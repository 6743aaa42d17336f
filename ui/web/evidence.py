"""The evidence panel: an answer's citations as HTML in which nothing but our own tags is markup.

Pure functions: every text of a document, a question or a model is escaped before it is placed.
"""

from collections.abc import Sequence
from html import escape

from assistant.answer import Answer, Citation
from assistant.notice import Notice, news
from index.hit import Hit
from ingest.chunk import Chunk
from ui.web.readable import readable
from ui.web.strings import PORTUGUESE, Words

Section = tuple[str, int]
"""Text of the section that a citation stands in, and the offset in the document at which it starts."""

CONTEXT = 600
"""Characters of a section shown on either side of its quotes."""

NEAREST = 3
"""Hits shown when the corpus does not answer."""


def render_evidence(answer: Answer, sections: Sequence[Section], words: Words, before: Sequence[Notice] = ()) -> str:
    """Render an answer's evidence.

    Args:
        answer: The answer.
        sections: For each of its citations, the section that it stands in.
        words: The page's words.
        before: The notices of the answer before it in the conversation.

    Returns:
        HTML; the quoted spans stand in `<mark>`.
    """
    cited: dict[tuple[str, Section], list[Citation]] = {}
    for citation, section in zip(answer.citations, sections, strict=True):
        cited.setdefault((citation.doc, section), []).append(citation)
    cards = [_section_card(doc, section, citations, words) for (doc, section), citations in cited.items()]
    body = "".join(cards) or _nearest(answer.hits[:NEAREST], words)
    notices = "".join(_notice(notice, words) for notice in news(answer.notices, before))
    return render_panel(_writer_line(answer, words) + notices + body, words)


def render_panel(body: str, words: Words) -> str:
    """Wrap the panel's content, which is already HTML, in its labelled region."""
    title = escape(words["evidence"])
    return f'<section class="evidence" aria-label="{title}" aria-live="polite"><h2>{title}</h2>{body}</section>'


def render_text(text: str, words: Words) -> str:
    """Render the panel with one line of text in it."""
    return render_panel(f'<p class="hint">{escape(text)}</p>', words)


def _section_card(doc: str, section: Section, citations: Sequence[Citation], words: Words) -> str:
    places = " ".join(f"{_marker(citation.marker)} {_lines(citation, words)}" for citation in citations)
    return (
        f'<article class="card"><header><span class="doc">{escape(doc)}</span> {places}</header>'
        f"{_headings(citations[0].headings)}"
        f'<div class="section">{highlight(section, citations)}</div></article>'
    )


def highlight(section: Section, citations: Sequence[Citation]) -> str:
    """Render a section's text, readable, with every quote in `<mark>` and its marker after it: what `[n]` leads to.

    Long stretches without a quote are cut down to `CONTEXT` characters beside the quotes; `…` stands for the rest.
    """
    source, offset = section
    text, places = readable(source)
    html, at = "", 0
    for citation in sorted(citations, key=lambda citation: (citation.start, citation.end)):
        start, end = (max(places[place - offset], at) for place in (citation.start, citation.end))
        html += escape(_shorten(text[at:start], head=CONTEXT if at else 0, tail=CONTEXT).lstrip("" if at else "\n"))
        quote = f"<mark>{escape(text[start:end])}</mark>" if end > start else ""
        # It takes the focus, so that who follows a marker with the keyboard goes on reading from here.
        place = f'<span class="quote" id="evidence-{citation.marker}" tabindex="-1">'
        html += f"{place}{quote}{_marker(citation.marker)}</span>"
        at = end
    return html + escape(_shorten(text[at:].rstrip(), head=CONTEXT, tail=0))


def _shorten(text: str, *, head: int, tail: int) -> str:
    """Leave out the middle of a text that is longer than its head and tail together, at line ends where it has some."""
    if len(text) <= head + tail:
        return text
    first, last = text[:head], text[len(text) - tail :]
    return first[: first.rfind("\n") + 1] + "…" + last[last.find("\n") :] if tail else first.rsplit("\n", 1)[0] + "…"


def _nearest(hits: Sequence[Hit], words: Words) -> str:
    if not hits:
        return f'<p class="hint">{escape(words["nothing"])}</p>'
    return f'<p class="hint">{escape(words["abstained"])}</p>' + "".join(_hit_card(hit, words) for hit in hits)


def _hit_card(hit: Hit, words: Words) -> str:
    chunk = hit.chunk
    return (
        f'<article class="card"><header><span class="doc">{escape(chunk.doc_id)}</span> '
        f"{_lines(chunk, words)}</header>"
        f'{_headings(chunk.headings)}<div class="section">{escape(readable(chunk.text)[0])}</div></article>'
    )


def _marker(number: int) -> str:
    return f'<span class="marker">[{number}]</span>'


def _lines(place: Citation | Chunk, words: Words) -> str:
    first, last = place.line_start, place.line_end
    lines = f"{words['line']} {first}" if first == last else f"{words['lines']} {first}–{last}"
    return f'<span class="lines">{escape(lines)}</span>'


def _headings(headings: Sequence[str]) -> str:
    return f'<div class="headings">{escape(" › ".join(headings))}</div>' if headings else ""


def _writer_line(answer: Answer, words: Words) -> str:
    writer = words["extractive"] if answer.writer == "extractive" else answer.writer
    seconds = answer.timings_ms.get("total", 0.0) / 1000
    said = f"{words['writer']}: {writer} · {seconds:.2f} {words['seconds']}"
    return f'<p class="writer">{escape(said)}</p>'


def _notice(notice: Notice, words: Words) -> str:
    told = notice.portuguese if words is PORTUGUESE else notice.english
    return f'<p class="notice" role="status">{escape(told)}</p>'
