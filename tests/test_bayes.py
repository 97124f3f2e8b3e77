"""The posterior is the one that the generator implies: against enumeration, against simulation, and at the limits."""

import itertools
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, logsumexp
from scipy.stats import norm

from tsattn_tutorial import bayes
from tsattn_tutorial.bayes import log_sum_over_amplitudes, sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves

# Small enough to enumerate. Many stretches are cut at the end, and starts and lengths lie on different grids.
WAVES = {"max_freq": 3.0, "step_freq": 0.4, "max_amp": 4.0, "step_amp": 0.7, "normal_anomalous_ratio": 0.3}
TINY = SineConfig(num_points=24, dataset_size=12, step_loc=0.13, step_length=0.05, noise_std=0.8, **WAVES)
# Large enough to resemble the default, fast enough for thousands of series.
SMALL = SineConfig(num_points=60, dataset_size=6000, step_freq=0.1, step_loc=0.05, step_length=0.05, noise_std=2.0)


def enumerate_templates(config: SineConfig):
    """Every draw of the generator in plain loops: start, stop, wave of amplitude 1; start None for no stretch."""
    angle = 2 * np.pi * np.arange(config.num_points) / (config.num_points - 1)
    for frequency in config.frequencies:
        wave = np.sin(frequency * angle)
        yield None, None, wave
        for start, length in itertools.product(config.starts, config.lengths):
            flat = wave.copy()
            flat[start : start + length] = wave[start]
            yield start, start + length, flat


def by_enumeration(series: np.ndarray, config: SineConfig) -> tuple[float, np.ndarray]:
    """Log-odds and coverage of one series (T,) from the densities of its samples."""
    plain, flat, covered = [], [], []
    for start, stop, wave in enumerate_templates(config):
        each = norm.logpdf(series.astype(float), config.amplitudes[:, None] * wave, config.noise_std).sum(axis=1)
        likelihood = logsumexp(each) - np.log(each.size)
        (plain if start is None else flat).append(likelihood)
        if start is not None:
            covered.append([start <= step < stop for step in range(config.num_points)])
    ratio = logsumexp(flat) - np.log(len(flat)) - logsumexp(plain) + np.log(len(plain))
    odds = np.log((1 - config.normal_anomalous_ratio) / config.normal_anomalous_ratio)
    return odds + ratio, np.exp(np.array(flat) - logsumexp(flat)) @ np.array(covered)


ZEROS = {"max_length": 1.0, "min_length": 0.9, "step_freq": 1.0}  # whole periods, of which all is held
FINE = {"noise_std": 2.0, "step_amp": 0.03}


@pytest.mark.parametrize("changes", [{}, ZEROS, FINE, FINE | {"noise_std": 0.3}, {"noise_std": 0.05}])
def test_it_is_what_enumeration_in_plain_loops_gives(changes):
    config = TINY.replace(dataset_size=3, **changes)
    x = sine_waves(config, seed=3).x
    posterior = sine_posterior(x, config)
    found = [by_enumeration(series, config) for series in x[:, :, 0]]
    log_odds, where = map(np.array, zip(*found, strict=True))
    assert posterior.log_odds == pytest.approx(log_odds, rel=1e-9, abs=1e-9)
    assert posterior.probability == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-9)
    assert posterior.where == pytest.approx(where, abs=1e-9)


def test_probabilities_are_calibrated():
    batch = sine_waves(SMALL, seed=7)
    posterior = sine_posterior(batch.x, SMALL)
    p, error = posterior.probability, batch.y - posterior.probability
    assert (p < 0.2).mean() > 0.02 and (p > 0.8).mean() > 0.02  # there is something to be right about
    bins = np.minimum((p * 10).astype(int), 9)
    for chosen in [bins == k for k in range(10)] + [p < 1]:
        assert abs(error[chosen].sum()) <= 4 * np.sqrt((p * (1 - p))[chosen].sum())
    # The Brier score, and the log loss, have the mean that the posterior itself expects.
    for loss, expected in (
        (error**2, p * (1 - p)),
        (-np.log(np.where(batch.y == 1, p, 1 - p)), entr(p) + entr(1 - p)),
        ((p > 0.5) != batch.y, np.minimum(p, 1 - p)),
    ):
        excess = loss - expected
        assert abs(excess.mean()) <= 4 * excess.std() / np.sqrt(len(batch))


