"""What ranks passages and when they answer: `python -m training.weights.passages --data ../shared/data/train_docs`.

1. `assistant/evidence/passage.json`: weights of a hit's signals, so that chunks which hold a part of the evidence
   come first: softmax cross-entropy over a question's candidates, with the fusion's weights
   (`index/ranking/fusion.json`) as the prior.
2. `assistant/evidence/reading.json`: what the cross-encoder's logit of a passage counts beside what was found of it,
   by the same loss over the passages that are read.
3. `assistant/evidence/answerable.json`: logistic regression on `SIGNS`. Every answerable question counts twice: with
   its evidence, and, with less weight, with the documents that hold it taken out of the passages read. The threshold
   is the most cautious whose F1 of abstention is nearly the best on questions of corpora that the model did not see
   (one left out at a time).

The second and third are learned from questions that the cross-encoder did not see (`--reader`, `--held-out`); the
shipped one has learned from all of them, and would look surer than it is.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from assistant.asking.question import understand
from assistant.evidence import answerable, passage, reading
from assistant.evidence.answerable import SIGNS, signs
from assistant.evidence.gather import query_of
from assistant.evidence.passage import SOUGHT, Passage, find_passages
from assistant.evidence.reading import READ, as_read, enough, in_order
from index.index import Index
from index.ranking.cross_encoder import CrossEncoder
from index.ranking.features import FEATURES
from index.ranking.fusion import _weights as fusion_weights
from training.weights.logistic import fit_logistic
from training.weights.questions import Asked, open_corpora

PRIOR = 0.01  # on squared distances from the fusion's weights, of standardised features
LOGIT_WEIGHTS = np.arange(0, 2.01, 0.05)
LIKELY = np.arange(0, 1.0, 0.02)
SHORT = 900  # characters that half of all answers have at most
TAKEN_OUT = 0.1  # weight of a question whose evidence was taken out
PENALTY = 0.005
WORSE = 0.03

Array = np.ndarray


def fit_ranking(rows: list[tuple[Array, Array]]) -> Array:
    """Return one weight a feature from (features (candidates, features), right (candidates,)) of each question."""
    spread = np.concatenate([features for features, _ in rows]).std(axis=0) + 1e-6
    longest = max(len(right) for _, right in rows)
    values = torch.zeros(len(rows), longest, len(FEATURES))
    every, right_only = (torch.full((len(rows), longest), -1e9) for _ in range(2))
    for at, (features, right) in enumerate(rows):
        values[at, : len(right)] = torch.from_numpy(features / spread)
        every[at, : len(right)] = 0.0
        right_only[at, : len(right)][torch.from_numpy(right)] = 0.0
    prior = torch.tensor(fusion_weights() * spread, dtype=torch.float32)
    weights = prior.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = values @ weights
        missed = (torch.logsumexp(scores + every, 1) - torch.logsumexp(scores + right_only, 1)).mean()
        penalised = missed + PRIOR * ((weights - prior) ** 2).sum()
        penalised.backward()
        return penalised

    optimizer.step(loss)
    return weights.detach().numpy() / spread


def best_threshold(probabilities: Array, right: Array) -> tuple[float, float]:
    """Return the F1 of abstention, and its threshold: the most cautious whose F1 is not `WORSE` than the best.

    The best is flat, and an answer where there is none costs a person more than a silence.
    """
    tried = []
    for threshold in np.quantile(probabilities, np.linspace(0.01, 0.6, 120)):
        silent = probabilities < threshold
        tried.append((2 * (silent & ~right).sum() / (silent.sum() + (~right).sum()), float(threshold)))
    best, _ = max(tried)
    return max((each for each in tried if each[0] >= best - WORSE), key=lambda each: each[1])


def write(module: str, **stored: object) -> None:
    """Write what was learned beside the module that reads it."""
    path = Path("assistant/evidence", f"{module}.json")
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Fit all three, show the figures, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    parser.add_argument("--own", type=Path, default=Path("training/questions"))
    parser.add_argument("--reader", type=Path, required=True, help="folder of a cross-encoder that did not see these:")
    parser.add_argument("--held-out", nargs="+", required=True, help="what the sources of its questions begin with")
    parser.add_argument("--questions", type=int, default=1500, help="how many of them are read")
    parser.add_argument("--read-only", action="store_true", help="keep what passages are found by")
    given = parser.parse_args()
    folders = sorted(path for path in given.data.iterdir() if path.is_dir())
    reader = CrossEncoder(given.reader)
    if not given.read_only:
        with open_corpora(folders, given.own) as corpora:
            fit_finding(corpora)
    # How many questions have no answer decides the threshold: as many as people ask came with the documentation.
    with open_corpora(
        [path for path in folders if any(each.startswith(f"{path.name}/") for each in given.held_out)]
    ) as corpora:
        held = [
            (asked, index)
            for index, every in corpora
            for asked in every
            if asked.source.startswith(tuple(given.held_out))
        ]
        chosen = random.Random(3).sample(held, min(given.questions, len(held)))
        read = [(asked, _read(asked, index, reader), index) for asked, index in chosen]
        fit_reading(read)
        fit_answerable(read)


def fit_finding(corpora: Sequence[tuple[Index, list[Asked]]]) -> None:
    """Learn what passages are found by."""
    rows = []
    for index, asked in corpora:
        for each in (each for each in asked if each.places):
            handles, features = index._candidates(each.text, index.embedder.embed_query(each.text))
            right = np.array([each.is_answered_by(chunk) for chunk in index._chunks(handles)])
            if right.any() and not right.all():
                rows.append((features, right))
    write("passage", questions=len(rows), weights=dict(zip(FEATURES, fit_ranking(rows).round(4).tolist(), strict=True)))
    passage._weights.cache_clear()


def fit_reading(read: Sequence[tuple[Asked, list[Passage], Index]]) -> None:
    """Learn what a logit counts beside what was found."""
    questions = []
    for asked, passages, _ in read:
        right = np.array(
            [asked.is_shown_by(passage.hit.chunk.doc_id, passage.start, passage.end) for passage in passages]
        )
        if right.any():
            questions.append(
                (np.log([passage.share for passage in passages]), [passage.logit for passage in passages], right)
            )

    def missed(weight: float) -> float:
        scores = [found + weight * np.array(logits) for found, logits, _ in questions]
        return float(
            np.mean(
                [
                    np.logaddexp.reduce(own) - np.logaddexp.reduce(own[right])
                    for own, (*_, right) in zip(scores, questions, strict=True)
                ]
            )
        )

    best = min(LOGIT_WEIGHTS, key=missed)
    print(
        f"{len(questions)} questions: loss {missed(0):.3f} as found, {missed(best):.3f} read; a logit counts {best:.2f}"
    )
    write("reading", questions=len(questions), logit=round(float(best), 2), enough=0.0)
    reading._learned.cache_clear()
    likely = max(each for each in LIKELY if _median_length(read, float(each)) <= SHORT)
    write("reading", questions=len(questions), logit=round(float(best), 2), enough=round(float(likely), 2))
    reading._learned.cache_clear()


def _median_length(read: Sequence[tuple[Asked, list[Passage], Index]], likely: float) -> float:
    """Return the median length in characters of what is shown to questions that the documents answer."""
    shown = [enough(in_order(passages), likely) for asked, passages, _ in read if asked.places and passages]
    return float(np.median([sum(each.end - each.start for each in own) for own in shown]))


def fit_answerable(read: Sequence[tuple[Asked, list[Passage], Index]]) -> None:
    """Learn when the passages answer, and below which probability to abstain."""
    values, right, counts, corpora = [], [], [], []
    for asked, passages, index in read:
        for taken_out in (False, True)[: 1 + bool(asked.places)]:
            away = {doc for doc, _, _ in asked.places} if taken_out else set()
            found = _signs(asked, [passage for passage in passages if passage.hit.chunk.doc_id not in away], index)
            if found:
                values.append(found)
                right.append(bool(asked.places) and not taken_out)
                counts.append(TAKEN_OUT if taken_out else 1.0)
                corpora.append(asked.corpus)
    given = np.array(values), np.array(right), np.array(counts)
    unseen, of = np.zeros(len(right)), np.array(corpora)
    for corpus in sorted(set(corpora)):
        weights, bias = fit_logistic(*(part[of != corpus] for part in given), PENALTY)
        unseen[of == corpus] = 1 / (1 + np.exp(-(given[0][of == corpus] @ weights + bias)))
    whole = given[2] == 1.0
    f1, threshold = best_threshold(unseen[whole], given[1][whole])
    weights, bias = fit_logistic(*given, PENALTY)
    print(f"{len(right)} cases: abstention F1 on unseen corpora {f1:.3f}, threshold {threshold:.3f}")
    named = dict(zip(SIGNS, weights.round(4).tolist(), strict=True))
    write("answerable", questions=len(right), weights=named, bias=round(bias, 4), threshold=round(threshold, 3))
    answerable._model.cache_clear()


def _read(asked: Asked, index: Index, reader: CrossEncoder) -> list[Passage]:
    """Return the passages that are read for a question, in the order that `find_passages` gives, with their logits."""
    found = find_passages(index.search(query_of(understand(asked.text), index), SOUGHT), index)[:READ]
    logits = reader.read(asked.text, [as_read(passage, index) for passage in found])
    return [replace(passage, logit=float(logit)) for passage, logit in zip(found, logits, strict=True)]


def _signs(asked: Asked, passages: Sequence[Passage], index: Index) -> list[float]:
    question = understand(asked.text)
    return signs(question, in_order(passages), index) if passages and question.informative else []


if __name__ == "__main__":
    main()
