"""Gradients of the logit: what finite differences say, and shares that add up."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.torch import SHARP, BiLSTMAttention, explanations, input_gradients, integrated_gradients
from tsattn_tutorial.torch.explanations import explain, say
from tsattn_tutorial.torch.networks import by_class

FRONTS = [{}, {"patch_size": 4}, {"patch_size": 5, "slope": 3.0, "normalise": True}]
MASK = np.arange(17) < np.array([[9], [17], [4]])


class Linear(nn.Module):
    """``logit = sum(w x) + 1``, with dropout in training; w has the shape of a series. It heeds no mask."""

    def __init__(self, w: np.ndarray) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x, mask=None):
        return (self.w * nn.functional.dropout(x, 0.5, self.training)).sum(dim=(1, 2)) + 1, None


def some(seed: int = 0, mask: np.ndarray | None = None, n: int = 3) -> SeriesBatch:
    x = np.random.default_rng(seed).normal(size=(n, 17, 2)).astype(np.float32)
    return SeriesBatch(x, np.arange(n) % 2, mask=mask)


def classifier(**options) -> BiLSTMAttention:
    return BiLSTMAttention(2, 6, 5, **options, seed=1).double()


def logits(model: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.tensor(x, dtype=torch.float64))[0].numpy()


@pytest.mark.parametrize("front", FRONTS)
def test_gradients_are_what_finite_differences_say_and_change_nothing(front):
    model, batch, width = classifier(**front), some(), 1e-5
    x = batch.x.astype(float)
    gradient = input_gradients(model, batch)
    assert gradient.shape == x.shape and gradient.dtype == np.float64
    for step, dimension in ((0, 0), (7, 1), (16, 0)):
        nudge = np.zeros(x.shape[1:])
        nudge[step, dimension] = width
        slope = (logits(model, x + nudge) - logits(model, x - nudge)) / (2 * width)
        assert gradient[:, step, dimension] == pytest.approx(slope, rel=1e-5, abs=1e-9)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("steps", [1, np.int64(7)])
@pytest.mark.parametrize("shape", [(), (17, 2), (3, 17, 2)])
def test_a_linear_model_is_shared_out_exactly_in_any_number_of_steps(shape, steps):
    w, batch = np.random.default_rng(1).normal(size=(17, 2)), some()
    assert np.allclose(input_gradients(Linear(w).train(), batch), w)
    baseline = np.random.default_rng(2).normal(size=shape)
    assert np.allclose(integrated_gradients(Linear(w), batch, baseline=baseline, steps=steps), w * (batch.x - baseline))


@pytest.mark.parametrize("front", FRONTS)
def test_shares_add_up_to_the_difference_of_the_logits(front):
    """The closer the more steps, as the square of their number: the middle of each part is taken, not its end."""
    model, batch, baseline = classifier(**front), some(), 2 * some(seed=5).x
    difference = logits(model, batch.x) - logits(model, baseline)
    sums = [integrated_gradients(model, batch, baseline=baseline, steps=n).sum(axis=(1, 2)) for n in (40, 80)]
    gaps = [np.abs(total - difference).max() for total in sums]
    assert np.abs(difference).min() > 1e-4 > gaps[1] and 3 < gaps[0] / gaps[1] < 5


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("compute", [input_gradients, lambda m, b: integrated_gradients(m, b, baseline=0.5, steps=3)])
def test_padding_gets_nothing_and_changes_nothing(front, compute):
    filled = some(mask=MASK), some(mask=MASK)
    filled[1].x[~MASK] = np.nan
    zeros, holes = (compute(classifier(**front), batch) for batch in filled)
    assert np.allclose(zeros, holes) and not zeros[~MASK].any() and zeros[MASK].all()
    alone = compute(classifier(**front), SeriesBatch(filled[0].x[:1, :9], filled[0].y[:1]))
    assert np.allclose(alone[0], zeros[0, :9])
    assert not compute(Linear(np.ones((17, 2))), filled[0])[~MASK].any()


def test_batches_change_memory_and_not_results(monkeypatch):
    whole = input_gradients(classifier(), some(mask=MASK))
    monkeypatch.setattr(explanations, "PREDICTION_BATCH", 2)
    assert np.allclose(input_gradients(classifier(), some(mask=MASK)), whole)


def test_what_never_varies_gets_nothing():
    """A dead sensor beside others, a flat series, a series of one step."""
    dead = some(mask=MASK)
    dead.x[0, :, 1] = 37.2
    gradient = input_gradients(classifier(normalise=True), dead)
    assert not gradient[0, :, 1].any() and gradient[0, :9, 0].all() and np.isfinite(gradient).all()
    for flat in (np.full((1, 40, 1), 0.1, np.float32), np.ones((1, 1, 1), np.float32)):
        batch = SeriesBatch(flat, np.zeros(1, int))
        assert not input_gradients(SHARP.build(), batch).any()
        assert not integrated_gradients(SHARP.build(), batch, baseline=0.0).any()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_library_says_the_same(classes):
    """Captum's integrated gradients and occlusion, of networks with one logit and with three."""
    from captum.attr import IntegratedGradients, Occlusion

    batch = replace(some(), y=np.arange(3) % classes)
    model = classifier(patch_size=4, classes=classes)
    x, labels = torch.tensor(batch.x, dtype=torch.float64), torch.tensor(batch.y)
    baseline = torch.full_like(x, 0.3)

    def logits_of(x):
        return by_class(model(x)[0])

    theirs = IntegratedGradients(logits_of).attribute(x, baseline, labels, n_steps=40, method="riemann_middle")
    assert np.allclose(theirs, integrated_gradients(model, batch, batch.y, baseline=0.3, steps=40))
    window, stride = 1, 1  # a twentieth of 17 steps
    theirs = Occlusion(logits_of).attribute(x, (window, 2), target=labels, strides=(stride, 2), baselines=0)
    assert np.allclose(theirs[:, :, 0], explain(model, batch, "occlusion"))
    long = SeriesBatch(np.tile(batch.x, (1, 6, 1))[:, :80], batch.y)  # windows of four steps, every second one
    theirs = Occlusion(logits_of).attribute(torch.tensor(long.x).double(), (4, 2), target=labels, strides=(2, 2))
    inner = slice(4, -4)  # captum stops before the last window that is not full
    assert np.allclose(theirs[:, inner, 0], explain(model, long, "occlusion")[:, inner])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("mask", [None, MASK])
