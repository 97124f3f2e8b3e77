"""The classifier is the source's, equals the oracle, and is blind to padding."""

import numpy as np
import pytest
import torch
from torch import nn

from tsattn_tutorial.reference import additive_attention_pooling
from tsattn_tutorial.torch import AdditiveAttention, AttentionClassifier

SHAPES = [(128, 1), (128, 32), (128,), (128,)] * 2 + [(64, 64), (64,), (1, 64), (1,), (1, 64), (1,)]


class SourceModel(nn.Module):
    """The source's model, built from its description: plain layers, sigmoid at the end."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.LSTM(1, 32, batch_first=True, bidirectional=True)
        self.score = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
        self.output = nn.Linear(64, 1)

    def forward(self, x):
        states = self.recurrent(x)[0]
        weights = self.score(states)[..., 0].softmax(dim=-1)
        return self.output((weights[..., None] * states).sum(dim=-2))[..., 0].sigmoid(), weights


def test_the_parameters_are_those_of_the_source_in_its_order():
    model = AttentionClassifier()
    assert [tuple(parameter.shape) for parameter in model.parameters()] == SHAPES
    assert sum(parameter.numel() for parameter in model.parameters()) == 13_250


def test_weights_of_the_source_give_the_same_probabilities_and_attention():
    torch.manual_seed(0)
    source, model = SourceModel(), AttentionClassifier()
    names = model.state_dict().keys()
    model.load_state_dict(dict(zip(names, source.state_dict().values(), strict=True)))
    x = torch.randn(4, 50, 1)
    with torch.no_grad():
        (probability, weights), (logit, ours) = source(x), model(x)
    assert torch.allclose(logit.sigmoid(), probability, atol=1e-6) and torch.allclose(ours, weights, atol=1e-6)


@pytest.mark.parametrize("padded", [False, True])
def test_attention_equals_the_oracle_in_float64(padded):
    torch.manual_seed(0)
    layer = AdditiveAttention(6, 5).double()
    hidden = torch.randn(3, 9, 6, dtype=torch.float64)
    mask = torch.arange(9) < torch.tensor([[9], [4], [1]]) if padded else None
    context, weights = layer(hidden, mask)
    expected = additive_attention_pooling(
        hidden.numpy(),
        layer.projection.weight.detach().numpy(),
        layer.projection.bias.detach().numpy(),
        layer.query.weight.detach().numpy()[0],
        layer.query.bias.item(),
        None if mask is None else mask.numpy(),
    )
    assert np.allclose(context.detach(), expected[0], atol=1e-12, rtol=0)
    assert np.allclose(weights.detach(), expected[1], atol=1e-12, rtol=0)


@pytest.mark.parametrize("filling", [0.0, 1e3, float("nan")])
def test_neither_the_amount_nor_the_content_of_padding_changes_anything(filling):
    model = AttentionClassifier(input_size=2, seed=3).double()
    series = torch.randn(1, 20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    logit, weights = model(series)
    for padding in (0, 1, 30):
        longer = torch.cat([series, torch.full((1, padding, 2), filling, dtype=torch.float64)], dim=1)
        other = torch.randn_like(longer)  # a longer neighbour in the same batch must not matter either
        mask = torch.stack([torch.arange(20 + padding) < 20, torch.ones(20 + padding, dtype=torch.bool)])
        padded_logit, padded_weights = model(torch.cat([longer, other]), mask)
        assert abs(padded_logit[0] - logit[0]) < 1e-12
        assert torch.allclose(padded_weights[0, :20], weights[0], atol=1e-12)
        assert not padded_weights[0, 20:].any()


def test_padding_passes_no_nan_into_the_gradient():
    model = AttentionClassifier()
    x = torch.randn(2, 10, 1)
    x[0, 6:] = float("nan")
    mask = torch.arange(10) < torch.tensor([[6], [10]])
    model(x, mask)[0].sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_weights_sum_to_one_and_are_not_kept_on_the_model():
    model = AttentionClassifier()
    before = set(vars(model))
    _, weights = model(torch.randn(5, 33, 1))
    assert torch.allclose(weights.sum(dim=1), torch.ones(5)) and set(vars(model)) == before


def test_the_seed_decides_the_weights_and_leaves_the_global_state_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = (AttentionClassifier(seed=seed).lstm.weight_ih_l0 for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_attention_does_not_read_padding():
    layer = AdditiveAttention(2, 3)
    hidden = torch.ones(1, 4, 2)
    hidden[0, 2:] = float("nan")
    context, weights = layer(hidden, torch.tensor([[True, True, False, False]]))
    assert torch.allclose(context, torch.ones(1, 2)) and weights.tolist() == [[0.5, 0.5, 0, 0]]


def test_attention_of_the_keras_side_is_the_same():
    """Same weights, kernels transposed, in float64: what PyTorch computes, Keras computes."""
    from keras import ops

    from tsattn_tutorial.keras import AttentionPooling

    torch.manual_seed(1)
    layer = AdditiveAttention(6, 5).double()
    pooling = AttentionPooling(5, dtype="float64")
    pooling.build((None, None, 6))
    pooling.set_weights([parameter.detach().numpy().T for parameter in layer.parameters()])
    hidden, mask = torch.randn(3, 9, 6, dtype=torch.float64), torch.arange(9) < torch.tensor([[9], [4], [1]])
    theirs = pooling(ops.convert_to_tensor(hidden.numpy()), mask=ops.convert_to_tensor(mask.numpy()))
    for ours, other in zip(layer(hidden, mask), theirs, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), ops.convert_to_numpy(other), atol=1e-12)
