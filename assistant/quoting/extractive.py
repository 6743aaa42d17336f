"""The extractive writer: quotes the sentences, rows or items that answer, word for word.

A fact of a list or a table is quoted alone where the question names what it is about; anything else is answered by
whole passages (see `assistant.evidence.passage`), the best sentence of each marked. Outside the fixed frame (see
`assistant.phrases`) it says nothing that is not in a document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from assistant.answer import Citation, Segment
from assistant.asking.question import Question, understand
from assistant.evidence.passage import Passage, passage_source, with_whole_list
from assistant.evidence.reading import worth_showing
from assistant.phrases import phrase
from assistant.quoting.quotes import Quote, cite, quotes_of
from assistant.quoting.span import answering_span
from assistant.settings import EVIDENCE, EvidenceSettings
from index.arrays import FloatArray
from index.hit import Hit
from index.index import Index
from index.text.analyser import grams, words
from index.text.similar import alike
from ingest.markup.site_markup import as_shown

MOST_SENTENCES = 2
# Round numbers, not a fit. On 3,214 questions of five documentations the sentence chosen holds the evidence in 0.619,
# by the words alone in 0.609 (LOG.md, "Fewer rules").
GRAMS_WEIGHT = 0.5
SCORE_WEIGHT = 0.2  # of what a hit's score lacks to the best one's: differences of scores are odds, as fused
SECOND_SHARE = 0.85  # of the first sentence's score, for a second one to be quoted too


class ExtractiveWriter:
    """Answers by quoting; needs no model.

    Args:
        index: Where the hits were found: what stands around them, and how rare a word is.
        how: How much is shown.
    """

    name = "extractive"

    def __init__(self, index: Index, how: EvidenceSettings = EVIDENCE) -> None:
        self._index = index
        self._how = how

    def write(self, question: str, hits: Sequence[Hit], passages: Sequence[Passage] = ()) -> Iterator[Segment]:
        """Yield the answer (see `assistant.writer.Writer`)."""
        asked = understand(question)
        if not hits:
            return
        if passages:
            yield from self._passages(asked, passages)
            return
        # Of a list, only members are all quoted: a passage of prose lists by itself.
        members = asked.kind == "list" and any(hit.chunk.kind != "prose" for hit in hits)
        if len(hits) > 1 and (members or asked.kind == "comparison"):
            yield Segment(phrase("lists", asked.language) + "\n")
            for hit in hits:
                quote = self._best_quotes(asked, [hit])[0]
                yield Segment("\n- " + quote.plain, (cite(quote),))
            return
        opening = phrase("according", asked.language)
        for quote in self._best_quotes(asked, hits):
            yield Segment(opening + quote.plain, (cite(narrowed(asked, quote)),))
            opening = " "

    def _passages(self, question: Question, passages: Sequence[Passage]) -> Iterator[Segment]:
        """Yield the best passages, each under its title (see `worth_showing`), as many as `how.shown` lets stand."""
        # What is compared seldom stands in one passage: as many are shown as may be.
        how = self._how.model_copy(update={"worth": 0.0}) if question.kind == "comparison" else self._how
        before, left = "", how.shown
        quoted: set[str] = set()
        for found in worth_showing(passages, how):
            if found.hit.chunk.chunk_id in quoted:
                continue
            whole = with_whole_list(found, self._index)
            passage = replace(whole, chunks=tuple(each for each in whole.chunks if each.chunk_id not in quoted))
            headings = passage.hit.chunk.headings
            opening = before + phrase(
                "under", question.language, where=" › ".join(headings[-2:]) or passage.hit.chunk.doc_id
            )
            # The first is shown in any case, as much of it as may be.
            if before:
                quote = passage_source(passage, self._index)
            else:
                quote = passage_source(passage, self._index, how.shown, beside=len(opening))
            text = f"{opening}\n\n{as_shown(quote)}"
            if before and len(text) > left:
                continue
            quoted |= {chunk.chunk_id for chunk in passage.chunks}
            yield Segment(text, (self._cite_passage(question, passage, quote),))
            before, left = "\n\n", left - len(text)

    def _cite_passage(self, question: Question, passage: Passage, quote: str) -> Citation:
        first = passage.chunks[0]
        best = narrowed(question, self._best_quotes(question, [passage.hit])[0])
        chunk = passage.hit.chunk
        marked = (chunk.start + best.start, chunk.start + best.end)
        return Citation(
            marker=0,
            chunk_id=chunk.chunk_id,
            doc=chunk.doc_id,
            line_start=first.line_start,
            line_end=first.line_start + quote.count("\n"),
            start=passage.start,
            end=passage.start + len(quote),
            quote=quote,
            headings=chunk.headings,
            highlight=marked if chunk.kind == "prose" and marked[1] <= passage.start + len(quote) else None,
        )

    def _best_quotes(self, question: Question, hits: Sequence[Hit]) -> list[Quote]:
        """Return the quote that answers best, then, from prose, another that is nearly as good."""
        quotes = [quote for hit in hits for quote in quotes_of(hit)]
        asked = list(dict.fromkeys(words(question.text)))
        weights = np.array([self._index.rarity(word) for word in asked], dtype=np.float32)
        best = max(hit.score for hit in hits)
        scores = [_quote_score(asked, weights, quote) - SCORE_WEIGHT * (best - quote.hit.score) for quote in quotes]
        order = sorted(range(len(quotes)), key=lambda at: -scores[at])[:MOST_SENTENCES]
        first = quotes[order[0]]
        if first.hit.chunk.kind != "prose":
            return [first]
        near = [quotes[at] for at in order[1:] if scores[at] >= SECOND_SHARE * scores[order[0]]]
        return [first, *(quote for quote in near if quote.hit.chunk.kind == "prose")]


def narrowed(question: Question, quote: Quote) -> Quote:
    """Return the stretch of a sentence that answers; all of the quote if it is no prose or no Portuguese is asked."""
    chunk = quote.hit.chunk
    if chunk.kind != "prose" or question.language != "pt":
        return quote
    start, end = answering_span(question.text, chunk.text[quote.start : quote.end])
    return replace(quote, start=quote.start + start, end=quote.start + end)


def _quote_score(asked: Sequence[str], weights: FloatArray, quote: Quote) -> float:
    """Score a quote, under its headings, by the asked words and their parts that it covers."""
    said = list(dict.fromkeys(words("\n".join((*quote.hit.chunk.headings, quote.plain)))))
    covered = float(weights @ alike(asked, said).max(axis=1, initial=0.0)) / max(float(weights.sum()), 1e-6)
    parts, parts_said = ({gram for word in given for gram in grams(word)} for given in (asked, said))
    return covered + GRAMS_WEIGHT * len(parts & parts_said) / max(len(parts), 1)
