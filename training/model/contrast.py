"""Stage two: questions meet the passages that answer them, among passages that only look alike."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.model.student import Student
from training.model.teacher import Teaching
from training.texts.corpus import Corpus
from training.texts.texts import IntArray, Pieces
from training.texts.views import PairViews, drop, sentence_ends, sentence_out

AHEAD = 6


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one run of stage two does. The kinds of batches are given as shares of the number of pair batches."""

    epochs: int
    rate: float
    batch: int = 1024
    scale: float = 20.0
    negatives: int = 1
    question_copies: int = 5
    neighbours: float = 0.5
    cloze: float = 0.5
    translation: float = 0.4
    graded: float = 0.1
    seed: int = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's texts as pieces (flat, starts), two sides, and what its loss needs besides."""

    kind: str
    first: tuple[Tensor, Tensor]
    second: tuple[Tensor, Tensor]
    extra: Tensor | None = None
    rows: NDArray[np.int64] | None = None


class Contrast:
    """Draws batches of every kind and trains the student on them in turn; batches are made beside the training.

    One epoch is one pass over the training pairs, questions several times over.
    """

    def __init__(
        self,
        student: Student,
        corpus: Corpus,
        pieces: Pieces,
        views: PairViews,
        recipe: Recipe,
        teaching: Teaching,
        negatives: NDArray[np.int32] | None = None,
    ) -> None:
        self.student, self.corpus, self.pieces, self.views = student, corpus, pieces, views
        self.recipe, self.teaching, self.negatives = recipe, teaching, negatives
        self.rng = np.random.default_rng(recipe.seed)
        self._stops = sentence_ends(corpus.lexicon)
        self._pages = _numbers([pair.page for pair in corpus.pairs])
        self._passages = _numbers([pair.passage for pair in corpus.pairs])
        self._questions = np.array([pair.kind.startswith("pergunta") for pair in corpus.pairs])
        self._sources = _numbers([segment.source for segment in corpus.segments])
        self._openers = _openers(corpus)

    def run(self, after_epoch: Callable[[int], None] | None = None) -> None:
        """Trains the student in place."""
        recipe = self.recipe
        plan = [self._plan() for _ in range(recipe.epochs)]
        optimizer = torch.optim.Adam(self.student.parameters(), lr=recipe.rate, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.rate, total_steps=sum(map(len, plan)), pct_start=0.1
        )
        for epoch, steps in enumerate(plan, 1):
            began, losses = time.monotonic(), dict[str, list[float]]()
            for batch in self._batches(steps):
                loss = self._loss(batch)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                losses.setdefault(batch.kind, []).append(float(loss.detach()))
            told = " ".join(f"{kind} {np.mean(values):.3f}" for kind, values in sorted(losses.items()))
            print(f"contrast: epoch {epoch}/{recipe.epochs} {told} {time.monotonic() - began:.0f} s", flush=True)
            if after_epoch:
                after_epoch(epoch)

    def _plan(self) -> list[tuple[str, NDArray[np.int64]]]:
        """Draws the epoch's batches: (kind, row numbers), shuffled."""
        recipe, corpus = self.recipe, self.corpus
        steps = [("pairs", rows) for rows in self._pair_rows()]
        others = [
            ("neighbours", recipe.neighbours, len(corpus.segments) - 4),
            ("cloze", recipe.cloze, len(corpus.pairs)),
            ("translation", recipe.translation, len(corpus.segments)),
            ("graded", recipe.graded, len(corpus.graded)),
        ]
        drawn = [
            (kind, self.rng.integers(size, size=recipe.batch))
            for kind, share, size in others
            for _ in range(round(share * len(steps)))
        ]
        for kind, rows in drawn:
            if kind == "neighbours":
                rows[::2] = self.rng.choice(self._openers, len(rows[::2]))
        steps += drawn
        return [steps[i] for i in self.rng.permutation(len(steps))]

    def _pair_rows(self) -> Iterator[NDArray[np.int64]]:
        """Cuts the pairs into batches, half of them page by page, so that a page's sections meet."""
        size = self.recipe.batch
        copies = np.where(self._questions, self.recipe.question_copies, 1)
        rows = self.rng.permutation(np.repeat(np.arange(len(copies)), copies))
        together = rows[len(rows) // 2 :]
        place = self.rng.random(int(self._pages.max()) + 1)[self._pages[together]]
        for part in (rows[: len(rows) // 2], together[np.argsort(place, kind="stable")]):
            for start in range(0, len(part) - size + 1, size):
                yield part[start : start + size]

    def _batches(self, steps: list[tuple[str, NDArray[np.int64]]]) -> Iterator[Batch]:
        """Makes batches in one thread beside the training, a few ahead; one thread keeps the draws in order."""
        make = {
            "pairs": self._pairs,
            "neighbours": self._neighbours,
            "cloze": self._cloze,
            "translation": self._translation,
            "graded": self._graded,
        }
        with ThreadPoolExecutor(1) as pool:
            waiting: list[Future[Batch]] = []
            for kind, rows in steps:
                waiting.append(pool.submit(make[kind], rows))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()

    def _pairs(self, rows: NDArray[np.int64]) -> Batch:
        drawn = [self.views.pair(int(row), self.rng) for row in rows]
        passages, known = [passage for _, passage in drawn], self._passages[rows]
        if self.negatives is not None and self.recipe.negatives:
            columns = self.rng.integers(self.negatives.shape[1], size=(len(rows), self.recipe.negatives))
            hard = self.negatives[rows[:, None], columns].ravel()
            passages += [self.views.passage(int(row), self.rng) for row in hard]
            known = np.concatenate([known, self._passages[hard]])
        same = self._passages[rows][:, None] == known[None, :]
        np.fill_diagonal(same, val=False)
        return Batch("pairs", self._expand([q for q, _ in drawn]), self._expand(passages), torch.from_numpy(same))

    def _neighbours(self, rows: NDArray[np.int64]) -> Batch:
        """A segment asks, the one to three segments after it answer; each in a random language.

        Every second one is a heading or a question: what follows answers it better than one sentence the next.
        """
        languages = [self.corpus.encoded[name] for name in ("portuguese", "portuguese", "english")]
        asked, told = [], []
        for row in rows:
            end = row + 1 + int(self.rng.integers(1, 4))
            if self._sources[row] != self._sources[end - 1]:
                end = row + 2
            first, second = languages[self.rng.integers(3)][row], languages[self.rng.integers(3)][row + 1 : end]
            asked.append(drop(first, self.rng, 0.1))
            told.append(np.concatenate(second))
        return Batch("neighbours", self._expand(asked), self._expand(told))

    def _cloze(self, rows: NDArray[np.int64]) -> Batch:
        passages = self.corpus.encoded["passage"]
        drawn = [found for row in rows if (found := sentence_out(passages[row][:140], self._stops, self.rng))]
        sentences = [drop(sentence, self.rng, 0.2) for sentence, _ in drawn]
        return Batch("cloze", self._expand(sentences), self._expand([drop(rest, self.rng, 0.1) for _, rest in drawn]))

    def _translation(self, rows: NDArray[np.int64]) -> Batch:
        sides = [[drop(self.corpus.encoded[n][row], self.rng, 0.1) for row in rows] for n in ("portuguese", "english")]
        there = np.flatnonzero(self.teaching.rows[rows] < len(self.teaching.vectors))
        target = self.teaching.vectors[self.teaching.rows[rows[there]]].astype(np.float32)
        return Batch("translation", self._expand(sides[0]), self._expand(sides[1]), torch.from_numpy(target), there)

    def _graded(self, rows: NDArray[np.int64]) -> Batch:
        sides = [[self.corpus.encoded[name][row] for row in rows] for name in ("first", "second")]
        scores = torch.tensor([self.corpus.graded[row].score for row in rows])
        return Batch("graded", self._expand(sides[0]), self._expand(sides[1]), scores)

    def _expand(self, texts: list[IntArray]) -> tuple[Tensor, Tensor]:
        flat, starts = self.pieces.expand(texts)
        return torch.from_numpy(flat), torch.from_numpy(starts)

    def _loss(self, batch: Batch) -> Tensor:
        device = self.student.rows.device
        first, second = (self.student(*(array.to(device) for array in side)) for side in (batch.first, batch.second))
        extra = batch.extra.to(device) if batch.extra is not None else None
        if batch.kind == "graded":
            return self._order(first, second, extra)
        if batch.kind == "translation":
            return self._contrast(first, second) - 2 * self._nearness(first, second, batch.rows, extra)
        return self._contrast(first, second, extra)

    def _contrast(self, queries: Tensor, passages: Tensor, same: Tensor | None = None) -> Tensor:
        """In-batch contrast both ways; other copies of a right passage are left out, not punished."""
        logits = queries @ passages.T * self.recipe.scale
        if same is not None:
            logits = logits.masked_fill(same, -1e4)
        labels = torch.arange(len(queries), device=queries.device)
        back = logits[:, : len(queries)].T
        return functional.cross_entropy(logits, labels) + 0.3 * functional.cross_entropy(back, labels)

    def _nearness(self, first: Tensor, second: Tensor, rows: NDArray[np.int64] | None, target: Tensor | None) -> Tensor:
        """Mean cosine of both sides' leading numbers to the teacher's vector, for the rows that have one."""
        if rows is None or target is None or not len(rows):
            return first.new_zeros(())
        sides = (functional.normalize(side[rows, : target.shape[1]], dim=1) for side in (first, second))
        return sum(((side * target).sum(1) for side in sides), first.new_zeros(())).mean()

    def _order(self, first: Tensor, second: Tensor, scores: Tensor | None) -> Tensor:
        """Pairs that people found more alike lie nearer (CoSENT: Su 2022)."""
        cosine = (first * second).sum(1) * self.recipe.scale
        if scores is None:
            return cosine.sum() * 0
        wrong = (cosine[None, :] - cosine[:, None])[scores[:, None] > scores[None, :] + 0.4]
        return torch.logsumexp(torch.cat([wrong.new_zeros(1), wrong]), 0)


def _openers(corpus: Corpus) -> NDArray[np.int64]:
    """Gives the segments that open a passage: headings once and questions four times.

    A heading is a short segment without a full stop before a longer one.
    """
    headings, questions = [], []
    for row, (segment, after) in enumerate(pairwise(corpus.segments[:-3])):
        text = segment.portuguese.strip()
        if segment.source != after.source or not text:
            continue
        if text.endswith("?"):
            questions.append(row)
        elif text[-1].isalnum() and 2 <= len(text.split()) <= 10 <= len(after.portuguese.split()):
            headings.append(row)
    return np.array(headings + 4 * questions)


def _numbers(names: list[str]) -> NDArray[np.int64]:
    return np.unique(np.array(names), return_inverse=True)[1]
