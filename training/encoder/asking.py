"""Teaching how a question is embedded, beside vectors that stay: `python -m training.encoder.asking --help`.

What encodes passages is taught first (`training.encoder.meaning`), and encodes once whatever answers a question of
these examples. Then only the question's side learns, from its first weights on: a step takes little more than a second,
each question is compared with the passages of all others, and no vector of a person's documents is lost by it. The loss
is softmax cross-entropy, as there. Documentations that are held out tell how far it is.
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from index.arrays import FloatArray
from index.embedding.model_files import ENCODER
from index.embedding.transformer import Pieces, Transformer
from training.encoder.meaning import FROZEN, TOGETHER, Query, loss_of, read_queries
from training.encoder.model import LAYERS, Encoder
from training.reader.examples import read_examples
from training.reader.model import freeze, load_mean, new_reader, read_alike
from training.reader.steps import Steps

BATCH = 64  # questions
HELD_OUT = ("nodejs/", "tldr-pages/", "microsoft/edgeai")


def ranks(encoder: Encoder, asked: Sequence[Query], passages: torch.Tensor, pieces: Pieces) -> FloatArray:
    """Return how many chunks are more like each question than the best of those that answer it: (n,)."""
    with torch.no_grad():
        questions = read_alike(encoder, [each.pieces for each in asked], pieces, TOGETHER, exact=False)
    likeness = (questions @ passages.T).numpy()
    best = np.array([own[list(each.right)].max() for own, each in zip(likeness, asked, strict=True)])
    found: FloatArray = (likeness > best[:, None]).sum(axis=1).astype(np.float32)
    return found


def main() -> None:
    """Teach the question's side on a file of examples; printed: its loss, and what is found where it learns nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("examples", type=Path)
    parser.add_argument("--begin", type=Path, default=ENCODER, help="the graph that encodes passages")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    torch.set_flush_denormal(True)
    pieces, chosen = Pieces(), random.Random(given.seed)
    examples = (replace(each, texts=each.texts[:1], answers=each.answers[:1]) for each in read_examples(given.examples))
    asked, chunks = read_queries(examples, pieces)
    passages = torch.from_numpy(Transformer(given.begin.stem, given.begin.parent).run(chunks))
    held_out = [each for each in asked if each.source.startswith(HELD_OUT)]
    learned = [each for each in asked if not each.source.startswith(HELD_OUT)]
    encoder = Encoder(new_reader(LAYERS)).train()
    load_mean(encoder, [given.begin])
    freeze(encoder.bert, FROZEN)

    def tell(at: int, losses: Sequence[float]) -> None:
        found = ranks(encoder, held_out, passages, pieces)
        within = " ".join(f"@{many} {(found < many).mean():.3f}" for many in (1, 16, 100))
        print(f"{at} loss {np.mean(losses or [0]):.3f}; RR {(1 / (found + 1)).mean():.4f} {within}", flush=True)

    chosen.shuffle(learned)
    plan = [learned[at : at + BATCH] for at in range(0, len(learned), BATCH)]
    steps = Steps(encoder, given.rate, len(plan))
    losses: list[float] = []
    tell(0, losses)
    for at, group in enumerate(plan, 1):
        questions = read_alike(encoder, [each.pieces for each in group], pieces, TOGETHER, exact=False)
        loss = loss_of(questions, passages, [each.right for each in group])
        steps.step(loss)
        losses.append(loss.item())
        if at % 100 == 0 or at == len(plan):
            tell(at, losses[-50:])
    encoder.save(given.out)


if __name__ == "__main__":
    main()