def test_evidence_adds_up_to_the_logits(classes, mask):
    model, batch = classifier(patch_size=4, classes=classes), some(mask=mask)
    parts = say(model, batch, lambda network, x, mask: network.evidence(x, mask))
    assert parts.shape == (3, classes, 17) and np.allclose(parts.sum(axis=2), say(model, batch))
    shown = explain(model, batch, "evidence")
    real = np.ones((3, 17), bool) if mask is None else mask
    assert np.array_equal(np.isnan(shown), ~real) and np.allclose(shown[real], parts[np.arange(3), batch.y][real])
    assert np.allclose(np.nansum(explain(model, batch, "attention"), axis=1), 1)


@pytest.mark.parametrize(
    ("batch", "options", "setting", "message"),
    [(some(), {}, {"steps": steps}, "steps must be a positive integer") for steps in (0, 2.5, True)]
    + [(some(), {}, {"baseline": b}, "baseline must be") for b in (np.zeros(17), np.zeros((1, 17, 2)), np.nan)]
    + [(some()[:0], {}, {}, "at least one series"), (some(), {"classes": 3}, {}, r"one logit a series, \(B,\)")],
)
def test_what_gives_no_gradient_is_refused(batch, options, setting, message):
    with pytest.raises(ValueError, match=message):
        integrated_gradients(classifier(**options), batch, **({"baseline": 0.0} | setting))
