"""Learn the fusion's weights from training pairs: `python -m training.weights.fusion --data ../shared/data/train`.

Corpora of several sizes are drawn from the passages (neighbours in the data, so that the other passages are about the
same things), and each is indexed the way a person's documents are. The score is linear; its weights maximise the
likelihood of the right passage among its candidates (softmax cross-entropy over the list: ListNet's top-one
probability, Cao et al., 2007).

There are two steps, because the embedding model has seen most pairs and is too sure of those:

1. the weights of the word features, from the questions that people asked (the rest of the pairs are headings, which
   share other words with their sections than questions do);
2. the weights of the cosine beside that score, from pairs that the embedding model was not trained on: every one that
   a person asked, and a share of the headings. Of this step only the share is taken that ranks unseen questions best.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from index.arrays import FloatArray
from index.embedding.embedder import Embedder
from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.ranking.features import FEATURES
from index.store import build_index
from ingest.chunk import Chunk
from ingest.document import Document
from training.texts.data import Pair, read_pairs, split_pairs

SEED = 20261123
SIZES = (100, 600, 4000)
QUESTIONS_PER_SIZE = 1000
HEADINGS_SHARE = 6  # one unseen heading in so many is asked in the second step: headings outnumber questions by far
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
PENALTY = 0.01  # on the squared weights of standardised features
DENSE = ("dense", "dense_gap")


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question's candidates: features of shape (candidates, features), and which of them are right."""

    features: FloatArray
    right: "np.ndarray[tuple[int], np.dtype[np.bool_]]"


def draw_corpora(pairs: Sequence[Pair], asked: set[Pair], size: int, draw: random.Random) -> Iterator[list[Pair]]:
    """Yield, without end, runs of about `size` neighbouring pairs around a random asked one, no passage twice."""
    places = [at for at, pair in enumerate(pairs) if pair in asked]
    while True:
        start = max(draw.choice(places) - draw.randrange(size), 0)
        yield list({pair.passage: pair for pair in pairs[start : start + size]}.values())


def rank(corpus: Sequence[Pair], asked: set[Pair], embedder: Embedder) -> Iterator[Ranking]:
    """Index a corpus and yield the candidates of its asked questions."""
    passages = [pair.passage for pair in corpus]
    with tempfile.TemporaryDirectory() as folder:
        store = FaissStore(Path(folder))
        build_index(
            store,
            ((_document(at, text), [_chunk(at, text)]) for at, text in enumerate(passages)),
            embedder,
        )
        index = store.open(embedder)
        for at in (at for at, pair in enumerate(corpus) if pair in asked):
            found, features = index.candidates(corpus[at].query)
            right = np.array([chunk_id == str(at) for chunk_id in found])
            if right.any() and not right.all():
                yield Ranking(features, right)
        index.close()


def _document(at: int, text: str) -> Document:
    return Document(str(at), text, "text", "", str(at))


def _chunk(at: int, text: str) -> Chunk:
    return Chunk(str(at), str(at), text, 0, len(text), 1, 1 + text.count("\n"), (), 0, len(text), "prose", text)


def fit(rankings: Sequence[Ranking], learned: Sequence[str], given: FloatArray | None = None) -> FloatArray:
    """Return one weight a feature: those of `learned`, beside the scaled given ones; the others weigh 0."""
    use = [FEATURES.index(name) for name in learned]
    spread = np.concatenate([ranking.features[:, use] for ranking in rankings]).std(axis=0) + 1e-6
    longest = max(len(ranking.right) for ranking in rankings)
    values = torch.zeros(len(rankings), longest, len(use))
    base = torch.zeros(len(rankings), longest)
    padding = torch.full((len(rankings), longest), -1e9)
    right = torch.zeros(len(rankings), dtype=torch.long)
    for row, ranking in enumerate(rankings):
        count = len(ranking.right)
        values[row, :count] = torch.from_numpy(ranking.features[:, use] / spread)
        padding[row, :count] = 0.0
        right[row] = int(ranking.right.argmax())
        if given is not None:
            base[row, :count] = torch.from_numpy(ranking.features @ given)
    weights, scale = torch.zeros(len(use), requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, scale], max_iter=400, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        likelihood = cross_entropy(values @ weights + scale * base + padding, right)
        penalised = likelihood + PENALTY * (weights**2).sum()
        penalised.backward()  # type: ignore[no-untyped-call]
        return penalised

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    result = np.zeros(len(FEATURES), dtype=np.float32) if given is None else scale.item() * given
    result[use] += weights.detach().numpy() / spread
    return result


