"""Words: three BM25 views of the same text (words, stems, character 4-grams). The one file that knows SciPy.

Stems carry recall, whole words carry precision, and 4-grams survive typing errors and unknown inflections.

A segment stores how often each term stands in each row; what depends on the whole corpus (document frequencies, the
mean length) is worked out when it is asked for, over the rows that are live. So an index of many segments scores
exactly as one that was built at once.
"""

import math
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from index.analyser import grams, stem, words
from index.contents import Rows, ranges
from index.embedder import FloatArray
from index.features import IntArray, Sequences, Terms
from ingest.chunk import Chunk

if TYPE_CHECKING:
    from scipy.sparse import csr_array

VIEWS = ("words", "stems", "grams")

# BM25 as Lucene scores it (Kamphuis et al., "Which BM25 do you mean?", ECIR 2020, without the constant factor k1 + 1):
#     idf * tf / (tf + K1 * (1 - B + B * length / mean length)),  idf = ln(1 + (N - n + 0.5) / (n + 0.5))
K1 = 1.5
B = 0.75

_ARRAYS = ("postings.rows", "postings.counts", "postings.starts", "sequences", "lengths")


def build_words(chunks: Iterable[Chunk], folder: Path, database: sqlite3.Connection) -> None:
    """Index the words of a segment's chunks, one row a chunk, in order.

    Into `folder` go the postings (rows and counts of every term, the terms of all views under one numbering), the
    sequence of stems of every row, and the lengths of shape (3, rows): words, grams, words of the headings. The
    vocabularies go into the table `terms` of the database.
    """
    vocabulary: dict[str, int] = {}
    tokens, lengths, heading_lengths = array("i"), array("i"), array("i")
    for chunk in chunks:
        heading, plain = words("\n".join(chunk.headings)), words(chunk.plain)
        tokens.extend([vocabulary.setdefault(word, len(vocabulary)) for word in (*heading, *plain)])
        lengths.append(len(heading) + len(plain))
        heading_lengths.append(len(heading))
    stems = {term: at for at, term in enumerate(dict.fromkeys(map(stem, vocabulary)))}
    gram_lists = [grams(word) for word in vocabulary]
    gram_numbers = {gram: at for at, gram in enumerate(dict.fromkeys(gram for each in gram_lists for gram in each))}
    stem_of = np.array([stems[stem(word)] for word in vocabulary], dtype=np.int32)
    flat_grams = np.array([gram_numbers[gram] for each in gram_lists for gram in each], dtype=np.int32)
    gram_counts = np.array([len(each) for each in gram_lists], dtype=np.int32)

    flat, row_lengths = np.frombuffer(tokens, dtype=np.int32), np.frombuffer(lengths, dtype=np.int32)
    by_word = _counts(flat, row_lengths, len(vocabulary))
    by_gram = by_word @ _counts(flat_grams, gram_counts, len(gram_numbers))
    by_stem = by_word @ _counts(stem_of, np.ones_like(stem_of), len(stems))
    _write_postings((by_word, by_stem, by_gram), folder)
    gram_lengths = np.asarray(by_gram.sum(axis=1), dtype=np.int32).ravel()
    np.save(folder / "sequences.npy", stem_of[flat], allow_pickle=False)
    np.save(folder / "lengths.npy", np.stack([row_lengths, gram_lengths, np.array(heading_lengths)]).astype(np.int32))
    first = 0
    for view, terms in zip(VIEWS, (vocabulary, stems, gram_numbers), strict=True):
        numbered = ((view, term, first + number) for term, number in terms.items())
        database.executemany("INSERT INTO terms VALUES (?, ?, ?)", numbered)
        first += len(terms)


