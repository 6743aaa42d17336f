"""The hit: a chunk found for a query."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.chunk import Chunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk with the score that a search gave it.

    Attributes:
        chunk: The chunk found.
        score: The fused score, or the reranker's where there is one; higher is better. Comparable within one search
            only.
        rank: 1-based place in the results.
        signals: The parts that the score was fused from, by name (`dense` is the cosine in [-1, 1]).
    """

    chunk: Chunk
    score: float
    rank: int
    signals: Mapping[str, float] = field(default_factory=dict)
