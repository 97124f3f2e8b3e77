"""What the page "Playground" says of its models and of its experiments is true."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import export_playground
from export_playground import CONFIG, NAMES, RECIPES, SCRIPT, SELF_ATTENTION, apply, build, read_script, settings
from tsattn_tutorial.datasets import SeriesBatch, SineParameters, draw_sine_parameters, render_sine_waves
from tsattn_tutorial.torch import PUBLISHED, SHARP

KINDS = {"flat": bool, "frequency": float, "amplitude": float, "start": int, "length": int}


def test_the_sliders_have_the_ranges_of_the_generator():
    """What one can draw is what the models were trained on, but for the noise."""
    written = read_script(SCRIPT)[0]
    assert written == settings()
    assert written["ranges"]["frequency"]["max"] == pytest.approx(CONFIG.frequencies[-1])
    assert written["ranges"]["start"] == {"min": 0, "max": 445, "step": 5}
    assert written["ranges"]["noise"]["max"] == export_playground.MOST_NOISE


def test_the_models_are_what_the_page_says(exported):
    """One seed for all, by a stated rule; each has learnt."""
    assert list(exported) == list(NAMES)
    assert RECIPES["sharp"] == SHARP and RECIPES["mean"] == replace(SHARP, pooling="mean")
    for name, model in exported.items():
        assert model.seed == export_playground.typical_seed(), name
        assert model.right > 0.9 * model.series, name


def test_the_table_of_the_page_says_how_the_models_were_made(exported):
    """Sizes, epochs, and that the two models of self-attention started from the same weights."""
    assert (SHARP.patch_size, SHARP.units, SHARP.epochs) == (20, PUBLISHED.units / 2, 4)
    assert SHARP.normalise and SHARP.slope
    options = exported["plain"].model.options | {"squash": True}
    assert options == exported["sigmoid"].model.options
    assert (options["patch_size"], options["units"], export_playground.PACE["epochs"]) == (10, 8, 10)
    plain, squashed = (build(name, seed=1).state_dict() for name in SELF_ATTENTION)
    assert all(torch.equal(plain[key], squashed[key]) for key in plain)


# What the page says of its experiments. The settings are those of its buttons.


def drawn(**values) -> SeriesBatch:
    """Waves with these parameters, each a number or one a wave."""
    values = {"flat": True, "start": 200, "length": 100} | values
    columns = np.broadcast_arrays(*(np.atleast_1d(values[name]).astype(kind) for name, kind in KINDS.items()))
    return render_sine_waves(SineParameters(**dict(zip(KINDS, columns, strict=True))), CONFIG.num_points)


def of_button(setting: dict[str, str], **other) -> SeriesBatch:
    """Waves like that of a button, but for what is given otherwise."""
    return drawn(**({name: float(setting[name]) for name in KINDS.keys() & setting.keys()} | other))


def says(exported, name: str, waves: SeriesBatch) -> np.ndarray:
    """Whether the model says "flat stretch"."""
    return apply(exported[name].model, waves)[0] > 0


def test_the_buttons_are_those_that_are_checked_here(buttons):
    names = [text for text, _ in buttons if text != "Set it up"]
    assert names == ["Crest", "End", "Slowest", "one of them"] and len(buttons) == 9
    ranges = settings()["ranges"]
    for _, setting in buttons:
        for name in setting.keys() & ranges.keys():
            steps = (float(setting[name]) - ranges[name]["min"]) / ranges[name]["step"]
            assert abs(steps - round(steps)) < 1e-6 and float(setting[name]) <= ranges[name]["max"], (name, setting)


def test_right_and_looking_elsewhere(exported, buttons):
    setting = buttons[0][1]
    assert setting["model"] == "published"
    logit, weights = apply(exported["published"].model, of_button(setting))
    assert logit[0] > np.log(0.99 / 0.01) and (weights * of_button(setting).truth).sum() < 0.02
    row = of_button(setting, start=np.arange(60, 446, 5))
    assert says(exported, "published", row).all()
    mass = (apply(exported["published"].model, row)[1] * row.truth).sum(axis=1)
    assert mass.max() > 0.5 and mass.min() < 0.02
    mass = (apply(exported["sharp"].model, row)[1] * row.truth).sum(axis=1)
    assert says(exported, "sharp", row).all() and mass.min() > 0.9


def test_three_waves_that_fool_the_published_model(exported, buttons):
    crest, end, slowest = (setting for _, setting in buttons[1:4])
    for setting in (crest, end, slowest):
        wave = of_button(setting)
        assert says(exported, "published", wave) != wave.y
        assert says(exported, "sharp", wave) == wave.y and says(exported, "mean", wave) == wave.y
    assert says(exported, "published", of_button(crest, length=CONFIG.lengths)).any()
    assert says(exported, "published", of_button(end, start=CONFIG.starts[-20:])).any()
    assert not says(exported, "published", of_button(slowest, frequency=1.01))
    assert abs(float(crest["start"]) + 25 - 499 / 4 / 1.5) < 25  # the crest is inside


def test_stretches_at_the_end_are_missed_more_often(exported):
    """More than twice as often as the others."""
    parameters = draw_sine_parameters(CONFIG.replace(dataset_size=2000), 4)
    waves = render_sine_waves(parameters, CONFIG.num_points)
    missed = ~says(exported, "published", waves)
    last = parameters.start + parameters.length >= CONFIG.num_points
    assert missed[parameters.flat & last].mean() > 2 * missed[parameters.flat & ~last].mean()


def test_a_little_noise(exported, page, buttons):
    """Without it the wave is named rightly; with it most draws are taken for a flattened wave."""
    setting = buttons[4][1]
    assert setting["model"] == "sharp" and not says(exported, "sharp", of_button(setting))
    samples = np.array(page["set"], np.float32)[:, :, None]
    batch = SeriesBatch(samples, np.zeros(len(samples), int), np.zeros(samples.shape[:2], bool))
    assert says(exported, "sharp", batch).mean() > 0.6
    steepest = np.abs(np.diff(of_button(setting).x[0, :, 0])).max()
    assert np.diff(samples[:, :, 0], axis=1).std() > 2 * steepest


def test_without_attention(exported, buttons):
    setting, error = buttons[5][1], buttons[6][1]
    assert setting["model"] == error["model"] == "mean"
    assert says(exported, "mean", of_button(setting))
    assert not says(exported, "mean", of_button(error))
    assert exported["mean"].right == exported["sharp"].right
    assert np.allclose(apply(exported["mean"].model, of_button(setting))[1], 1 / CONFIG.num_points)


def test_self_attention_with_and_without_the_sigmoid(exported, buttons):
    wave = of_button(buttons[7][1])
    stretch = wave.truth[0].reshape(50, 10).all(axis=1)
    logit, weights = apply(exported["plain"].model, wave)
    assert logit[0] > 0 and weights[0][:, stretch].sum(axis=1).min() > 0.9
    logit, weights = apply(exported["sigmoid"].model, wave)
    assert logit[0] > 0
    assert 1 / (1 + 49 * np.e) < weights.min() and weights.max() < np.e / (np.e + 49)


def test_even_weights_are_enough_behind_a_sigmoid(exported):
    """And not where there was none."""
    waves = render_sine_waves(draw_sine_parameters(CONFIG.replace(dataset_size=2000), 8), CONFIG.num_points)
    differ = {}
    for name in SELF_ATTENTION:
        model = exported[name].model
        with torch.no_grad():
            hidden = model.lstm(model.patches(torch.tensor(waves.x))[0])[0]
            even = model.classifier(hidden.mean(dim=1)).squeeze(-1).numpy() > 0
        assert (says(exported, name, waves) == (waves.y == 1)).mean() > 0.999
        differ[name] = (even != says(exported, name, waves)).mean()
    assert differ["sigmoid"] < 0.001 and differ["plain"] > 0.1


def test_the_page_names_the_seed(text):
    assert f"those of seed {export_playground.typical_seed()} " in " ".join(text.split())
