"""Put a ranking of time steps to the test: delete the best ones, and see what the score does.

After Petsiuk, Das and Saenko (2018), for series. If a ranking names what a score rests on, the score falls soon when
steps are deleted in that order, and late in the reverse order. What stands where a step was deleted decides the answer,
so there is no default for it.
"""

from collections.abc import Callable

import numpy as np

from tsattn_tutorial.arguments import require

#: Takes series ``(N, T, D)`` and their deleted steps ``(N, T) bool``; returns the series with something else there.
Replacement = Callable[[np.ndarray, np.ndarray], np.ndarray]
#: Takes series ``(N, T, D)``; returns a number each, ``(N,)``, such as the logit or the probability of class 1.
Score = Callable[[np.ndarray], np.ndarray]


def ranking(importance: np.ndarray) -> np.ndarray:
    """Return the place of each step in the order of falling importance, counted from 0; equal ones in order of time.

    Parameters
    ----------
    importance : ndarray
        ``(N, T)``, such as attention weights; without NaN.

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
    return np.argsort(np.argsort(-importance, axis=1, kind="stable"), axis=1)


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
        What stands where a step was deleted: `interpolated`, `series_mean`, `taken_from`, or another.

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


def area(curve: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mean height of each curve, by trapezoids: small is good for deletion, large for insertion.

    Parameters
    ----------
    curve : ndarray
        ``(N, S)``, S at least 2.
    shares : ndarray
        ``(S,)``, rising.

    Returns
    -------
    ndarray
        ``(N,)``.

    Raises
    ------
    ValueError
        When the shapes do not fit, or the shares do not rise.
    """
    curve, shares = np.asarray(curve, dtype=float), np.asarray(shares, dtype=float)
    fine = curve.ndim == 2 and shares.shape == curve.shape[1:] and shares.size > 1 and (np.diff(shares) > 0).all()
    require(fine, f"curve must be (N, S) and shares (S,), rising, S > 1; got {curve.shape} and {shares.shape}")
    return np.trapezoid(curve, shares, axis=1) / (shares[-1] - shares[0])


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
