"""The posterior is the one that the generator implies: against enumeration, against simulation, and at the limits."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, logsumexp
from scipy.stats import norm

from tsattn_tutorial import bayes
from tsattn_tutorial.bayes import sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SineParameters, render_sine_waves, sine_waves
from tsattn_tutorial.metrics import mean_interval

# Small enough to enumerate. Many stretches are cut at the end, and starts and lengths lie on different grids.
TINY = SineConfig(
    num_points=24,
    dataset_size=12,
    normal_anomalous_ratio=0.3,
    step_loc=0.13,
    step_length=0.05,
    max_freq=3.0,
    step_freq=0.4,
    max_amp=4.0,
    step_amp=0.7,
    noise_std=0.8,
)
# Large enough to resemble the default, fast enough for thousands of series.
SMALL = SineConfig(num_points=60, dataset_size=12_000, step_freq=0.1, step_loc=0.05, step_length=0.05, noise_std=2.0)


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
        likelihood = logsumexp(
            [norm.logpdf(series, a * wave, config.noise_std).sum() for a in config.amplitudes],
            b=1 / config.amplitudes.size,
        )
        (plain if start is None else flat).append(likelihood)
        if start is not None:
            covered.append([start <= step < stop for step in range(config.num_points)])
    ratio = logsumexp(flat) - np.log(len(flat)) - logsumexp(plain) + np.log(len(plain))
    odds = np.log((1 - config.normal_anomalous_ratio) / config.normal_anomalous_ratio)
    return odds + ratio, np.exp(np.array(flat) - logsumexp(flat)) @ np.array(covered)


@pytest.fixture(scope="module")
def simulated():
    batch = sine_waves(SMALL, seed=7)
    return batch, sine_posterior(batch.x, SMALL)


@pytest.mark.parametrize("noise_std", [0.05, 0.8, 5.0])
def test_it_is_what_enumeration_in_plain_loops_gives(noise_std):
    config = TINY.replace(noise_std=noise_std, dataset_size=4)
    x = sine_waves(config, seed=3).x
    posterior = sine_posterior(x, config)
    for row in range(len(x)):
        log_odds, where = by_enumeration(x[row, :, 0].astype(float), config)
        assert posterior.log_odds[row] == pytest.approx(log_odds, rel=1e-9, abs=1e-9)
        assert posterior.probability[row] == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-9)
        assert posterior.where[row] == pytest.approx(where, abs=1e-9)


def test_it_is_what_the_series_of_the_generator_itself_give():
    drawn = np.array(
        list(
            itertools.product([False, True], TINY.frequencies, TINY.amplitudes, TINY.starts, TINY.lengths),
        )
    ).T
    flat = drawn[0] == 1
    every = render_sine_waves(SineParameters(flat, *drawn[1:3], *drawn[3:].astype(int)), TINY.num_points)
    batch = sine_waves(TINY, seed=1)
    posterior = sine_posterior(batch.x, TINY)
    distance = ((batch.x[:, None, :, 0] - every.x[None, :, :, 0].astype(float)) ** 2).sum(axis=2)
    fit = -distance / (2 * TINY.noise_std**2) + np.log(np.where(flat, 0.7, 0.3))  # (12, all)
    assert posterior.log_odds == pytest.approx(
        logsumexp(fit[:, flat], axis=1) - logsumexp(fit[:, ~flat], axis=1), abs=1e-4
    )  # the generator rounds to float32
    weight = np.exp(fit[:, flat] - logsumexp(fit[:, flat], axis=1, keepdims=True))
    assert posterior.where == pytest.approx(weight @ every.truth[flat], abs=1e-5)
    bounds = np.stack([every.truth[flat].argmax(axis=1), 24 - every.truth[flat][:, ::-1].argmax(axis=1)])
    for row, (start, stop) in enumerate(posterior.stretch):
        same = (bounds == [[start], [stop]]).all(axis=0)
        others = np.unique(bounds[:, ~same], axis=1)
        largest = max(weight[row, (bounds == other[:, None]).all(axis=0)].sum() for other in others.T)
        assert weight[row, same].sum() > largest - 1e-6


@pytest.mark.parametrize("noise_std", [0.7, 4.0])
def test_the_default_grids_against_whole_templates(noise_std):
    """No sums between edges, no bounds, no closed form: every template is built, and every amplitude added."""
    config = SineConfig(dataset_size=3, noise_std=noise_std, step_freq=0.3)  # 10 of the 300 frequencies
    x = sine_waves(config, seed=4).x[:, :, 0].astype(float)
    angle, step = np.linspace(0, 2 * np.pi, 500), np.arange(500)
    start, length = (grid.reshape(-1, 1) for grid in np.meshgrid(config.starts, config.lengths))
    inside = (step >= start) & (step < start + length)
    total = np.full((2, len(x)), -np.inf)
    waves = [np.sin(frequency * angle) for frequency in config.frequencies]
    for label, templates in ((0, np.array(waves)), *((1, np.where(inside, w[start[:, 0]][:, None], w)) for w in waves)):
        overlap, energy = x @ templates.T / noise_std**2, (templates**2).sum(axis=1) / noise_std**2
        sums = np.full(overlap.shape, -np.inf)
        for amplitudes in np.split(config.amplitudes[:, None, None], 20):  # (45, 1, 1)
            new = logsumexp(amplitudes * overlap - amplitudes**2 * energy / 2, axis=0)
            sums = np.logaddexp(sums, new)
        total[label] = np.logaddexp(total[label], logsumexp(sums, axis=1))
    posterior = sine_posterior(x[:, :, None], config)
    assert posterior.log_odds == pytest.approx(total[1] - np.log(len(start)) - total[0], abs=1e-8)


def test_probabilities_are_calibrated(simulated):
    batch, posterior = simulated
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


def test_where_is_calibrated(simulated):
    batch, posterior = simulated
    flat = batch.y == 1
    where, truth = posterior.where[flat], batch.truth[flat]
    assert where.min() >= 0 and where.max() <= 1
    for low in np.arange(0, 1, 0.1):
        error = np.where((where >= low) & (where < low + 0.1), truth - where, 0).sum(axis=1)  # (n,), one a series
        assert abs(error.mean()) <= 4 * error.std() / np.sqrt(flat.sum())
    # In the stretch are as many steps as a stretch has, and its likeliest place is the truth more often than chance.
    assert where.sum(axis=1).mean() == pytest.approx(truth.sum(axis=1).mean(), rel=0.03)
    assert (where * truth).sum() / where.sum() > truth.mean() + 0.2
    assert np.allclose(posterior.ideal_attention.sum(axis=1), 1)


@pytest.mark.parametrize("factor", [0.6, 1.6])
def test_another_noise_than_the_true_one_scores_worse(simulated, factor):
    batch, posterior = simulated
    other = sine_posterior(batch.x, SMALL.replace(noise_std=SMALL.noise_std * factor))
    excess = (batch.y - other.probability) ** 2 - (batch.y - posterior.probability) ** 2
    assert mean_interval(excess).low > 0


def test_without_much_noise_it_knows_the_truth():
    config = SMALL.replace(noise_std=1e-3, dataset_size=200)
    batch = sine_waves(config, seed=2)
    posterior = sine_posterior(batch.x, config)
    flat = batch.y == 1
    assert np.abs(posterior.probability - batch.y).max() < 1e-12
    assert np.abs(posterior.log_odds).min() > 30
    assert np.abs(posterior.where[flat] - batch.truth[flat]).max() < 1e-6
    step = np.arange(60)
    likeliest = (step >= posterior.stretch[:, :1]) & (step < posterior.stretch[:, 1:])
    assert np.array_equal(likeliest[flat], batch.truth[flat])


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
    assert np.array_equal(rare.where, even.where) and np.array_equal(rare.stretch, even.stretch)
    for ratio, label in ((0.0, 1), (1.0, 0)):
        sure = sine_posterior(x, TINY.replace(normal_anomalous_ratio=ratio))
        assert (sure.probability == label).all() and np.isinf(sure.log_odds).all()
        assert np.array_equal(sure.where, even.where)


@given(factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_the_unit_of_the_series_does_not_matter(factor, seed):
    scaled = TINY.replace(
        **{key: getattr(TINY, key) * factor for key in ("min_amp", "max_amp", "step_amp", "noise_std")}
    )
    x = sine_waves(TINY, seed=seed).x.astype(float)
    first, second = sine_posterior(x, TINY), sine_posterior(x * factor, scaled)
    assert second.log_odds == pytest.approx(first.log_odds, rel=1e-9, abs=1e-9)
    assert np.allclose(second.where, first.where, atol=1e-9)


def test_series_do_not_see_each_other_and_other_keys_do_not_count():
    x = sine_waves(TINY).x
    whole = sine_posterior(x, TINY)
    order = np.array([5, 0, 11, 2, 7])
    alone = sine_posterior(x[order], TINY.replace(dataset_size=1, seed=99))
    for name in ("probability", "log_odds", "where", "stretch"):
        assert np.allclose(getattr(alone, name), getattr(whole, name)[order], rtol=1e-11, atol=1e-11)
    assert whole.where.shape == (12, 24) and whole.stretch.shape == (12, 2) and whole.stretch.dtype == np.int64
    exact = sine_posterior(x.astype(float), TINY)
    assert np.array_equal(exact.log_odds, whole.log_odds)
    none = sine_posterior(x[:0], TINY)
    assert none.probability.shape == (0,) and none.where.shape == (0, 24) and none.stretch.shape == (0, 2)


@pytest.mark.parametrize("noise_std", [0.02, 0.5, 4.0])
def test_neither_batches_nor_what_is_left_out_change_the_result(monkeypatch, noise_std):
    config = SMALL.replace(noise_std=noise_std, dataset_size=30)
    x = sine_waves(config).x
    usual = sine_posterior(x, config)
    for changes in (
        {"CHUNK": 1},
        {"CHUNK": 2000, "MOST_FREQUENCIES": 7},
        {"TABLE": 200},
        {"NEGLIGIBLE": 1e-200},
    ):
        with monkeypatch.context() as context:
            for name, value in changes.items():
                context.setattr(bayes, name, value)
            other = sine_posterior(x, config)
        assert other.log_odds == pytest.approx(usual.log_odds, rel=1e-9, abs=1e-9)
        assert np.allclose(other.where, usual.where, atol=1e-9)
    monkeypatch.setattr(bayes, "BLOCK", 17)
    assert sine_posterior(x, config).log_odds == pytest.approx(usual.log_odds, rel=1e-11, abs=1e-11)


def test_series_that_the_generator_cannot_draw_give_numbers():
    rng = np.random.default_rng(0)
    strange = np.stack(
        [np.zeros(24), np.full(24, 1e6), np.full(24, -3.0), rng.normal(0, 100, 24), np.eye(24)[3] * 1e30]
    )
    for config in (TINY, TINY.replace(noise_std=1e-4), TINY.replace(min_amp=1e-3, step_amp=1e-3)):
        posterior = sine_posterior(strange[:, :, None], config)
        for values in (posterior.probability, posterior.log_odds, posterior.where):
            assert np.isfinite(values).all()


def test_a_stretch_over_the_whole_series_leaves_a_template_of_zeros():
    config = TINY.replace(max_length=1.0, min_freq=1.0, max_freq=3.0, step_freq=1.0, min_length=0.9)  # sin(2 pi k) = 0
    x = sine_waves(config).x[:3]
    posterior = sine_posterior(x, config)
    for row in range(3):
        log_odds, where = by_enumeration(x[row, :, 0].astype(float), config)
        assert posterior.log_odds[row] == pytest.approx(log_odds, abs=1e-9)
        assert posterior.where[row] == pytest.approx(where, abs=1e-9)


@pytest.mark.parametrize(
    "config",
    [
        SineConfig(dataset_size=120, noise_std=0.5),
        SineConfig(dataset_size=1, noise_std=0.5, step_freq=1e-4, step_loc=0.1, step_length=0.1),
    ],
    ids=["many series", "many frequencies"],
)
def test_memory_stays_small(config):
    x = sine_waves(config).x
    tracemalloc.start()
    try:
        sine_posterior(x, config)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


X = np.zeros((2, 24, 1), np.float32)
BAD = {
    "no noise": (
        lambda: sine_posterior(X, TINY.replace(noise_std=0.0)),
        "noise_std of the configuration must be positive",
    ),
    "series without a feature axis": (lambda: sine_posterior(X[:, :, 0], TINY), "x must be (N, 24, 1)"),
    "series of another length": (lambda: sine_posterior(X[:, :20], TINY), "got (2, 20, 1)"),
    "two features": (lambda: sine_posterior(np.tile(X, 2), TINY), "got (2, 24, 2)"),
    "text": (lambda: sine_posterior(X.astype(str), TINY), "x must hold real numbers, got <U"),
    "complex numbers": (lambda: sine_posterior(X + 1j, TINY), "x must hold real numbers, got complex"),
    "not a number": (lambda: sine_posterior(X + np.float32("nan"), TINY), "x must be finite, got NaN"),
    "infinity": (lambda: sine_posterior(X - np.float32("inf"), TINY), "x must be finite"),
    "beyond float32": (lambda: sine_posterior(X.astype(float) + 1e200, TINY), "a number beyond float32"),
    "accuracy of one series": (lambda: sine_posterior(X[:1], TINY).expected_accuracy, "at least two"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_input(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)
