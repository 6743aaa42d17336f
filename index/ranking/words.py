"""The stored words of a segment: three views of its text (words, stems, character 4-grams).

Stems carry recall, whole words carry precision, and 4-grams survive typing errors and unknown inflections.

A segment stores how often each term stands in each row; what depends on the whole corpus is worked out when it is
asked for (see `index.ranking.scoring`).
"""

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from index.arrays import IntArray
from index.contents import ranges
from index.text.analyser import grams, stem, words
from ingest.chunk import Chunk

ROWS_AT_A_TIME = 4096
Query = Callable[..., list[tuple[Any, ...]]]
"""SQL and its values to all rows."""
Integers = npt.NDArray[np.integer]

VIEWS = ("words", "stems", "grams")

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
    rows = np.repeat(np.arange(len(row_lengths), dtype=np.int64), row_lengths)
    by_word = _counted(rows, flat, np.ones_like(flat))
    by_stem = _counted(by_word.rows, stem_of[by_word.terms], by_word.counts)
    by_gram = _gram_postings(flat, row_lengths, flat_grams, gram_counts)
    _write_postings((by_word, by_stem, by_gram), (len(vocabulary), len(stems), len(gram_numbers)), folder)
    gram_lengths = np.bincount(by_gram.rows, by_gram.counts, len(row_lengths)).astype(np.int32)
    np.save(folder / "sequences.npy", stem_of[flat], allow_pickle=False)
    np.save(folder / "lengths.npy", np.stack([row_lengths, gram_lengths, np.array(heading_lengths)]).astype(np.int32))
    first = 0
    for view, terms in zip(VIEWS, (vocabulary, stems, gram_numbers), strict=True):
        numbered = ((view, term, first + number) for term, number in terms.items())
        database.executemany("INSERT INTO terms VALUES (?, ?, ?)", numbered)
        first += len(terms)


class _Postings(NamedTuple):
    """How often a term stands in a row: three arrays of the same length, ordered by term, then by row."""

    terms: Integers
    rows: Integers
    counts: Integers


def _gram_postings(flat: Integers, row_lengths: Integers, grams: Integers, counts: Integers) -> _Postings:
    """Count the grams of the words of each row, some rows at a time: every word has several.

    Args:
        flat: The words of all rows, one row after the other.
        row_lengths: How many of those are each row's.
        grams: The grams of all words, one word after the other.
        counts: How many of those are each word's.
    """
    firsts, starts = (np.cumsum(each, dtype=np.int64) - each for each in (counts, row_lengths))
    found = [_counted(flat[:0], flat[:0], flat[:0])]
    for first in range(0, len(row_lengths), ROWS_AT_A_TIME):
        lengths = row_lengths[first : first + ROWS_AT_A_TIME]
        inside = flat[starts[first] : starts[first] + lengths.sum()]
        words = _counted(np.repeat(np.arange(first, first + len(lengths)), lengths), inside, np.ones_like(inside))
        each = counts[words.terms].astype(np.int64)
        part = _counted(
            np.repeat(words.rows, each), grams[ranges(firsts[words.terms], each)], np.repeat(words.counts, each)
        )
        found.append(_Postings(*(array.astype(np.int32) for array in part)))
    terms, rows, counted = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(terms, kind="stable")
    return _Postings(terms[order], rows[order], counted[order])


def _counted(rows: Integers, terms: Integers, counts: Integers) -> _Postings:
    """Add up the counts of each (row, term)."""
    if not len(rows):
        return _Postings(*(np.zeros(0, dtype=np.int32) for _ in range(3)))
    height = int(rows.max()) + 1
    keys = terms.astype(np.int64) * height + rows
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    found, at = np.divmod(keys[firsts], height)
    return _Postings(found, at, np.add.reduceat(counts[order], firsts, dtype=np.int64))


def _write_postings(views: Sequence[_Postings], widths: Sequence[int], folder: Path) -> None:
    most = np.iinfo(np.uint16).max
    starts = np.cumsum(
        np.concatenate([np.bincount(view.terms, minlength=n) for view, n in zip(views, widths, strict=True)])
    )
    parts = {
        "rows": np.concatenate([view.rows for view in views]).astype(np.int32),
        "counts": np.minimum(np.concatenate([view.counts for view in views]), most).astype(np.uint16),
        "starts": np.concatenate([np.zeros(1, dtype=np.int64), starts.astype(np.int64)]),
    }
    for name, array_ in parts.items():
        np.save(folder / f"postings.{name}.npy", array_, allow_pickle=False)


class SegmentWords:
    """The stored words of one segment.

    Args:
        folder: The segment's folder.
        query: Asks the segment's database.

    Attributes:
        rows: The postings: rows, in order, one term after the other.
        counts: How often each of those rows has the term.
        lengths: Of every row, shape (3, rows): words, grams, words of the headings.
    """

    def __init__(self, folder: Path, query: Query) -> None:
        self._query = query
        # As plain arrays: every slice of a memory map would otherwise be a Python object of its own.
        self.rows, self.counts, self._starts, self._sequences, self.lengths = (
            np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in _ARRAYS
        )

    def numbers(self, view: str, terms: Sequence[str]) -> IntArray:
        """Return the numbers of terms, -1 for one that no row has."""
        query = "SELECT term, id FROM terms WHERE view = ? AND term IN (SELECT value FROM json_each(?))"
        found: dict[str, int] = dict(self._query(query, view, json.dumps(terms)))
        return np.array([found.get(term, -1) for term in terms], dtype=np.int64)

    def spans(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """Return where the postings of the terms with these numbers begin and end; nowhere for -1."""
        there = numbers >= 0
        return np.where(there, self._starts[numbers], 0), np.where(there, self._starts[numbers + 1], 0)

    def sequences(self, rows: IntArray, stems: IntArray) -> IntArray:
        """Return the words of the given rows, one row after the other, each as its place in `stems`; -1 elsewhere.

        Args:
            rows: The rows.
            stems: Numbers of the stems that are looked for.
        """
        tokens = self._sequences[ranges(self._ends[rows] - self.lengths[0, rows], self.lengths[0, rows])]
        return _places(np.where(stems >= 0, stems - self._first_stem, -1), tokens)

    @cached_property
    def _ends(self) -> IntArray:
        return np.cumsum(self.lengths[0], dtype=np.int64)

    @cached_property
    def _first_stem(self) -> int:
        """Return the number of the first stem: words are numbered before stems, and each has a number of its own."""
        return int(self._query("SELECT count(*) FROM terms WHERE view = 'words'")[0][0])


def _places(numbers: IntArray, tokens: IntArray) -> IntArray:
    """Return each token's place among the numbers, -1 for any other."""
    if not len(numbers):
        return np.full(len(tokens), -1)
    order = np.argsort(numbers, kind="stable")
    at = np.minimum(np.searchsorted(numbers[order], tokens), len(order) - 1)
    return np.where(numbers[order][at] == tokens, order[at], -1)
