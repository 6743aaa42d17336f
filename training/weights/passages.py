"""What ranks passages and when they answer: `python -m training.weights.passages --data ../shared/data/train_docs`.

1. `assistant/evidence/passage.json`: weights of a hit's signals, so that chunks which hold a part of the evidence
   come first: softmax cross-entropy over a question's candidates, with the fusion's weights
   (`index/ranking/fusion.json`) as the prior.
2. `assistant/evidence/reading.json`: what the cross-encoder's logit of a passage counts beside what was found of it,
   by the same loss over the passages that are read.
3. `assistant/evidence/answerable.json`: logistic regression on `SIGNS`, of whole documentations and of small folders of
   their documents. Every question that a whole one answers counts twice: with its evidence, and, with less weight, with
   the documents that hold it taken out of the passages read. The threshold lets 12 of 100 pass of those that nothing
   answers, of corpora that the model did not see (one left out at a time). What is not that sure shows the nearest
   passage from the probability on at which one in `WORTH_A_LOOK` of them answers.

The second and third are learned from questions that the cross-encoder did not see: it would look surer than it is.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from assistant.asking.question import understand
from assistant.evidence import answerable, passage, reading
from assistant.evidence.answerable import SIGNS, signs
from assistant.evidence.gather import query_of
from assistant.evidence.passage import find_passages
from assistant.evidence.reading import first_of, read_passages
from assistant.settings import EVIDENCE
from index.index import Index
from index.ranking.features import FEATURES
from index.ranking.fusion import _weights as fusion_weights
from training.weights.logistic import fit_logistic
from training.weights.questions import Asked, open_corpora, read_by_reader, small_folders, unread

EITHER_WAY = {"brevity", "dense_gap"}  # signals that may speak against a chunk
PRIOR = 0.01  # on squared distances from the fusion's weights, of standardised features
LOGIT_WEIGHTS = np.arange(0, 2.01, 0.05)
WORTH = np.arange(0.05, 1.5, 0.01)
SHORT = 810  # characters that half of all answers have at most; where sections are longer, it is 900
MOST_FALSE = 0.12  # of what the documents do not answer, answered all the same; elsewhere it is up to twice as many
WORTH_A_LOOK = 6  # passages shown as nearest, of which one answers
TAKEN_OUT = 0.3  # weight of a question whose evidence was taken out
SOUGHT = 450  # questions of each documentation that finding is learned from
UNANSWERABLE = 0.25  # of the questions that people ask
PENALTY = 0.02

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
    # What is learned where many chunks are alike would turn round in a small folder: likeness never speaks against one.
    either = torch.tensor([name in EITHER_WAY for name in FEATURES])
    prior = torch.tensor(fusion_weights() * spread, dtype=torch.float32)
    prior = torch.where(either, prior, prior.clamp(min=0.0))
    roots = torch.where(either, prior, (prior + 0.02).sqrt()).requires_grad_()
    optimizer = torch.optim.LBFGS([roots], max_iter=400, line_search_fn="strong_wolfe")

    def weights_of_roots() -> torch.Tensor:
        return torch.where(either, roots, roots**2)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        weights = weights_of_roots()
        scores = values @ weights
        missed = (torch.logsumexp(scores + every, 1) - torch.logsumexp(scores + right_only, 1)).mean()
        penalised = missed + PRIOR * ((weights - prior) ** 2).sum()
        penalised.backward()
        return penalised

    optimizer.step(loss)
    return weights_of_roots().detach().numpy() / spread


def cautious_threshold(probabilities: Array, right: Array) -> float:
    """Return the lowest threshold that lets at most `MOST_FALSE` of what is not answered pass."""
    return float(np.quantile(probabilities[~right], 1 - MOST_FALSE))


def nearest_from(probabilities: Array, first: Array, threshold: float) -> float:
    """Return the lowest probability from which, below the threshold, enough of the best passages answer.

    Args:
        probabilities: Of each question, shape (n,).
        first: Whether the best passage answers it, shape (n,).
        threshold: From which it is answered.
    """
    order = np.argsort(-probabilities)
    order = order[probabilities[order] < threshold]
    helped = np.cumsum(first[order]) * WORTH_A_LOOK >= np.arange(1, len(order) + 1)
    return float(probabilities[order[np.flatnonzero(helped)[-1]]]) if helped.any() else threshold


def abstention_f1(probabilities: Array, right: Array, threshold: float) -> float:
    """Return the F1 of abstention where what has no answer counts as if it were `UNANSWERABLE` of all."""
    silent = probabilities < threshold
    rightly = UNANSWERABLE * silent[~right].mean()
    wrongly = (1 - UNANSWERABLE) * silent[right].mean()
    return float(2 * rightly / (rightly + wrongly + UNANSWERABLE))


def write(module: str, **stored: object) -> None:
    """Write what was learned beside the module that reads it."""
    path = Path("assistant/evidence", f"{module}.json")
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Read:
    """A question with the passages that were read for it, best first.

    Attributes:
        corpus: Of what documentation.
        whole: Whether all of it was searched, not a few of its documents.
        right: Whether each passage shows the evidence.
        shares: What was found of each.
        logits: How surely each answers, as read.
        lengths: Characters of each.
        cases: The signs of what was read, whether it answers, and how much that counts.
    """

    corpus: str
    whole: bool
    right: tuple[bool, ...]
    shares: tuple[float, ...]
    logits: tuple[float, ...]
    lengths: tuple[int, ...]
    cases: tuple[tuple[list[float], bool, float], ...]


def main() -> None:
    """Fit all three, show the figures, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    parser.add_argument("--questions", type=int, default=200, help="how many are read of each documentation")
    parser.add_argument("--small", type=int, default=14, help="small folders of each documentation")
    parser.add_argument("--read-only", action="store_true", help="keep what passages are found by")
    given = parser.parse_args()
    folders = sorted(path for path in given.data.iterdir() if path.is_dir())
    if not given.read_only:
        with open_corpora(folders, read_by_reader) as corpora:
            fit_finding(corpora)
    chosen = random.Random(3)
    read: list[Read] = []
    with open_corpora(folders, unread) as corpora:
        for index, every in corpora:
            read += [
                _read(asked, index, whole=True) for asked in chosen.sample(every, min(given.questions, len(every)))
            ]
    for folder in folders:
        for index, every in small_folders(folder, given.small, chosen):
            read += [_read(asked, index, whole=False) for asked in every]
    fit_reading(read)
    fit_answerable(read)


