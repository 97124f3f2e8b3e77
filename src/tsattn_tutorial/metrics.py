"""How good, how sure, and does the attention lie where the signal is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from tsattn_tutorial.arguments import check_size, require
from tsattn_tutorial.datasets import SeriesBatch

BOOTSTRAP_RESAMPLES = 1000


class Estimate(NamedTuple):
    """A value and the 95 % interval around it."""

    #: The estimate itself.
    value: float
    #: Lower end of the interval.
    low: float
    #: Upper end of the interval.
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def proportion_interval(successes: int, trials: int) -> Estimate:
    """Share of successes with its Wilson interval (Wilson 1927), which stays inside [0, 1].

    Parameters
    ----------
    successes, trials : int
        ``0 <= successes <= trials``. With no trial the share is NaN and the interval is [0, 1].

    Raises
    ------
    ValueError
        When the counts are out of order.
    """
    require(0 <= successes <= trials, f"expected 0 <= successes <= trials, got {successes} of {trials}")
    if trials == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    interval = scipy.stats.binomtest(int(successes), int(trials)).proportion_ci(method="wilson")
    return Estimate(successes / trials, float(interval.low), float(interval.high))


def mean_interval(values: np.ndarray, family: int = 1) -> Estimate:
    """Mean of independent values with its t interval, for instance over seeds.

    Parameters
    ----------
    values : ndarray
        ``(n,)``, n at least 2, finite.
    family : int
        How many intervals are to hold together with 95 % (Bonferroni).

    Raises
    ------
    ValueError
        With fewer than two values, or one that is not finite.
    """
    values = np.asarray(values, dtype=float)
    fine = values.ndim == 1 and values.size > 1 and np.isfinite(values).all()
    require(fine, f"values must be at least two finite numbers (n,), got {values!r}")
    half = (
        scipy.stats.t.ppf(1 - 0.025 / check_size("family", family), values.size - 1)
        * values.std(ddof=1)
        / np.sqrt(values.size)
    )
    return Estimate(*(float(number) for number in (values.mean(), values.mean() - half, values.mean() + half)))


@dataclass(frozen=True)
class BinaryReport:
    """A binary classifier on held-out data. Printing it shows a table.

    Accuracy, precision and recall come with Wilson intervals; F1 and ROC AUC with bootstrap intervals
    over the series, which hold the number of each class fixed and shrink to a point at exactly 0 and 1.
    What the data cannot define, such as the precision of a model that never says 1, or the bootstrap of a class with
    one series, is NaN.

    Parameters
    ----------
    accuracy, precision, recall, f1, roc_auc : Estimate
        Class 1 is the positive one. ROC AUC is computed on probabilities, not on thresholded labels.
    confusion : ndarray
        ``(2, 2) int``, true class by row, predicted class by column.
    """

    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    f1: Estimate
    roc_auc: Estimate
    confusion: np.ndarray

    def __str__(self) -> str:
        rows = {"accuracy": self.accuracy, "precision": self.precision, "recall": self.recall}
        rows |= {"F1": self.f1, "ROC AUC": self.roc_auc}
        lines = [f"{'':9}  value   95 % interval"]
        lines += [f"{name:9}  {e.value:.4f}  [{e.low:.4f}, {e.high:.4f}]" for name, e in rows.items()]
        return "\n".join(lines)


def binary_report(y: np.ndarray, probability: np.ndarray, *, threshold: float = 0.5, seed: int = 0) -> BinaryReport:
    """Score the probabilities of class 1 against the labels.

    Parameters
    ----------
    y : ndarray
        ``(N,)``, labels 0 and 1, both present.
    probability : ndarray
        ``(N,)``, in [0, 1].
    threshold : float
        Class 1 is predicted from here on.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        When shapes differ, a label is neither 0 nor 1, a class is missing, or a probability is outside
        [0, 1].
    """
    y, probability = np.asarray(y), np.asarray(probability, dtype=float)
    fine = y.ndim == 1 and y.shape == probability.shape
    require(fine, f"y and probability must both be (N,), got {y.shape} and {probability.shape}")
    labels = np.unique(y)
    require(np.array_equal(labels, [0, 1]), f"y must hold the labels 0 and 1, both of them, got {labels}")
    fine = ((probability >= 0) & (probability <= 1)).all()
    require(fine, "probability must lie in [0, 1]; pass probabilities, not logits")
    predicted = probability >= threshold
    confusion = np.bincount(2 * y.astype(int) + predicted, minlength=4).reshape(2, 2)
    (tn, fp), (fn, tp) = confusion.tolist()
    rng = np.random.default_rng(check_size("seed", seed, 0))
    return BinaryReport(
        accuracy=proportion_interval(tn + tp, y.size),
        precision=proportion_interval(tp, tp + fp),
        recall=proportion_interval(tp, tp + fn),
        f1=_bootstrap(_f1, predicted[y == 0], predicted[y == 1], rng),
        roc_auc=_bootstrap(_roc_auc, probability[y == 0], probability[y == 1], rng),
        confusion=confusion,
    )


class AttentionMass(NamedTuple):
    """Per series: the attention inside the truth, and what even attention would give."""

    #: ``(N,)``, attention inside the truth.
    mass: np.ndarray
    #: ``(N,)``, the same for even attention.
    chance: np.ndarray


def attention_mass(weights: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> AttentionMass:
    """Share of the attention that lies where the signal is.

    Parameters
    ----------
    weights : ndarray
        ``(N, T)``, non-negative, each row sums to 1.
    truth : ndarray
        ``(N, T) bool``, true where the signal is; at least once in every series.
    mask : ndarray, optional
        ``(N, T) bool``, true on real steps. Chance spreads the attention evenly over these.

    Raises
    ------
    ValueError
        When shapes differ, a row does not sum to 1, a series has no true step, or padding is true or has
        weight.
    """
    weights, truth = _checked(weights, truth)
    real = np.ones(truth.shape, bool) if mask is None else np.asarray(mask)
    fine = real.shape == truth.shape and real.dtype == bool
    require(fine, f"mask must be {truth.shape} bool like truth, got {real.shape} {real.dtype}")
    fine = not (weights[~real].any() or truth[~real].any())
    require(fine, "padding must have weight 0 and no true step, got some on steps that the mask calls padding")
    return AttentionMass((weights * truth).sum(axis=1), truth.sum(axis=1) / real.sum(axis=1))


def score_attention(weights: np.ndarray | None, batch: SeriesBatch) -> dict[str, float]:
    """Average `attention_mass` and `pointing` over the series of label 1, as sine waves with a flat stretch have it.

    Parameters
    ----------
    weights : ndarray or None
        ``(N, T)``. Without any, mass and pointing are NaN.
    batch : SeriesBatch
        N series without padding, with their truth ``(N, T)``.

    Returns
    -------
    dict
        ``mass``, its ``chance`` level, and ``pointing``.

    Raises
    ------
    ValueError
        As in `attention_mass`, or when the batch has a mask or no truth.
    """
    require(batch.truth is not None and batch.mask is None, "batch must have a truth and no mask")
    signal = batch.y == 1
    truth = batch.truth[signal]
    if weights is None:
        return {"mass": np.nan, "chance": truth.mean(), "pointing": np.nan}
    mass, chance = attention_mass(weights[signal], truth)
    return {"mass": mass.mean(), "chance": chance.mean(), "pointing": pointing(weights[signal], truth).mean()}


def attention_mass_by_shift(weights: np.ndarray, truth: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Mean attention mass when the truth is moved in time: a peak off zero means that attention lags or leads.

    Parameters
    ----------
    weights, truth : ndarray
        ``(N, T)`` as for `attention_mass`. What a shift moves past an end is lost.
    shifts : ndarray
        ``(S,) int``, each below T in size; positive means later.

    Returns
    -------
    ndarray
        ``(S,)``.
    """
    weights, truth = _checked(weights, truth)
    steps = truth.shape[1]
    masses = []
    for shift in np.asarray(shifts).tolist():
        require(abs(shift) < steps, f"shifts must be below T = {steps} in size, got {shift}")
        late, early = max(shift, 0), max(-shift, 0)
        overlap = weights[:, late : steps - early] * truth[:, early : steps - late]
        masses.append(overlap.sum(axis=1).mean())
    return np.array(masses)


