"""Evidence: which of the hits answer a question, and what the question names that none of them covers.

A fact is answered from the best hits, a list from all members of the section that the question names, a comparison
from both sides. What no evidence covers is said, not guessed: see `assistant.evidence.coverage`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

from assistant.asking.language import language_of
from assistant.asking.naming import in_full, named
from assistant.asking.question import Question, understand
from assistant.evidence.answerable import LOOKED_AT, probability, worth_a_look
from assistant.evidence.coverage import Coverage, cover
from assistant.evidence.orders import tainted
from assistant.evidence.passage import Passage, find_passages, names_fact
from assistant.evidence.reading import read_passages
from assistant.settings import EVIDENCE, EvidenceSettings
from index.hit import Hit
from index.index import Index
from index.text.analyser import words
from index.text.translation import translations
from ingest.chunk import Chunk

MOST_MEMBERS = 40
HEADING_COVER = 0.6  # of what a list question names, for a heading to be what it names


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer is written from.

    Attributes:
        hits: The hits that answer, best first; none when the corpus does not say.
        missing: What the question asks, as asked, that nothing covers.
        found: Everything that the search found, best first.
        absent: Words of the question, as asked, that neither these hits cover nor any text of the corpus has.
        passages: What is read around the hits, best first; none where they are facts, members of a list, or the sides
            of a comparison.
        nearest: What comes nearest to an answer, where nothing answers and that is not sure.
        probability: How sure it is that the passages answer, in [0, 1]; of several parts the least sure. None where
            no passage was judged: facts, lists, comparisons.
        parts: What answers each question, where several are asked at once; empty for one question.
    """

    hits: tuple[Hit, ...]
    missing: tuple[str, ...]
    found: tuple[Hit, ...]
    absent: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    nearest: Passage | None = None
    probability: float | None = None
    parts: tuple[tuple[Question, "Evidence"], ...] = ()

    @property
    def read(self) -> tuple[Passage, ...]:
        """Return the passages, those of the parts where several questions are asked at once."""
        return self.passages or tuple(passage for _, own in self.parts for passage in own.passages)


def gather_parts(
    questions: Sequence[Question], index: Index, k: int, caution: float, how: EvidenceSettings = EVIDENCE
) -> Evidence:
    """Search for each of the questions that are asked at once; see `gather`."""
    if len(questions) == 1:
        return gather(questions[0], index, k, caution, how)
    each = [gather(question, index, k, caution, how) for question in questions]
    return Evidence(
        hits=_ranked(hit for evidence in each for hit in evidence.hits),
        missing=tuple(
            dict.fromkeys(
                words
                for question, evidence in zip(questions, each, strict=True)
                for words in evidence.missing or (() if evidence.hits else (question.text.rstrip(" ?.!"),))
            )
        ),
        found=_ranked(hit for hits in zip_longest(*(evidence.found for evidence in each)) for hit in hits if hit),
        absent=tuple(dict.fromkeys(word for evidence in each for word in evidence.absent)),
        probability=min((sure for evidence in each if (sure := evidence.probability) is not None), default=None),
        parts=tuple(zip(questions, each, strict=True)),
    )


