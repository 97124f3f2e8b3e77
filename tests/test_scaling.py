"""Scaling learns from the training series alone; padding changes nothing but the length."""

import numpy as np
import pytest

from tsattn_tutorial.datasets import SeriesBatch, class_motifs, padded, standardised

RNG = np.random.default_rng(0)


def batch(size: int, steps: int = 6, dimensions: int = 3, shift: float = 0.0) -> SeriesBatch:
    lengths = RNG.integers(2, steps + 1, size=size)
    mask = np.arange(steps) < lengths[:, None]
    x = (5 * RNG.standard_normal((size, steps, dimensions)) + shift).astype(np.float32)
    return SeriesBatch(np.where(mask[:, :, None], x, 0), np.zeros(size, int), mask=mask)


def test_real_steps_of_the_training_series_get_mean_zero_and_variance_one():
    train, test = batch(50, shift=3), batch(20, shift=4)
    scaled, other = standardised(train, test)
    real = scaled.x[scaled.mask]
    np.testing.assert_allclose(real.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(real.std(axis=0), 1, atol=1e-6)
    mean, deviation = train.x[train.mask].mean(axis=0), train.x[train.mask].std(axis=0)
    np.testing.assert_allclose(other.x[other.mask], ((test.x - mean) / deviation)[test.mask], atol=1e-5)
    assert not scaled.x[~scaled.mask].any() and not other.x[~other.mask].any()
    assert scaled.x.dtype == np.float32


def test_a_constant_dimension_and_a_batch_without_padding():
    x = np.ones((4, 3, 2), np.float32)
    x[:, :, 1] = RNG.standard_normal((4, 3))
    (scaled,) = standardised(SeriesBatch(x, np.zeros(4, int)))
    assert not scaled.x[:, :, 0].any() and scaled.mask is None


def test_padding_keeps_the_series_and_says_where_they_end():
    short = class_motifs(5, regime="relational", steps=26, seed=1)
    longer = padded(short, 30)
    assert longer.x.shape == (5, 30, 8) and longer.mask.shape == longer.truth.shape == (5, 30)
    assert np.array_equal(longer.x[:, :26], short.x) and np.array_equal(longer.mask[:, :26], short.mask)
    assert not longer.x[:, 26:].any() and not longer.mask[:, 26:].any() and not longer.truth[:, 26:].any()
    full = SeriesBatch(np.ones((2, 3, 1), np.float32), np.zeros(2, int))
    assert padded(full, 3).mask is None
    assert padded(full, 4).mask.tolist() == [[True, True, True, False]] * 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: padded(batch(3), 5), "expected series of at most 5 steps, got 6"),
        (lambda: standardised(batch(3), batch(3, dimensions=2)), r"equal dimensions, got 3 and \[3, 2\]"),
        (lambda: standardised(batch(3)[:0]), "expected training series"),
    ],
)
def test_bad_batches(call, message):
    with pytest.raises(ValueError, match=message):
        call()
