"""Series from the field that ship inside aeon, so that nothing is downloaded."""

from typing import Literal

import numpy as np

from tsattn_tutorial.arguments import check_choice
from tsattn_tutorial.datasets.batch import SeriesBatch

#: Names that `archive_series` knows: all labelled sets of the UCR and UEA archives that aeon ships.
ARCHIVE = ("ACSF1", "ArrowHead", "BasicMotions", "Covid3Month_disc", "GunPoint", "ItalyPowerDemand")
ARCHIVE += ("JapaneseVowels", "OSULeaf", "PickupGestureWiimoteZ")


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
    lengths = np.array([one.shape[1] for one in series])
    x = np.zeros((len(series), lengths.max(), series[0].shape[0]), np.float32)
    for row, one in zip(x, series, strict=True):
        row[: one.shape[1]] = one.T
    mask = np.arange(lengths.max()) < lengths[:, None]
    return SeriesBatch(x, y.astype(np.int64), mask=None if mask.all() else mask, classes=tuple(map(str, classes)))
