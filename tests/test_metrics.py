"""Figures of merit: right on small cases, with intervals that cover."""

import numpy as np
import pytest

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.metrics import (
    Estimate,
    attention_mass,
    attention_mass_by_shift,
    localisation,
    mean_interval,
    pointing,
    proportion_interval,
    score_attention,
)


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = rng.binomial(50, 0.9, 2000)
    intervals = [proportion_interval(k, 50) for k in range(51)]
    assert all(0 <= interval.low <= interval.value <= interval.high <= 1 for interval in intervals)
    assert 0.93 < np.mean([intervals[k].low <= 0.9 <= intervals[k].high for k in hits]) < 0.98
    means = [mean_interval(sample) for sample in rng.normal(3, 2, (2000, 6))]
    assert 0.935 < np.mean([interval.low <= 3 <= interval.high for interval in means]) < 0.965
    # By hand: mean 2, standard deviation 1, t quantile of 2 degrees of freedom 4.3027.
    assert mean_interval([1, 2, 3]) == pytest.approx((2, 2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
    # For a family of five the quantile is 9.9248; splits of 8 to 2 widen the interval.
    wide = mean_interval([1, 2, 3], family=5, overlap=0.25)
    assert wide.high == pytest.approx(2 + 9.9248 * (1 / 3 + 0.25) ** 0.5, abs=1e-3)
    groups = rng.normal(3, 2, (600, 5, 6))
    five = [np.min([one.low < 3 < one.high for one in map(mean_interval, group, [5] * 5)]) for group in groups]
    assert 0.93 < np.mean(five) < 0.98  # a family of five, all at once


def test_three_words_say_how_a_difference_stands_to_0():
    ends = (0.1, 9), (-9, -0.1), (-1, 2), (-2, 1), (-1, 2.1), (-2.1, 1), (0, 3), (np.nan, np.nan)
    words = [Estimate(0, *both).evidence(2) for both in ends]
    assert words == ["clear", "clear", "equal within 2", "equal within 2", "open", "open", "open", "open"]


def test_mass_of_even_attention_is_chance_and_of_perfect_attention_one():
    truth = np.arange(10) < np.array([[2], [1], [5]])
    even, perfect = np.full((3, 10), 0.1), truth / truth.sum(axis=1, keepdims=True)
    assert np.allclose(*attention_mass(even, truth)) and np.allclose(attention_mass(perfect, truth).mass, 1)
    assert attention_mass(even, truth).chance.tolist() == [0.2, 0.1, 0.5]
    half = np.tile(np.arange(10) < 5, (2, 1))  # real steps
    assert attention_mass(half / 5, truth[:2], half).chance.tolist() == [0.4, 0.2]


def test_a_late_attention_shows_as_a_peak_at_its_lag():
    truth = np.zeros((4, 60), bool)
    truth[:, 20:25] = True
    shifts = np.arange(-15, 16)
    for lag in (7, -6):
        weights = np.roll(truth, lag, axis=1) / 5
        masses = attention_mass_by_shift(weights, truth, shifts)
        assert shifts[masses.argmax()] == lag and masses.max() == pytest.approx(1)
        assert masses[shifts == 0] == pytest.approx(attention_mass(weights, truth).mass.mean())
    assert attention_mass_by_shift(truth / 5, truth, np.array([2], np.uint8)) == pytest.approx([0.6])


def test_pointing_asks_where_the_largest_weight_lies():
    truth = np.array([[False, True, True], [False, False, True], [True, False, False]])
    weights = np.array([[0.4, 0.6, 0.0], [0.5, 0.3, 0.2], [0.4, 0.2, 0.4]])  # in the last, one of two equal ones
    assert pointing(weights, truth).tolist() == [1, 0, 0.5]


def test_attention_is_scored_on_the_series_that_have_a_signal():
    truth = np.array([[True, True, False, False], [False] * 4, [False, False, False, True]])
    batch = SeriesBatch(np.zeros((3, 4, 1), np.float32), np.array([1, 0, 1]), truth)
    weights = np.array([[0.5, 0.2, 0.3, 0.0], [0, 0, 0, 1.0], [0.4, 0.1, 0.3, 0.2]])
    assert score_attention(weights, batch) == pytest.approx({"mass": 0.45, "chance": 0.375, "pointing": 0.5})
    none = score_attention(None, batch)
    assert none["chance"] == 0.375 and np.isnan(none["mass"]) and np.isnan(none["pointing"])


def test_localisation_is_1_for_the_truth_and_chance_for_what_knows_nothing():
    rng = np.random.default_rng(0)
    truth = np.arange(200) < 30
    truth = np.stack([np.roll(truth, shift) for shift in rng.integers(200, size=400)])
    assert all(np.allclose(score, 1) for score in localisation(truth - 0.5, truth))
    for other in (np.ones(truth.shape), rng.random(truth.shape), -np.ones(truth.shape)):
        assert [score.mean() for score in localisation(other, truth)] == pytest.approx([0.15] * 4, abs=0.03)
    worst = localisation(-1.0 * truth, truth)  # no positive importance is even importance
    assert np.allclose(worst.mass, 0.15) and not worst.pointing.any() and not worst.ndcg.any()


def test_localisation_by_hand():
    truth, importance = np.array([[True, False, True, False]]), np.array([[4.0, 2.0, 1.0, -9.0]])
    found = localisation(importance, truth)
    assert found.mass[0] == pytest.approx(5 / 7) and found.pointing[0] == 1
    assert found.precision[0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert found.ndcg[0] == pytest.approx(1 / (1 + 1 / np.log2(3)))  # of the two best, the first is right
    flat = localisation(np.array([[1.0, 1.0, 0.0, 0.0]]), truth)
    assert flat.pointing[0] == 0.5 and flat.ndcg[0] == pytest.approx(0.5)
