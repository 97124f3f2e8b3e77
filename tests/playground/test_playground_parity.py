"""The page "Playground" computes what PyTorch computes, and its weights come and go unchanged.

Its scripts run in Node, on the weights that are committed.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from export_playground import CONFIG, NAMES, SELF_ATTENTION, apply, build, read_script, write_script
from tsattn_tutorial.datasets import render_sine_waves
from tsattn_tutorial.reference import seq_self_attention


def answers_of(page, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, logits and weights of a model."""
    return tuple(np.array([row[key] for row in page["models"][name]]) for key in ("probability", "logit", "weights"))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_agrees_with_pytorch(page, exported, waves, name):
    """In float64, in which the page computes."""
    probability, _, weights = answers_of(page, name)
    logit, expected = apply(exported[name].model.double(), waves)
    exported[name].model.float()
    assert len(waves) >= 200 and 0.3 < waves.y.mean() < 0.7
    assert np.abs(probability - 1 / (1 + np.exp(-logit))).max() < 1e-9 and np.abs(weights - expected).max() < 1e-9


@pytest.mark.parametrize("name", SELF_ATTENTION)
def test_self_attention_is_that_of_the_reference(exported, waves, name):
    model = exported[name].model.double()
    x = torch.tensor(waves.x[:6], dtype=torch.float64)
    with torch.no_grad():
        hidden = model.lstm(model.patches(x)[0])[0].numpy()
        kernel, bias = model.kernel.numpy(), model.bias.item()
        _, weights = model(x)
    model.float()
    squash = (lambda z: 1 / (1 + np.exp(-z))) if SELF_ATTENTION[name] else None
    _, expected = seq_self_attention(hidden, (kernel,), bias, activation=squash)
    assert np.abs(weights.numpy() - expected).max() < 1e-12


def test_the_page_draws_the_waves_of_the_generator(page, parameters):
    """Two sines may differ in the last bit of a float64, so two samples may in the last bit of a float32."""
    expected = render_sine_waves(parameters, CONFIG.num_points)
    drawn = np.array([wave["x"] for wave in page["drawn"]], np.float32)
    assert (np.array([wave["truth"] for wave in page["drawn"]]) == expected.truth).all()
    far = np.abs(drawn - expected.x[:, :, 0])
    assert far.max() <= np.spacing(np.float32(10)) and (far == 0).mean() > 0.999


def test_the_noise_of_the_page_is_standard_normal(page):
    draw = np.array(page["normal"])
    assert abs(draw.mean()) < 0.03 and abs(draw.std() - 1) < 0.03
    assert abs((np.abs(draw) < 1).mean() - 0.6827) < 0.01
    assert abs(np.corrcoef(draw[1:], draw[:-1])[0, 1]) < 0.03


def test_a_script_comes_back_as_it_was_written(tmp_path, exported):
    path = tmp_path / "weights.js"
    write_script(path, {"steps": 3}, {"mean": exported["mean"]})
    assert re.match(r"(// .*\n)+const PLAYGROUND = \{", path.read_text(encoding="utf-8"))
    found, models = read_script(path)
    assert found == {"steps": 3} and models["mean"].right == exported["mean"].right
    for key, tensor in exported["mean"].model.state_dict().items():
        assert torch.equal(models["mean"].model.state_dict()[key], tensor)


def test_a_script_that_does_not_fit_is_refused(tmp_path, exported):
    path = tmp_path / "weights.js"
    write_script(path, {}, {"mean": replace(exported["mean"], model=build("sharp"))})
    with pytest.raises(ValueError, match="mean has options"):
        read_script(path)
