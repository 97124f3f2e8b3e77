"""Every layer equals its oracle in float64, is blind to padding, and stands where Keras' own layers can.

These tests run on the backend that ``KERAS_BACKEND`` names; `tests/test_keras_backends.py` runs them on the other.
"""

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial import reference
from tsattn_tutorial.keras import (
    AttentionPooling,
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    MultiHeadSelfAttention,
    SeqSelfAttention,
    TimestepAttention,
)

B, T, D, A = 3, 7, 3, 5
X = np.random.default_rng(0).normal(size=(B, T, D))
MASK = np.arange(T) < np.array([[T], [3], [1]])
SEQ = {
    "multiplicative": ("multiplicative", {}),
    "scaled": ("multiplicative", {"scaled": True}),
    "sigmoid, width 4": ("multiplicative", {"attention_activation": "sigmoid", "attention_width": 4}),
    "history": ("multiplicative", {"history_only": True}),
    "additive, width 3": ("additive", {"attention_width": 3, "attention_activation": "linear"}),
    "additive, past 2": ("additive", {"history_only": True, "attention_width": 2, "attention_activation": "tanh"}),
    "no biases": ("additive", {"use_additive_bias": False, "use_attention_bias": False}),
}
LAYERS = {
    "steps": lambda **o: TimestepAttention(**o),
    "steps, single": lambda **o: TimestepAttention(single=True, **o),
    "dimensions": lambda **o: DimensionAttention(**o),
    "dimensions, single": lambda **o: DimensionAttention(single=True, **o),
    "joint": lambda **o: JointAttention(**o),
    "factorised": lambda **o: FactorisedAttention(**o),
    "pooling": lambda **o: AttentionPooling(A, **o),
    "multi-head": lambda **o: MultiHeadSelfAttention(2, 4, **o),
    **{name: lambda k=k, w=w, **o: SeqSelfAttention(k, units=A, **w, **o) for name, (k, w) in SEQ.items()},
}
BOUND = ["steps", "steps, single", "joint", "factorised"]
each_layer = pytest.mark.parametrize("name", LAYERS)
a_layer_of_each_class = pytest.mark.parametrize("name", ["multiplicative", *[one for one in LAYERS if one not in SEQ]])


def built(name: str, dtype: str = "float64", **options) -> keras.layers.Layer:
    """A layer with random weights, biases too."""
    layer = LAYERS[name](dtype=dtype, **options)
    layer.build((None, T, D))
    rng = np.random.default_rng(3)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def applied(layer, x, mask=None) -> list[np.ndarray]:
    mask = None if mask is None else ops.convert_to_tensor(mask)
    return [ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(x, layer.compute_dtype), mask=mask)]


def expected(name: str, layer, x, mask):
    """Output and weights of the oracle, with the weights of the layer."""
    w = layer.get_weights()
    match name:
        case "steps" | "steps, single":
            return reference.timestep_attention(x, *w, single=layer.single, mask=mask)
        case "dimensions" | "dimensions, single":
            return reference.dimension_attention(x, *w, single=layer.single, mask=mask)
        case "joint":
            return reference.joint_attention(x, *w, mask=mask)
        case "factorised":
            return reference.factorised_attention(x, w[:2], w[2:], mask=mask)
        case "pooling":
            return reference.attention_pooling(x, w[0].T, w[1], w[2][:, 0], w[3][0], mask)
        case "multi-head":
            (wq, bq, wk, bk, wv, bv, wo, bo), real = w, np.ones((B, T), bool) if mask is None else mask
            qkv = [[x @ k[:, head] + b[head] for k, b in ((wq, bq), (wk, bk), (wv, bv))] for head in range(2)]
            heads = [reference.self_attention(*one, mask) for one in qkv]
            joined = sum(context @ wo[head] for head, (context, _) in enumerate(heads)) + bo
            return joined * real[:, :, None], np.mean([a for _, a in heads], axis=0) * real[:, :, None]
    bias = w.pop()[0] if layer.use_attention_bias else 0.0
    additive_bias = w.pop(2) if layer.attention_type == "additive" and layer.use_additive_bias else 0.0
    kernels = (w[0] / D**0.5 if layer.scaled else w[0],) if len(w) == 1 else (w[0], w[1], w[2][:, 0])
    activation = {"sigmoid": lambda e: 1 / (1 + np.exp(-e)), "tanh": np.tanh, "linear": None}
    return reference.seq_self_attention(
        x,
        kernels,
        bias,
        additive_bias=additive_bias,
        activation=activation[layer.attention_activation.__name__],
        window=layer.attention_width,
        history_only=layer.history_only,
        mask=mask,
    )


