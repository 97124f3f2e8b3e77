"""Series from the field come as the archives publish them, without a network."""

import socket

import numpy as np
import pytest

from tsattn_tutorial.datasets import ARCHIVE, archive_series

SIZES = {  # train, test, longest series, dimensions, classes: as the archives state them
    "ACSF1": (100, 100, 1460, 1, 10),
    "ArrowHead": (36, 175, 251, 1, 3),
    "BasicMotions": (40, 40, 100, 6, 4),
    "GunPoint": (50, 150, 150, 1, 2),
    "ItalyPowerDemand": (67, 1029, 24, 1, 2),
    "JapaneseVowels": (270, 370, 29, 12, 9),
    "OSULeaf": (200, 242, 427, 1, 6),
}


@pytest.mark.parametrize("name", ARCHIVE)
def test_sizes_are_those_of_the_archive_and_nothing_is_downloaded(name, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    train, test = archive_series(name, "train"), archive_series(name, "test")
    longest = max(train.x.shape[1], test.x.shape[1])
    assert (len(train), len(test), longest, train.x.shape[2], len(train.classes)) == SIZES[name]
    assert train.classes == test.classes and set(train.y) == set(range(len(train.classes)))
    assert (train.mask is None) == (name != "JapaneseVowels")


def test_lengths_of_japanese_vowels():
    test = archive_series("JapaneseVowels", "test")
    lengths = test.mask.sum(axis=1)
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert not test.x[~test.mask].any() and np.abs(test.x[test.mask]).max() > 0


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("Wafer", "train", "name must be one of 'ACSF1', 'ArrowHead'.*; got 'Wafer'"),
        ("GunPoint", "all", "split must be"),
    ],
)
def test_other_names(name, split, message):
    with pytest.raises(ValueError, match=message):
        archive_series(name, split)
