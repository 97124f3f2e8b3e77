"""Put a ranking of time steps to the test: delete the best ones, and see what the score does.

After Petsiuk, Das and Saenko (2018), for series. If a ranking names what a score rests on, the score falls soon when
steps are deleted in that order, and late in the reverse order. What stands where a step was deleted decides the answer,
so there is no default for it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from tsattn_tutorial.arguments import check_size, generators, require
from tsattn_tutorial.metrics import Estimate, mean_interval

#: Takes series ``(N, T, D)`` and their deleted steps ``(N, T) bool``; returns the series with something else there.
Replacement = Callable[[np.ndarray, np.ndarray], np.ndarray]
#: Takes series ``(N, T, D)``; returns a number each, ``(N,)``, such as the logit or the probability of class 1.
Score = Callable[[np.ndarray], np.ndarray]
CHUNKS = np.linspace(0.05, 0.5, 10)  # shares of the steps that `aopcr` deletes
SHARES = np.linspace(0.1, 0.5, 5)  # those that `against_random` deletes


class Faithfulness(NamedTuple):
    """How far the logit of the predicted class falls when steps are deleted, in the mean over series."""

    #: Deleted by the explanation, the most important steps first.
    named: float
    #: As many steps, deleted at random.
    random: float
    #: Of the first less the second, with its 95 % interval over series.
    difference: Estimate

    def __str__(self) -> str:
        gap = self.difference
        return (
            f"deleting what is named lowers the logit by {self.named:.3g}, deleting at random by {self.random:.3g}; "
            f"difference {gap.value:.3g} [{gap.low:.3g}, {gap.high:.3g}]: {gap.evidence(0)}"
        )


def ranking(importance: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the place of each step in the order of falling importance, counted from 0; equal ones in random order.

    Parameters
    ----------
    importance : ndarray
        ``(N, T)``, such as attention weights; without NaN.
    seed : int
        Decides the order of equal ones.

    Returns
    -------
    ndarray
        ``(N, T) int``.

    Raises
    ------
    ValueError
        When the shape is another, or there is a NaN.
    """
    importance = np.asarray(importance, dtype=float)
    fine = importance.ndim == 2 and not np.isnan(importance).any()
    require(fine, f"importance must be (N, T) without NaN, got {importance.shape}")
    (rng,) = generators(seed, 1)
    return np.argsort(np.lexsort((rng.random(importance.shape), -importance), axis=1), axis=1)


def deletion_curve(
    score: Score, x: np.ndarray, importance: np.ndarray, shares: np.ndarray, replacement: Replacement
) -> np.ndarray:
    """Score series that have lost their most important steps.

    With ``-importance`` and ``1 - shares`` the most important steps are kept instead: the curve of insertion.

    Parameters
    ----------
    score : callable
        From ``(N, T, D)`` to ``(N,)``.
    x : ndarray
        ``(N, T, D)``, series without padding.
    importance : ndarray
        ``(N, T)``; the largest is deleted first, see `ranking`.
    shares : ndarray
        ``(S,)``, which shares of the steps to delete, each in [0, 1].
    replacement : callable
        What stands where a step was deleted: `interpolated`, `series_mean`, `taken_from`, `removed`, or another.

    Returns
    -------
    ndarray
        ``(N, S)``.

    Raises
    ------
    ValueError
        When a shape does not fit, or a share is outside [0, 1].
    """
    x, importance, shares = _floats(x), np.asarray(importance), np.asarray(shares, dtype=float)
    fine = x.ndim == 3 and importance.shape == x.shape[:2]
    require(fine, f"x must be (N, T, D) and importance (N, T), got {x.shape} and {importance.shape}")
    fine = shares.ndim == 1 and shares.size and ((shares >= 0) & (shares <= 1)).all()
    require(fine, f"shares must be (S,) in [0, 1], got {shares}")
    place = ranking(importance)
    columns = []
    for count in np.rint(shares * x.shape[1]).astype(int):
        column = np.asarray(score(replacement(x, place < count)))
        require(column.shape == (len(x),), f"score must return ({len(x)},), got {column.shape}")
        columns.append(column)
    return np.stack(columns, axis=1)


