"""`SeqSelfAttention` equals its oracle, and is blind to padding unless told to be as the old library was."""

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.keras import SeqSelfAttention
from tsattn_tutorial.reference import largest_weight, seq_self_attention

B, T, K, A = 3, 7, 4, 5
RNG = np.random.default_rng(0)
X = RNG.normal(size=(B, T, K))
MASK = np.arange(T) < np.array([[7], [4], [1]])
OPTIONS = {
    "plain": {},
    "scaled": {"scaled": True},
    "sigmoid": {"attention_activation": "sigmoid"},
    "width 3": {"attention_width": 3},
    "width 4": {"attention_width": 4},
    "history": {"history_only": True},
    "history of 2, tanh": {"history_only": True, "attention_width": 2, "attention_activation": "tanh"},
    "no biases": {"use_additive_bias": False, "use_attention_bias": False},
}
each_kind = pytest.mark.parametrize("kind", ["multiplicative", "additive"])
each_option = pytest.mark.parametrize("name", OPTIONS)
ACTIVATIONS = {"sigmoid": lambda e: 1 / (1 + np.exp(-e)), "tanh": np.tanh, None: None}


def built(kind: str, dtype: str = "float64", **options) -> SeqSelfAttention:
    layer = SeqSelfAttention(kind, units=A, dtype=dtype, **options)
    layer.build((None, None, K))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def applied(layer, x, mask=None):
    mask = None if mask is None else ops.convert_to_tensor(mask)
    return [
        ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(x, dtype=layer.compute_dtype), mask=mask)
    ]


def oracle(layer, x, mask=None):
    w = layer.get_weights()
    bias = w.pop()[0] if layer.use_attention_bias else 0.0
    additive_bias = 0.0
    if layer.attention_type == "additive":
        additive_bias = w.pop(2) if layer.use_additive_bias else 0.0
        kernels = (w[0], w[1], w[2][:, 0])
    else:
        kernels = (w[0] / np.sqrt(K) if layer.scaled else w[0],)
    activation = layer.attention_activation.__name__
    return seq_self_attention(
        x,
        kernels,
        bias,
        additive_bias=additive_bias,
        activation=ACTIVATIONS.get(activation),
        width=layer.attention_width,
        history_only=layer.history_only,
        mask=mask,
    )


@each_kind
@each_option
@pytest.mark.parametrize("padded", [False, True])
def test_it_equals_the_oracle(kind, name, padded):
    layer, mask = built(kind, **OPTIONS[name]), MASK if padded else None
    for ours, theirs in zip(applied(layer, X, mask), oracle(layer, X, mask), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@each_kind
@each_option
def test_rows_sum_to_one_over_real_steps_and_padding_changes_nothing(kind, name):
    layer = built(kind, **OPTIONS[name])
    output, weights = applied(layer, X, MASK)
    assert np.allclose(weights.sum(axis=2), MASK) and not weights[~(MASK[:, :, None] & MASK[:, None, :])].any()
    filled = np.where(MASK[:, :, None], X, np.nan)
    longer = np.concatenate([filled, RNG.normal(size=(B, 3, K))], axis=1)
    longer_mask = np.concatenate([MASK, np.zeros((B, 3), bool)], axis=1)
    longer_output, longer_weights = applied(layer, longer, longer_mask)
    np.testing.assert_allclose(longer_output[:, :T], output, atol=1e-12)
    np.testing.assert_allclose(longer_weights[:, :T, :T], weights, atol=1e-12)
    assert not longer_output[:, T:].any()


@each_kind
def test_the_old_mask_lets_real_steps_attend_to_padding(kind):
    layer = built(kind, old_mask=True)
    weights = applied(layer, X, MASK)[1]
    assert (weights[1, :4, 4:] > 0).any() and not weights[1, 4:, 4:].any()
    other = applied(layer, np.where(MASK[:, :, None], X, 3.0), MASK)[0]
    assert np.abs(other - applied(layer, X, MASK)[0])[MASK].max() > 1e-3
    for old, new in zip(applied(layer, X), applied(built(kind), X), strict=True):
        np.testing.assert_allclose(old, new, atol=1e-12)


@each_kind
def test_behind_a_sigmoid_no_weight_exceeds_e_times_another(kind):
    layer = built(kind, attention_activation="sigmoid")
    layer.set_weights([100 * weight for weight in layer.get_weights()])
    weights = applied(layer, X)[1]
    assert (weights.max(axis=2) / weights.min(axis=2)).max() <= np.e + 1e-12
    assert weights.max() <= largest_weight(T, 1) + 1e-12


@each_kind
def test_the_score_bias_cancels_right_before_the_softmax_only(kind):
    for activation, cancels in {"linear": True, "sigmoid": False}.items():
        layer = built(kind, attention_activation=activation)
        before = applied(layer, X)[1]
        layer.attention_bias.assign([2.5])
        assert np.allclose(applied(layer, X)[1], before, atol=1e-12) == cancels


@each_kind
def test_the_regulariser_measures_the_overlap_of_rows(kind):
    layer = built(kind, attention_regularizer_weight=0.3)
    weights = applied(layer, X)[1]
    overlap = weights @ weights.swapaxes(1, 2) - np.eye(T)
    assert float(ops.convert_to_numpy(layer.losses[0])) == pytest.approx(0.3 * (overlap**2).sum() / B, rel=1e-6)


@each_kind
@each_option
def test_it_comes_back_from_disk_the_same(kind, name, tmp_path):
    x, mask = keras.Input((T, K)), keras.Input((T,), dtype="bool")
    model = keras.Model([x, mask], SeqSelfAttention(kind, units=A, seed=2, **OPTIONS[name])(x, mask=mask))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for before, after in zip(model([X.astype("f4"), MASK]), again([X.astype("f4"), MASK]), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(before), ops.convert_to_numpy(after))
    assert again.layers[-1].get_config() == model.layers[-1].get_config()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention_type": "dot"}, 'attention_type must be "multiplicative" or "additive", got \'dot\''),
        ({"units": 0}, "units must be a positive integer, got 0"),
        ({"attention_width": 0}, "attention_width must be a positive integer, got 0"),
        ({"attention_width": 2.5}, "attention_width must be a positive integer, got 2.5"),
        ({"attention_regularizer_weight": -1.0}, "attention_regularizer_weight must not be negative, got -1.0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        SeqSelfAttention(**options)
