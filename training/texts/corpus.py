"""All training texts as word numbers, encoded once and kept in the work folder."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.texts.data import (
    PATH_SEPARATOR,
    Graded,
    Pair,
    Segment,
    read_graded,
    read_pairs,
    read_segments,
    split_pairs,
)
from training.texts.texts import IntArray, Lexicon


@dataclass(frozen=True, slots=True)
class Corpus:
    """The data folder, read, and its texts encoded under their names.

    Names: `english`, `portuguese` (parallel segments), `passage`, `query`, `leaf`, `path` (training pairs: the whole
    query, its last heading, and the headings before it), `first`, `second` (graded pairs).
    """

    lexicon: Lexicon
    segments: list[Segment]
    pairs: list[Pair]
    held_out: list[Pair]
    graded: list[Graded]
    encoded: dict[str, list[IntArray]]

    def word_counts(self) -> Counter[str]:
        """Counts every training word once per occurrence in distinct roles, for the tokenizer."""
        names = ("english", "portuguese", "passage", "query", "first", "second")
        totals: NDArray[np.int64] = np.zeros(len(self.lexicon.words), dtype=np.int64)
        for name in names:
            totals += np.bincount(np.concatenate(self.encoded[name]), minlength=len(totals))
        return Counter({word: int(count) for word, count in zip(self.lexicon.words, totals, strict=True) if count})


def load_corpus(data: Path, work: Path) -> Corpus:
    """Reads the data folder; encodes its texts, or reads them as an earlier run encoded them."""
    segments, graded = read_segments(data), read_graded(data)
    pairs, held_out = split_pairs(read_pairs(data))
    lexicon = Lexicon()
    texts = _texts(segments, pairs, graded)
    stored = work / "encoded.npz"
    if not stored.exists():
        print("corpus: encoding", flush=True)
        encoded = {name: lexicon.encode_all(column) for name, column in texts.items()}
        work.mkdir(parents=True, exist_ok=True)
        _write(stored, lexicon, encoded)
    else:
        lexicon, encoded = _read(stored, list(texts))
    return Corpus(lexicon, segments, pairs, held_out, graded, encoded)


def _texts(segments: Sequence[Segment], pairs: Sequence[Pair], graded: Sequence[Graded]) -> dict[str, list[str]]:
    paths = [pair.query.split(PATH_SEPARATOR) if pair.kind == "titulo" else [pair.query] for pair in pairs]
    return {
        "english": [segment.english for segment in segments],
        "portuguese": [segment.portuguese for segment in segments],
        "passage": [pair.passage for pair in pairs],
        "query": [pair.query for pair in pairs],
        "leaf": [path[-1] for path in paths],
        "path": [". ".join(path[:-1]) for path in paths],
        "first": [one.first for one in graded],
        "second": [one.second for one in graded],
    }


def _write(path: Path, lexicon: Lexicon, encoded: dict[str, list[IntArray]]) -> None:
    arrays: dict[str, NDArray[np.generic]] = {"words": np.frombuffer("\n".join(lexicon.words).encode(), dtype=np.uint8)}
    for name, texts in encoded.items():
        arrays[name] = np.concatenate(texts)
        arrays[name + "_lengths"] = np.array([len(text) for text in texts])
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _read(path: Path, names: Sequence[str]) -> tuple[Lexicon, dict[str, list[IntArray]]]:
    arrays = np.load(path)
    lexicon = Lexicon()
    for word in arrays["words"].tobytes().decode().split("\n"):
        lexicon.number(word)
    cuts = {name: np.cumsum(arrays[name + "_lengths"])[:-1] for name in names}
    return lexicon, {name: np.split(arrays[name], cuts[name]) for name in names}