def aopcr(
    score: Score,
    x: np.ndarray,
    importance: Mapping[str, np.ndarray],
    replacement: Replacement,
    *,
    orders: int = 3,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Return by how much more the score falls than under random orders (Early et al. 2024): large is good.

    A twentieth to half of the steps are deleted, the most important ones first; what counts is the mean fall.

    Parameters
    ----------
    score, x, replacement
        As for `deletion_curve`.
    importance : mapping
        ``(N, T)`` by name; all are held against the same orders.
    orders : int
        Random orders, whose mean fall is taken off.
    seed : int
        Seed of these.

    Returns
    -------
    dict
        ``(N,)`` by name, in units of the score.
    """

    def left(one: np.ndarray) -> np.ndarray:  # the score of the whole series drops out
        return deletion_curve(score, x, one, CHUNKS, replacement).mean(axis=1)

    random = np.mean([left(rng.random(x.shape[:2])) for rng in generators(seed, check_size("orders", orders))], axis=0)
    return {name: random - left(one) for name, one in importance.items()}


def against_random(
    score: Callable[..., np.ndarray], x: np.ndarray, importance: np.ndarray, *, seed: int = 0
) -> Faithfulness:
    """Delete the steps that an explanation names and as many at random, and draw a straight line over the gaps.

    A tenth to half of the steps are deleted, the most important ones first; what counts is the mean fall.

    Parameters
    ----------
    score : callable
        Takes some of the series without their padding, ``(n, T', D)``, and their ``places`` among all, ``(n,)``;
        returns the logit of each, ``(n,)``.
    x : ndarray
        ``(N, T, D)``, N at least 2.
    importance : ndarray
        ``(N, T)``, NaN on padding.
    seed : int
        Seed of the random orders, one a series.
    """
    lengths = (~np.isnan(importance)).sum(axis=1)
    random = np.random.default_rng(check_size("seed", seed, 0)).random(importance.shape)
    falls = np.empty((2, len(x)))
    for length in np.unique(lengths):  # deletion takes series without padding
        places = np.flatnonzero(lengths == length)
        whole, here = x[places, :length], partial(score, places=places)
        for row, order in enumerate((importance, random)):
            curve = deletion_curve(here, whole, order[places, :length], SHARES, interpolated)
            falls[row, places] = here(whole) - curve.mean(axis=1)
    return Faithfulness(*falls.mean(axis=1).tolist(), mean_interval(falls[0] - falls[1]))


def removed(x: np.ndarray, deleted: np.ndarray) -> np.ndarray:
    """Leave deleted steps out, so that the series become shorter; as many of each. Arguments as `interpolated`."""
    return x[~deleted].reshape(len(x), -1, x.shape[2])


def interpolated(x: np.ndarray, deleted: np.ndarray) -> np.ndarray:
    """Draw a straight line over each gap, from the last step that is left to the next one.

    A gap at an end takes the value of the nearest step that is left; a series of which nothing is left, its mean.

    Parameters
    ----------
    x : ndarray
        ``(N, T, D)``. Whole numbers become floats.
    deleted : ndarray
        ``(N, T) bool``.

    Raises
    ------
    ValueError
        When a shape does not fit.
    """
    x = _floats(x)
    result = series_mean(x, deleted)
    step = np.arange(x.shape[1])
    for series, gone, values in zip(result, np.asarray(deleted), x, strict=True):
        left = np.flatnonzero(~gone)
        if left.size:
            for dimension in range(x.shape[2]):
                series[:, dimension] = np.interp(step, left, values[left, dimension])
    return result


def series_mean(x: np.ndarray, deleted: np.ndarray) -> np.ndarray:
    """Put the mean of the series, over all its steps, where steps were deleted. Arguments as `interpolated`."""
    return taken_from(np.mean(x, axis=1, keepdims=True, dtype=float))(x, deleted)


def taken_from(other: np.ndarray) -> Replacement:
    """Make a replacement that takes deleted steps from other series.

    Parameters
    ----------
    other : ndarray
        ``(N, T, D)``, or what can be broadcast to it.
    """

    def replacement(x: np.ndarray, deleted: np.ndarray) -> np.ndarray:
        x, deleted = _floats(x), np.asarray(deleted)
        fine = x.ndim == 3 and deleted.shape == x.shape[:2] and deleted.dtype == bool
        require(fine, f"x must be (N, T, D) and deleted (N, T) bool, got {x.shape}, {deleted.shape}")
        return np.where(deleted[:, :, None], np.broadcast_to(other, x.shape), x).astype(x.dtype)

    return replacement


def _floats(x: np.ndarray) -> np.ndarray:
    """Return whole numbers as float64, and floats in their own precision."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)