def _ranked(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return hits in this order, each chunk once, numbered anew."""
    once = {hit.chunk.chunk_id: hit for hit in reversed(list(hits))}
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(reversed(once.values()), start=1))


def gather(question: Question, index: Index, k: int, caution: float, how: EvidenceSettings = EVIDENCE) -> Evidence:
    """Search for a question and keep what answers it.

    Args:
        question: What is asked.
        index: Where it is searched.
        k: How many hits are looked at.
        caution: Probability that a passage answers, below which none does.
        how: How passages are looked for and read.
    """
    if question.kind == "comparison":
        both = _both_sides(question, index, k, caution, how)
        if both:
            return both
    return _answering(question, _named_by_words(question, index, k, how), index, k, caution, how)


def _named_by_words(question: Question, index: Index, k: int, how: EvidenceSettings) -> list[Hit]:
    """Search without the encoder: words name facts and lists, and a cold start does not wait for it to find them."""
    return index.search(query_of(question, index), max(k, how.sought), asked="")


def _answering(
    question: Question, searched: Sequence[Hit], index: Index, k: int, caution: float, how: EvidenceSettings
) -> Evidence:
    """Keep what answers a question, of what its words name or, where that is no fact or list, of what it means."""
    found = searched[:k]
    if question.kind == "list" or question.quantity:
        members = _members(question, found, index)
        if members:
            return Evidence(members, (), tuple(found))
    if not found:
        return Evidence((), (), ())
    if names_fact(question, found[0]):
        return _facts(question, found, index)
    if index.encoded:
        index.expect_reading()
        searched = index.search(query_of(question, index), max(k, how.sought), asked=question.text)
        found = searched[:k]
    return _passages(question, searched, found, index, caution, how)


def _facts(question: Question, found: Sequence[Hit], index: Index) -> Evidence:
    """Keep the hits that cover what is asked of the fact that is named; none where none does."""
    judged = [cover(question, hit, index) for hit in found[:LOOKED_AT]]
    answering = [coverage for coverage in judged if coverage.answers]
    # What orders a language model about is quoted only where nothing else answers.
    answering = [coverage for coverage in answering if not tainted(coverage.hit.chunk)] or answering
    if not answering:
        return Evidence((), _missing(question, judged, index), tuple(found))
    first = max(answering, key=lambda coverage: (coverage.hit.chunk.kind != "code", -coverage.hit.rank))
    kept = [coverage.hit for coverage in answering if coverage is not first and coverage.share >= first.share]
    used = (first, *(coverage for coverage in answering if coverage.hit in kept))
    return Evidence((first.hit, *kept), (), tuple(found), _absent(question, used, index))


def _passages(
    question: Question,
    searched: Sequence[Hit],
    found: Sequence[Hit],
    index: Index,
    caution: float,
    how: EvidenceSettings,
) -> Evidence:
    """Read the passages around the hits; none where they do not answer."""
    passages = find_passages(searched[: how.sought], index, how)
    # What orders a language model about is quoted only where nothing else answers.
    clean = (passage for passage in passages if not any(map(tainted, passage.chunks)))
    read = read_passages(question, list(islice(clean, how.read)) or passages, index, how)
    sure = probability(question, read, index)
    best = cover(question, read[0].hit, index)
    covers = best.answers and not best.uncovered
    if sure < caution and not covers:
        judged = [cover(question, hit, index) for hit in found[:LOOKED_AT]]
        nearest = read[0] if sure >= worth_a_look() else None
        return Evidence((), _missing(question, judged, index), tuple(found), nearest=nearest, probability=sure)
    shown = read[:LOOKED_AT]
    # A fact that the question names answers alone.
    alone = names_fact(question, shown[0].hit)
    hits = _ranked(passage.hit for passage in shown)
    return Evidence(hits, (), tuple(found), passages=() if alone else tuple(shown), probability=sure)


def query_of(question: Question, index: Index) -> str:
    """Return what is searched: the question and, if the corpus lacks words of it, what it calls them instead."""
    lacking = [word for word in question.informative if index.lacks(word)]
    if not lacking:
        return question.text
    named = dict.fromkeys((*question.expansions, *(other for word in lacking for other in translations(word))))
    return " ".join((question.text, *(word for word in named if not index.lacks(word))))


def _missing(question: Question, judged: Sequence[Coverage], index: Index) -> tuple[str, ...]:
    """Return what even the best covering hit leaves uncovered and the whole corpus never says."""
    best = max(judged, key=lambda coverage: coverage.share, default=None)
    return _lacking(best.uncovered, question, index) if best else ()


def _absent(question: Question, used: Sequence[Coverage], index: Index) -> tuple[str, ...]:
    """Return the words that nothing used for the answer covers and no text has; none across languages.

    What a word of another language means in the documents' is too uncertain to say that it is not there.
    """
    if language_of(used[0].hit.chunk.plain) != question.language:
        return ()
    lost = [word for word in used[0].uncovered if all(word in each.uncovered for each in used)]
    return _lacking(lost, question, index)


def _lacking(asked: Sequence[str], question: Question, index: Index) -> tuple[str, ...]:
    """Return the names of these words, as asked, that no text of the corpus has."""
    naming = {word for name in named(question.text) for word in words(name)}
    lacking = [word for word in asked if naming.issuperset(words(word)) and all(map(index.lacks, words(word)))]
    return in_full(question.text, lacking)


def _both_sides(question: Question, index: Index, k: int, caution: float, how: EvidenceSettings) -> Evidence | None:
    """Find each thing compared on its own, as a fact; None when neither is one: a passage may speak of both."""
    asked = [
        replace(understand(side), kind="fact", also=question.also, expansions=question.expansions)
        for side in question.sides
    ]
    named = [(side, _named_by_words(side, index, k, how)) for side in asked]
    if not any(hits and names_fact(side, hits[0]) for side, hits in named):
        return None
    parts = [_answering(side, hits, index, k, caution, how) for side, hits in named]
    if not any(part.hits for part in parts):
        return None
    hits = tuple({part.hits[0].chunk.chunk_id: part.hits[0] for part in parts if part.hits}.values())
    missing = tuple(side for side, part in zip(question.sides, parts, strict=True) if not part.hits)
    found = {hit.chunk.chunk_id: hit for part in parts for hit in part.found}
    ranked = sorted(found.values(), key=lambda hit: (hit.rank, -hit.score))
    return Evidence(hits, missing, tuple(replace(hit, rank=rank) for rank, hit in enumerate(ranked, start=1)))


def _members(question: Question, found: Sequence[Hit], index: Index) -> tuple[Hit, ...]:
    """Return the members of the section that a list question names, in the order of the document."""
    named = _named_section(question, found[:LOOKED_AT], index)
    if named is None:
        return ()
    chunk, depth = named
    members = [part for part in index.under(chunk.doc_id, chunk.headings[:depth]) if part.subject]
    ranked = {hit.chunk.chunk_id: hit for hit in found}
    lowest = min((hit.score for hit in found), default=0.0)
    return tuple(
        ranked.get(part.chunk_id, Hit(part, lowest, len(found) + at))
        for at, part in enumerate(members[:MOST_MEMBERS], 1)
    )


def _is_title(doc_id: str, outermost: Sequence[str], index: Index) -> bool:
    """Tell whether an outermost heading stands above others: it names the document, not a section of it."""
    return any(len(part.headings) > 1 for part in index.under(doc_id, outermost))


def _named_section(question: Question, hits: Sequence[Hit], index: Index) -> tuple[Chunk, int] | None:
    """Find the deepest heading that covers what the question names: its chunk, and its depth in the path."""
    best: tuple[float, int, Chunk] | None = None
    # Hits share documents, and telling reads all chunks of one: once each.
    outermost = {(hit.chunk.doc_id, hit.chunk.headings[:1]) for hit in hits}
    titles = {named for named in outermost if _is_title(*named, index)}
    for hit in hits:
        first = 2 if (hit.chunk.doc_id, hit.chunk.headings[:1]) in titles else 1
        for depth in range(first, len(hit.chunk.headings) + 1):
            share = cover(question, hit, index, text=hit.chunk.headings[depth - 1]).share
            if share >= HEADING_COVER and (best is None or (share, depth) > best[:2]):
                best = (share, depth, hit.chunk)
    return (best[2], best[1]) if best else None