def pointing(weights: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Say for each series whether its largest weight, the first of several equal ones, lies where the signal is.

    Arguments and errors as `attention_mass`, without a mask.

    Returns
    -------
    ndarray
        ``(N,) bool``.
    """
    weights, truth = _checked(weights, truth)
    return np.take_along_axis(truth, weights.argmax(axis=1)[:, None], axis=1)[:, 0]


def _checked(weights: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weights, truth = np.asarray(weights), np.asarray(truth)
    fine = weights.ndim == 2 and weights.shape == truth.shape and truth.dtype == bool
    wanted = "weights and truth must both be (N, T), truth bool"
    require(fine, f"{wanted}, got {weights.shape} and {truth.shape} {truth.dtype}")
    sums = weights.sum(axis=1)
    if not ((weights >= 0).all() and np.allclose(sums, 1, atol=1e-4)):
        raise ValueError(f"weights must be non-negative with rows that sum to 1, got sums {sums.min()} to {sums.max()}")
    empty = np.flatnonzero(~truth.any(axis=1))[:3]
    require(not empty.size, f"every series needs a true step, got none in series {empty}; select those with a signal")
    return weights, truth


def _bootstrap(measure: Callable, negative: np.ndarray, positive: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Percentile interval over series drawn with replacement within each class, so that both stay present."""
    low = high = np.nan
    if min(negative.size, positive.size) > 1:
        options = {"n_resamples": BOOTSTRAP_RESAMPLES, "batch": 100, "vectorized": True, "rng": rng}
        resampled = scipy.stats.bootstrap((negative, positive), measure, method="percentile", **options)
        low, high = resampled.confidence_interval
    return Estimate(float(measure(negative, positive)), float(low), float(high))


def _f1(negative: np.ndarray, positive: np.ndarray, axis: int = -1) -> np.ndarray:
    """F1 from what is predicted for the series of each class."""
    hits = positive.sum(axis=axis)
    return 2 * hits / (positive.shape[axis] + hits + negative.sum(axis=axis))


def _roc_auc(negative: np.ndarray, positive: np.ndarray, axis: int = -1) -> np.ndarray:
    """Share of the pairs that the probabilities put in the right order, ties as half: Mann and Whitney (1947)."""
    n, p = negative.shape[axis], positive.shape[axis]
    ranks = scipy.stats.rankdata(np.concatenate([negative, positive], axis=axis), axis=axis)
    return (np.take(ranks, range(n, n + p), axis=axis).sum(axis=axis) - p * (p + 1) / 2) / (n * p)