def test_without_much_noise_it_knows_the_truth():
    config = SMALL.replace(noise_std=1e-3, dataset_size=200)
    batch = sine_waves(config, seed=2)
    posterior = sine_posterior(batch.x, config)
    flat = batch.y == 1
    assert np.abs(posterior.probability - batch.y).max() < 1e-12 and np.abs(posterior.log_odds).min() > 30
    assert np.abs(posterior.where[flat] - batch.truth[flat]).max() < 1e-6


@pytest.mark.parametrize("noise_std", [1e5, 1e9, 1e15, 1e30])
def test_under_much_noise_it_knows_what_it_knew_before(noise_std):
    config = TINY.replace(noise_std=noise_std, dataset_size=3)
    posterior = sine_posterior(sine_waves(config).x, config)
    assert posterior.probability == pytest.approx(0.7, abs=1e-4)
    covered = [[start <= step < stop for step in range(24)] for start, stop, _ in enumerate_templates(config) if stop]
    assert np.allclose(posterior.where, np.mean(covered, axis=0), atol=1e-4)


def test_the_share_of_flattened_series_shifts_the_log_odds_and_nothing_else():
    x = sine_waves(TINY).x
    even, rare = (sine_posterior(x, TINY.replace(normal_anomalous_ratio=ratio)) for ratio in (0.5, 0.9))
    assert rare.log_odds == pytest.approx(even.log_odds - np.log(9), abs=1e-12)
    assert np.array_equal(rare.where, even.where)
    for ratio, label in ((0.0, 1), (1.0, 0)):
        sure = sine_posterior(x, TINY.replace(normal_anomalous_ratio=ratio))
        assert (sure.probability == label).all() and np.isinf(sure.log_odds).all()
        assert np.array_equal(sure.where, even.where)


