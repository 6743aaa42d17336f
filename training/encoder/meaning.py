"""Teaching the encoder which passage a question is about: `python -m training.encoder.meaning --help`.

Of the examples of `training.reader.elsewhere`, questions with the passage that each was written for and another of the
same documentation that shares its words. A batch is of one documentation, so that whatever else stands in it is nearly
right, too: the loss is softmax cross-entropy over all passages of the batch (InfoNCE; van den Oord et al. 2018,
"Representation Learning with Contrastive Predictive Coding"). Passages are cut as the product cuts them.
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from index.embedding.encoder import PASSAGE, QUERY, alone
from index.embedding.transformer import Pair, Pieces
from ingest.reading.readers import read_bytes
from ingest.splitting.splitter import split
from training.encoder.model import LAYERS, Encoder
from training.reader.examples import Example, read_examples
from training.reader.model import freeze, new_reader, read_alike
from training.reader.steps import Steps

BATCH = 48  # questions
TOGETHER = 16  # passages of about one length that are encoded at once
TEMPERATURE = 0.02
FROZEN = 2
"""Of the first layers; they know word pieces, not what is asked."""
LONGEST_QUESTION = 64
HEADINGS = 150
"""Characters of a first line that is headings, at most."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question.

    Attributes:
        pieces: Its word pieces, as they are encoded.
        right: The chunks of the passage that answers it.
        others: Those of passages that do not.
        source: The documentation.
    """

    pieces: Pair
    right: tuple[int, ...]
    others: tuple[int, ...]
    source: str


def read_queries(examples: Iterable[Example], pieces: Pieces) -> tuple[list[Query], list[Pair]]:
    """Return the questions that a passage answers, and the chunks of all their passages as they are encoded."""
    examples = [each for each in examples if each.answers[0]]
    texts = list(dict.fromkeys(text for each in examples for text in each.texts))
    chunks: list[str] = []
    of: dict[str, tuple[int, ...]] = {}
    for text in texts:
        own = list(_chunks(text))
        of[text] = tuple(range(len(chunks), len(chunks) + len(own)))
        chunks += own
    questions = pieces.of([QUERY + each.question for each in examples])
    asked = [
        Query(
            alone(question, LONGEST_QUESTION),
            of[each.texts[0]],
            tuple(chunk for text in each.texts[1:] for chunk in of[text]),
            each.source,
        )
        for each, question in zip(examples, questions, strict=True)
    ]
    read = pieces.of([PASSAGE + chunk for chunk in chunks])
    return [each for each in asked if each.right], [alone(own) for own in read]


def _chunks(text: str) -> Iterator[str]:
    """Yield what is encoded of a passage: its chunks under their headings."""
    first, _, rest = text.partition("\n")
    headings = [part for part in first.split(" › ") if part] if rest and len(first) <= HEADINGS else []
    body = rest if headings else text
    lines = ["#" * min(depth, 6) + " " + heading for depth, heading in enumerate(headings, 1)]
    source = "\n\n".join([*lines, *body.split("\n")])
    for chunk in split(read_bytes(source.encode(), "a.md")):
        yield chunk.headed(chunk.plain)


def batches(asked: Sequence[Query], chosen: random.Random) -> list[list[Query]]:
    """Return batches of one documentation each, in random order; what is left over of several comes together."""
    by_source: dict[str, list[Query]] = {}
    for each in asked:
        by_source.setdefault(each.source, []).append(each)
    whole, rest = [], []
    for own in by_source.values():
        chosen.shuffle(own)
        full = len(own) // BATCH * BATCH
        whole += [own[at : at + BATCH] for at in range(0, full, BATCH)]
        rest += own[full:]
    chosen.shuffle(rest)
    whole += [rest[at : at + BATCH] for at in range(0, len(rest), BATCH)]
    chosen.shuffle(whole)
    return whole


def loss_of(questions: torch.Tensor, passages: torch.Tensor, right: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the mean loss of questions (n, 384) among passages (m, 384), of which some are right for each."""
    logits = questions @ passages.T / TEMPERATURE
    missed = [
        torch.logsumexp(own, 0) - torch.logsumexp(own[list(at)], 0) for own, at in zip(logits, right, strict=True)
    ]
    return torch.stack(missed).mean()


def train(examples: Path, *, rate: float, seed: int, exact: bool) -> Encoder:
    """Return multilingual-e5-small, taught on examples once; printed: its loss."""
    pieces, chosen = Pieces(), random.Random(seed)
    asked, chunks = read_queries(read_examples(examples), pieces)
    plan = batches([each for each in asked if each.others], chosen)
    encoder = Encoder(new_reader(LAYERS, "sdpa" if exact else "lean")).train()
    freeze(encoder.bert, FROZEN)
    steps = Steps(encoder, rate, len(plan))
    began, losses = time.monotonic(), []
    for at, group in enumerate(plan):
        drawn = [chosen.choice(places) for each in group for places in (each.right, each.others)]
        once = {chunk: place for place, chunk in enumerate(dict.fromkeys(drawn))}
        right = [[once[chunk] for chunk in each.right if chunk in once] for each in group]
        questions = read_alike(encoder, [each.pieces for each in group], pieces, TOGETHER, exact=exact)
        passages = read_alike(encoder, [chunks[chunk] for chunk in once], pieces, TOGETHER, exact=exact)
        loss = loss_of(questions, passages, right)
        steps.step(loss)
        losses.append(loss.item())
        if at % 10 == 9 or at + 1 == len(plan):
            mean = sum(losses[-20:]) / len(losses[-20:])
            print(
                f"{at + 1}/{len(plan)} loss {mean:.3f} {(time.monotonic() - began) / (at + 1):.1f} s each", flush=True
            )
    return encoder


def main() -> None:
    """Teach the encoder on a file of examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("examples", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--exact", action="store_true", help="float32 in place of bfloat16")
    given = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.manual_seed(3)
    train(given.examples, rate=given.rate, seed=given.seed, exact=given.exact).save(given.out)


if __name__ == "__main__":
    main()
