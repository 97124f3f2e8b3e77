"""Deletion: what it must say of rankings that are known to be right, wrong or indifferent."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsattn_tutorial import faithfulness
from tsattn_tutorial.faithfulness import CHUNKS, aopcr, interpolated, ranking, removed, series_mean, taken_from

N, T, D = 4, 20, 2
SHARES = np.linspace(0, 1, 11)
ZEROS = taken_from(np.zeros(D))
X = np.random.default_rng(0).normal(size=(N, T, D)).astype(np.float32)
IMPORTANCE = np.random.default_rng(1).random((N, T))


def oracle(x: np.ndarray) -> np.ndarray:
    """Score that is the weighted sum of what stands in the first dimension."""
    return (x[:, :, 0] * IMPORTANCE).sum(axis=1)


def curve(importance, x=X, shares=SHARES, score=oracle, replacement=ZEROS) -> np.ndarray:
    return faithfulness.deletion_curve(score, x, importance, shares, replacement)


@given(arrays(float, (3, 9), elements=st.integers(0, 4).map(float)))
def test_places_are_a_permutation_that_nothing_but_the_order_decides(importance):
    place = ranking(importance)
    assert (np.sort(place, axis=1) == np.arange(9)).all()
    assert (np.diff(np.take_along_axis(importance, place.argsort(axis=1), axis=1), axis=1) <= 0).all()
    assert (ranking(np.exp(importance) - 7) == place).all() and (ranking(importance.astype(np.uint8)) == place).all()


def test_equal_ones_come_in_a_random_order_that_the_seed_decides():
    places = np.array([ranking(np.array([[5.0, 1, 1, 1, 7]]), seed)[0] for seed in range(300)])
    assert (places[:, 4] == 0).all() and (places[:, 0] == 1).all()
    assert abs(places[:, 1:4].mean(axis=0) - 3).max() < 0.2
    assert (ranking(np.ones((50, 9)))[0] != ranking(np.ones((50, 9)))[1:]).any(axis=1).all()


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


def test_nothing_beats_the_oracle_against_random_orders():
    ones = np.ones((N, T, D), np.float32)
    rng = np.random.default_rng(2)
    rankings = {"best": IMPORTANCE, "worst": -IMPORTANCE} | {str(i): rng.random((N, T)) for i in range(20)}
    found = aopcr(oracle, ones, rankings, ZEROS, orders=200)
    others = np.array([found[str(i)] for i in range(20)])
    assert (found["best"] > others).all() and (found["worst"] < others).all() and (found["worst"] < 0).all()
    assert abs(others.mean()) < 0.1 * found["best"].mean()  # a random order beats random orders by nothing
    taken = [[np.sort(row)[::-1][: round(T * share)].sum() for share in CHUNKS] for row in IMPORTANCE]
    by_hand = IMPORTANCE.sum(axis=1)[:, None] * CHUNKS - taken
    assert found["best"] == pytest.approx(-by_hand.mean(axis=1), abs=0.15)  # a random order takes its share on average


def test_removed_steps_leave_the_others_in_order():
    deleted = ranking(IMPORTANCE) < 6
    shorter = removed(X, deleted)
    assert shorter.shape == (N, T - 6, D)
    assert all(np.array_equal(one, x[~gone]) for one, x, gone in zip(shorter, X, deleted, strict=True))
    lengths = []
    aopcr(lambda x: lengths.append(x.shape[1]) or x[:, 0, 0], X, {"one": IMPORTANCE}, removed, orders=1)
    assert lengths == 2 * [T - round(T * share) for share in CHUNKS]


def test_a_straight_line_is_drawn_over_each_gap():
    x = np.array([[0.0, 9, 9, 6, 1, 9]])[:, :, None]
    deleted = np.array([[False, True, True, False, False, True]])
    assert interpolated(x, deleted)[0, :, 0].tolist() == [0, 2, 4, 6, 1, 1]
    assert interpolated(x, ~deleted)[0, :, 0].tolist() == [9, 9, 9, 9, 9, 9]
    assert interpolated(x, np.ones((1, 6), bool))[0, :, 0] == pytest.approx(x.mean())


def test_the_mean_is_that_of_the_whole_series_and_steps_are_taken_from_the_same_place():
    deleted = IMPORTANCE > 0.5
    other = X[::-1] + 1
    for replaced, right in ((series_mean(X, deleted), X.mean(axis=1)[:, None]), (taken_from(other)(X, deleted), other)):
        np.testing.assert_allclose(replaced[deleted], np.broadcast_to(right, X.shape)[deleted], rtol=1e-5)


@pytest.mark.parametrize("replace", [interpolated, series_mean, taken_from(np.array([0.5, 0.25]))])
def test_a_replacement_keeps_the_rest_and_takes_whole_numbers_as_the_same_floats(replace):
    before, deleted = X.copy(), IMPORTANCE > 0.5
    replaced = replace(X, deleted)
    assert replaced.dtype == np.float32 and np.array_equal(X, before)
    assert np.array_equal(replaced[~deleted], X[~deleted]) and not np.array_equal(replaced, X)
    for kind in (bool, np.uint8, np.int8, int):
        x = np.random.default_rng(0).integers(0, 120, (N, T, D)).astype(kind)
        right = replace(x.astype(float), deleted)
        assert np.array_equal(replace(x, deleted), right)
        assert np.array_equal(replace(x.tolist(), deleted.tolist()), right)
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
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
