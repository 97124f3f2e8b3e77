"""What every data set of the book looks like, and how it is split."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["SeriesBatch", "Split", "train_validation_test_split"]


@dataclass(frozen=True, eq=False)
class SeriesBatch:
    """Labelled series, and where their signal really is, if that is known.

    Parameters
    ----------
    x : ndarray
        ``(N, T, D) float32``, the series.
    y : ndarray
        ``(N,) int64``, the labels.
    truth : ndarray, optional
        ``(N, T)`` or ``(N, T, D) bool``, true where the signal stands that decides the label. It scores
        explanations and never enters training. None for series from the field, where nobody knows.
    mask : ndarray, optional
        ``(N, T) bool``, true on real steps and false on padding, which follows them. None means that
        every step is real.
    classes : tuple of str, optional
        Names of the labels 0, 1, ..., C-1. None where the labels have no names.

    Raises
    ------
    ValueError
        When a shape or type differs from the above, a value on a real step is not finite, the
        padding does not follow the real steps, or a label has no name among the classes.
    """

    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray | None = None
    mask: np.ndarray | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _require(self.x.ndim == 3, f"x must be (N, T, D), got {self.x.shape}")
        _require(self.x.dtype == np.float32, f"x must be float32, got {self.x.dtype}")
        n, t, d = self.x.shape
        _require(self.y.shape == (n,), f"y must be ({n},) like x, got {self.y.shape}")
        _require(np.issubdtype(self.y.dtype, np.integer), f"y must hold integers, got {self.y.dtype}")
        if self.truth is not None:
            shape = self.truth.shape
            _require(shape in ((n, t), (n, t, d)), f"truth must be {(n, t)} or {(n, t, d)}, got {shape}")
            _require(self.truth.dtype == bool, f"truth must be bool, got {self.truth.dtype}")
        if self.classes is not None:
            unnamed = sorted(set(self.y.tolist()) - set(range(len(self.classes))))
            _require(
                not unnamed, f"y must hold labels of the classes {self.classes}, counted from 0; got {unnamed[:3]}"
            )
        real = self.x
        if self.mask is not None:
            _require(self.mask.shape == (n, t), f"mask must be {(n, t)} like x, got {self.mask.shape}")
            _require(self.mask.dtype == bool, f"mask must be bool, got {self.mask.dtype}")
            _require(bool(self.mask[:, 0].all()), "mask must leave every series at least one real step")
            gaps = np.flatnonzero((self.mask[:, 1:] & ~self.mask[:, :-1]).any(axis=1))
            _require(not gaps.size, f"mask must end in padding, got real steps after padding in series {gaps[:3]}")
            real = self.x[self.mask]
        _require(bool(np.isfinite(real).all()), "x must be finite on every real step, got NaN or infinity")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | np.ndarray) -> "SeriesBatch":
        """Select series with a slice, an index array or a boolean array of length N."""
        _require(not isinstance(index, int), f"select series with a slice or an array, got the number {index}")
        truth = None if self.truth is None else self.truth[index]
        mask = None if self.mask is None else self.mask[index]
        return SeriesBatch(self.x[index], self.y[index], truth, mask, self.classes)


class Split(NamedTuple):
    """Three disjoint batches."""

    #: To fit.
    train: SeriesBatch
    #: To choose.
    validation: SeriesBatch
    #: To score, once.
    test: SeriesBatch


def train_validation_test_split(
    batch: SeriesBatch, fractions: tuple[float, float, float] = (0.7, 0.1, 0.2), seed: int = 0
) -> Split:
    """Shuffle the series and cut them into three parts.

    Parameters
    ----------
    batch : SeriesBatch
        The series, N of them.
    fractions : tuple of float
        Shares of train, validation and test; positive, with sum 1. The default is the source's.
    seed : int
        Seed of the shuffle.

    Raises
    ------
    ValueError
        When the fractions are not three positive numbers with sum 1, or a part would be empty.
    """
    fine = len(fractions) == 3 and all(share > 0 for share in fractions) and abs(sum(fractions) - 1) < 1e-9
    _require(fine, f"fractions must be three positive numbers with sum 1, got {fractions}")
    n = len(batch)
    cuts = np.round(np.cumsum(fractions[:2]) * n).astype(int)
    parts = np.split(np.random.default_rng(seed).permutation(n), cuts)
    _require(all(part.size for part in parts), f"every part needs a series, got {n} series for fractions {fractions}")
    return Split(*(batch[part] for part in parts))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
