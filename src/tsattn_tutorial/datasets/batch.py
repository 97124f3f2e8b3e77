"""What every data set of the book looks like; how it is padded and split; real series that ship inside aeon."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from tsattn_tutorial.arguments import check_choice, check_size, require

#: Names that `archive_series` knows: all labelled sets of the UCR and UEA archives that aeon ships.
ARCHIVE = ("ACSF1", "ArrowHead", "BasicMotions", "Covid3Month_disc", "GunPoint", "ItalyPowerDemand")
ARCHIVE += ("JapaneseVowels", "OSULeaf", "PickupGestureWiimoteZ")


@dataclass(frozen=True, eq=False)
class SeriesBatch:
    """Labelled series, and where their signal really is, if that is known.

    Parameters
    ----------
    x : ndarray
        ``(N, T, D) float32``, the series; T and D are positive.
    y : ndarray
        ``(N,)``, the labels: whole numbers of any kind, kept as int64. -1 where the class is not known.
    truth : ndarray, optional
        ``(N, T)`` or ``(N, T, D) bool``, true where the signal stands that decides the label. It scores
        explanations and never enters training. None for series from the field, where nobody knows.
    mask : ndarray, optional
        ``(N, T) bool``, true on real steps and false on padding, which follows them. None means that
        every step is real.
    classes : tuple of str, optional
        Names of the labels 0, 1, ..., C-1, all different. None where the labels have no names.
    ids : tuple of str, optional
        A name of each series, as the table has it that it was read from.

    Raises
    ------
    ValueError
        When one is no array, such as a list, a column of a table, which would be indexed by the names of its rows, or
        a masked array; when a shape or type differs from the above, a value on a real step is not finite, the padding
        does not follow the real steps, or a label has no name among the classes.
    """

    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray | None = None
    mask: np.ndarray | None = None
    classes: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("x", "y", *(part for part in ("truth", "mask") if getattr(self, part) is not None)):
            value = getattr(self, name)
            plain = isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray)
            require(plain, f"{name} must be an array, got {type(value).__name__}")
            object.__setattr__(self, name, np.asarray(value))  # no subclass, which may index in its own way
        require(self.x.ndim == 3 and all(self.x.shape[1:]), f"x must be (N, T, D), T and D > 0, got {self.x.shape}")
        require(self.x.dtype == np.float32, f"x must be float32, got {self.x.dtype}")
        n, t, d = self.x.shape
        require(self.y.shape == (n,), f"y must be ({n},) like x, got {self.y.shape}")
        require(self.y.dtype.kind in "iu", f"y must hold integers, got {self.y.dtype}")
        labels = self.y.astype(np.int64, copy=False)
        require(np.array_equal(labels, self.y), "y must hold integers that int64 can hold, got larger ones")
        object.__setattr__(self, "y", labels)
        if self.truth is not None:
            shape = self.truth.shape
            require(shape in ((n, t), (n, t, d)), f"truth must be {(n, t)} or {(n, t, d)}, got {shape}")
            require(self.truth.dtype == bool, f"truth must be bool, got {self.truth.dtype}")
        if self.classes is not None:
            names = tuple(self.classes) if isinstance(self.classes, tuple | list) else (None,)
            different = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
            require(different, f"classes must be a tuple of different names, got {self.classes!r}")
            object.__setattr__(self, "classes", names)
            unnamed = sorted(set(self.y.tolist()) - set(range(-1, len(names))))
            require(not unnamed, f"y must hold labels of the classes {names}, counted from 0; got {unnamed[:3]}")
        if self.ids is not None:
            require(len(self.ids) == n, f"ids must be {n} names like x, got {len(self.ids)}")
            object.__setattr__(self, "ids", tuple(self.ids))
        real = self.x
        if self.mask is not None:
            require(self.mask.shape == (n, t), f"mask must be {(n, t)} like x, got {self.mask.shape}")
            require(self.mask.dtype == bool, f"mask must be bool, got {self.mask.dtype}")
            require(bool(self.mask[:, 0].all()), "mask must leave every series at least one real step")
            gaps = np.flatnonzero((self.mask[:, 1:] & ~self.mask[:, :-1]).any(axis=1))
            require(not gaps.size, f"mask must end in padding, got real steps after padding in series {gaps[:3]}")
            real = self.x[self.mask]
        require(bool(np.isfinite(real).all()), "x must be finite on every real step, got NaN or infinity")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> "SeriesBatch":
        """Select series with a slice, with their places as an array or list, or with a boolean array ``(N,)``."""
        rows = index if isinstance(index, slice) else np.arange(len(self))[index]
        fine = isinstance(index, slice) or (rows.ndim == 1 and not isinstance(index, np.ma.MaskedArray))
        require(fine, f"select series with a slice or an array (n,), got {index!r}")
        truth, mask = (None if part is None else part[rows] for part in (self.truth, self.mask))
        ids = None if self.ids is None else tuple(self.ids[row] for row in np.arange(len(self))[rows])
        return SeriesBatch(self.x[rows], self.y[rows], truth, mask, self.classes, ids)

    def to_aeon(self) -> tuple[np.ndarray | list[np.ndarray], np.ndarray | None]:
        """Return the series and their labels as aeon and scikit-learn take them.

        Returns
        -------
        series : ndarray or list of ndarray
            ``(N, D, T)``; where there is a mask, one array ``(D, T_i)`` a series, without its padding.
        labels : ndarray or None
            ``(N,)``, by name where the classes have names; None when no series has a label.

        Raises
        ------
        ValueError
            When some series have a label and others have none.
        """
        known = self.y >= 0
        fine = known.all() or not known.any()
        require(fine, f"expected a label for each series, or none; got {(~known).sum()} of -1")
        x = self.x.transpose(0, 2, 1)
        series = x if self.mask is None else [one[:, real] for one, real in zip(x, self.mask, strict=True)]
        names = self.y if self.classes is None else np.array(self.classes)[self.y]
        return series, names if known.all() else None


class Split(NamedTuple):
    """Three disjoint batches."""

    #: To fit.
    train: SeriesBatch
    #: To choose.
    validation: SeriesBatch
    #: To score, once.
    test: SeriesBatch


def train_validation_test_split(
    batch: SeriesBatch,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    *,
    stratify: bool = False,
    groups: Sequence | None = None,
) -> Split:
    """Shuffle the series and cut them into three parts.

    Parameters
    ----------
    batch : SeriesBatch
        The series, N of them.
    fractions : sequence of float
        Shares of train, validation and test; positive, with sum 1. The default is the source's.
    seed : int
        Seed of the shuffle.
    stratify : bool
        Give every class these shares, and each part at least one series of it.
    groups : sequence, optional
        ``(N,)``, such as the subject of each series: the shares are those of groups, and none is in two parts.

    Raises
    ------
    ValueError
        When the fractions are not three positive numbers with sum 1, a part would be empty, or a class has less than
        three series to share out.
    """
    fine = len(fractions) == 3 and all(share > 0 for share in fractions) and abs(sum(fractions) - 1) < 1e-9
    require(fine, f"fractions must be three positive numbers with sum 1, got {fractions}")
    n, rng = len(batch), np.random.default_rng(check_size("seed", seed, 0))
    require(not stratify or groups is None, "expected stratify or groups, got both")
    require(groups is None or np.shape(groups) == (n,), f"groups must be ({n},) like x, got {np.shape(groups)}")
    owner = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    by_class, parts = [np.flatnonzero(batch.y == label) for label in np.unique(batch.y)], [[], [], []]
    for strata in by_class if stratify else [np.unique(owner)]:
        cuts = np.round(np.cumsum(fractions[:2]) * strata.size).astype(int)
        if stratify:
            require(strata.size > 2, f"stratify needs three series of every class, got {strata.size} of one")
            cuts = np.clip(cuts, [1, min(max(cuts[0], 1), strata.size - 2) + 1], [strata.size - 2, strata.size - 1])
        for part, chosen in zip(parts, np.split(strata[rng.permutation(strata.size)], cuts), strict=True):
            part.extend(chosen if groups is None else np.flatnonzero(np.isin(owner, chosen)))
    require(all(parts), f"every part needs a series, got {n} series for fractions {fractions}")
    return Split(*(batch[part] for part in parts))


def shared_classes(*classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the names that label 0, 1, ... have in all batches that name them; raise ValueError when they differ."""
    names = list(dict.fromkeys(one for one in classes if one is not None))
    advice = "read the second file with classes=train.classes"
    require(len(names) < 2, f"expected the same classes everywhere, got {names[0:2]}; {advice}")
    return names[0] if names else None


