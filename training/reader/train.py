"""Teaching the reader: listwise softmax over a question's texts, and whether each answers at all.

`python -m training.reader.train --help`. Sums of small numbers would become denormal, and slow: they are flushed to
zero. bfloat16 is fast where the processor has it (AMX, AVX512-BF16) and a third as fast as float32 where it has not.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from index.embedding.transformer import Pieces
from index.ranking.cross_encoder import LONGEST_QUESTION, joined
from training.reader.examples import Example, read_examples
from training.reader.model import LAYERS, Reader, freeze, load_mean, new_reader, read_alike
from training.reader.steps import Steps

ROWS = 32  # of a batch, about
TOGETHER = 8  # of its rows that are padded to the longest: fewer, less padding
POINTWISE = 0.5


class Lists:
    """Examples as pieces, in batches of about the same length."""

    def __init__(self, examples: Sequence[Example], pieces: Pieces, longest: int, first: int) -> None:
        questions = pieces.of([each.question for each in examples])
        texts = iter(pieces.of([text for each in examples for text in each.texts]))
        self.lists = [
            [joined(question[:first], next(texts), longest) for _ in each.texts]
            for each, question in zip(examples, questions, strict=True)
        ]
        self.answers = [each.answers for each in examples]

    def batches(self, chosen: random.Random) -> Iterator[list[int]]:
        """Yield places of lists, alike in length, in random order."""
        order = sorted(
            range(len(self.lists)),
            key=lambda at: max(len(pieces) for pieces, _ in self.lists[at]) + chosen.random() * 12,
        )
        groups: list[list[int]] = [[]]
        for at in order:
            if groups[-1] and sum(len(self.lists[each]) for each in groups[-1]) + len(self.lists[at]) > ROWS:
                groups.append([])
            groups[-1].append(at)
        chosen.shuffle(groups)
        yield from groups


def loss_of(logits: torch.Tensor, answers: Sequence[Sequence[bool]]) -> torch.Tensor:
    """Return the mean loss of lists whose logits stand one after the other."""
    total = logits.new_zeros(())
    at = 0
    for own in answers:
        mine, right = logits[at : at + len(own)], torch.tensor(own)
        at += len(own)
        if right.any() and not right.all():
            total = total + torch.logsumexp(mine, 0) - torch.logsumexp(mine[right], 0)
    pointwise = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor([answer for own in answers for answer in own], dtype=logits.dtype)
    )
    return total / len(answers) + 2 * POINTWISE * pointwise


def best_loss_of(logits: torch.Tensor, answers: Sequence[Sequence[bool]]) -> torch.Tensor:
    """Return the mean loss of lists by the highest logit of each: one text says a true sentence, none a false one."""
    best = torch.stack([own.max() for own in torch.split(logits, [len(own) for own in answers])])
    return torch.nn.functional.binary_cross_entropy_with_logits(
        best, torch.tensor([any(own) for own in answers], dtype=logits.dtype)
    )


def train(
    reader: Reader,
    examples: Sequence[Example],
    pieces: Pieces,
    *,
    epochs: int,
    rate: float,
    longest: int,
    first: int = LONGEST_QUESTION,
    seed: int = 3,
    keep: Path | None = None,
    exact: bool = False,
    loss: Callable[[torch.Tensor, Sequence[Sequence[bool]]], torch.Tensor] = loss_of,
) -> None:
    """Teach a reader; printed: what it has read, its loss, rows a second."""
    lists = Lists(examples, pieces, longest, first)
    chosen = random.Random(seed)
    plan = [group for _ in range(epochs) for group in lists.batches(chosen)]
    steps = Steps(reader, rate, len(plan))
    reader.train()
    began, rows, losses = time.monotonic(), 0, []
    for at, group in enumerate(plan):
        sequences = [each for place in group for each in lists.lists[place]]
        logits = read_alike(reader, sequences, pieces, TOGETHER, exact=exact)
        lost = loss(logits, [lists.answers[place] for place in group])
        steps.step(lost)
        rows += len(sequences)
        losses.append(lost.item())
        if at % 50 == 49 or at + 1 == len(plan):
            mean, speed = sum(losses[-200:]) / len(losses[-200:]), rows / (time.monotonic() - began)
            print(f"{at + 1}/{len(plan)} loss {mean:.3f} {speed:.1f} rows/s", flush=True)
            if keep and at % 500 == 499:
                save_file(reader.state_dict(), keep)


def main() -> None:
    """Teach a reader on a file of examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("examples", type=Path, nargs="+")
    parser.add_argument(
        "--begin",
        type=Path,
        nargs="*",
        default=[],
        help="weights to go on from, their mean, or a graph; without, multilingual-e5-small",
    )
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="which part of how many, of the examples")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", nargs="*", default=[], help="examples whose source begins so are left out")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--longest", type=int, default=128)
    parser.add_argument("--first", type=int, default=LONGEST_QUESTION, help="pieces of the first text, at most")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--exact", action="store_true", help="float32 in place of bfloat16")
    parser.add_argument("--seed", type=int, default=3, help="of the order in which the examples come")
    parser.add_argument("--best", action="store_true", help="the best text of an example counts, and no other")
    parser.add_argument("--frozen", type=int, default=0, help="how many of the first layers stay as they are")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    examples = [
        each
        for path in given.examples
        for each in read_examples(path)
        if not each.source.startswith(tuple(given.without))
    ][given.part[0] :: given.part[1]]
    reader = new_reader(given.layers, "sdpa" if given.exact else "lean")
    if given.begin:
        load_mean(reader, given.begin)
    if given.frozen:
        freeze(reader.bert, given.frozen)
    train(
        reader,
        examples,
        Pieces(),
        epochs=given.epochs,
        rate=given.rate,
        longest=given.longest,
        first=given.first,
        seed=given.seed,
        keep=given.out,
        exact=given.exact,
        loss=best_loss_of if given.best else loss_of,
    )
    save_file(reader.state_dict(), given.out)


if __name__ == "__main__":
    main()
