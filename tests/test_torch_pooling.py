"""Poolings and patches: they equal the oracle, weights are weights, and what never varies is 0."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.reference import attention_pooling
from tsattn_tutorial.torch import AttentionPooling, LastState, MaxPooling, MeanPooling, Patches

CONSTANTS = [0.0, 0.1, 37.2, -55.7, 101325.0, 1e-30, 1e30, -3e38, 1e-40]


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def real(lengths: list[int], steps: int) -> torch.Tensor:
    return torch.arange(steps) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("mask", [None, real([9, 4, 1], 9), torch.tensor([True, False, True] * 3).expand(3, 9)])
def test_attention_equals_the_oracle_in_float64(mask):
    layer, hidden = AttentionPooling(6, 5).double(), some(3, 9, 6)
    weights = [parameter.detach().squeeze(0).numpy() for parameter in layer.parameters()]
    expected = attention_pooling(hidden.numpy(), *weights, None if mask is None else mask.numpy())
    if mask is not None:  # what stands in padding is not read
        hidden = hidden.masked_fill(~mask[:, :, None], torch.nan)
    for ours, theirs in zip(layer(hidden, mask), expected, strict=True):
        assert np.allclose(ours.detach(), theirs, atol=1e-12, rtol=0)


def test_poolings_are_what_they_say():
    hidden, mask = some(3, 7, 4), real([7, 5, 1], 7)
    (mean, even), (largest, _), (last, none) = (one(hidden, mask) for one in (MeanPooling(), MaxPooling(), LastState()))
    assert torch.allclose(even, (mask / mask.sum(dim=1, keepdim=True)).double()) and none is None
    for row, length in enumerate((7, 5, 1)):
        states = hidden[row, :length]
        assert torch.allclose(mean[row], states.mean(dim=0))
        assert torch.equal(largest[row], states.max(dim=0).values)
        assert torch.equal(last[row], torch.cat([states[-1, :2], states[0, 2:]]))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layer", [MeanPooling(), AttentionPooling(8, 4)])
def test_half_precision_does_not_lose_the_sum_over_a_long_series(layer, kind):
    """In half precision 1 / 100,000 has one digit left, and 100,000 itself is infinite."""
    hidden = some(1, 100_000, 8).to(kind) + 1
    context, weights = layer.to(kind)(hidden)
    expected, _ = layer.float()(hidden.float())
    assert weights.double().sum().item() == pytest.approx(1, abs=1e-4) and context.dtype == kind
    assert torch.allclose(context.float(), expected, rtol=2 * torch.finfo(kind).eps)


def test_a_mask_that_does_not_fit_is_refused():
    for layer in (AttentionPooling(3, 2), MeanPooling(), MaxPooling(), LastState(), Patches()):
        for mask in (real([3], 3), torch.ones(1, 2), real([0], 2)):
            with pytest.raises(ValueError, match=r"mask must be \(1, 2\) bool|at least one real step"):
                layer(torch.zeros(1, 2, 3), mask)
    for layer in (LastState(), Patches()):
        with pytest.raises(ValueError, match="padding at the end"):
            layer(torch.zeros(1, 2, 3), ~real([1], 2))


def test_patches_hold_the_samples_in_order_and_zeros_where_there_are_none():
    x = torch.arange(1.0, 8.0).reshape(1, 7, 1)
    patches, mask = Patches(3)(x)
    assert patches.tolist() == [[[1, 2, 3], [4, 5, 6], [7, 0, 0]]] and mask.all()
    patches, mask = Patches(3)(x, real([4], 7))
    assert patches.tolist() == [[[1, 2, 3], [4, 0, 0], [0, 0, 0]]] and mask.tolist() == [[True, True, False]]


def test_the_slope_is_the_difference_to_the_sample_before():
    x = torch.tensor([1.0, 4.0, 2.0, 2.0]).reshape(1, 4, 1)
    assert Patches(slope=10.0)(x)[0][0].tolist() == [[1, 0], [4, 30], [2, -20], [2, 0]]
    assert Patches(slope=10.0)(x, real([2], 4))[0][0].tolist() == [[1, 0], [4, 30], [0, 0], [0, 0]]


@given(st.floats(-280, 280), st.floats(-1e3, 1e3), st.integers(2, 12), st.sampled_from([torch.float32, torch.float64]))
@settings(deadline=None, max_examples=80)
def test_normalised_series_forget_their_unit(exponent, shift, length, kind):
    """The formula of the textbook, in float64 before the unit is changed, is the right value."""
    exponent /= 1 if kind == torch.float64 else 8
    x, mask = some(1, 12, 2), real([length], 12)
    steps = x[:, :length]
    expected = (steps - steps.mean(dim=1, keepdim=True)) / steps.std(dim=1, correction=0, keepdim=True)
    seen = Patches(normalise=True)(((x + shift) * 10**exponent).to(kind), mask)[0]
    assert torch.allclose(seen[:, :length].double(), expected, atol=1e-2 if kind == torch.float32 else 1e-9)
    assert not seen[:, length:].any() and seen.dtype == kind


@pytest.mark.parametrize(("kind", "offset"), [(torch.float32, 1e5), (torch.float32, -2e7), (torch.float64, 1e15)])
def test_under_a_large_offset_what_the_precision_carries_is_normalised(offset, kind):
    x = (torch.sin(torch.arange(500.0, dtype=torch.float64) / 10) * 4 + offset).reshape(1, 500, 1).to(kind)
    steps = (x - x[:, :1]).double()  # exact
    expected = (steps - steps.mean()) / steps.std(correction=0)
    assert torch.allclose(Patches(normalise=True)(x)[0].double(), expected, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("length", [1, 7, 500])
def test_what_never_varies_becomes_zero_and_passes_no_gradient(length, kind):
    """Whatever its value, beside a dimension that does vary, with padding behind it."""
    values = [value for value in CONSTANTS if abs(value) < torch.finfo(kind).max]
    x = torch.tensor(values, dtype=torch.float64).expand(2, 500, -1)
    x = torch.cat([x, some(2, 500, 1)], dim=2).to(kind)
    mask = real([length, 500], 500)
    x = x.masked_fill(~mask[:, :, None], torch.nan).requires_grad_()
    seen = Patches(5, 3.0, normalise=True)(x, mask)[0]
    (gradient,) = torch.autograd.grad((seen * some(*seen.shape, seed=1)).sum(), x)
    assert not seen.unflatten(2, (5, -1))[..., : len(values)].any()
    assert not gradient[..., :-1].any() and torch.isfinite(gradient).all() and gradient[1, :, -1].any()


@given(size=st.integers(1, 9), lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_the_weight_of_a_patch_is_spread_evenly_over_its_real_steps(size, lengths):
    mask = real(lengths, 20)
    patches = np.array([[mask[row, k : k + size].sum() for k in range(0, 20, size)] for row in range(len(lengths))])
    weights = torch.softmax(some(*patches.shape).masked_fill(torch.tensor(patches == 0), -torch.inf), dim=1)
    share = (weights.numpy() / np.maximum(patches, 1)).repeat(size, axis=1)[:, :20]
    assert np.allclose(Patches(size).spread(weights, mask), np.where(mask, share, 0), atol=1e-15)
