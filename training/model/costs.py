"""What smaller files would cost: the shipped model coarser, shorter or with fewer pieces, on the held-out pairs.

`python -m training.model.costs` prints one line per variant.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from training.model.measure import held_out_task, measure, show
from training.texts.corpus import Corpus, load_corpus

Table = NDArray[np.float32]


def embed(table: Table, tokenizer: Tokenizer, texts: Sequence[str]) -> Table:
    """Embeds texts with any table and tokenizer, shape (n, dimension), unit rows."""
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    vectors = np.stack([table[one.ids].sum(0) for one in encoded])
    lengths: Table = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def variants(table: Table, tokenizer: Tokenizer, corpus: Corpus) -> Iterator[tuple[str, Table, Tokenizer]]:
    """Yields name, table and tokenizer of the shipped model and of every smaller one."""
    yield "as shipped", table, tokenizer
    scale = np.abs(table).max() / 127
    yield "int8, one scale for all rows", np.round(table / scale) * scale, tokenizer
    steps = np.abs(table).max(1, keepdims=True) / 7 + 1e-12
    yield "int4, one weight per row", np.round(table / steps) * steps, tokenizer
    sample = [pair.passage for pair in corpus.pairs[::10]]
    axes = np.linalg.svd(embed(table, tokenizer, sample), full_matrices=False)[2]
    for dimension in (384, 256):
        yield f"principal axes of passages, {dimension}", (table @ axes[:dimension].T).astype(np.float32), tokenizer
        yield f"first {dimension} numbers", table[:, :dimension], tokenizer
    uses = np.zeros(len(table), dtype=np.int64)
    for one in tokenizer.encode_batch_fast(sample, add_special_tokens=False):
        np.add.at(uses, one.ids, 1)
    content = json.loads(tokenizer.to_str())
    pieces = content["model"]["vocab"]
    needed = {0} | {row for row, (piece, _) in enumerate(pieces) if len(piece) == 1}
    ranked = [int(row) for row in np.argsort(-uses, kind="stable") if int(row) not in needed]
    for size in (30_000, 15_000):
        kept = sorted(needed | set(ranked[: size - len(needed)]))
        content["model"]["vocab"] = [pieces[row] for row in kept]
        yield f"most used {size} pieces", table[kept], Tokenizer.from_str(json.dumps(content))


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--model", type=Path, default=Path("index/embedding/models/coruja"))
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    arguments = parser.parse_args()
    corpus = load_corpus(arguments.data, arguments.work)
    task = held_out_task(corpus, arguments.work)
    tensors = load_file(arguments.model / "model.safetensors")
    table = tensors["embeddings"].astype(np.float32) * tensors["weights"][:, None]
    shipped = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    for name, smaller, tokenizer in variants(table, shipped, corpus):
        results = show(measure(task, partial(embed, smaller, tokenizer))).splitlines()[-1]
        print(f"{name:32} {smaller.shape[0]} x {smaller.shape[1]}: {results}", flush=True)


if __name__ == "__main__":
    main()
