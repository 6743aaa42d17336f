"""Hard negatives: passages that the words, or an earlier student, take for the answer and that are not."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from training.model.student import Student, embed
from training.texts.corpus import Corpus
from training.texts.texts import IntArray, Pieces

KEPT = 12
LOOKED_AT = 40
TOO_NEAR = 0.97


def questions(corpus: Corpus) -> list[IntArray]:
    """Gives what each training pair asks: the last heading of a path, or the whole query where that is one word."""
    leaves, queries = corpus.encoded["leaf"], corpus.encoded["query"]
    return [leaf if len(leaf) > 1 else query for leaf, query in zip(leaves, queries, strict=True)]


def mine_with_student(student: Student, corpus: Corpus, pieces: Pieces, block: int = 1024) -> NDArray[np.int32]:
    """Finds for each pair the nearest passages that are not its own.

    A passage nearer than 0.97 times the right one's similarity may well answer too and is not taken (Moreira et al.
    2024, NV-Retriever), nor one with the same text.

    Returns:
        Row numbers of pairs, shape (pairs, 12); a row with too few candidates is filled with random pairs.
    """
    rng = np.random.default_rng(11)
    distinct = {text: i for i, text in enumerate(dict.fromkeys(pair.passage for pair in corpus.pairs))}
    own = np.array([distinct[pair.passage] for pair in corpus.pairs])
    first = np.unique(own, return_index=True)[1]
    passages = torch.from_numpy(embed(student, pieces, [corpus.encoded["passage"][i] for i in first]))
    queries = torch.from_numpy(embed(student, pieces, questions(corpus)))
    found = rng.integers(len(own), size=(len(own), KEPT), dtype=np.int32)
    wide = passages.bfloat16().T.contiguous()
    for start in range(0, len(queries), block):
        scores = (queries[start : start + block].bfloat16() @ wide).float()
        rows = torch.arange(len(scores))
        right = scores[rows, torch.from_numpy(own[start : start + block])]
        scores[scores > torch.clamp(right * TOO_NEAR, min=0.0)[:, None]] = -1
        best = scores.topk(LOOKED_AT, dim=1)
        _fill(found[start : start + block], best.indices.numpy(), best.values.numpy(), first, rng)
        if start % (block * 20) == 0:
            print(f"mining: {start}/{len(queries)}", flush=True)
    return found


def _fill(
    rows: NDArray[np.int32],
    candidates: NDArray[np.int64],
    scores: NDArray[np.float32],
    first: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Takes 12 of each row's candidates at random, in place."""
    for row, near, score in zip(rows, candidates, scores, strict=True):
        fitting: Sequence[int] = near[score > 0]
        if len(fitting):
            taken = rng.permutation(fitting)[:KEPT]
            row[: len(taken)] = first[taken]
