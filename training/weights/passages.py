"""What ranks passages and when they answer: `python -m training.weights.passages --data ../shared/data/train_docs`.

1. `assistant/evidence/passage.json`: weights of a hit's signals, so that chunks which hold a part of the evidence
   come first: softmax cross-entropy over a question's candidates, with the fusion's weights
   (`index/ranking/fusion.json`) as the prior.
2. `assistant/evidence/answerable.json`: logistic regression on `SIGNS`. Every answerable question counts
   twice: with its evidence, and, with less weight, with the documents that hold it taken out of its hits. The threshold
   has the best F1 of abstention on questions of corpora that the model did not see (one left out at a time).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from assistant.asking.question import understand
from assistant.evidence import answerable, passage
from assistant.evidence.answerable import SIGNS, signs
from assistant.evidence.passage import SOUGHT, passage_score
from index.ranking.features import FEATURES
from index.ranking.fusion import _weights as fusion_weights
from training.weights.questions import Asked, open_corpora

PRIOR = 0.01  # on squared distances from the fusion's weights, of standardised features
TAKEN_OUT = 0.2  # weight of a question whose evidence was taken out
PENALTY = 0.005

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


def fit_logistic(values: Array, right: Array, counts: Array) -> tuple[Array, float]:
    """Return weights and bias of a logistic regression on values (n, signs), each row counting `counts` times."""
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    given = torch.tensor((values - mean) / spread)
    wanted, weight = torch.tensor(right.astype(float)), torch.tensor(counts / counts.sum())
    learned = torch.zeros(values.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([learned], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            given @ learned[:-1] + learned[-1], wanted, reduction="none"
        )
        penalised = (each * weight).sum() + PENALTY * (learned[:-1] ** 2).sum()
        penalised.backward()
        return penalised

    optimizer.step(loss)
    found = learned.detach().numpy()
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def best_threshold(probabilities: Array, right: Array) -> tuple[float, float]:
    """Return the best F1 of abstention, and the threshold that has it."""
    tried = []
    for threshold in np.quantile(probabilities, np.linspace(0.01, 0.6, 120)):
        silent = probabilities < threshold
        tried.append((2 * (silent & ~right).sum() / (silent.sum() + (~right).sum()), float(threshold)))
    return max(tried)


def write(module: str, **stored: object) -> None:
    """Write what was learned beside the module that reads it."""
    path = Path("assistant", f"{module}.json")
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Fit both, show the figures, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    folders = sorted(path for path in parser.parse_args().data.iterdir() if path.is_dir())
    rows = []
    for index, asked in open_corpora(folders):
        for each in (each for each in asked if each.places):
            handles, features = index._candidates(each.text, index.embedder.embed_query(each.text))
            right = np.array([each.is_answered_by(chunk) for chunk in index._chunks(handles)])
            if right.any() and not right.all():
                rows.append((features, right))
    write("passage", questions=len(rows), weights=dict(zip(FEATURES, fit_ranking(rows).round(4).tolist(), strict=True)))
    passage._weights.cache_clear()
    values, right, counts, corpora = [], [], [], []
    for index, asked in open_corpora(folders):
        for each in asked:
            for taken_out in (False, True)[: 1 + bool(each.places)]:
                found = _signs(each, index, taken_out=taken_out)
                if found:
                    values.append(found)
                    right.append(bool(each.places) and not taken_out)
                    counts.append(TAKEN_OUT if taken_out else 1.0)
                    corpora.append(each.corpus)
    given = np.array(values), np.array(right), np.array(counts)
    unseen, of = np.zeros(len(right)), np.array(corpora)
    for corpus in sorted(set(corpora)):
        weights, bias = fit_logistic(*(part[of != corpus] for part in given))
        unseen[of == corpus] = 1 / (1 + np.exp(-(given[0][of == corpus] @ weights + bias)))
    whole = given[2] == 1.0
    f1, threshold = best_threshold(unseen[whole], given[1][whole])
    weights, bias = fit_logistic(*given)
    print(f"{len(rows)} questions rank passages; abstention F1 on unseen corpora {f1:.3f}, threshold {threshold:.3f}")
    named = dict(zip(SIGNS, weights.round(4).tolist(), strict=True))
    write("answerable", questions=len(right), weights=named, bias=round(bias, 4), threshold=round(threshold, 3))
    answerable._model.cache_clear()


def _signs(asked: Asked, index: object, *, taken_out: bool) -> list[float]:
    found = index.search(asked.text, SOUGHT)  # type: ignore[attr-defined]
    hits = sorted(found, key=lambda hit: -passage_score(hit))
    if taken_out:
        away = {doc for doc, _, _ in asked.places}
        hits = [hit for hit in hits if hit.chunk.doc_id not in away]
    question = understand(asked.text)
    return signs(question, hits, index) if hits and question.informative else []  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
