"""What the reader learns first: which of four texts a query belongs to, from `pairs_qp.jsonl.gz`.

Real questions, headings and purposes, each with its passage and three others that BM25 takes for it. Where every
line of a passage has its English in `parallel.jsonl.gz`, the query is also asked of English passages: that is how
English documentation is asked in Portuguese. Sources that questions are measured on (`docs/`) are left out.
"""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.reader.examples import Example, write_from
from training.reader.nearest import Nearest
from training.texts.data import PATH_SEPARATOR, Pair, Segment, read_pairs, read_segments, split_pairs

MEASURED = ("reactjs", "open-telemetry", "vuejs-br")
PORTUGUESE = {"pergunta": 9999, "pergunta_squad": 9999, "titulo": 6000, "finalidade": 700}
ENGLISH = {"pergunta": 9999, "titulo": 5000, "finalidade": 700}
"""How many pairs of each kind are taken, at most."""
OTHERS = 3
AMONG = 15  # of what BM25 finds
SHORTEST = 60
_LINE = re.compile(r"\n+|(?<=[.!?:]) +(?=[A-ZÀ-Ú])")


def pair_examples(data: Path, seed: int = 5) -> list[Example]:
    """Return an example a query, the passage that belongs to it first."""
    chosen = random.Random(seed)
    pairs = [
        pair
        for pair in split_pairs(read_pairs(data))[0]
        if not pair.source.startswith(MEASURED) and len(pair.passage) >= SHORTEST
    ]
    english = list(_in_english(pairs, read_segments(data)))
    return [*_examples(pairs, PORTUGUESE, chosen), *_examples(english, ENGLISH, chosen)]


def _in_english(pairs: Sequence[Pair], segments: Sequence[Segment]) -> Iterator[Pair]:
    known = {
        _key(segment.portuguese): segment.english for segment in segments if not segment.source.startswith(MEASURED)
    }
    for pair in pairs:
        lines = [line for line in _LINE.split(pair.passage) if line.strip()]
        found = [known.get(_key(line)) for line in lines]
        if sum(len(line) for line, own in zip(lines, found, strict=True) if own) >= 0.85 * sum(map(len, lines)):
            yield Pair(pair.query, "\n".join(own for own in found if own), pair.source, pair.kind)


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _examples(pairs: Sequence[Pair], wanted: dict[str, int], chosen: random.Random) -> list[Example]:
    passages = list(dict.fromkeys(pair.passage for pair in pairs))
    taken = []
    for kind, most in wanted.items():
        own = [pair for pair in pairs if pair.kind == kind]
        taken += chosen.sample(own, min(most, len(own)))
    found = Nearest(passages).to([pair.query for pair in taken], AMONG)
    right: dict[str, set[str]] = {}
    for pair in pairs:
        right.setdefault(pair.query, set()).add(pair.passage)
    return [
        Example(_asked(pair, chosen), (pair.passage, *others), (True, *(False for _ in others)))
        for pair, ranked in zip(taken, found, strict=True)
        if len(others := _others(pair, [passages[at] for at in ranked], right[pair.query], chosen)) == OTHERS
    ]


def _others(pair: Pair, ranked: Sequence[str], right: set[str], chosen: random.Random) -> list[str]:
    begin = pair.passage[:80]
    wrong = [text for text in ranked if text not in right and not text.startswith(begin)]
    return chosen.sample(wrong, min(OTHERS, len(wrong)))


def _asked(pair: Pair, chosen: random.Random) -> str:
    """Return a query; of a path of headings, the last one or two."""
    if pair.kind != "titulo":
        return pair.query
    path = pair.query.split(PATH_SEPARATOR)
    return " ".join(path[-chosen.choice((1, 2, 2)) :])


if __name__ == "__main__":
    write_from(pair_examples, "../shared/data/train", "training/work/pairs.jsonl", __doc__)
