"""Planted signals: the label stands in the planted cells, all of them, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tsattn_tutorial.datasets import cued_steps, planted_cells, planted_dimensions, planted_steps

TWO = [(2, 1), (7, 4)]
GENERATORS = {
    "a step": lambda size, seed: planted_steps(size, seed=seed),
    "two steps": lambda size, seed: planted_steps(size, position=[3, 15], seed=seed),
    "a step with a cue": lambda size, seed: cued_steps(size, seed=seed),
    "two dimensions": lambda size, seed: planted_dimensions(size, position=[2, 7], seed=seed),
    "a cell": lambda size, seed: planted_cells(size, seed=seed),
    "two cells": lambda size, seed: planted_cells(size, position=TWO, seed=seed),
    "the sum of two cells": lambda size, seed: planted_cells(size, position=TWO, rule="sum", seed=seed),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_the_label_can_be_read_off_the_planted_cells_and_nowhere_else(name):
    """Whoever knows the position makes no error; all else is a noise that is drawn apart from the labels."""
    size = np.int64(2000)
    batch = GENERATORS[name](size, 1)
    noise, labels = (np.random.default_rng(child) for child in np.random.SeedSequence(1).spawn(3)[:2])
    drawn = batch.x
    if name == "a step with a cue":
        assert np.array_equal(batch.x[:, :, -1], batch.truth)
        drawn = batch.x[:, :, :-1]
    found = np.broadcast_to(batch.truth if batch.truth.ndim == 3 else batch.truth[:, :, None], drawn.shape)
    expected = noise.standard_normal(drawn.shape, dtype=np.float32)
    assert np.array_equal(drawn[~found], expected[~found]) and found.any(axis=(1, 2)).all()
    if name == "the sum of two cells":
        assert np.array_equal(drawn, expected) and found.sum() == 2 * size
        assert np.array_equal(batch.y, [x[truth].sum() > 0 for x, truth in zip(drawn, found, strict=True)])
    else:
        assert np.array_equal(batch.y, labels.integers(2, size=size))
        assert np.array_equal(drawn[found], np.broadcast_to(batch.y[:, None, None], drawn.shape)[found])
    assert stats.binomtest(int(batch.y.sum()), 2000).pvalue > 1e-3


def test_cued_steps_are_uniform_whatever_the_label():
    batch = cued_steps(4000, steps=8, dimensions=3, seed=0)
    assert batch.x.shape == (4000, 8, 4) and (batch.truth.sum(axis=1) == 1).all()
    assert stats.chisquare(batch.truth.sum(axis=0)).pvalue > 1e-3
    assert stats.chi2_contingency([batch.truth[batch.y == y].sum(axis=0) for y in (0, 1)]).pvalue > 1e-3


def test_one_of_two_summed_cells_leaves_a_quarter_wrong():
    batch = planted_cells(20_000, position=TWO, rule="sum", seed=0)
    assert np.mean((batch.x[:, 2, 1] > 0) == batch.y) == pytest.approx(0.75, abs=0.01)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_position_and_shape_are_arguments(data):
    steps, dimensions = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    step, dimension = data.draw(st.integers(0, steps - 1)), data.draw(st.integers(0, dimensions - 1))
    shape = {"steps": steps, "dimensions": dimensions}
    grid = np.zeros((3, steps, dimensions), bool)
    grid[:, step, dimension] = True
    column = np.broadcast_to(grid.any(axis=1)[:, None, :], grid.shape)
    for kind in (lambda index: index, np.array, lambda index: [index]):
        assert np.array_equal(planted_cells(3, position=kind((step, dimension)), **shape).truth, grid)
        assert np.array_equal(planted_steps(3, position=kind(step), **shape).truth, grid.any(axis=2))
        assert np.array_equal(planted_dimensions(3, position=kind(dimension), **shape).truth, column)
