"""Gradients of the logit: what finite differences say, and shares that add up."""

import numpy as np
import pytest
import torch
from torch import nn

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.torch import AttentionClassifier, gradients, input_gradients, integrated_gradients, predict

FRONTS = [{}, {"patch_size": 4}, {"patch_size": 5, "slope": 3.0, "normalise": True}]


class Linear(nn.Module):
    """``logit = sum(w x) + 1``; w has the shape of a series."""

    def __init__(self, w: np.ndarray) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x, mask=None):
        return (self.w * x).sum(dim=(1, 2)) + 1, None


def some(
    n: int = 3, steps: int = 17, dimensions: int = 2, seed: int = 0, mask: np.ndarray | None = None
) -> SeriesBatch:
    x = np.random.default_rng(seed).normal(size=(n, steps, dimensions)).astype(np.float32)
    return SeriesBatch(x, np.arange(n) % 2, mask=mask)


def classifier(**options) -> AttentionClassifier:
    return AttentionClassifier(2, 6, 5, **options, seed=1).double()


def logits(model: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.tensor(x, dtype=torch.float64))[0].numpy()


@pytest.mark.parametrize("front", FRONTS)
def test_gradients_are_what_finite_differences_say(front):
    model, batch = classifier(**front), some()
    x, width = batch.x.astype(float), 1e-5
    gradient = input_gradients(model, batch)
    assert gradient.shape == x.shape and gradient.dtype == np.float64
    for step, dimension in ((0, 0), (7, 1), (16, 0)):
        nudge = np.zeros(x.shape[1:])
        nudge[step, dimension] = width
        slope = (logits(model, x + nudge) - logits(model, x - nudge)) / (2 * width)
        assert gradient[:, step, dimension] == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_the_gradient_of_a_linear_model_is_its_weights():
    w = np.random.default_rng(1).normal(size=(17, 2))
    assert np.allclose(input_gradients(Linear(w), some()), w)


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("shape", [(), (17, 2), (3, 17, 2)])
def test_a_linear_model_is_shared_out_exactly_in_any_number_of_steps(shape, steps):
    w, batch = np.random.default_rng(1).normal(size=(17, 2)), some()
    baseline = np.random.default_rng(2).normal(size=shape)
    shares = integrated_gradients(Linear(w), batch, baseline=baseline, steps=steps)
    assert np.allclose(shares, w * (batch.x - baseline)) and shares.shape == (3, 17, 2)


@pytest.mark.parametrize("front", FRONTS)
def test_shares_add_up_to_the_difference_of_the_logits(front):
    model, batch, baseline = classifier(**front), some(), some(seed=5).x
    difference = logits(model, batch.x) - logits(model, baseline)
    assert np.abs(difference).min() > 1e-4
    shares = integrated_gradients(model, batch, baseline=baseline, steps=100)
    assert shares.sum(axis=(1, 2)) == pytest.approx(difference, abs=3e-5)


def test_more_steps_come_closer_as_the_square_of_their_number():
    model, batch, baseline = classifier(), some(), 3 * some(seed=5).x
    difference = logits(model, batch.x) - logits(model, baseline)
    gaps = [
        np.abs(integrated_gradients(model, batch, baseline=baseline, steps=n).sum(axis=(1, 2)) - difference).max()
        for n in (20, 40)
    ]
    assert 3 < gaps[0] / gaps[1] < 5  # the middle of each part, not its end


def test_what_equals_the_baseline_gets_no_share():
    batch = some()
    baseline = batch.x.copy()
    baseline[:, 5] += 1
    shares = integrated_gradients(classifier(), batch, baseline=baseline)
    assert shares[:, 5].all() and not np.delete(shares, 5, axis=1).any()


def test_padding_gets_nothing_and_changes_nothing():
    lengths = np.array([9, 17, 4])
    mask = np.arange(17) < lengths[:, None]
    filled = [some(mask=mask) for _ in range(2)]
    filled[1].x[~mask] = np.nan
    for front in FRONTS:
        model = classifier(**front)
        for compute in (input_gradients, lambda m, b: integrated_gradients(m, b, baseline=0.5, steps=3)):
            zeros, holes = (compute(model, batch) for batch in filled)
            assert np.allclose(zeros, holes) and not zeros[~mask].any() and zeros[mask].all()
            alone = compute(model, SeriesBatch(filled[0].x[:1, :9], filled[0].y[:1]))
            assert np.allclose(alone[0], zeros[0, :9])
    assert not input_gradients(Linear(np.ones((17, 2))), filled[0])[~mask].any()  # a model that heeds no mask


@pytest.mark.parametrize("mask", [None, np.arange(17) < np.array([[9], [17], [4], [1], [12]])])
def test_batches_change_memory_and_not_results(monkeypatch, mask):
    model, batch, baseline = classifier(), some(5, mask=mask), some(5, seed=3).x
    whole = input_gradients(model, batch), integrated_gradients(model, batch, baseline=baseline, steps=3)
    monkeypatch.setattr(gradients, "GRADIENT_BATCH", 2)
    parts = input_gradients(model, batch), integrated_gradients(model, batch, baseline=baseline, steps=3)
    assert all(np.allclose(a, b) for a, b in zip(whole, parts, strict=True))


def test_the_model_stays_as_it_was():
    model, batch = classifier(), some()
    before = predict(model, batch).probability
    input_gradients(model, batch)
    assert np.array_equal(predict(model, batch).probability, before)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_dropout_is_off():
    class Dropping(Linear):
        def forward(self, x, mask=None):
            return super().forward(nn.functional.dropout(x, 0.5, self.training))

    w = np.ones((17, 2))
    assert np.allclose(input_gradients(Dropping(w).train(), some()), w)


@pytest.mark.parametrize("steps", [0, -1, 2.5, True])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    with pytest.raises(ValueError, match="steps must be a positive integer"):
        integrated_gradients(classifier(), some(), baseline=0.0, steps=steps)


@pytest.mark.parametrize("baseline", [np.zeros(17), np.zeros((1, 17, 2)), np.nan, np.full((17, 2), np.inf)])
def test_a_baseline_that_does_not_fit_is_refused(baseline):
    with pytest.raises(ValueError, match="baseline must be finite"):
        integrated_gradients(classifier(), some(), baseline=baseline)


def test_no_series_are_refused():
    none = some()[:0]
    for compute in (input_gradients, lambda m, b: integrated_gradients(m, b, baseline=0.0)):
        with pytest.raises(ValueError, match="at least one series"):
            compute(classifier(), none)
