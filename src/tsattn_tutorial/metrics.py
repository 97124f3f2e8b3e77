"""How good, how sure, and does the attention lie where the signal is."""

from typing import NamedTuple

import numpy as np
import scipy

from tsattn_tutorial.arguments import check_number, check_size, require
from tsattn_tutorial.datasets import SeriesBatch


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

    def evidence(self, margin: float) -> str:
        """Say in one of three words how a difference stands to 0: "clear", "equal within" the margin, or "open"."""
        if self.low > 0 or self.high < 0:
            return "clear"
        return f"equal within {margin:g}" if max(-self.low, self.high) <= margin else "open"


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


def mean_interval(values: np.ndarray, family: int = 1, *, overlap: float = 0.0, least: float = 0.0) -> Estimate:
    """Mean of values with its 95 % t interval, for instance over seeds.

    Parameters
    ----------
    values : ndarray
        ``(n,)``, n at least 2, finite.
    family : int
        How many intervals are to hold together with 95 % (Bonferroni).
    overlap : float
        Where each value comes from a split of the same series: test over training series, which widens the interval
        for training sets that overlap (Nadeau and Bengio 2003). 0 for independent values.
    least : float
        Floor under the standard deviation, for values that may all tie.

    Raises
    ------
    ValueError
        With fewer than two values, or one that is not finite.
    """
    values = np.asarray(values, dtype=float)
    fine = values.ndim == 1 and values.size > 1 and np.isfinite(values).all()
    require(fine, f"values must be at least two finite numbers (n,), got {values!r}")
    quantile = scipy.stats.t.ppf(1 - 0.025 / check_size("family", family), values.size - 1)
    half = quantile * max(values.std(ddof=1), least) * np.sqrt(1 / values.size + check_number("overlap", overlap, 0))
    return Estimate(*(float(number) for number in (values.mean(), values.mean() - half, values.mean() + half)))


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
    """Say for each series whether its largest weight lies where the signal is; of several equal ones, which share.

    Arguments and errors as `attention_mass`, without a mask.

    Returns
    -------
    ndarray
        ``(N,)``, 0 or 1 but where several weights are the largest.
    """
    weights, truth = _checked(weights, truth)
    largest = weights == weights.max(axis=1, keepdims=True)
    return (largest & truth).sum(axis=1) / largest.sum(axis=1)


class Localisation(NamedTuple):
    """How well importance finds the signal, per series. All are shares; 1 is the best."""

    #: ``(N,)``, the part of the positive importance that is inside the truth; even where there is none.
    mass: np.ndarray
    #: ``(N,)``, `pointing`.
    pointing: np.ndarray
    #: ``(N,)``, the area under precision and recall (Ismail et al. 2020), as the average precision.
    precision: np.ndarray
    #: ``(N,)``, NDCG@n (Early et al. 2024), n being the number of true steps.
    ndcg: np.ndarray


def localisation(importance: np.ndarray, truth: np.ndarray) -> Localisation:
    """Compare importance of any sign ``(N, T)`` with the truth ``(N, T)``, true somewhere in every series.

    Equal ones count as if in random order. Raises ValueError as `attention_mass` does.
    """
    from sklearn.metrics import average_precision_score, ndcg_score

    positive = np.maximum(importance, 0)
    positive[~positive.any(axis=1)] = 1
    share = positive / positive.sum(axis=1, keepdims=True)
    mass, _ = attention_mass(share, truth)
    top = np.asarray(importance) == np.max(importance, axis=1, keepdims=True)
    points = pointing(top / top.sum(axis=1, keepdims=True), truth)
    pairs = list(zip(truth, importance, strict=True))
    precision = [average_precision_score(true, one) for true, one in pairs]
    ndcg = [ndcg_score([true], [one], k=true.sum()) for true, one in pairs]
    return Localisation(mass, points, np.array(precision), np.array(ndcg))


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