@given(factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_the_unit_of_the_series_does_not_matter(factor, seed):
    in_the_unit = ("min_amp", "max_amp", "step_amp", "noise_std")
    scaled = TINY.replace(**{key: getattr(TINY, key) * factor for key in in_the_unit})
    x = sine_waves(TINY, seed=seed).x.astype(float)
    first, second = sine_posterior(x, TINY), sine_posterior(x * factor, scaled)
    assert second.log_odds == pytest.approx(first.log_odds, rel=1e-9, abs=1e-9)
    assert np.allclose(second.where, first.where, atol=1e-9)


def test_series_do_not_see_each_other_and_other_keys_do_not_count():
    x = sine_waves(TINY).x
    whole = sine_posterior(x, TINY)
    order = np.array([5, 0, 11, 2, 7])
    alone = sine_posterior(x[order], TINY.replace(dataset_size=1, seed=99))
    for name in ("probability", "log_odds", "where"):
        assert np.allclose(getattr(alone, name), getattr(whole, name)[order], rtol=1e-11, atol=1e-11)
    assert whole.where.shape == (12, 24)
    none = sine_posterior(x[:0], TINY)
    assert none.probability.shape == (0,) and none.where.shape == (0, 24)


@pytest.mark.parametrize("noise_std", [0.02, 0.5, 4.0])
def test_neither_batches_nor_what_is_left_out_change_the_result(monkeypatch, noise_std):
    config = SMALL.replace(noise_std=noise_std, dataset_size=15)
    x = sine_waves(config).x
    usual = sine_posterior(x, config)
    for changes in ({"CHUNK": 1}, {"CHUNK": 2000}, {"TABLE": 200}, {"NEGLIGIBLE": 1e-200}, {"BLOCK": 17}):
        with monkeypatch.context() as context:
            for name, value in changes.items():
                context.setattr(bayes, name, value)
            other = sine_posterior(x, config)
        assert other.log_odds == pytest.approx(usual.log_odds, rel=1e-9, abs=1e-9)
        assert np.allclose(other.where, usual.where, atol=1e-9)


def test_series_that_the_generator_cannot_draw_give_numbers():
    flat = [np.full(24, value) for value in (0, 1e6, -3.0)]
    strange = np.stack([*flat, np.random.default_rng(0).normal(0, 100, 24), np.eye(24)[3] * 1e30])
    for config in (TINY, TINY.replace(noise_std=1e-4), TINY.replace(min_amp=1e-3, step_amp=1e-3)):
        posterior = sine_posterior(strange[:, :, None], config)
        for values in (posterior.probability, posterior.log_odds, posterior.where):
            assert np.isfinite(values).all()


def test_memory_stays_small():
    config = SineConfig(noise_std=0.5, dataset_size=60)
    x = sine_waves(config).x
    tracemalloc.start()
    sine_posterior(x, config)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def summed_up(mode: np.ndarray, root: np.ndarray, first: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum over amplitudes ``first, first + 1, ...`` term by term, and how far rounding may move it."""
    b, c, k = mode * root**2, root**2, np.arange(count)[:, None]
    closest = np.clip(np.rint(mode - first), 0, count - 1)
    a = first + closest
    # Relative to the closest amplitude, so that large exponents do not round the reference.
    exponents = (k - closest) * (b - (a + (k - closest) / 2) * c)
    return a * (b - a * c / 2) + logsumexp(exponents, axis=0), 1e-14 * (np.abs(a * b) + a**2 * c)


@pytest.mark.parametrize(("count", "first"), [(1, 3.0), (2, 0.1), (5, 3.0), (30, 1000.0), (900, 3.0)])
def test_the_sum_over_amplitudes_is_that_sum_in_whichever_way_it_is_computed(count, first):
    """Standard deviations per step; the mode off the lower end, off the upper one, and in the middle."""
    spacings = np.concatenate([10 ** np.linspace(-8, 1, 46), np.linspace(0.3, 1, 8)])
    roots, away = (grid.ravel() for grid in np.meshgrid(spacings, np.linspace(-8, 12, 81)))
    for mode in (first - away / roots, first + count - 1 + away / roots, first + 0.41 * count + 0 * away):
        expected, rounding = summed_up(mode, roots, first, count)
        computed = log_sum_over_amplitudes(mode * roots**2, roots**2, first, 1.0, count)
        assert np.max(np.abs(computed - expected) - rounding) <= 1e-10


def test_the_limit_is_what_the_likelier_label_achieves():
    values = []
    for noise_std in (0.05, 1.0, 4.0):
        config = SMALL.replace(noise_std=noise_std, dataset_size=1500)
        batch = sine_waves(config, seed=1)
        posterior = sine_posterior(batch.x, config)
        values.append(value := posterior.expected_accuracy.value)
        accuracy = ((posterior.probability > 0.5) == batch.y).mean()
        # On the same series they differ by chance only: 4 standard errors.
        assert abs(value - accuracy) <= 4 * np.sqrt(value * (1 - value) / 1500)
    assert values[0] > 0.995 and values[0] > values[1] + 0.02 > values[2] + 0.04 > 0.54


X = np.zeros((2, 24, 1), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sine_posterior(X, TINY.replace(noise_std=0.0)), "noise_std of the configuration must be positive"),
        (lambda: sine_posterior(X[:, :, 0], TINY), "x must be (N, 24, 1)"),
        (lambda: sine_posterior(np.tile(X, 2), TINY), "got (2, 24, 2)"),
        (lambda: sine_posterior(X.astype(str), TINY), "x must hold real numbers, got <U"),
        (lambda: sine_posterior(X + np.float32("nan"), TINY), "x must be finite, got NaN"),
        (lambda: sine_posterior(X.astype(float) + 1e200, TINY), "a number beyond float32"),
        (lambda: sine_posterior(X[:1], TINY).expected_accuracy, "at least two"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
