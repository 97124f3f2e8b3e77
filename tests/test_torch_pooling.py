"""Poolings and patches: weights are weights, padding changes nothing, and nothing is invented."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.torch import (
    AttentionClassifier,
    ConvolutionClassifier,
    FeedForwardClassifier,
    LastState,
    MaxPooling,
    MeanPooling,
    Patches,
)

FRONTS = [{}, {"patch_size": 4}, {"patch_size": 5, "slope": 3.0}, {"patch_size": 3, "slope": 2.0, "normalise": True}]
POOLINGS = ["attention", "mean", "max", "last"]


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def real(lengths: list[int], steps: int) -> torch.Tensor:
    return torch.arange(steps) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layers", [1, 2])
def test_padding_changes_nothing_whatever_stands_there(pooling, front, layers):
    model = AttentionClassifier(2, 6, 5, layers=layers, pooling=pooling, **front, seed=1).double()
    series = some(1, 17, 2)
    logit, weights = model(series)
    for filling in (0.0, 1e3, float("nan")):
        for padding in (1, 3, 20):
            longer = torch.cat([series, torch.full((1, padding, 2), filling, dtype=torch.float64)], dim=1)
            mask = real([17, 17 + padding], 17 + padding)
            padded, its_weights = model(torch.cat([longer, some(*longer.shape, seed=2)]), mask)
            assert abs(padded[0] - logit[0]) < 1e-12
            if weights is not None:
                assert torch.allclose(its_weights[0, :17], weights[0], atol=1e-12) and not its_weights[0, 17:].any()


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("pooling", ["attention", "mean"])
@pytest.mark.parametrize("lengths", [None, [23, 11, 1]])
def test_weights_sum_to_one_over_the_real_steps(pooling, front, lengths):
    model = AttentionClassifier(pooling=pooling, **front)
    mask = None if lengths is None else real(lengths, 23)
    _, weights = model(some(3, 23, 1).float(), mask)
    assert weights.shape == (3, 23) and torch.allclose(weights.sum(dim=1), torch.ones(3))
    assert (weights >= 0).all() and (mask is None or not weights[~mask].any())


def test_a_mean_has_even_weights_and_the_others_none():
    x, mask = some(2, 9, 1).float(), real([9, 4], 9)
    _, weights = AttentionClassifier(pooling="mean")(x, mask)
    assert torch.allclose(weights, mask / mask.sum(dim=1, keepdim=True))
    assert all(AttentionClassifier(pooling=pooling)(x, mask)[1] is None for pooling in ("max", "last"))


def test_poolings_are_what_they_say():
    hidden, mask = some(3, 7, 4), real([7, 5, 1], 7)
    mean, largest, last = (layer(hidden, mask)[0] for layer in (MeanPooling(), MaxPooling(), LastState()))
    for row, length in enumerate((7, 5, 1)):
        states = hidden[row, :length]
        assert torch.allclose(mean[row], states.mean(dim=0))
        assert torch.equal(largest[row], states.max(dim=0).values)
        assert torch.equal(last[row], torch.cat([states[-1, :2], states[0, 2:]]))


def test_the_last_state_is_where_each_direction_ends():
    model = AttentionClassifier(pooling="last").double()
    x = some(2, 12, 1)
    _, (final, _) = model.lstm(x)  # (2, B, H), forwards and backwards
    logit, _ = model(x)
    assert torch.allclose(logit, model.classifier(torch.cat([final[0], final[1]], dim=1)).squeeze(-1))


def test_the_same_parts_get_the_same_initial_weights_whatever_pools():
    models = [AttentionClassifier(pooling=pooling, seed=5) for pooling in POOLINGS]
    assert all(torch.equal(model.lstm.weight_hh_l0, models[0].lstm.weight_hh_l0) for model in models)


def test_patches_hold_the_samples_in_order_and_zeros_where_there_are_none():
    x = torch.arange(1.0, 8.0).reshape(1, 7, 1)
    patches, mask = Patches(3)(x)
    assert patches.tolist() == [[[1, 2, 3], [4, 5, 6], [7, 0, 0]]] and mask is None
    patches, mask = Patches(3)(x, real([4], 7))
    assert patches.tolist() == [[[1, 2, 3], [4, 0, 0], [0, 0, 0]]] and mask.tolist() == [[True, True, False]]


def test_the_slope_is_the_difference_to_the_sample_before():
    x = torch.tensor([1.0, 4.0, 2.0, 2.0]).reshape(1, 4, 1)
    seen, _ = Patches(slope=10.0)(x)
    assert seen[0].tolist() == [[1, 0], [4, 30], [2, -20], [2, 0]]
    seen, _ = Patches(slope=10.0)(x, real([2], 4))
    assert seen[0].tolist() == [[1, 0], [4, 30], [0, 0], [0, 0]]


@given(scale=st.floats(1e-2, 1e3), shift=st.floats(-1e3, 1e3), length=st.integers(2, 12))
@settings(deadline=None, max_examples=50)
def test_normalised_series_forget_scale_and_offset(scale, shift, length):
    x, mask = some(1, 12, 2), real([length], 12)
    front = Patches(4, slope=2.0, normalise=True)
    assert torch.allclose(front(x * scale + shift, mask)[0], front(x, mask)[0], atol=1e-6)
    seen, _ = Patches(normalise=True)(x, mask)
    assert torch.allclose(seen[0, :length].mean(dim=0), torch.zeros(2, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(seen[0, :length].square().mean(dim=0), torch.ones(2, dtype=torch.float64))


def test_a_series_that_never_varies_becomes_zero():
    assert not Patches(normalise=True)(torch.full((1, 5, 1), 7.0))[0].any()


@given(size=st.integers(1, 9), lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_the_weight_of_a_patch_is_spread_evenly_over_its_real_steps(size, lengths):
    mask = real(lengths, 20)
    patches = np.array([[mask[row, k : k + size].sum() for k in range(0, 20, size)] for row in range(len(lengths))])
    weights = torch.softmax(some(*patches.shape).masked_fill(torch.tensor(patches == 0), -torch.inf), dim=1)
    spread = Patches(size).spread(weights, mask)
    for row in range(len(lengths)):
        for step in range(20):
            k = step // size
            expected = weights[row, k] / patches[row, k] if mask[row, step] else 0
            assert spread[row, step] == pytest.approx(float(expected), abs=1e-15)


@pytest.mark.parametrize(
    "build", [lambda seed: FeedForwardClassifier(30, seed=seed), lambda seed: ConvolutionClassifier(seed=seed)]
)
def test_baselines_return_a_logit_and_no_weights_and_follow_their_seed(build):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    logits = [build(seed).eval()(some(4, 30, 1).float()) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), state)
    assert logits[0][0].shape == (4,) and logits[0][1] is None
    assert torch.equal(logits[0][0], logits[1][0]) and not torch.equal(logits[0][0], logits[2][0])


def test_a_convolution_with_a_global_maximum_does_not_mind_where_things_are():
    model = ConvolutionClassifier(pooling="max", seed=1).eval()
    x = torch.zeros(2, 60, 1)
    x[0, 20:25], x[1, 33:38] = 1.0, 1.0
    logit, _ = model(x)
    assert torch.allclose(logit[0], logit[1])
    mean, _ = ConvolutionClassifier(pooling="mean", seed=1).eval()(x)
    assert not torch.allclose(mean, logit)