def _counts(columns: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32], width: int) -> "csr_array":
    """Return how often each column stands in each row: a sparse (rows, width), from the rows' columns and lengths."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], np.cumsum(lengths)])
    counts = csr_array((np.ones(len(columns), dtype=np.int32), columns, starts), shape=(len(lengths), width))
    counts.sum_duplicates()
    return counts


def _write_postings(views: "Sequence[csr_array]", folder: Path) -> None:
    parts: dict[str, list[npt.NDArray[np.generic]]] = {"rows": [], "counts": [], "starts": [np.zeros(1, np.int64)]}
    stored = 0
    for view in views:
        columns = view.tocsc()
        columns.sort_indices()
        parts["rows"].append(columns.indices.astype(np.int32))
        parts["counts"].append(np.minimum(columns.data, np.iinfo(np.uint16).max).astype(np.uint16))
        parts["starts"].append(columns.indptr[1:].astype(np.int64) + stored)
        stored += columns.nnz
    for name, arrays in parts.items():
        np.save(folder / f"postings.{name}.npy", np.concatenate(arrays), allow_pickle=False)


class SegmentWords:
    """The stored words of one segment."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self._database = database
        self._rows, self._counts, self._starts, self._sequences, self.lengths = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS
        )

    def number(self, view: str, term: str) -> int:
        """Return the number of a term, -1 when no row has it."""
        query = "SELECT id FROM terms WHERE view = ? AND term = ?"
        row = self._database.execute(query, (view, term)).fetchone()
        return int(row[0]) if row else -1

    def postings(self, view: str, term: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
        """Return the rows that have a term, in order, and how often."""
        number = self.number(view, term)
        column = slice(*self._starts[number : number + 2].tolist()) if number >= 0 else slice(0)
        return self._rows[column], self._counts[column]

    def sequences(self, rows: IntArray, stems: Sequence[str]) -> IntArray:
        """Return the words of the given rows, one row after the other, each as its place in `stems`; -1 elsewhere."""
        tokens = self._sequences[ranges(self._ends[rows] - self.lengths[0, rows], self.lengths[0, rows])]
        first = self._first_stem
        numbers = np.array([number - first if (number := self.number("stems", term)) >= 0 else -1 for term in stems])
        return _places(numbers, tokens)

    @cached_property
    def _ends(self) -> IntArray:
        return np.cumsum(self.lengths[0], dtype=np.int64)

    @cached_property
    def _first_stem(self) -> int:
        """Return the number of the first stem: words are numbered before stems, and each has a number of its own."""
        row = self._database.execute("SELECT count(*) FROM terms WHERE view = 'words'").fetchone()
        return int(row[0])


def _places(numbers: IntArray, tokens: IntArray) -> IntArray:
    """Return each token's place among the numbers, -1 for any other."""
    if not len(numbers):
        return np.full(len(tokens), -1)
    order = np.argsort(numbers, kind="stable")
    at = np.minimum(np.searchsorted(numbers[order], tokens), len(order) - 1)
    return np.where(numbers[order][at] == tokens, order[at], -1)


class Words:
    """The words of a whole index: of all its segments, as if they were one."""

    def __init__(self, parts: Sequence[SegmentWords], rows: Rows) -> None:
        self._parts = parts
        self._rows = rows
        self._live = [rows.live(number) for number in range(len(parts))]
        lengths = np.concatenate([part.lengths for part in parts], axis=1)
        by_words, by_grams = (_saturation(lengths[kind], rows) for kind in (0, 1))
        self._saturation = {"words": by_words, "stems": by_words, "grams": by_grams}
        self._lengths, self._headings = lengths[0][rows.order].astype(np.int64), lengths[2][rows.order].astype(np.int64)

    def scores(self, query: str) -> dict[str, FloatArray]:
        """Score every row for a query: by view, an array of shape (rows,), 0 where no term is shared."""
        found = words(query)
        terms = {
            "words": found,
            "stems": [stem(word) for word in found],
            "grams": [gram for word in found for gram in grams(word)],
        }
        return {view: self._view_scores(view, terms[view]) for view in VIEWS}

    def terms(self, query: str) -> Terms:
        """Return the query's stems with their idf."""
        stems = tuple(dict.fromkeys(map(stem, words(query))))
        weights = [self._idf(self._frequency(self._postings("stems", term))) for term in stems]
        return Terms(stems, np.array(weights, dtype=np.float32))

    def sequences(self, rows: IntArray, terms: Terms) -> Sequences:
        """Return where the given rows have the terms, in the order of their text."""
        lengths = self._lengths[rows]
        starts = np.cumsum(lengths) - lengths
        places = np.empty(lengths.sum(), dtype=np.int64)
        for segment, positions, own in self._rows.by_segment(rows):
            here = ranges(starts[positions], lengths[positions])
            places[here] = self._parts[segment].sequences(own, terms.stems)
        return Sequences(places, lengths, self._headings[rows])

    def rarity(self, word: str) -> float:
        """Return how much a folded word tells: its stem's idf."""
        return self._idf(self._frequency(self._postings("stems", stem(word))))

    def _view_scores(self, view: str, terms: Sequence[str]) -> FloatArray:
        scores = np.zeros(self._rows.starts[-1], dtype=np.float32)
        for term, times in Counter(terms).items():
            postings = self._postings(view, term)
            weight = np.float32(times * self._idf(self._frequency(postings)))
            for start, (rows, counts) in zip(self._rows.starts.tolist(), postings, strict=False):
                if len(rows):
                    stored = rows + start
                    often = counts.astype(np.float32)
                    scores[stored] += weight * (often / (often + self._saturation[view][stored]))
        found: FloatArray = scores[self._rows.order]
        return found

    def _postings(self, view: str, term: str) -> list[tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]]:
        return [part.postings(view, term) for part in self._parts]

    def _frequency(self, postings: Sequence[tuple[npt.NDArray[np.int32], object]]) -> int:
        """Return how many live rows have a term."""
        return sum(
            len(rows) if live is None else int(np.count_nonzero(live[rows]))
            for live, (rows, _) in zip(self._live, postings, strict=True)
        )

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (len(self._rows) - frequency + 0.5) / (frequency + 0.5))


def _saturation(lengths: npt.NDArray[np.int32], rows: Rows) -> FloatArray:
    """Return `K1 * (1 - B + B * length / mean length)` of every stored row; the mean is over the live ones."""
    mean = lengths[rows.order].mean() or 1.0  # no row has a word
    return (K1 * (1 - B + B * lengths / mean)).astype(np.float32)
