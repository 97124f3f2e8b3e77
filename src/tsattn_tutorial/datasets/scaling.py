"""Bring series to one scale, learnt from the training series alone, and to one length."""

from dataclasses import replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from tsattn_tutorial.datasets.batch import SeriesBatch

__all__ = ["padded", "standardised"]


def padded(batch: SeriesBatch, steps: int) -> SeriesBatch:
    """Add padding at the end, so that the series fit a model that was built for longer ones.

    Parameters
    ----------
    batch : SeriesBatch
        ``x (N, T, D)``, and what belongs to it.
    steps : int
        T of the result, at least that of the batch.

    Raises
    ------
    ValueError
        When the series are longer than that.
    """
    more = steps - batch.x.shape[1]
    if more < 0:
        raise ValueError(f"expected series of at most {steps} steps, got {batch.x.shape[1]}")

    def longer(part: np.ndarray | None) -> np.ndarray | None:
        return None if part is None else np.pad(part, [(0, 0), (0, more), *[(0, 0)] * (part.ndim - 2)])

    return replace(
        batch, x=longer(batch.x), truth=longer(batch.truth), mask=longer(_real(batch)) if more else batch.mask
    )


def standardised(train: SeriesBatch, *others: SeriesBatch) -> tuple[SeriesBatch, ...]:
    """Scale each dimension so that the real steps of the training series have mean 0 and variance 1.

    Parameters
    ----------
    train : SeriesBatch
        Mean and variance are taken from here.
    *others : SeriesBatch
        Scaled by the same numbers.

    Returns
    -------
    tuple of SeriesBatch
        ``train`` and the others, in their order. Padding is 0. A dimension that never varies is only shifted.

    Raises
    ------
    ValueError
        When the batches differ in their number of dimensions, or there is no training series.
    """
    batches = (train, *others)
    dimensions = [batch.x.shape[2] for batch in batches]
    if not len(train) or len(set(dimensions)) > 1:
        raise ValueError(f"expected training series and equal dimensions, got {len(train)} and {dimensions}")
    scaler = StandardScaler().fit(train.x[_real(train)].astype(float))
    scaled = []
    for batch in batches:
        x, real = np.zeros_like(batch.x), _real(batch)
        if real.any():
            x[real] = scaler.transform(batch.x[real].astype(float))
        scaled.append(replace(batch, x=x))
    return tuple(scaled)


def _real(batch: SeriesBatch) -> np.ndarray:
    return np.ones(batch.x.shape[:2], bool) if batch.mask is None else batch.mask