@each_layer
@pytest.mark.parametrize("padded", [False, True])
def test_a_layer_equals_the_oracle(name, padded):
    layer, mask = built(name), MASK if padded else None
    for ours, oracle in zip(applied(layer, X, mask), expected(name, layer, X, mask), strict=True):
        assert ours.dtype == np.float64 and ours.shape == oracle.shape
        np.testing.assert_allclose(ours, oracle, atol=1e-6 if name == "multi-head" else 1e-12)  # Keras' own layer


@each_layer
def test_padding_changes_nothing_and_weights_sum_to_one_without_it(name):
    layer = built(name)
    output, weights = applied(layer, X, MASK)
    axes = {3: 2 if name not in BOUND else 1 if name == "steps" else (1, 2), 2: 1}[weights.ndim]
    assert np.allclose(weights.sum(axis=axes), MASK if axes == 2 else 1)
    assert weights.shape[1] != T or not weights[~MASK].any()
    for filling in (-1e3, np.nan, np.inf):
        filled = np.where(MASK[:, :, None], X, filling)
        for clean, other in zip((output, weights), applied(layer, filled, MASK), strict=True):
            np.testing.assert_array_equal(clean, other)
    if name not in BOUND:
        longer = np.concatenate([filled, np.ones((B, 4, D))], axis=1)
        for short, long in zip((output, weights), applied(layer, longer, np.pad(MASK, [(0, 0), (0, 4)])), strict=True):
            cut = tuple(slice(size) for size in short.shape)
            np.testing.assert_allclose(long[cut], short, atol=1e-7 if name == "multi-head" else 1e-12)


@each_layer
def test_a_series_of_padding_alone_gives_zeros_not_nan(name):
    output, weights = applied(built(name), X, np.zeros((B, T), bool))
    assert not output.any() and not weights.any()


@a_layer_of_each_class
def test_a_model_comes_back_from_disk_the_same(name, tmp_path):
    x, mask = keras.Input((T, D)), keras.Input((T,), dtype="bool")
    model = keras.Model([x, mask], LAYERS[name](seed=np.int64(4), kernel_regularizer="l2")(x, mask=mask))
    values = [X.astype("float32"), MASK]
    for file in ("model.keras", "model.h5"):
        model.save(tmp_path / file)
        again = keras.models.load_model(tmp_path / file)
        for before, after in zip(model(values), again(values), strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(before), ops.convert_to_numpy(after))
        assert again.layers[-1].get_config() == model.layers[-1].get_config()


@a_layer_of_each_class
def test_a_mask_is_passed_on_and_never_lost(name):
    """A mask that `Masking` found reaches the layer, and the next one, unless the series is pooled."""
    x = np.where(MASK[:, :, None], X, 0).astype("float32")
    symbol, layer = keras.Input((T, D)), built(name, dtype="float32")
    output, weights = layer(keras.layers.Masking(0.0)(symbol))
    assert (getattr(output, "_keras_mask", None) is None) == (name == "pooling")
    assert getattr(weights, "_keras_mask", None) is None
    found = keras.Model(symbol, [output, weights])(x)
    for by_masking, by_hand in zip(found, applied(layer, x, MASK), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(by_masking), by_hand, atol=1e-6)


@a_layer_of_each_class
def test_it_stands_where_layers_with_one_output_do(name):
    """In `Sequential` and in `TimeDistributed`, where it does to each of several series what it does to one."""
    layer, alone = built(name), built(name, return_weights=False)
    output, weights = applied(layer, X)
    assert layer.compute_output_shape(X.shape) == (output.shape, weights.shape)
    unbuilt = LAYERS[name](return_weights=False)
    assert unbuilt.compute_output_shape((None, T, D)) == (None, *output.shape[1:]) and not unbuilt.built
    same = keras.Sequential([keras.Input((T, D), dtype="float64"), alone])
    np.testing.assert_array_equal(ops.convert_to_numpy(same(X)), output)
    several = keras.layers.TimeDistributed(alone, dtype="float64")
    assert several(keras.Input((B, T, D))).shape == (None, B, *output.shape[1:])
    np.testing.assert_allclose(ops.convert_to_numpy(several(X[None]))[0], output, atol=1e-7)


