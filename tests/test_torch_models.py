"""The network is the source's, is blind to padding, and takes only what it can use."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from tsattn_tutorial.torch import SHARP, BiLSTMAttention, ConvolutionClassifier, FeedForwardClassifier, Recipe

SHAPES = [(128, 1), (128, 32), (128,), (128,)] * 2 + [(64, 64), (64,), (1, 64), (1,), (1, 64), (1,)]
FRONTS = [{}, {"patch_size": 4}, {"patch_size": 3, "slope": 2.0, "normalise": True}]
SIZES = ["dimensions", "units", "attention_units", "layers", "patch_size"]
POOLINGS = ["attention", "mean", "max", "last"]


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


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


def test_weights_of_the_source_in_its_order_give_the_same_probabilities_and_attention():
    source, model = SourceModel(), BiLSTMAttention()
    assert [tuple(parameter.shape) for parameter in model.parameters()] == SHAPES
    names = model.state_dict().keys()
    model.load_state_dict(dict(zip(names, source.state_dict().values(), strict=True)))
    x = some(4, 50, 1).float()
    with torch.no_grad():
        (probability, weights), (logit, ours) = source(x), model(x)
    assert torch.allclose(logit.sigmoid(), probability, atol=1e-6) and torch.allclose(ours, weights, atol=1e-6)


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("layers", "classes"), [(1, 2), (2, 3)])
def test_padding_changes_nothing_whatever_stands_there(pooling, front, layers, classes):
    model = BiLSTMAttention(2, 6, 5, layers=layers, pooling=pooling, **front, classes=classes, seed=1).double()
    series = some(1, 17, 2)
    logit, weights = model(series)
    assert logit.shape == ((1,) if classes == 2 else (1, classes))
    assert (weights is None) == (pooling in ("max", "last"))
    for filling, padding in ((0.0, 1), (1e3, 20), (torch.nan, 3)):
        longer = torch.cat([series, torch.full((1, padding, 2), filling, dtype=torch.float64)], dim=1)
        mask = torch.arange(17 + padding) < torch.tensor([[17], [17 + padding]])  # beside a longer neighbour
        padded, its_weights = model(torch.cat([longer, some(*longer.shape, seed=2)]), mask)
        assert torch.allclose(padded[0], logit[0], atol=1e-12)
        padded.sum().backward()
        assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
        if weights is not None:
            assert torch.allclose(its_weights[0, :17], weights[0], atol=1e-12) and not its_weights[0, 17:].any()
            assert torch.allclose(its_weights.sum(dim=1), torch.ones(2, dtype=torch.float64)) and (weights >= 0).all()


@pytest.mark.parametrize("build", [BiLSTMAttention, partial(FeedForwardClassifier, 30), ConvolutionClassifier])
def test_the_seed_alone_decides_the_weights(build):
    torch.manual_seed(3)
    state, x = torch.get_rng_state(), some(4, 30, 1).float()
    first, again, other = (build(seed=seed).eval()(x)[0] for seed in (1, np.int64(1), 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.shape == (4,) and torch.equal(first, again) and not torch.equal(first, other)


def test_a_pooling_of_ones_own_can_take_the_place_of_attention():
    model, x, mask = BiLSTMAttention(pooling="mean"), some(2, 9, 1).float(), torch.arange(9) < torch.tensor([[9], [4]])
    expected = model(x, mask)[0]
    model.attention = nn.Module()
    model.attention.forward = lambda hidden, real: (hidden.sum(dim=1) / real.sum(dim=1, keepdim=True), None)
    assert torch.allclose(model(x, mask)[0], expected) and model(x)[1] is None


def test_the_same_parts_get_the_same_initial_weights_whatever_pools():
    models = [BiLSTMAttention(pooling=pooling, seed=5) for pooling in POOLINGS]
    assert all(torch.equal(model.lstm.weight_hh_l0, models[0].lstm.weight_hh_l0) for model in models)


def test_a_convolution_with_a_global_maximum_does_not_mind_where_things_are():
    x = torch.zeros(2, 60, 1)
    x[0, 20:25], x[1, 33:38] = 1.0, 1.0
    largest, mean = (ConvolutionClassifier(pooling=pooling, seed=1).eval()(x) for pooling in ("max", "mean"))
    assert torch.allclose(largest[0][0], largest[0][1]) and largest[1] is None
    assert not torch.allclose(mean[0], largest[0])


def test_numbers_of_numpy_become_plain_ones():
    three, options = np.int64(3), {"slope": np.float32(0.5), "normalise": np.bool_(True), "pooling": np.str_("mean")}
    model = BiLSTMAttention(three, three, three, layers=three, patch_size=three, **options, classes=three)
    assert {type(value) for value in model.options.values()} == {int, float, bool, str}
    assert model.options == BiLSTMAttention(**model.options).options
    assert FeedForwardClassifier(three)(torch.zeros(2, 3, 1))[0].shape == (2,)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, 0) for name in SIZES]
    + [(name, True) for name in SIZES]
    + [(name, None) for name in ("units", "slope", "normalise", "pooling", "seed", "classes")]
    + [("units", 2.0), ("slope", "3"), ("slope", torch.nan), ("normalise", "no"), ("normalise", 1), ("seed", -1)]
    + [("pooling", "sum"), ("pooling", ["mean"]), ("classes", 1)],
)
def test_an_argument_that_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        BiLSTMAttention(**{name: value})


def test_the_baselines_refuse_what_they_cannot_use():
    for build in (lambda: FeedForwardClassifier(0), lambda: ConvolutionClassifier(pooling="last")):
        with pytest.raises(ValueError, match=r"^(steps|pooling) must be"):
            build()
    with pytest.raises(ValueError, match=r"x must be \(B, 3, 1\)"):
        FeedForwardClassifier(3)(torch.zeros(2, 4, 1))
    with pytest.raises(ValueError, match="without padding only"):
        ConvolutionClassifier()(torch.zeros(2, 4, 1), torch.ones(2, 4, dtype=torch.bool))


def test_the_changes_lead_from_the_published_setting_to_the_sharp_one():
    pace = {"epochs": 4, "batch_size": 100, "learning_rate": 2e-2, "patience": None, "schedule": "cosine"}
    view = {"patch_size": 20, "slope": 300.0, "normalise": True}
    assert Recipe(units=16, attention_units=32, **view, **pace) == SHARP and SHARP.training == pace
    assert SHARP.build(3, classes=4).options == BiLSTMAttention(3, 16, 32, **view, classes=4).options
