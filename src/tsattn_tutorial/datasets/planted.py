"""Normal noise with the label planted in one time step, one dimension, or single cells of the grid.

The noise, the labels and the places are drawn from three streams of random numbers, so nothing but
the planted values depends on the label.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Literal

import numpy as np

from tsattn_tutorial.datasets.batch import SeriesBatch

__all__ = ["planted_cells", "planted_dimensions", "planted_steps"]


def planted_steps(
    size: int = 30_000,
    *,
    steps: int = 20,
    dimensions: int = 2,
    place: int | Sequence[int] | Literal["random"] = 10,
    seed: int = 0,
) -> SeriesBatch:
    """Plant the label in every dimension of one time step.

    The defaults are the data of ``philipperemy/keras-attention-mechanism`` (2017).

    Parameters
    ----------
    size : int
        N, series.
    steps, dimensions : int
        T and D.
    place : int, sequence of int, or "random"
        The step, counted from 0. With several, the label stands in each of them. With ``"random"`` every
        series has its own, and one more dimension, the last, holds a cue: 1 at the planted step and 0
        elsewhere.
    seed : int
        Seed of noise, labels and places.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, or ``(N, T, D + 1)`` with the cue; ``y (N,)`` in {0, 1}; ``truth (N, T)``, true at
        the planted steps.

    Raises
    ------
    ValueError
        When a size is not a positive integer or a place is not a step.
    """
    x, y, rng = _noise_and_labels(size, steps, dimensions, seed)
    truth = np.zeros((size, steps), bool)
    if isinstance(place, str):
        if place != "random":
            raise ValueError(f'place must be a step, several steps, or "random", got {place!r}')
        truth[np.arange(size), rng.integers(steps, size=size)] = True
    else:
        truth[:, _places(place, steps)] = True
    x = np.where(truth[:, :, None], y[:, None, None].astype(np.float32), x)
    if place == "random":
        x = np.concatenate([x, truth[:, :, None].astype(np.float32)], axis=2)
    return SeriesBatch(x, y, truth)


def planted_dimensions(
    size: int = 10_000,
    *,
    steps: int = 6,
    dimensions: int = 10,
    place: int | Sequence[int] = 5,
    seed: int = 0,
) -> SeriesBatch:
    """Plant the label in one dimension, at every time step.

    Parameters
    ----------
    size : int
        N, series.
    steps, dimensions : int
        T and D.
    place : int or sequence of int
        The dimension or dimensions that hold the label, counted from 0.
    seed : int
        Seed of noise and labels.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, ``y (N,)`` in {0, 1}, ``truth (N, T, D)``, true in the planted dimensions.

    Raises
    ------
    ValueError
        When a size is not a positive integer or a place is not a dimension.
    """
    x, y, _ = _noise_and_labels(size, steps, dimensions, seed)
    planted = _places(place, dimensions)
    truth = np.zeros(x.shape, bool)
    truth[:, :, planted] = True
    x[:, :, planted] = y[:, None, None]
    return SeriesBatch(x, y, truth)


def planted_cells(
    size: int = 30_000,
    *,
    steps: int = 10,
    dimensions: int = 6,
    place: tuple[int, int] | Sequence[tuple[int, int]] = (7, 2),
    rule: Literal["copy", "sum"] = "copy",
    seed: int = 0,
) -> SeriesBatch:
    """Plant the label in single cells of the grid: one step of one dimension.

    Parameters
    ----------
    size : int
        N, series.
    steps, dimensions : int
        T and D.
    place : pair of int, or sequence of pairs
        Step and dimension of the cell or cells, counted from 0.
    rule : {"copy", "sum"}
        With ``"copy"`` each cell holds the label. With ``"sum"`` the cells keep their noise, and the label says
        whether their sum is positive: one of two cells then leaves a quarter of the labels wrong.
    seed : int
        Seed of noise and labels.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, ``y (N,)`` in {0, 1}, ``truth (N, T, D)``, true in the cells.

    Raises
    ------
    ValueError
        When a size is not a positive integer, a place is not a cell, or the rule is unknown.
    """
    x, y, _ = _noise_and_labels(size, steps, dimensions, seed)
    cells = _cells(place, steps, dimensions)
    grid = x.reshape(size, -1)  # a view
    match rule:
        case "copy":
            grid[:, cells] = y[:, None]
        case "sum":
            y = (grid[:, cells].sum(axis=1) > 0).astype(np.int64)
        case _:
            raise ValueError(f'rule must be "copy" or "sum", got {rule!r}')
    truth = np.zeros(x.shape, bool)
    truth.reshape(size, -1)[:, cells] = True
    return SeriesBatch(x, y, truth)


def _noise_and_labels(size: int, steps: int, dimensions: int, seed: int):
    """Draw ``x (N, T, D) float32`` and ``y (N,) int64``; return a generator for places with them."""
    for name, value in {"size": size, "steps": steps, "dimensions": dimensions}.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value!r}")
    noise, labels, places = np.random.default_rng(seed).spawn(3)
    x = noise.standard_normal((size, steps, dimensions), dtype=np.float32)
    return x, labels.integers(2, size=size), places


def _places(place: int | Sequence[int], count: int) -> list[int]:
    """Return one or several places as a list of different indices below ``count``."""
    places = [place] if isinstance(place, Integral) else list(place)
    if not places or not all(_is_index(index, count) for index in places) or len(set(places)) < len(places):
        raise ValueError(f"place must be an index from 0 to {count - 1}, or several different ones, got {place!r}")
    return places


def _cells(place: tuple[int, int] | Sequence[tuple[int, int]], steps: int, dimensions: int) -> list[int]:
    """Return one or several cells as indices into the flattened grid."""
    error = ValueError(
        f"place must be a cell (step, dimension) with a step below {steps} and a dimension below {dimensions}, "
        f"or several different ones, got {place!r}"
    )
    try:
        cells = [tuple(place)] if isinstance(place[0], Integral) else [tuple(cell) for cell in place]
        fine = all(_is_index(step, steps) and _is_index(dimension, dimensions) for step, dimension in cells)
    except (IndexError, TypeError, ValueError):  # not a sequence, empty, or not of pairs
        raise error from None
    if not fine or len(set(cells)) < len(cells):
        raise error
    return [step * dimensions + dimension for step, dimension in cells]


def _is_index(value: object, count: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and 0 <= value < count
