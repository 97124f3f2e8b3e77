"""Deletion: what it must say of rankings that are known to be right, wrong or indifferent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsattn_tutorial.faithfulness import (
    area,
    deletion_curve,
    interpolated,
    ranking,
    series_mean,
    taken_from,
)

N, T, D = 4, 20, 2
SHARES = np.linspace(0, 1, 11)
ZEROS = taken_from(np.zeros(D))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(N, T, D)).astype(np.float32)


@pytest.fixture
def importance() -> np.ndarray:
    return np.random.default_rng(1).random((N, T))


def oracle(weights: np.ndarray):
    """Score that is the weighted sum of what stands in the first dimension."""
    return lambda x: (x[:, :, 0] * weights).sum(axis=1)


def test_places_count_from_the_most_important_and_ties_keep_their_order():
    assert ranking(np.array([[0.1, 0.4, 0.4, 0.2, 0.1], [5, 4, 3, 2, 1]])).tolist() == [
        [3, 0, 1, 2, 4],
        [0, 1, 2, 3, 4],
    ]
    assert ranking(np.zeros((1, 4))).tolist() == [[0, 1, 2, 3]]


@given(arrays(float, (3, 9), elements=st.integers(0, 4).map(float)))
def test_places_are_a_permutation_that_nothing_but_the_order_decides(importance):
    place = ranking(importance)
    assert (np.sort(place, axis=1) == np.arange(9)).all()
    assert (np.diff(np.take_along_axis(importance, place.argsort(axis=1), axis=1), axis=1) <= 0).all()
    assert (ranking(np.exp(importance) - 7) == place).all()
    assert (ranking(importance[:, ::-1] + np.arange(9) * 1e-9)[:, ::-1] == place).all()


def test_curves_begin_and_end_where_they_must(x, importance):
    score = oracle(importance)
    deletion = deletion_curve(score, x, importance, SHARES, ZEROS)
    assert deletion.shape == (N, SHARES.size)
    assert np.allclose(deletion[:, 0], score(x)) and not deletion[:, -1].any()
    # What this score keeps when the best steps go and what it keeps when the others go make up the whole.
    kept = deletion_curve(score, x, -importance, 1 - SHARES, ZEROS)
    assert np.allclose(kept + deletion, score(x)[:, None])


def test_the_steps_that_go_are_the_most_important_ones(x, importance):
    gone = []

    def watch(x, deleted):
        gone.append(deleted)
        return x

    deletion_curve(oracle(importance), x, importance, [0.0, 0.25, 1.0], watch)
    assert [one.sum(axis=1).tolist() for one in gone] == [[0] * N, [5] * N, [T] * N]
    for row, chosen in zip(importance, gone[1], strict=True):
        assert row[chosen].min() > row[~chosen].max()


def test_no_ranking_is_better_than_that_of_the_oracle(importance):
    ones, score = np.ones((N, T, D), np.float32), oracle(importance)
    best, fine = area(deletion_curve(score, ones, importance, SHARES, ZEROS), SHARES), np.random.default_rng(2)
    for other in (-importance, *fine.random((20, N, T))):
        assert (area(deletion_curve(score, ones, other, SHARES, ZEROS), SHARES) > best).all()


def test_only_the_order_counts(x, importance):
    score = oracle(importance)
    same = [deletion_curve(score, x, i, SHARES, series_mean) for i in (importance, 7 * importance - 3, importance**3)]
    assert np.array_equal(same[0], same[1]) and np.array_equal(same[0], same[2])


def test_the_area_is_the_mean_height():
    shares = np.array([0.2, 0.4, 1.0])
    assert area(np.array([[3.0, 3.0, 3.0], [0.0, 2.0, 8.0]]), shares).tolist() == pytest.approx([3, (0.2 + 3.0) / 0.8])


def test_a_straight_line_is_drawn_over_each_gap():
    x = np.array([[0.0, 9, 9, 6, 1, 9]])[:, :, None]
    deleted = np.array([[False, True, True, False, False, True]])
    assert interpolated(x, deleted)[0, :, 0].tolist() == [0, 2, 4, 6, 1, 1]
    assert interpolated(x, ~deleted)[0, :, 0].tolist() == [9, 9, 9, 9, 9, 9]
    assert interpolated(x, np.ones((1, 6), bool))[0, :, 0] == pytest.approx(x.mean())


@given(st.lists(st.booleans(), min_size=7, max_size=7))
def test_a_straight_series_is_its_own_interpolation(kept):
    line = np.stack([3 - 2.0 * np.arange(9), np.arange(9.0)], axis=1)[None]
    deleted = np.array([[False, *kept, False]])
    assert np.allclose(interpolated(line, deleted), line)


@pytest.mark.parametrize("replace", [interpolated, series_mean, ZEROS])
def test_a_replacement_keeps_the_rest_the_type_and_the_input(replace, x, importance):
    before, deleted = x.copy(), importance > 0.5
    replaced = replace(x, deleted)
    assert replaced.dtype == x.dtype and np.array_equal(x, before)
    assert np.array_equal(replaced[~deleted], x[~deleted]) and not np.array_equal(replaced, x)
    assert np.array_equal(replace(x, np.zeros_like(deleted)), x)


def test_whole_numbers_are_filled_as_the_same_floats():
    x, gone = np.array([[[0], [7], [7], [10]]]), np.array([[False, True, True, False]])
    for fill in (interpolated, series_mean, taken_from(np.full((1, 4, 1), 0.5))):
        assert np.allclose(fill(x, gone), fill(x.astype(float), gone))


def test_the_mean_is_that_of_the_whole_series_in_each_dimension(x):
    deleted = np.ones((N, T), bool)
    deleted[:, 3] = False
    assert np.allclose(series_mean(x, deleted)[:, 0], x.mean(axis=1))


def test_steps_are_taken_from_the_same_place_of_the_other_series(x):
    other, deleted = np.arange(T)[None, :, None] + np.zeros((N, 1, D)), np.zeros((N, T), bool)
    deleted[1, 4] = deleted[2, 0] = True
    replaced = taken_from(other)(x, deleted)
    assert (replaced[1, 4] == 4).all() and (replaced[2, 0] == 0).all() and (replaced != x).any(axis=2).sum() == 2


def test_bad_input_is_refused(x, importance):
    score = oracle(importance)
    for bad in (importance[:, :-1], importance[:2]):
        with pytest.raises(ValueError, match=r"importance \(N, T\)"):
            deletion_curve(score, x, bad, SHARES, ZEROS)
    with pytest.raises(ValueError, match=r"\(N, T\) without NaN"):
        deletion_curve(score, x, np.where(importance > 0.5, np.nan, 1), SHARES, ZEROS)
    with pytest.raises(ValueError, match=r"x must be \(N, T, D\)"):
        deletion_curve(score, x[:, :, 0], importance, SHARES, ZEROS)
    for shares in ([], [0.5, 1.1], [-0.1], [np.nan], 0.5):
        with pytest.raises(ValueError, match=r"shares must be \(S,\) in \[0, 1\]"):
            deletion_curve(score, x, importance, shares, ZEROS)
    with pytest.raises(ValueError, match=r"score must return \(4,\), got \(4, 2\)"):
        deletion_curve(lambda x: x[:, 0], x, importance, SHARES, ZEROS)
    for deleted in (importance, importance[:, :-1] > 0.5):
        with pytest.raises(ValueError, match=r"deleted \(N, T\) bool"):
            interpolated(x, deleted)
    for curve, shares in (
        (np.ones((2, 3)), [0.0, 1.0]),
        (np.ones((2, 1)), [0.0]),
        (np.ones((2, 2)), [1.0, 0.0]),
        (np.ones((2, 3)), [0.0, 0.5, 0.5]),
        (np.ones(2), [0.0, 1.0]),
    ):
        with pytest.raises(ValueError, match=r"curve must be \(N, S\)"):
            area(curve, shares)
