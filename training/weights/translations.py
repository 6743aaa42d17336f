"""What Portuguese words are called in English documents: `python -m training.weights.translations`.

IBM Model 1 (Brown et al., 1993, "The mathematics of statistical machine translation") over the parallel segments,
Portuguese stems to English words, with an empty word that takes what stands for nothing. Sources that questions are
measured on are left out. Writes `index/text/translations.pt.txt`: a stem and its words, likeliest first, a line each.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.text.analyser import stem, words
from training.reader.pairs import MEASURED
from training.texts.data import read_segments

ROUNDS = 5
LONGEST = 24  # words of a segment
RAREST = 5  # segments that have a word
LIKELY, SEEN, MOST = 0.15, 3, 2
"""Of a word: its least probability, and how often it is expected to stand for the stem; how many are kept."""


def translations(segments: Sequence[tuple[list[str], list[str]]]) -> dict[str, list[str]]:
    """Return the likeliest words of each stem, from segments of (stems, words)."""
    stems, known = (_vocabulary(side) for side in zip(*segments, strict=True))
    empty = len(stems)
    froms, tos, places = [], [], []
    place = 0
    for said, meant in segments:
        of = np.array([*(stems[each] for each in said if each in stems), empty])
        to = np.array([known[each] for each in meant if each in known], dtype=np.int64)
        froms.append(np.tile(of, len(to)))
        tos.append(np.repeat(to, len(of)))
        places.append(np.repeat(np.arange(place, place + len(to)), len(of)))
        place += len(to)
    keys = np.concatenate(froms) * len(known) + np.concatenate(tos)
    unique, at = np.unique(keys, return_inverse=True)
    likely, counts = _estimate(at, np.concatenate(places), unique // len(known), place)
    return _best(unique, likely, counts, list(stems), list(known))


def _vocabulary(sides: Iterable[Sequence[str]]) -> dict[str, int]:
    counted = Counter(word for side in sides for word in side)
    kept = (word for word, count in counted.items() if count >= RAREST and not word.isdigit())
    return {word: at for at, word in enumerate(kept)}


def _estimate(
    at: NDArray[np.int64], places: NDArray[np.int64], of: NDArray[np.int64], length: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, of each pair of stem and word, the probability of the word, and how often it is expected."""
    likely = counts = np.ones(len(of))
    for _ in range(ROUNDS):
        each = likely[at]
        counts = np.bincount(at, each / np.bincount(places, each, length)[places], len(of))
        likely = counts / np.bincount(of, counts)[of]
    return likely, counts


def _best(
    unique: NDArray[np.int64],
    likely: NDArray[np.float64],
    counts: NDArray[np.float64],
    stems: Sequence[str],
    known: Sequence[str],
) -> dict[str, list[str]]:
    of, to = np.divmod(unique, len(known))
    found: dict[str, list[str]] = {}
    kept = np.flatnonzero((likely >= LIKELY) & (counts >= SEEN) & (of < len(stems)))
    for at in kept[np.argsort(-likely[kept], kind="stable")]:
        named = found.setdefault(stems[of[at]], [])
        # A word that both languages write alike needs no translation.
        if len(named) < MOST and stem(known[to[at]]) != stems[of[at]]:
            named.append(known[to[at]])
    return {each: named for each, named in sorted(found.items()) if named}


def main() -> None:
    """Learn them and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--out", type=Path, default=Path("index/text/translations.pt.txt"))
    given = parser.parse_args()
    segments = [
        (
            list(dict.fromkeys(map(stem, words(segment.portuguese))))[:LONGEST],
            list(dict.fromkeys(words(segment.english)))[:LONGEST],
        )
        for segment in read_segments(given.data)
        if not segment.source.startswith(MEASURED)
    ]
    learned = translations(segments)
    given.out.write_text("".join(f"{each} {' '.join(named)}\n" for each, named in learned.items()), encoding="utf-8")
    print(f"{len(learned)} stems from {len(segments)} segments")


if __name__ == "__main__":
    main()
