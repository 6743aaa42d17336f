"""Passages: what is judged, quoted and read of a document: whole blocks of one section around what was found in it.

What is searched is small, so that it is found; what answers is often the step after it, or the sentence before it. A
section that is short is a passage; a longer one has several, each the run of its chunks, not longer than the setting
`evidence.length`, in which the most was found. They are looked for by weights learned from questions on real
documentation with the quotes that answer them (`passage.json`, set by `training/weights/passages.py`): the signals of a
hit, as `index.ranking.features` describes them, and titles and headings among them, which searching does without.
`assistant.evidence.reading` then reads the best.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from math import exp

from assistant.asking.question import Question
from assistant.settings import EVIDENCE, EvidenceSettings
from index.hit import Hit
from index.index import Index
from index.text.analyser import stem, words
from ingest.chunk import Chunk

LONGEST = 1700
"""Characters of a single block that are shown; the rest of it is left to its section."""

LIST = 1200
"""Characters of a passage up to which the list that it stands in is shown whole."""

_MEANING = ("dense", "dense_gap", "meaning")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one section.

    Attributes:
        hit: The best hit in it.
        chunks: All chunks of the stretch, in the order of the document; at least one.
        share: Share of what was found that stands in it, relative to the best hit: above 0, higher is better.
        logit: How surely it answers, as the cross-encoder reads it (see `assistant.evidence.reading`).
    """

    hit: Hit
    chunks: tuple[Chunk, ...]
    share: float
    logit: float = 0.0

    @property
    def plain(self) -> str:
        """Return its headings and what its chunks say, without markup."""
        return "\n".join((*self.hit.chunk.headings, *(chunk.plain for chunk in self.chunks)))

    @property
    def start(self) -> int:
        """Return the offset of its first character in the document's text."""
        return self.chunks[0].start

    @property
    def end(self) -> int:
        """Return the offset after its last character."""
        return self.chunks[-1].end


def passage_source(passage: Passage, index: Index, shown: int = LONGEST, beside: int = 0) -> str:
    """Return a passage as its document has it, from its beginning on; one that is too long ends at a line.

    Args:
        passage: The passage.
        index: Where it was found.
        shown: Characters that it may have, with what stands above it; it has never more than `LONGEST`.
        beside: Characters of what stands above it, of which half of `shown` at most are taken from it.
    """
    longest = min(LONGEST, max(shown - beside, shown // 2))
    text = index.document_text(passage.hit.chunk.doc_id)
    end = passage.end
    if end - passage.start > longest:
        end = max(text.rfind("\n", passage.start, passage.start + longest), passage.start + longest // 2)
    return text[passage.start : end].rstrip()


def with_whole_list(passage: Passage, index: Index) -> Passage:
    """Return a passage with the rest of the list that it ends or begins in, and what introduces it, up to `LIST`."""
    section, first = _section_of(passage.chunks[0], index.under(passage.hit.chunk.doc_id, ()))
    last = first + len(passage.chunks) - 1
    while last + 1 < len(section) and section[last].kind == section[last + 1].kind == "item":
        last += 1
    while (
        first
        and section[first].kind == "item"
        and (section[first - 1].kind == "item" or _introduces(section[first - 1]))
    ):
        first -= 1
    whole = section[first : last + 1]
    return replace(passage, chunks=tuple(whole)) if _length(whole) <= LIST else passage


def passage_score(hit: Hit, meaning: float = EVIDENCE.meaning) -> float:
    """Score a hit as the heart of a passage; comparable within one question only.

    Args:
        hit: The hit.
        meaning: What the learned weights of likeness in meaning are multiplied by.
    """
    return sum(
        (meaning if name in _MEANING else 1.0) * weight * hit.signals.get(name, 0.0)
        for name, weight in _weights().items()
    )


def names_fact(question: Question, hit: Hit) -> bool:
    """Tell whether a hit is a fact (a row, an item with a subject) whose subject the question names."""
    return not {*map(stem, question.informative)}.isdisjoint(map(stem, words(hit.chunk.subject)))


def find_passages(hits: Sequence[Hit], index: Index, how: EvidenceSettings = EVIDENCE) -> list[Passage]:
    """Return the passages around hits, most found first; no two overlap."""
    scored = sorted(((passage_score(hit, how.meaning), hit) for hit in hits), key=lambda each: -each[0])
    found = {hit.chunk.chunk_id: (exp(score - scored[0][0]), hit) for score, hit in scored}
    passages: list[Passage] = []
    documents: dict[str, list[Chunk]] = {}
    taken: set[str] = set()
    for _, hit in scored:
        chunk = hit.chunk
        if chunk.chunk_id not in taken:
            if chunk.doc_id not in documents:
                documents[chunk.doc_id] = index.under(chunk.doc_id, ())
            passage = _passage(hit, documents[chunk.doc_id], found, taken, how.length)
            taken.update(part.chunk_id for part in passage.chunks)
            passages.append(passage)
    return sorted(passages, key=lambda passage: -passage.share)


def _passage(
    hit: Hit, document: Sequence[Chunk], found: Mapping[str, tuple[float, Hit]], taken: set[str], length: int
) -> Passage:
    """Return the run of a section's chunks around a hit in which the most was found; of those alike, the longest.

    Args:
        hit: The best one that no passage has yet.
        document: The chunks of its document, in order.
        found: By the id of its chunk, every hit and its share.
        taken: Chunks of other passages.
        length: Characters that a run of several chunks may have.
    """
    runs = (
        (round(sum(found[chunk.chunk_id][0] for chunk in run if chunk.chunk_id in found), 9), _length(run), run)
        for run in _runs(*_section_of(hit.chunk, document), taken, length)
    )
    share, _, run = max(runs, key=lambda each: each[:2])
    return Passage(hit, tuple(run), max(share, 1e-9))


def _section_of(chunk: Chunk, document: Sequence[Chunk]) -> tuple[Sequence[Chunk], int]:
    """Return the chunks of a chunk's section, in the order of the document, and its place among them."""
    section = [part for part in document if part.section_start == chunk.section_start]
    return section, next(at for at, part in enumerate(section) if part.chunk_id == chunk.chunk_id)


def _runs(section: Sequence[Chunk], at: int, taken: set[str], length: int) -> Iterator[Sequence[Chunk]]:
    """Yield every run of neighbouring free chunks around one that `_fits`."""
    for first in range(at, -1, -1):
        if section[first].chunk_id in taken:
            return
        for last in range(at, len(section)):
            run = section[first : last + 1]
            if section[last].chunk_id in taken or not _fits(run, length):
                break
            yield run


def _fits(run: Sequence[Chunk], length: int) -> bool:
    """Tell whether a run is one chunk, or not longer than `length` but for what introduces its rest or is introduced.

    A list, steps or code without the line before them say less than they should, and that line alone says nothing.
    """
    if len(run) > 1 and _length(run) > LONGEST:
        return False
    while len(run) > 1 and _length(run) > length:
        if _introduces(run[-2]):
            run = run[:-1]
        elif _introduces(run[0]):
            run = run[1:]
        else:
            return False
    return True


def _introduces(chunk: Chunk) -> bool:
    said = chunk.text.rstrip(" *_\n")
    return said.endswith(":") and not said.endswith("::")  # two end a container of a site generator


def _length(run: Sequence[Chunk]) -> int:
    return run[-1].end - run[0].start


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    stored = json.loads(resources.files("assistant.evidence").joinpath("passage.json").read_text("utf-8"))
    return {str(name): float(weight) for name, weight in stored["weights"].items()}