@a_layer_of_each_class
def test_whole_numbers_are_series_too(name):
    x = np.arange(B * T * D).reshape(B, T, D) % 5
    layer = built(name, "float32")
    for whole, real in zip(layer(x, mask=MASK), layer(x.astype("float32"), mask=MASK), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(whole), ops.convert_to_numpy(real))
    assert LAYERS[name]()(keras.Input((T, D), dtype="int32"))[0].dtype == "float32"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(("name", "steps"), [("pooling", 20_000), ("dimensions, single", 20_000), ("scaled", 900)])
@pytest.mark.parametrize("padded", [False, True])
def test_sums_over_time_are_taken_in_full_precision(policy, name, steps, padded):
    """Of ones, every average is 1: in half precision itself, a sum ends where another weight is too small to count."""
    x, mask = np.ones((1, steps + 5, 2), "float32"), np.arange(steps + 5)[None] < steps
    output, weights = LAYERS[name](dtype=policy)(x, mask=ops.convert_to_tensor(mask) if padded else None)
    assert keras.backend.standardize_dtype(output.dtype) == policy.removeprefix("mixed_")
    sums = ops.convert_to_numpy(ops.sum(ops.cast(weights, "float64"), axis=-1))
    np.testing.assert_allclose(sums[sums != 0], 1, atol=1e-3)
    averages = ops.convert_to_numpy(ops.cast(output, "float32"))
    averages = averages.sum(axis=-1) if name.startswith("dimensions") else averages
    np.testing.assert_allclose(averages[averages != 0], 1, atol=5e-3)


@pytest.mark.parametrize("policy", ["float16", "mixed_bfloat16"])
@a_layer_of_each_class
def test_every_layer_works_in_half_precision(policy, name):
    whole, half = built(name, "float32"), built(name, policy)
    for exact, rough in zip(applied(whole, X, MASK), half(X, mask=ops.convert_to_tensor(MASK)), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(rough, "float32")), exact, atol=0.15)


@a_layer_of_each_class
@pytest.mark.parametrize(
    "mask",
    [MASK.astype("float32"), MASK.tolist(), MASK[:, :-1], MASK[:1], MASK[:, :, None], MASK[0], MASK.astype(int)],
    ids=["float", "list", "shorter", "one series", "three axes", "one axis", "integers"],
)
def test_a_mask_of_another_kind_is_refused(name, mask):
    with pytest.raises(ValueError, match=r"mask must be \(B, T\) bool, true on real steps, for x \(3, 7, 3\)"):
        LAYERS[name]()(X, mask=mask)


@a_layer_of_each_class
def test_series_of_another_shape_are_refused(name):
    with pytest.raises(ValueError, match="expected ndim=3"):
        LAYERS[name]()(keras.Input((T,)))
    if name in BOUND:
        with pytest.raises(ValueError, match=f"expected axis 1 of input shape to have value {T}"):
            built(name)(X[:, :5])
        with pytest.raises(ValueError, match="expected an input with a known T"):
            LAYERS[name]()(keras.Input((None, D)))
    if not name.startswith("steps"):  # which treat every dimension alike, however many there are
        with pytest.raises(ValueError, match=f"to have value {D}"):
            built(name)(X[:, :, :2])
        with pytest.raises(ValueError, match="expected an input with a known D"):
            LAYERS[name]()(keras.Input((T, None)))


@a_layer_of_each_class
def test_the_seed_decides_the_initial_weights(name):
    layers = [LAYERS[name](seed=seed) for seed in (1, np.int64(1), 2)]
    for layer in layers:
        layer.build((None, T, D))
    first, again, other = ([w for w in layer.get_weights() if w.any()] for layer in layers)
    assert all(map(np.array_equal, first, again)) and not any(map(np.array_equal, first, other))
    assert len({w.ravel()[:9].tobytes() for w in first}) == len(first) or name == "factorised"  # no two start alike


BAD = [
    (lambda: TimestepAttention(single="no"), "single must be True or False, got 'no'"),
    (lambda: JointAttention(seed=-1), "seed must be 0 or a positive integer, got -1"),
    (lambda: JointAttention(return_weights=None), "return_weights must be True or False, got None"),
    (lambda: AttentionPooling(2.5), "attention_units must be a positive integer, got 2.5"),
    (lambda: MultiHeadSelfAttention(0), "heads must be a positive integer, got 0"),
    (lambda: SeqSelfAttention("dot"), "attention_type must be one of 'additive', 'multiplicative'; got 'dot'"),
    (lambda: SeqSelfAttention(attention_width=2.5), "attention_width must be a positive integer, got 2.5"),
    (lambda: SeqSelfAttention(attention_regularizer_weight=-1), "attention_regularizer_weight must be a finite number"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
