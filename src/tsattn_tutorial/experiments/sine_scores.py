"""What the experiments on sine waves measure in the same way."""

import json

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.metrics import attention_mass, pointing

__all__ = ["score_attention", "score_probabilities"]

BINS = 20  # of the reliability diagram


def score_probabilities(
    y: np.ndarray, probability: np.ndarray, *, labels_only: bool = False
) -> dict[str, float | int | str]:
    """Return ``errors``, ``accuracy``, ``log_loss`` (nats), ``brier``, and what a reliability diagram needs.

    Parameters
    ----------
    y : ndarray
        ``(N,)``, labels 0 and 1.
    probability : ndarray
        ``(N,)``, of label 1.
    labels_only : bool
        Whether they are mere labels, 0 or 1. Then log-loss and Brier score are NaN, and the diagram is empty.

    Returns
    -------
    dict
        ``reliability`` is JSON: for each of 20 even bins of the probability, how many series fell in, the sum of their
        probabilities, and how many of them had label 1.
    """
    errors = int(((probability >= 0.5) != y).sum())
    scores = {"errors": errors, "accuracy": 1 - errors / y.size}
    if labels_only:
        return scores | {"log_loss": np.nan, "brier": np.nan, "reliability": "[]"}
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    sums = [np.bincount(bins, values, BINS) for values in (None, probability, y)]
    return scores | {
        "log_loss": log_loss(y, probability, labels=[0, 1]),
        "brier": brier_score_loss(y, probability, labels=[0, 1]),
        "reliability": json.dumps([np.round(row, 6).tolist() for row in sums]),
    }


def score_attention(weights: np.ndarray | None, test: SeriesBatch) -> dict[str, float]:
    """Return ``mass`` inside the flat stretch, its ``chance`` level, and ``pointing``, over the flattened series.

    Parameters
    ----------
    weights : ndarray or None
        ``(N, T)``. Without any, mass and pointing are NaN.
    test : SeriesBatch
        N series with their truth.

    Returns
    -------
    dict
        ``pointing`` is the share of series whose largest weight, the first of several equal ones, lies inside.
    """
    flat = test.y == 1
    truth = test.truth[flat]
    if weights is None:
        return {"mass": np.nan, "chance": truth.mean(), "pointing": np.nan}
    mass, chance = attention_mass(weights[flat], truth)
    return {"mass": mass.mean(), "chance": chance.mean(), "pointing": pointing(weights[flat], truth).mean()}
