"""Passages: what is judged, quoted and read of a document: whole blocks of one section around what was found in it.

What is searched is small, so that it is found; what answers is often the step after it, or the sentence before it. A
section that is short is a passage; of a longer one it is the run of its chunks, not longer than `LENGTH`, in which the
most was found. Passages are ordered by weights learned from questions on real documentation with the quotes that
answer them (`passage.json`, set by `training/weights/passages.py`): the signals of a hit, as `index.ranking.features`
describes them, and titles and headings among them, which searching does without.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import exp

from assistant.asking.question import Question
from index.hit import Hit
from index.index import Index
from index.text.analyser import stem, words
from ingest.chunk import Chunk

LENGTH = 600
"""Characters of a section that are shown together, where they end between blocks."""
SOUGHT = 50
"""Hits among which passages are looked for."""
JOINED = 10
"""Best hits that decide which chunks of a section belong to its passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one section.

    Attributes:
        hit: The best hit in it.
        chunks: All chunks of the stretch, in the order of the document; at least one.
        share: Share of what was found that stands in it, relative to the best hit: above 0, higher is better.
    """

    hit: Hit
    chunks: tuple[Chunk, ...]
    share: float

    @property
    def start(self) -> int:
        """Return the offset of its first character in the document's text."""
        return self.chunks[0].start

    @property
    def end(self) -> int:
        """Return the offset after its last character."""
        return self.chunks[-1].end


def passage_score(hit: Hit) -> float:
    """Score a hit as the heart of a passage; comparable within one question only."""
    return sum(weight * hit.signals.get(name, 0.0) for name, weight in _weights().items())


def names_fact(question: Question, hit: Hit) -> bool:
    """Tell whether a hit is a fact (a row, an item with a subject) whose subject the question names."""
    return not {*map(stem, question.informative)}.isdisjoint(map(stem, words(hit.chunk.subject)))


def find_passages(hits: Sequence[Hit], index: Index) -> list[Passage]:
    """Return the passages around hits, best first, one a section."""
    scored = sorted(((passage_score(hit), hit) for hit in hits), key=lambda each: -each[0])[:JOINED]
    found = {hit.chunk.chunk_id: (exp(score - scored[0][0]), hit) for score, hit in scored}
    sections = {hit.chunk.section_id: hit.chunk for _, hit in reversed(scored)}
    passages = [_passage(index.section(chunk) or [chunk], found) for chunk in reversed(sections.values())]
    return sorted(passages, key=lambda passage: -passage.share)


def _passage(section: Sequence[Chunk], found: Mapping[str, tuple[float, Hit]]) -> Passage:
    """Return the run of a section's chunks in which the most was found; of those alike, the longest.

    Args:
        section: The chunks, in the order of the document.
        found: By the id of its chunk, every hit and its share; at least one stands in the section.
    """
    runs = (
        (round(sum(found[chunk.chunk_id][0] for chunk in run if chunk.chunk_id in found), 9), _length(run), run)
        for run in _runs(section)
    )
    share, _, run = max(runs, key=lambda each: each[:2])
    # The best hit of the section may stand apart from the run in which more was found.
    inside = [found[chunk.chunk_id] for chunk in run if chunk.chunk_id in found]
    return Passage(max(inside, key=lambda each: each[0])[1], tuple(run), share)


def _runs(section: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Yield every run of neighbouring chunks that is not longer than `LENGTH`, and every single one."""
    for first in range(len(section)):
        for last in range(first, len(section)):
            run = section[first : last + 1]
            if last > first and _length(run) > LENGTH:
                break
            yield run


def _length(run: Sequence[Chunk]) -> int:
    return run[-1].end - run[0].start


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    stored = json.loads(resources.files("assistant.evidence").joinpath("passage.json").read_text("utf-8"))
    return {str(name): float(weight) for name, weight in stored["weights"].items()}
