"""Series from the field come as the archives publish them, without a network."""

import socket

import numpy as np
import pytest
from aeon.datasets import load_classification

from tsattn_tutorial.datasets import ARCHIVE, archive_series

SIZES = {  # train, test, longest series, dimensions, classes: as the archives state them
    "ACSF1": (100, 100, 1460, 1, 10),
    "ArrowHead": (36, 175, 251, 1, 3),
    "BasicMotions": (40, 40, 100, 6, 4),
    "Covid3Month_disc": (140, 61, 84, 1, 3),
    "GunPoint": (50, 150, 150, 1, 2),
    "ItalyPowerDemand": (67, 1029, 24, 1, 2),
    "JapaneseVowels": (270, 370, 29, 12, 9),
    "OSULeaf": (200, 242, 427, 1, 6),
    "PickupGestureWiimoteZ": (50, 50, 361, 1, 10),
}


@pytest.mark.parametrize("name", ARCHIVE)
def test_sizes_are_those_of_the_archive_and_nothing_is_downloaded(name, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", None)
    train, test = archive_series(name, "train"), archive_series(name, "test")
    longest = max(train.x.shape[1], test.x.shape[1])
    assert (len(train), len(test), longest, train.x.shape[2], len(train.classes)) == SIZES[name]
    assert train.classes == test.classes and set(train.y) == set(range(len(train.classes)))
    series, labels = load_classification(name, split="test")  # (D, T) each
    for k in (0, -1):
        assert np.array_equal(test.x[k, : series[k].shape[1]].T, series[k].astype(np.float32))
        assert test.classes[test.y[k]] == labels[k]
    assert (train.mask is None) == (name not in {"JapaneseVowels", "PickupGestureWiimoteZ"})
    if test.mask is not None:
        assert test.mask.sum(axis=1).tolist() == [one.shape[1] for one in series]
        assert not test.x[~test.mask].any()
