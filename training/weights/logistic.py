"""Logistic regression: what the gate and the checker learn their weights by."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 30

Array = NDArray[np.float64]


def fit_logistic(values: Array, right: Array, counts: Array, penalty: float) -> tuple[Array, float]:
    """Return weights and bias of values (n, signs), each row counting `counts` times.

    The weighted mean of the cross-entropy, plus `penalty` times the squares of the weights of standardised values, is
    brought to its minimum by Newton's method (McCullagh and Nelder 1989, section 4.4).
    """
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    given = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    share = counts / counts.sum()
    ridge = 2 * penalty * np.diag([*np.ones(values.shape[1]), 0.0])
    found = np.zeros(given.shape[1])
    for _ in range(ROUNDS):
        chances = 1 / (1 + np.exp(-(given @ found)))
        slope = given.T @ (share * (chances - right)) + ridge @ found
        curve = (given * (share * chances * (1 - chances))[:, None]).T @ given + ridge
        found -= np.linalg.solve(curve, slope)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)
