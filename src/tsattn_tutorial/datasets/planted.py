"""Normal noise with the label planted in time steps, dimensions, or single cells of the grid.

The noise, the labels and the steps of `cued_steps` are drawn from three streams of random numbers, so nothing but the
planted values depends on the label. Every function raises a ValueError when a size is not a positive integer, or a
position is none, or stands twice.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tsattn_tutorial.arguments import check_choice, check_size, generators, require
from tsattn_tutorial.datasets.batch import SeriesBatch


def planted_steps(
    size: int = 30_000, *, steps: int = 20, dimensions: int = 2, position: int | Sequence[int] = 10, seed: int = 0
) -> SeriesBatch:
    """Plant the label in every dimension of one time step.

    The defaults are the data of ``philipperemy/keras-attention-mechanism`` (2017).

    Parameters
    ----------
    size, steps, dimensions : int
        N series of T steps and D dimensions.
    position : int or sequence of int
        The step, counted from 0. With several, the label stands in each of them.
    seed : int
        Seed of noise and labels.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, ``y (N,)`` in {0, 1}, ``truth (N, T)``, true at the planted steps.
    """
    x, y, _ = _noise_and_labels(size, steps, dimensions, seed)
    truth = np.zeros((size, steps), bool)
    truth[:, *_indices(position, steps)] = True
    return SeriesBatch(np.where(truth[:, :, None], _column(y), x), y, truth)


def cued_steps(size: int = 30_000, *, steps: int = 20, dimensions: int = 2, seed: int = 0) -> SeriesBatch:
    """Plant the label in every dimension of a time step that each series has for itself, and say which in a cue.

    Arguments and errors as of `planted_steps`.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D + 1)``, whose last dimension is the cue, 1 at the planted step and 0 elsewhere; ``y (N,)`` in
        {0, 1}; ``truth (N, T)``, true at the planted steps.
    """
    x, y, rng = _noise_and_labels(size, steps, dimensions, seed)
    truth = np.zeros((size, steps), bool)
    truth[np.arange(size), rng.integers(steps, size=size)] = True
    cue = truth[:, :, None]
    return SeriesBatch(np.concatenate([np.where(cue, _column(y), x), cue], axis=2, dtype=np.float32), y, truth)


def planted_dimensions(
    size: int = 10_000, *, steps: int = 6, dimensions: int = 10, position: int | Sequence[int] = 5, seed: int = 0
) -> SeriesBatch:
    """Plant the label in one dimension, at every time step.

    Parameters
    ----------
    size, steps, dimensions, seed
        As of `planted_steps`.
    position : int or sequence of int
        The dimension or dimensions that hold the label, counted from 0.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, ``y (N,)`` in {0, 1}, ``truth (N, T, D)``, true in the planted dimensions.
    """
    x, y, _ = _noise_and_labels(size, steps, dimensions, seed)
    truth = np.zeros(x.shape, bool)
    truth[:, :, *_indices(position, dimensions)] = True
    return SeriesBatch(np.where(truth, _column(y), x), y, truth)


def planted_cells(
    size: int = 30_000,
    *,
    steps: int = 10,
    dimensions: int = 6,
    position: tuple[int, int] | Sequence[tuple[int, int]] = (7, 2),
    rule: Literal["copy", "sum"] = "copy",
    seed: int = 0,
) -> SeriesBatch:
    """Plant the label in single cells of the grid: one step of one dimension.

    Parameters
    ----------
    size, steps, dimensions, seed
        As of `planted_steps`.
    position : pair of int, or sequence of pairs
        Step and dimension of the cell or cells, counted from 0.
    rule : {"copy", "sum"}
        With ``"copy"`` each cell holds the label. With ``"sum"`` the cells keep their noise, and the label says
        whether their sum is positive: one of two cells then leaves a quarter of the labels wrong.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, ``y (N,)`` in {0, 1}, ``truth (N, T, D)``, true in the cells.
    """
    check_choice("rule", rule, ("copy", "sum"))
    x, y, _ = _noise_and_labels(size, steps, dimensions, seed)
    cells = _indices(position, steps, dimensions)
    truth = np.zeros(x.shape, bool)
    truth[:, *cells] = True
    if rule == "sum":
        return SeriesBatch(x, (x[:, *cells].sum(axis=1) > 0).astype(np.int64), truth)
    return SeriesBatch(np.where(truth, _column(y), x), y, truth)


def _noise_and_labels(size: int, steps: int, dimensions: int, seed: int):
    """Draw ``x (N, T, D) float32`` and ``y (N,) int64``; return a generator for positions with them."""
    shape = check_size("size", size), check_size("steps", steps), check_size("dimensions", dimensions)
    noise, labels, positions = generators(seed, 3)
    return noise.standard_normal(shape, dtype=np.float32), labels.integers(2, size=size), positions


def _column(y: np.ndarray) -> np.ndarray:
    return y[:, None, None].astype(np.float32)


def _indices(position: int | Sequence, *sizes: int) -> list[np.ndarray]:
    """Return one or several positions as an array of indices for each axis, all different and within its size."""
    cells = np.array(position, ndmin=len(sizes))
    fine = cells.dtype.kind in "iu" and cells.size > 0 and cells.shape[1:] == (2,) * (len(sizes) - 1)
    rows = cells.reshape(-1, len(sizes)) if fine else cells  # (positions, axes)
    one = "an index" if len(sizes) == 1 else "a cell (step, dimension)"
    wanted = f"{one}, from 0 on and {' and '.join(f'below {size}' for size in sizes)}, or several different ones"
    fine = fine and ((rows >= 0) & (rows < sizes)).all() and len(np.unique(rows, axis=0)) == len(rows)
    require(fine, f"position must be {wanted}, got {position!r}")
    return list(rows.T)
