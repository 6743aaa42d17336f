"""The student: one vector per piece, summed and normalised."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.texts.texts import IntArray, Pieces

UNKNOWN_ROW = 0


class Student(nn.Module):
    """Rows of vectors times a fixed weight that falls with a piece's frequency.

    The weight is a / (a + share of the piece) (smooth inverse frequency: Arora et al. 2017). Rows are free to grow
    or shrink, so the weight only says where training starts and how fast frequent pieces move. Pieces never seen
    keep their random start, which is small.
    """

    def __init__(self, shares: NDArray[np.float64], dimension: int, smoothing: float = 1e-3) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.randn(len(shares), dimension) * 0.02)
        weight = torch.tensor(smoothing / (smoothing + shares), dtype=torch.float32)
        weight[UNKNOWN_ROW] = 0.0
        self.register_buffer("weight", weight)

    def forward(self, flat: Tensor, starts: Tensor) -> Tensor:
        """Gives one unit vector per text, shape (n, dimension)."""
        summed = functional.embedding_bag(flat, self.rows, starts, mode="sum", per_sample_weights=self.weight[flat])
        return functional.normalize(summed, dim=1)

    def table(self) -> NDArray[np.float32]:
        """Gives the finished vectors, weight folded in, shape (pieces, dimension)."""
        with torch.no_grad():
            return (self.rows * self.weight[:, None]).cpu().numpy()


def embed(student: Student, pieces: Pieces, texts: Sequence[IntArray], batch: int = 2048) -> NDArray[np.float32]:
    """Embeds texts, shape (n, dimension), unit rows."""
    device = student.rows.device
    parts: list[NDArray[np.float32]] = []
    with torch.no_grad():
        for start in range(0, len(texts), batch):
            flat, starts = pieces.expand(texts[start : start + batch])
            vectors = student(torch.from_numpy(flat).to(device), torch.from_numpy(starts).to(device))
            parts.append(vectors.cpu().numpy())
    return np.concatenate(parts)