def second_step(
    given: FloatArray, learned: Sequence[str], rankings: Sequence[Ranking], questions: Sequence[Ranking]
) -> tuple[FloatArray, float]:
    """Add features to given weights, by the share of what is learned that ranks the questions best.

    The likelihood is ruled by a few questions that only meaning can answer; what counts is the rank of all.
    """
    fitted = fit(rankings, learned, given)
    by_share = {share: given + share * (fitted - given) for share in SHARES}
    best = max(SHARES, key=lambda share: reciprocal_rank(questions, by_share[share]))
    return by_share[best], best


def reciprocal_rank(rankings: Sequence[Ranking], weights: FloatArray) -> float:
    """Return the mean RR@10; a tie counts against the system."""
    ranks = []
    for ranking in rankings:
        scores = ranking.features @ weights
        ranks.append(1 + int((scores[~ranking.right] >= scores[ranking.right].max()).sum()))
    return float(np.mean([1 / place if place <= 10 else 0.0 for place in ranks]))


def gather_rankings(
    pairs: Sequence[Pair], asked: set[Pair], embedder: Embedder, draw: random.Random, questions: int
) -> list[Ranking]:
    """Rank `questions` questions over corpora of every size."""
    rankings = []
    for size in SIZES:
        of_size: list[Ranking] = []
        for corpus in draw_corpora(pairs, asked, size, draw):
            of_size += rank(corpus, asked, embedder)
            if len(of_size) >= questions:
                break
        print(f"{size} passages: {len(of_size)} questions", flush=True)
        rankings += draw.sample(of_size, questions)
    return rankings


def main() -> None:
    """Fit, choose, show, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--out", type=Path, default=Path("index/ranking/fusion.json"))
    parser.add_argument("--embedder", default="coruja")
    parser.add_argument("--questions", type=int, default=QUESTIONS_PER_SIZE, help="questions for each corpus size")
    given = parser.parse_args()
    draw, embedder = random.Random(SEED), load_embedder(given.embedder)
    pairs = read_pairs(given.data)
    unseen = split_pairs(pairs)[1]
    asked = {pair for pair in pairs if pair.kind.startswith("pergunta")}
    headings = {pair for pair in unseen if pair not in asked}
    seen_questions = gather_rankings(pairs, asked - set(unseen), embedder, draw, given.questions)
    unseen_questions = gather_rankings(pairs, asked & set(unseen), embedder, draw, given.questions // 5)
    unseen_headings = gather_rankings(pairs, headings, embedder, draw, given.questions // 2)
    second = unseen_questions + unseen_headings[::HEADINGS_SHARE]
    # The pairs' passages come without their headings, so these cannot teach what a match there is worth.
    word_features = [name for name in FEATURES if name not in (*DENSE, "heading")]
    words_alone = fit(seen_questions, word_features)
    weights, share = second_step(words_alone, DENSE, second, unseen_questions)
    plain = np.array([float(name in ("words_z", "stems_z", "grams_z")) for name in FEATURES], np.float32)
    sets = {"seen questions": seen_questions, "unseen questions": unseen_questions, "unseen headings": unseen_headings}
    print(f"share of the second step: {share}")
    for name, rankings in sets.items():
        row = [reciprocal_rank(rankings, each) for each in (plain, words_alone, weights)]
        print(f"RR@10 {name}: words summed {row[0]:.4f}, words learned {row[1]:.4f}, with the cosine {row[2]:.4f}")
    measured = reciprocal_rank(second, weights)
    for name in (*word_features, *DENSE):
        kept = fit(seen_questions, [other for other in word_features if other != name])
        without, _ = second_step(kept, [other for other in DENSE if other != name], second, unseen_questions)
        change = reciprocal_rank(second, without) - measured
        print(f"{name:10s} weight {weights[FEATURES.index(name)]:8.3f}   without it {change:+.4f}")
    stored = {
        "method": "linear, listwise softmax, in two steps; see training/weights/fusion.py",
        "embedder": embedder.fingerprint,
        "questions": [len(seen_questions), len(second)],
        "weights": {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
    }
    given.out.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