def padded(series: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    """Put series ``(D, T_i)`` into ``x (N, T, D) float32``, 0 behind their end, with a mask where lengths differ."""
    lengths = np.array([one.shape[1] for one in series])
    mask = np.arange(lengths.max()) < lengths[:, None]
    x = np.zeros((*mask.shape, len(series[0])), np.float32)
    for row, one in zip(x, series, strict=True):
        row[: one.shape[1]] = one.T
    return x, None if mask.all() else mask


def rolled(batch: SeriesBatch, rng: np.random.Generator) -> SeriesBatch:
    """Turn each series in a circle, by a random number of steps; padding, which comes last, stays."""
    steps = np.arange(batch.x.shape[1])
    lengths = np.full((len(batch), 1), len(steps)) if batch.mask is None else batch.mask.sum(axis=1, keepdims=True)
    index = np.where(steps < lengths, (steps + rng.integers(lengths)) % lengths, steps)  # (N, T)
    return replace(batch, x=np.take_along_axis(batch.x, index[:, :, None], axis=1), truth=None)


def filled(series: np.ndarray) -> np.ndarray:
    """Draw straight lines over the gaps (NaN) of each channel ``(channels, T)``; 0 where a channel is all gap."""
    series = np.array(series, float)
    for channel in np.flatnonzero(np.isnan(series).any(axis=1)):
        gap = np.isnan(series[channel])
        there = np.flatnonzero(~gap)
        series[channel, gap] = np.interp(np.flatnonzero(gap), there, series[channel, there]) if there.size else 0.0
    return series


def archive_series(name: str, split: Literal["train", "test"]) -> SeriesBatch:
    """Read a classification problem of the UCR and UEA archives in the split that the archives publish.

    Parameters
    ----------
    name : str
        One of ``ARCHIVE``.
    split : {"train", "test"}
        Which part.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D)``, padded with zeros and with a mask where lengths differ; T is the largest length
        of this part. ``classes`` are the labels of the archive, in their order. There is no truth.

    Raises
    ------
    ValueError
        When the name or the split is another.

    Notes
    -----
    Dau et al. (2019) for the UCR archive, Bagnall et al. (2018) for the UEA archive; reader and copy by aeon.
    """
    check_choice("name", name, ARCHIVE)
    check_choice("split", split, ("train", "test"))
    from aeon.datasets import load_classification  # takes seconds to import

    series, labels = load_classification(name, split=split)  # (D, T) each, one array where lengths are equal
    classes, y = np.unique(labels, return_inverse=True)
    x, mask = padded(series)
    return SeriesBatch(x, y, mask=mask, classes=tuple(map(str, classes)))
