"""The generator keeps its promises for every configuration, not only for the default one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import draw_sine_parameters, render_sine_waves, sine_waves


@st.composite
def configurations(draw) -> SineConfig:
    num_points = draw(st.integers(20, 200))
    min_loc, min_length = draw(st.floats(0, 0.4)), draw(st.floats(0.1, 0.4))
    min_freq, min_amp = draw(st.floats(0.5, 4)), draw(st.floats(0.1, 10))
    return SineConfig(
        num_points=num_points,
        dataset_size=draw(st.integers(1, 30)),
        normal_anomalous_ratio=draw(st.floats(0, 1)),
        min_loc=min_loc,
        max_loc=min_loc + draw(st.floats(0.06, 0.5)),
        min_length=min_length,
        max_length=min_length + draw(st.floats(0.06, 0.5)),
        min_freq=min_freq,
        max_freq=min_freq + draw(st.floats(0.05, 5)),
        min_amp=min_amp,
        max_amp=min_amp + draw(st.floats(0.05, 10)),
        seed=draw(st.integers(0, 2**32)),
    )


@given(configurations())
@settings(deadline=None)
def test_constant_inside_the_stretch_and_the_plain_wave_outside(config):
    batch, drawn = sine_waves(config), draw_sine_parameters(config)
    angle = np.linspace(0, 2 * np.pi, config.num_points)
    wave = (drawn.amplitude[:, None] * np.sin(drawn.frequency[:, None] * angle)).astype(np.float32)
    for series, truth, plain, start in zip(batch.x[:, :, 0], batch.truth, wave, drawn.start, strict=True):
        assert np.array_equal(series[~truth], plain[~truth])
        if truth.any():
            assert np.all(series[truth] == plain[start])
            assert np.flatnonzero(truth)[0] == start
            assert np.diff(np.flatnonzero(truth)).max(initial=1) == 1  # one run


@given(configurations())
@settings(deadline=None)
def test_label_is_whether_there_is_a_truth_and_values_stay_in_range(config):
    batch, drawn = sine_waves(config), draw_sine_parameters(config)
    assert np.array_equal(batch.y, batch.truth.any(axis=1))
    assert np.all(np.abs(batch.x) <= np.float32(config.amplitudes.max()))
    for values, allowed in (
        (drawn.frequency, config.frequencies),
        (drawn.amplitude, config.amplitudes),
        (drawn.start, config.starts),
        (drawn.length, config.lengths),
    ):
        assert np.isin(values, allowed).all()
    stretch = batch.truth.sum(axis=1)[drawn.flat]
    cut = np.minimum(drawn.length, config.num_points - drawn.start)[drawn.flat]
    assert np.array_equal(stretch, cut) and (stretch >= 2).all()


@given(configurations(), st.floats(0.01, 5))
@settings(deadline=None)
def test_the_seed_decides_everything_and_noise_changes_no_wave(config, noise_std):
    first, again = sine_waves(config), sine_waves(config)
    assert np.array_equal(first.x, again.x) and np.array_equal(first.truth, again.truth)
    noisy = sine_waves(config.replace(noise_std=noise_std))
    assert np.array_equal(noisy.truth, first.truth) and not np.array_equal(noisy.x, first.x)


def test_another_seed_gives_other_data_and_the_argument_wins_over_the_configuration():
    config = SineConfig(dataset_size=50, seed=1)
    assert not np.array_equal(sine_waves(config).x, sine_waves(config, seed=2).x)
    assert np.array_equal(sine_waves(config, seed=2).x, sine_waves(config.replace(seed=2)).x)


def test_the_noise_has_the_configured_spread():
    config = SineConfig(dataset_size=200)
    noise = sine_waves(config.replace(noise_std=0.5)).x - sine_waves(config).x
    assert abs(noise.std() - 0.5) < 0.01 and abs(noise.mean()) < 0.01  # 100,000 samples: 9 standard errors


def test_the_ratio_is_the_share_of_plain_waves():
    config = SineConfig(num_points=20, dataset_size=10_000, normal_anomalous_ratio=0.8)
    assert abs((sine_waves(config).y == 0).mean() - 0.8) < 0.02  # 5 standard errors
    for ratio, label in ((0.0, 1), (1.0, 0)):
        assert (sine_waves(config.replace(normal_anomalous_ratio=ratio)).y == label).all()


def test_rendering_is_what_the_generator_does():
    config = SineConfig(dataset_size=20)
    rendered = render_sine_waves(draw_sine_parameters(config), config.num_points)
    assert np.array_equal(rendered.x, sine_waves(config).x)


def test_every_value_is_drawn_and_none_is_preferred():
    config = SineConfig(num_points=100, dataset_size=20_000)
    drawn = draw_sine_parameters(config, seed=3)
    for values, allowed in (
        (drawn.frequency, config.frequencies),
        (drawn.amplitude, config.amplitudes),
        (drawn.start, config.starts),
        (drawn.length, config.lengths),
    ):
        assert np.array_equal(np.unique(values), allowed)
        standard_error = allowed.std() / np.sqrt(values.size)
        assert abs(values.mean() - allowed.mean()) < 5 * standard_error


def test_the_noise_has_a_stream_of_its_own():
    config = SineConfig(num_points=50, dataset_size=3, noise_std=2.0)
    own = np.random.default_rng(np.random.SeedSequence(9).spawn(2)[1])
    noise = sine_waves(config, seed=9).x - sine_waves(config.replace(noise_std=0.0), seed=9).x
    assert np.allclose(noise, own.normal(0, 2, (3, 50, 1)), atol=1e-5)
