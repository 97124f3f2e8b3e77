"""The sum over amplitudes is that sum, however it is computed, and close to an integral where the grid is fine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import logsumexp

from tsattn_tutorial.bayes import log_sum_over_amplitudes


def summed_up(mode: np.ndarray, root: np.ndarray, first: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum over amplitudes ``first, first + 1, ...`` term by term, and how far rounding may move it."""
    b, c, k = mode * root**2, root**2, np.arange(count)[:, None]
    closest = np.clip(np.rint(mode - first), 0, count - 1)
    a = first + closest
    # Relative to the closest amplitude, so that large exponents do not round the reference.
    exponents = (k - closest) * (b - (a + (k - closest) / 2) * c)
    return a * (b - a * c / 2) + logsumexp(exponents, axis=0), 1e-14 * (np.abs(a * b) + a**2 * c)


@given(
    count=st.integers(1, 400),
    spacing=st.floats(-7, 1),
    place=st.floats(-0.5, 1.5),
    away=st.floats(-12, 12),
    first=st.floats(0.1, 1000),
)
@settings(deadline=None)
def test_the_sum_over_amplitudes_is_the_sum_over_amplitudes(count, spacing, place, away, first):
    """In units of the step: the mode lies anywhere on the grid, or some standard deviations off it."""
    root = np.array([10**spacing])  # the standard deviations from one amplitude to the next
    mode = first + place * (count - 1) + away / root
    expected, rounding = summed_up(mode, root, first, count)
    computed = log_sum_over_amplitudes(mode * root**2, root**2, first, 1.0, count)
    assert abs(computed - expected) <= 1e-10 + rounding


@pytest.mark.parametrize("count", [1, 2, 5, 30, 900])
def test_the_sum_over_amplitudes_where_one_way_to_compute_it_gives_way_to_another(count):
    spacings = np.concatenate([10 ** np.linspace(-8, 1, 46), np.linspace(0.3, 1, 8)])
    roots, away = (grid.ravel() for grid in np.meshgrid(spacings, np.linspace(-8, 12, 81)))
    for mode in (3 - away / roots, 3 + count - 1 + away / roots):  # off the lower end, off the upper end
        expected, rounding = summed_up(mode, roots, 3.0, count)
        computed = log_sum_over_amplitudes(mode * roots**2, roots**2, 3.0, 1.0, count)
        assert np.max(np.abs(computed - expected) - rounding) <= 1e-10


def test_a_template_that_vanishes_says_nothing():
    zero = np.array([0.0, 1e-300, -1e-16])  # as differences of sums may leave it
    assert log_sum_over_amplitudes(np.zeros(3), zero, 1.0, 0.5, 7) == pytest.approx(np.log(7), abs=1e-12)


@pytest.mark.parametrize(("overlap", "energy"), [(150.0, 100.0), (-40.0, 25.0), (600.0, 100.0), (0.3, 0.1)])
def test_a_fine_grid_is_an_integral(overlap, energy):
    step, count = 1e-3, 4000  # amplitudes from 1 to 5
    peak = np.clip(overlap / energy, 1, 5)
    top = overlap * peak - energy * peak**2 / 2
    area, _ = quad(
        lambda a: np.exp(overlap * a - energy * a**2 / 2 - top), 1 - step / 2, 5 - step / 2, points=[peak], epsabs=0
    )
    total = log_sum_over_amplitudes(np.array([overlap]), np.array([energy]), 1.0, step, count)
    assert total[0] + np.log(step) == pytest.approx(np.log(area) + top, abs=1e-3)  # by the midpoint rule
