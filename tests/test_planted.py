"""Planted signals: the label stands in the planted cells, all of them, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from tsattn_tutorial.datasets import SeriesBatch, planted_cells, planted_dimensions, planted_steps

GENERATORS = {
    "a step": lambda size, seed: planted_steps(size, seed=seed),
    "two steps": lambda size, seed: planted_steps(size, place=[3, 15], seed=seed),
    "a random step": lambda size, seed: planted_steps(size, place="random", seed=seed),
    "a dimension": lambda size, seed: planted_dimensions(size, seed=seed),
    "a cell": lambda size, seed: planted_cells(size, seed=seed),
    "two cells": lambda size, seed: planted_cells(size, place=[(2, 1), (7, 4)], seed=seed),
    "the sum of two cells": lambda size, seed: planted_cells(size, place=[(2, 1), (7, 4)], rule="sum", seed=seed),
}
each_generator = pytest.mark.parametrize("name", GENERATORS)


def cells(batch: SeriesBatch) -> np.ndarray:
    """The truth as ``(N, T, D)``; at a true step, every dimension counts, the cue too."""
    truth = batch.truth if batch.truth.ndim == 3 else batch.truth[:, :, None]
    return np.broadcast_to(truth, batch.x.shape)


@each_generator
def test_the_label_can_be_read_off_the_planted_cells(name):
    """The oracle: whoever knows the place makes no error."""
    batch = GENERATORS[name](500, 1)
    values = [x[truth] for x, truth in zip(batch.x, cells(batch), strict=True)]
    for y, found in zip(batch.y, values, strict=True):
        match name:
            case "the sum of two cells":
                assert (found.sum() > 0) == y
            case "a random step":
                assert found.tolist() == [y, y, 1]  # the cue is the last
            case _:
                assert found.size and set(found) == {y}


@each_generator
def test_the_label_stands_nowhere_else(name):
    """A forest that sees everything but the planted values is right as often as a coin."""
    batch = GENERATORS[name](3000, 2)
    blind = np.where(cells(batch) & ~_cue(name, batch), 0, batch.x).reshape(len(batch), -1)
    accuracy = cross_val_score(RandomForestClassifier(60, random_state=0), blind, batch.y, cv=3)
    assert stats.binomtest(round(accuracy.mean() * 3000), 3000).pvalue > 1e-3


def _cue(name: str, batch: SeriesBatch) -> np.ndarray:
    cue = np.zeros(batch.x.shape, bool)
    cue[:, :, -1] = name == "a random step"
    return cue


def test_values_elsewhere_do_not_depend_on_the_labels():
    """Same noise, wherever and whatever is planted."""
    one, other = planted_cells(200, place=(3, 3), seed=5), planted_steps(200, steps=10, dimensions=6, place=7, seed=5)
    elsewhere = ~(cells(one) | cells(other))
    assert np.array_equal(one.x[elsewhere], other.x[elsewhere]) and np.array_equal(one.y, other.y)
    assert abs(one.x[elsewhere].mean()) < 0.02 and abs(one.x[elsewhere].std() - 1) < 0.02


@each_generator
def test_classes_are_even_and_the_seed_decides(name):
    first, again, other = (GENERATORS[name](2000, seed) for seed in (3, 3, 4))
    for part in ("x", "y", "truth"):
        assert np.array_equal(getattr(first, part), getattr(again, part))
    assert not np.array_equal(first.x, other.x) and not np.array_equal(first.y, other.y)
    assert stats.binomtest(int(first.y.sum()), 2000).pvalue > 1e-3


def test_random_steps_are_uniform_and_marked_by_the_cue():
    batch = planted_steps(4000, steps=8, dimensions=3, place="random", seed=0)
    assert batch.x.shape == (4000, 8, 4) and (batch.truth.sum(axis=1) == 1).all()
    assert np.array_equal(batch.x[:, :, 3] == 1, batch.truth) and set(np.unique(batch.x[:, :, 3])) == {0, 1}
    assert stats.chisquare(batch.truth.sum(axis=0)).pvalue > 1e-3
    assert stats.chi2_contingency([batch.truth[batch.y == y].sum(axis=0) for y in (0, 1)]).pvalue > 1e-3


def test_one_of_two_summed_cells_leaves_a_quarter_wrong():
    batch = planted_cells(20_000, place=[(2, 1), (7, 4)], rule="sum", seed=0)
    assert np.mean((batch.x[:, 2, 1] > 0) == batch.y) == pytest.approx(0.75, abs=0.01)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_place_and_shape_are_arguments(data):
    steps, dimensions = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    step, dimension = data.draw(st.integers(0, steps - 1)), data.draw(st.integers(0, dimensions - 1))
    shape = {"steps": steps, "dimensions": dimensions}
    grid = np.zeros((3, steps, dimensions), bool)
    grid[:, step, dimension] = True
    assert np.array_equal(planted_cells(3, place=(step, dimension), **shape).truth, grid)
    row = np.broadcast_to(grid.any(axis=2)[:, :, None], grid.shape)
    assert np.array_equal(cells(planted_steps(3, place=step, **shape)), row)
    column = np.broadcast_to(grid.any(axis=1)[:, None, :], grid.shape)
    assert np.array_equal(planted_dimensions(3, place=dimension, **shape).truth, column)


STEP, CELL = "place must be an index from 0 to 19", r"place must be a cell \(step, dimension\)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: planted_steps(0), "size must be a positive integer, got 0"),
        (lambda: planted_steps(10.0), "size must be a positive integer, got 10.0"),
        (lambda: planted_steps(3, steps=0), "steps must be a positive integer, got 0"),
        (lambda: planted_steps(3, dimensions=True), "dimensions must be a positive integer, got True"),
        (lambda: planted_steps(3, place=20), f"{STEP}.* got 20"),
        (lambda: planted_steps(3, place=-1), f"{STEP}.* got -1"),
        (lambda: planted_steps(3, place=[3, 3]), f"{STEP}.*different ones, got"),
        (lambda: planted_steps(3, place=[]), f"{STEP}.* got"),
        (lambda: planted_steps(3, place=[1.0]), f"{STEP}.* got"),
        (lambda: planted_steps(3, place="middle"), "place must be a step, several steps, or \"random\", got 'middle'"),
        (lambda: planted_dimensions(3, place=10), "place must be an index from 0 to 9.* got 10"),
        (lambda: planted_cells(3, place=3), f"{CELL}.* got 3"),
        (lambda: planted_cells(3, place=(10, 0)), f"{CELL}.* got"),
        (lambda: planted_cells(3, place=(0, 6)), f"{CELL}.* got"),
        (lambda: planted_cells(3, place=(1, -1)), f"{CELL}.* got"),
        (lambda: planted_cells(3, place=(1, 2, 3)), f"{CELL}.* got"),
        (lambda: planted_cells(3, place=[(1, 2), (1, 2)]), f"{CELL}.*different ones, got"),
        (lambda: planted_cells(3, place=[]), f"{CELL}.* got"),
        (lambda: planted_cells(3, place=None), f"{CELL}.* got None"),
        (lambda: planted_cells(3, rule="product"), 'rule must be "copy" or "sum", got \'product\''),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
