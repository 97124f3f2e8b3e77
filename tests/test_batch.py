"""Batches hold together and take nothing that indexes otherwise; splits lose no series."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.datasets import train_validation_test_split as split_up
from tsattn_tutorial.datasets.batch import rolled

X, Y, TRUTH = np.zeros((4, 6, 1), np.float32), np.array([0, 1, 0, 1]), np.zeros((4, 6), bool)
# Each series says its own label.
TOLD = SeriesBatch(np.arange(6, dtype=np.float32)[:, None, None], np.arange(6), np.eye(6, dtype=bool)[:, :1])


@given(st.integers(10, 400), st.integers(0, 2**32))
@settings(deadline=None)
def test_every_series_lands_in_exactly_one_part_as_the_seed_says(size, seed):
    batch = SeriesBatch(np.arange(size, dtype=np.float32)[:, None, None], np.arange(size))
    split, again = split_up(batch, seed=seed), split_up(batch, seed=seed)
    assert all(np.array_equal(part.x.ravel(), part.y) for part in split)
    assert sorted(np.concatenate([part.y for part in split])) == list(range(size))
    assert [len(part) for part in split] == pytest.approx([0.7 * size, 0.1 * size, 0.2 * size], abs=1)
    other = split_up(batch, seed=seed + 1)
    assert np.array_equal(split.train.y, again.train.y) and not np.array_equal(split.train.y, other.train.y)


@given(st.lists(st.integers(3, 40), min_size=2, max_size=4), st.integers(0, 99))
@settings(deadline=None)
def test_a_split_keeps_classes_in_every_part_and_groups_in_one(counts, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    batch = SeriesBatch(np.arange(y.size, dtype=np.float32)[:, None, None], y)
    split = split_up(batch, seed=seed, stratify=True)
    for label, count in enumerate(counts):
        shares = [int((part.y == label).sum()) for part in split]
        assert min(shares) >= 1 and shares == pytest.approx([0.7 * count, 0.1 * count, 0.2 * count], abs=1.5)
    groups = np.random.default_rng(seed).integers(5, size=y.size + 5)[: y.size]
    if len(set(groups)) == 5:
        split = split_up(batch, (0.4, 0.3, 0.3), seed, groups=groups)
        parts = [set(groups[part.x.ravel().astype(int)]) for part in split]
        assert sum(map(len, parts)) == 5


@pytest.mark.parametrize(
    ("index", "chosen"),
    [
        (slice(1, 3), [1, 2]),
        (np.array([5, 0], np.uint8), [5, 0]),
        ([-1, 2], [5, 2]),
        ([], []),
        (np.arange(6) % 2 == 1, [1, 3, 5]),
        (pd.Series([4, 1], index=[0, 1]), [4, 1]),
        (pd.Series([True] + [False] * 5, index=[5, 4, 3, 2, 1, 0]), [0]),  # by position, as the arrays are
    ],
)
def test_series_are_selected_by_position_with_all_that_is_theirs(index, chosen):
    part = TOLD[index]
    assert part.y.tolist() == chosen == part.x.ravel().tolist()
    assert part.truth.tolist() == [[k == 0] for k in chosen]


@pytest.mark.parametrize("index", [0, np.int64(1), True, None, np.ma.array([0, 1], mask=[0, 1]), np.eye(2, dtype=int)])
def test_what_selects_no_series_is_refused(index):
    with pytest.raises(ValueError, match="select series with a slice or an array"):
        TOLD[index]


@pytest.mark.parametrize("kind", ["i1", "u1", ">i2", ">i8", "u8"])
def test_labels_of_any_whole_number_become_native_int64(kind):
    y = SeriesBatch(X, Y.astype(kind)).y
    assert y.dtype == np.int64 and y.dtype.isnative and np.array_equal(y, Y)


def test_arrays_of_any_layout_and_subclass_are_taken_as_plain_ones():
    class Backwards(np.ndarray):
        def __getitem__(self, index):
            return super().__getitem__(slice(None, None, -1))

    frozen = np.asfortranarray(TOLD.x)
    frozen.flags.writeable = False
    batch = SeriesBatch(frozen, TOLD.y.view(Backwards), TOLD.truth.view(Backwards))
    assert type(batch.y) is type(batch.truth) is np.ndarray
    assert batch[[3, 1]].y.tolist() == [3, 1] == batch[[3, 1]].x.ravel().tolist()


def test_padding_may_hold_anything_and_a_part_keeps_its_classes():
    mask = np.arange(6) < np.array([[6], [5], [2], [1]])
    part = SeriesBatch(np.where(mask, 1, np.nan).astype(np.float32)[:, :, None], Y, None, mask, ["calm", "gust"])[1:]
    assert part.truth is None and np.array_equal(part.mask, mask[1:]) and part.classes == ("calm", "gust")


def test_a_series_is_turned_in_a_circle_and_its_padding_stays():
    mask = np.arange(6) < np.array([[6], [6], [4], [1]])
    batch = SeriesBatch(np.where(mask, np.arange(6), 9).astype(np.float32)[:, :, None], Y, mask=mask)
    turned = [rolled(batch, np.random.default_rng(seed)).x[:, :, 0] for seed in range(40)]
    for row, real in enumerate(mask):
        circle = {tuple(np.r_[np.roll(batch.x[row, real, 0], k), batch.x[row, ~real, 0]]) for k in range(real.sum())}
        assert {tuple(x[row]) for x in turned} == circle  # every turn, and nothing else
