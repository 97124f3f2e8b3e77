"""The generator keeps its promises for every configuration, not only for the default one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SineParameters, draw_sine_parameters, near_peak, render_sine_waves, sine_waves


def drawn_from(drawn: SineParameters, config: SineConfig) -> list[tuple[np.ndarray, np.ndarray]]:
    """What was drawn, and what could be, for each parameter."""
    possible = config.frequencies, config.amplitudes, config.starts, config.lengths
    return list(zip((drawn.frequency, drawn.amplitude, drawn.start, drawn.length), possible, strict=True))


@st.composite
def configurations(draw) -> SineConfig:
    least = {"loc": (0, 0.4), "length": (0.1, 0.4), "freq": (0.5, 4), "amp": (0.1, 10)}
    span = {"loc": (0.06, 0.5), "length": (0.06, 0.5), "freq": (0.05, 5), "amp": (0.05, 10)}
    low = {name: draw(st.floats(*bounds)) for name, bounds in least.items()}
    ranges = {f"min_{name}": value for name, value in low.items()}
    ranges |= {f"max_{name}": value + draw(st.floats(*span[name])) for name, value in low.items()}
    sizes = {"num_points": draw(st.integers(20, 200)), "dataset_size": draw(st.integers(1, 30))}
    return SineConfig(**ranges, **sizes, normal_anomalous_ratio=draw(st.floats(0, 1)), seed=draw(st.integers(0, 2**32)))


@given(configurations(), st.floats(0.01, 5))
@settings(deadline=None)
def test_constant_inside_the_stretch_and_the_plain_wave_outside(config, noise_std):
    batch, drawn = sine_waves(config), draw_sine_parameters(config)
    assert np.array_equal(render_sine_waves(drawn, config.num_points).x, batch.x)
    angle = np.linspace(0, 2 * np.pi, config.num_points)
    wave = (drawn.amplitude[:, None] * np.sin(drawn.frequency[:, None] * angle)).astype(np.float32)
    for series, truth, plain, start in zip(batch.x[:, :, 0], batch.truth, wave, drawn.start, strict=True):
        assert np.array_equal(series[~truth], plain[~truth])
        if truth.any():
            assert np.all(series[truth] == plain[start])
            assert np.flatnonzero(truth)[0] == start
            assert np.diff(np.flatnonzero(truth)).max(initial=1) == 1  # one run
    assert np.array_equal(batch.y, batch.truth.any(axis=1))
    assert np.all(np.abs(batch.x) <= np.float32(config.amplitudes.max()))
    assert all(np.isin(values, allowed).all() for values, allowed in drawn_from(drawn, config))
    cut = np.minimum(drawn.length, config.num_points - drawn.start)[drawn.flat]
    assert np.array_equal(batch.truth.sum(axis=1)[drawn.flat], cut) and (cut >= 2).all()
    again, noisy = sine_waves(config), sine_waves(config.replace(noise_std=noise_std))
    assert np.array_equal(batch.x, again.x) and not np.array_equal(noisy.x, batch.x)
    assert np.array_equal(batch.truth, again.truth) and np.array_equal(noisy.truth, batch.truth)


def test_another_seed_gives_other_data_and_the_argument_wins_over_the_configuration():
    config = SineConfig(dataset_size=50, seed=1)
    assert not np.array_equal(sine_waves(config).x, sine_waves(config, seed=2).x)
    assert np.array_equal(sine_waves(config, seed=np.int64(2)).x, sine_waves(config.replace(seed=2)).x)


def test_the_noise_has_the_configured_spread_and_a_stream_of_its_own():
    config = SineConfig(dataset_size=200, noise_std=0.5)
    noise = sine_waves(config, seed=9).x - sine_waves(config.replace(noise_std=0.0), seed=9).x
    own = np.random.default_rng(np.random.SeedSequence(9).spawn(2)[1]).normal(0, 0.5, noise.shape)
    assert np.allclose(noise, own, atol=1e-5)


def test_every_value_is_drawn_and_none_is_preferred():
    config = SineConfig(num_points=100, dataset_size=20_000, normal_anomalous_ratio=0.8)
    drawn = draw_sine_parameters(config, seed=3)
    for values, allowed in drawn_from(drawn, config):
        assert np.array_equal(np.unique(values), allowed)
        assert abs(values.mean() - allowed.mean()) < 5 * allowed.std() / np.sqrt(values.size)
    assert abs((~drawn.flat).mean() - 0.8) < 0.015  # 5 standard errors
    for ratio, label in ((0.0, 1), (1.0, 0)):
        assert (sine_waves(config.replace(normal_anomalous_ratio=ratio, dataset_size=99)).y == label).all()


def test_as_many_steps_are_near_a_peak_as_the_sine_has_there():
    x = (3 * np.sin(np.linspace(0, 6 * np.pi, 60_001))[None, :, None]).astype(np.float32)
    for share in (0.5, 0.9):
        near = near_peak(x, share)
        assert near.mean() == pytest.approx(2 * np.arccos(share) / np.pi, abs=1e-3)
        assert np.abs(x[:, :, 0])[near].min() > np.abs(x[:, :, 0])[~near].max()