def fit_finding(corpora: Sequence[tuple[Index, list[Asked]]]) -> None:
    """Learn what passages are found by."""
    rows = []
    chosen = random.Random(1)
    for index, asked in corpora:
        answered = [each for each in asked if each.places]
        for each in chosen.sample(answered, min(SOUGHT, len(answered))):
            query = query_of(understand(each.text), index)
            handles, features = index._candidates(query, index.embedder.embed_query(query), each.text)
            right = np.array([each.is_answered_by(chunk) for chunk in index._chunks(handles)])
            if right.any() and not right.all():
                rows.append((features, right))
    write(
        "passage",
        questions=len(rows),
        weights=dict(zip(FEATURES, fit_ranking(rows).astype(float).round(4).tolist(), strict=True)),
    )
    passage._weights.cache_clear()


def fit_reading(read: Sequence[Read]) -> None:
    """Learn what a logit counts beside what was found."""
    answered = [each for each in read if each.whole and any(each.right)]

    def missed(weight: float) -> float:
        scores = [np.log(each.shares) + weight * np.array(each.logits) for each in answered]
        return float(
            np.mean(
                [
                    np.logaddexp.reduce(own) - np.logaddexp.reduce(own[np.array(each.right)])
                    for own, each in zip(scores, answered, strict=True)
                ]
            )
        )

    best = min(LOGIT_WEIGHTS, key=missed)
    print(
        f"{len(answered)} questions: loss {missed(0):.3f} as found, {missed(best):.3f} read; a logit counts {best:.2f}"
    )
    worth = min(each for each in WORTH if _median_length(answered, float(best), float(each)) <= SHORT)
    write("reading", questions=len(answered), logit=round(float(best), 2), worth=round(float(worth), 2))
    reading.learned.cache_clear()


def _median_length(answered: Sequence[Read], weight: float, worth: float) -> float:
    """Return the median length in characters of what is shown to questions that the documents answer."""
    return float(np.median([_length(each, weight, worth) for each in answered]))


def _length(read: Read, weight: float, worth: float) -> int:
    scores = np.log(read.shares) + weight * np.array(read.logits)
    order = np.argsort(-scores, kind="stable")
    lengths = [read.lengths[at] for at in order]
    return sum(lengths[at] for at in first_of(scores[order].tolist(), lengths, worth))


def fit_answerable(read: Sequence[Read]) -> None:
    """Learn when the passages answer, and below which probability to abstain."""
    cases = [(each.corpus, each.right[0], *case) for each in read for case in each.cases]
    of, first, values, right, counts = (np.array(column) for column in zip(*cases, strict=True))
    unseen = np.zeros(len(right))
    for corpus in sorted(set(of)):
        mine = of == corpus
        weights, bias = fit_logistic(values[~mine], right[~mine], counts[~mine], PENALTY)
        unseen[mine] = 1 / (1 + np.exp(-(values[mine] @ weights + bias)))
    asked = counts == 1.0
    threshold = cautious_threshold(unseen[asked], right[asked])
    f1 = abstention_f1(unseen[asked], right[asked], threshold)
    nearest = nearest_from(unseen[asked], first[asked], threshold)
    weights, bias = fit_logistic(values, right, counts, PENALTY)
    print(f"{len(right)} cases: abstention F1 on unseen corpora {f1:.3f}, from {threshold:.3f}, nearest {nearest:.3f}")
    named = dict(zip(SIGNS, weights.round(4).tolist(), strict=True))
    likeness = float(values[counts == 1.0][:, SIGNS.index("meaning")].mean())
    write(
        "answerable",
        questions=len(right),
        weights=named,
        bias=round(bias, 4),
        threshold=round(threshold, 2),
        nearest=round(nearest, 2),
        likeness=round(likeness, 4),
    )
    answerable._model.cache_clear()


def _read(asked: Asked, index: Index, whole: bool) -> Read:
    """Read the passages that are found for a question in a `whole` documentation, or in a few of its documents."""
    question = understand(asked.text)
    found = find_passages(index.search(query_of(question, index), EVIDENCE.sought, asked=question.text), index)
    passages = read_passages(question, found, index)
    away = {doc for doc, _, _ in asked.places}
    cases = [(passages, bool(asked.places), 1.0)]
    if away and whole:
        cases.append(([each for each in passages if each.hit.chunk.doc_id not in away], False, TAKEN_OUT))
    return Read(
        asked.corpus,
        whole,
        tuple(asked.is_shown_by(each.hit.chunk.doc_id, each.start, each.end) for each in passages),
        tuple(each.share for each in passages),
        tuple(each.logit for each in passages),
        tuple(each.end - each.start for each in passages),
        tuple(
            (signs(question, kept, index), answers, count)
            for kept, answers, count in cases
            if kept and question.informative
        ),
    )


if __name__ == "__main__":
    main()
