"""Deletion: what it must say of rankings that are known to be right, wrong or indifferent."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsattn_tutorial.faithfulness import area, deletion_curve, interpolated, ranking, series_mean, taken_from

N, T, D = 4, 20, 2
SHARES = np.linspace(0, 1, 11)
ZEROS = taken_from(np.zeros(D))
X = np.random.default_rng(0).normal(size=(N, T, D)).astype(np.float32)
IMPORTANCE = np.random.default_rng(1).random((N, T))


def oracle(x: np.ndarray) -> np.ndarray:
    """Score that is the weighted sum of what stands in the first dimension."""
    return (x[:, :, 0] * IMPORTANCE).sum(axis=1)


def curve(importance, x=X, shares=SHARES, score=oracle, replacement=ZEROS) -> np.ndarray:
    return deletion_curve(score, x, importance, shares, replacement)


@given(arrays(float, (3, 9), elements=st.integers(0, 4).map(float)))
def test_places_are_a_permutation_that_nothing_but_the_order_decides(importance):
    place = ranking(importance)
    assert (np.sort(place, axis=1) == np.arange(9)).all()
    assert (np.diff(np.take_along_axis(importance, place.argsort(axis=1), axis=1), axis=1) <= 0).all()
    assert (ranking(np.exp(importance) - 7) == place).all() and (ranking(importance.astype(np.uint8)) == place).all()
    assert (ranking(importance - np.arange(9) * 1e-9) == place).all()  # equal ones in order of time


def test_curves_begin_and_end_where_they_must():
    deletion, insertion = curve(IMPORTANCE), curve(-IMPORTANCE, shares=1 - SHARES)
    assert deletion.shape == insertion.shape == (N, SHARES.size)
    assert np.allclose(deletion[:, 0], oracle(X)) and not deletion[:, -1].any() and not insertion[:, 0].any()
    # What this score loses and what it keeps make up the whole.
    assert np.allclose(insertion + deletion, oracle(X)[:, None])


def test_the_steps_that_go_are_the_most_important_ones():
    gone = []
    curve(IMPORTANCE, shares=[0.0, 0.25, 1.0], replacement=lambda x, deleted: gone.append(deleted) or x)
    assert [one.sum(axis=1).tolist() for one in gone] == [[0] * N, [5] * N, [T] * N]
    for row, chosen in zip(IMPORTANCE, gone[1], strict=True):
        assert row[chosen].min() > row[~chosen].max()


def test_no_ranking_is_better_than_that_of_the_oracle():
    ones = np.ones((N, T, D), np.float32)
    least, most = (area(curve(importance, ones), SHARES) for importance in (IMPORTANCE, -IMPORTANCE))
    for other in np.random.default_rng(2).random((20, N, T)):
        between = area(curve(other, ones), SHARES)
        assert (least < between).all() and (between < most).all()


def test_the_area_is_the_mean_height():
    shares = np.array([0.2, 0.4, 1.0])
    assert area(np.array([[3.0, 3.0, 3.0], [0.0, 2.0, 8.0]]), shares).tolist() == pytest.approx([3, (0.2 + 3.0) / 0.8])


def test_a_straight_line_is_drawn_over_each_gap():
    x = np.array([[0.0, 9, 9, 6, 1, 9]])[:, :, None]
    deleted = np.array([[False, True, True, False, False, True]])
    assert interpolated(x, deleted)[0, :, 0].tolist() == [0, 2, 4, 6, 1, 1]
    assert interpolated(x, ~deleted)[0, :, 0].tolist() == [9, 9, 9, 9, 9, 9]
    assert interpolated(x, np.ones((1, 6), bool))[0, :, 0] == pytest.approx(x.mean())


def test_the_mean_is_that_of_the_whole_series_and_steps_are_taken_from_the_same_place():
    deleted = IMPORTANCE > 0.5
    other = X[::-1] + 1
    for replaced, wanted in (
        (series_mean(X, deleted), X.mean(axis=1)[:, None]),
        (taken_from(other)(X, deleted), other),
    ):
        np.testing.assert_allclose(replaced[deleted], np.broadcast_to(wanted, X.shape)[deleted], rtol=1e-5)


@pytest.mark.parametrize("replace", [interpolated, series_mean, taken_from(np.array([0.5, 0.25]))])
def test_a_replacement_keeps_the_rest_and_takes_whole_numbers_as_the_same_floats(replace):
    before, deleted = X.copy(), IMPORTANCE > 0.5
    replaced = replace(X, deleted)
    assert replaced.dtype == np.float32 and np.array_equal(X, before)
    assert np.array_equal(replaced[~deleted], X[~deleted]) and not np.array_equal(replaced, X)
    for kind in (bool, np.uint8, np.int8, int):
        x = np.random.default_rng(0).integers(0, 120, (N, T, D)).astype(kind)
        right = replace(x.astype(float), deleted)
        assert np.array_equal(replace(x, deleted), right) and np.array_equal(
            replace(x.tolist(), deleted.tolist()), right
        )
        given = {"replacement": lambda x, deleted: np.where(deleted[:, :, None], x / 2, x).astype(x.dtype)}
        assert np.array_equal(curve(IMPORTANCE, x, **given), curve(IMPORTANCE, x.astype(float), **given))


BAD = [
    (lambda: curve(IMPORTANCE[:, :-1]), "x must be (N, T, D) and importance (N, T), got (4, 20, 2) and (4, 19)"),
    (lambda: curve(np.where(IMPORTANCE > 0.5, np.nan, 1)), "importance must be (N, T) without NaN"),
    (lambda: curve(IMPORTANCE, X[:, :, 0]), "x must be (N, T, D)"),
    (lambda: curve(IMPORTANCE, score=lambda x: x[:, 0]), "score must return (4,), got (4, 2)"),
    (lambda: interpolated(X, IMPORTANCE), "deleted (N, T) bool"),
    (lambda: interpolated(X, IMPORTANCE[:, 1:] > 0.5), "deleted (N, T) bool"),
    *((lambda s=s: curve(IMPORTANCE, shares=s), "shares must be (S,)") for s in ([], [0.5, 1.1], [np.nan], 0.5)),
    *((lambda s=s: area(np.ones((2, 3)), s), "curve must be (N, S)") for s in ([0, 1], [0, 0.5, 0.5], [1, 0.5, 0])),
    (lambda: area(np.ones((2, 1)), [0]), "curve must be (N, S) and shares (S,), rising, S > 1; got (2, 1) and (1,)"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
