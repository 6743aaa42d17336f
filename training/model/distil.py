"""Stage one: the student's vectors of both languages meet the teacher's vectors of the English side."""

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from training.model.student import Student
from training.model.teacher import Teaching
from training.texts.corpus import Corpus
from training.texts.texts import IntArray, Pieces
from training.texts.views import Noise, drop

SCALE = 20.0


def distil(
    student: Student,
    corpus: Corpus,
    pieces: Pieces,
    noise: Noise,
    teaching: Teaching,
    *,
    epochs: int,
    batch: int = 2048,
    rate: float = 0.02,
    seed: int = 1,
) -> None:
    """Trains the student in place on the segments whose teacher vectors are there.

    The loss draws a text to its teacher's vector (cosine) and away from the other texts' (in-batch contrast).
    Portuguese and English sides of the same segments stand in one batch.
    """
    rows = _taught(corpus, teaching)
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(student.parameters(), lr=rate, fused=True)
    steps = epochs * (len(rows) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    device = student.rows.device
    for epoch in range(epochs):
        began, total = time.monotonic(), 0.0
        order = rng.permutation(len(rows))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = rows[order[start : start + batch]]
            target = torch.from_numpy(teaching.vectors[teaching.rows[chosen]].astype(np.float32)).to(device)
            loss = torch.zeros((), device=device)
            for side in ("portuguese", "english"):
                texts = [_view(corpus.encoded[side][i], noise, rng) for i in chosen]
                flat, starts = (torch.from_numpy(array).to(device) for array in pieces.expand(texts))
                loss = loss + _loss(student(flat, starts), target)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        mean = total / max(1, len(order) // batch)
        print(f"distil: epoch {epoch + 1}/{epochs} loss {mean:.4f} {time.monotonic() - began:.0f} s", flush=True)


def _taught(corpus: Corpus, teaching: Teaching) -> NDArray[np.int64]:
    """Gives the segments that have a teacher's vector and words on both sides."""
    sides = zip(corpus.encoded["english"], corpus.encoded["portuguese"], strict=True)
    worded = np.array([len(english) > 0 and len(portuguese) > 0 for english, portuguese in sides])
    return np.flatnonzero(worded & (teaching.rows < len(teaching.vectors)))


def _view(text: IntArray, noise: Noise, rng: np.random.Generator) -> IntArray:
    return noise.apply(drop(text, rng, 0.1), rng, 0.15) if rng.random() < 0.2 else text


def _loss(vectors: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    vectors = functional.normalize(vectors[:, : target.shape[1]], dim=1)
    near = 1 - (vectors * target).sum(1).mean()
    labels = torch.arange(len(vectors), device=vectors.device)
    return 5 * near + functional.cross_entropy(vectors @ target.T * SCALE, labels)
