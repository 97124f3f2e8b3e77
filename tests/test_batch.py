"""Batches hold together, and the split loses and repeats no series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves, train_validation_test_split


@given(st.integers(10, 400), st.integers(0, 2**32))
@settings(deadline=None)
def test_every_series_lands_in_exactly_one_part(size, seed):
    x = np.arange(size, dtype=np.float32)[:, None, None]
    batch = SeriesBatch(x, np.zeros(size, int), np.ones((size, 1), bool))
    split = train_validation_test_split(batch, seed=seed)
    assert sorted(np.concatenate([part.x.ravel() for part in split])) == list(range(size))
    assert [len(part) for part in split] == pytest.approx([0.7 * size, 0.1 * size, 0.2 * size], abs=1)


def test_the_split_is_shuffled_by_its_seed():
    batch = sine_waves(SineConfig(num_points=20, dataset_size=100), seed=0)
    first, again, other = (train_validation_test_split(batch, seed=seed).test.x for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_parts_of_a_batch_stay_together(small_waves):
    flat = small_waves[small_waves.y == 1]
    assert flat.truth.any(axis=1).all() and len(flat) == small_waves.y.sum()
    assert np.array_equal(small_waves[:3].x, small_waves[np.array([0, 1, 2])].x)


def test_padding_may_hold_anything_but_real_steps_may_not():
    mask = np.array([[True, True, False]])
    x = np.array([[[1], [2], [np.nan]]], np.float32)
    batch = SeriesBatch(x, np.array([0]), np.zeros((1, 3), bool), mask)
    assert batch[:1].mask.tolist() == mask.tolist()


def test_a_batch_without_truth_keeps_its_classes():
    batch = SeriesBatch(np.zeros((3, 2, 1), np.float32), np.array([0, 1, 1]), classes=("calm", "gust"))
    part = batch[1:]
    assert part.truth is None and part.mask is None and part.classes == ("calm", "gust")
