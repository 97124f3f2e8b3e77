"""Every layer equals its oracle in float64, is blind to padding, and comes back from disk the same.

These tests run on the backend that ``KERAS_BACKEND`` names; `tests/test_keras_backends.py` runs them on the other.
"""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from tsattn_tutorial import reference
from tsattn_tutorial.keras import (
    AttentionPooling,
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    TimestepAttention,
)

T, D = 7, 3
LAYERS = {
    "time steps": lambda **o: TimestepAttention(**o),
    "time steps, single": lambda **o: TimestepAttention(single=True, **o),
    "dimensions": lambda **o: DimensionAttention(**o),
    "dimensions, single": lambda **o: DimensionAttention(single=True, **o),
    "joint": lambda **o: JointAttention(**o),
    "factorised": lambda **o: FactorisedAttention(**o),
    "pooling": lambda **o: AttentionPooling(5, **o),
}
AXES = {"time steps": 1, "time steps, single": 1, "dimensions": 2, "dimensions, single": 1, "pooling": 1}
ANY_LENGTH = ["dimensions", "dimensions, single", "pooling"]
each_layer = pytest.mark.parametrize("name", LAYERS)


def series(size: int, steps: int = T, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(size, steps, D))


def masks(steps: int = T) -> np.ndarray:
    """Series with T, 3 and 1 real steps."""
    return np.arange(steps) < np.array([[T], [3], [1]])


def built(name: str, steps: int = T, dtype: str = "float64", **options) -> keras.layers.Layer:
    """A layer with random weights, biases too."""
    layer = LAYERS[name](dtype=dtype, **options)
    layer.build((None, steps, D))
    rng = np.random.default_rng(3)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def applied(layer, x, mask=None) -> list[np.ndarray]:
    mask = None if mask is None else ops.convert_to_tensor(mask)
    return [
        ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(x, dtype=layer.compute_dtype), mask=mask)
    ]


def expected(name: str, layer, x, mask):
    """Output and weights of the oracle, with the weights of the layer."""
    w = layer.get_weights()
    match name:
        case "time steps" | "time steps, single":
            return reference.timestep_attention(x, *w, single=layer.single, mask=mask)
        case "dimensions" | "dimensions, single":
            return reference.dimension_attention(x, *w, single=layer.single, mask=mask)
        case "joint":
            return reference.joint_attention(x, *w, mask=mask)
        case "factorised":
            return reference.factorised_attention(x, w[:2], w[2:], mask=mask)
        case "pooling":
            projection, bias, query, constant = w
            return reference.additive_attention_pooling(x, projection.T, bias, query[:, 0], constant[0], mask)


@each_layer
@pytest.mark.parametrize("padded", [False, True])
def test_a_layer_equals_the_oracle(name, padded):
    layer, x, mask = built(name), series(3), masks() if padded else None
    for ours, oracle in zip(applied(layer, x, mask), expected(name, layer, x, mask), strict=True):
        assert ours.dtype == np.float64 and ours.shape == oracle.shape
        np.testing.assert_allclose(ours, oracle, atol=1e-12, rtol=0)


@each_layer
@pytest.mark.parametrize("padded", [False, True])
def test_weights_sum_to_one_over_the_real_part(name, padded):
    mask = masks() if padded else np.ones((3, T), bool)
    weights = applied(built(name), series(3), mask)[1]
    assert (weights >= 0).all()
    if name == "dimensions":
        assert np.allclose(weights.sum(axis=2), mask) and not weights[~mask].any()
    else:
        assert np.allclose(weights.sum(axis=AXES.get(name, (1, 2))), 1)
    if weights.shape[1] == T:
        assert not weights[~mask].any()


@each_layer
@given(filling=st.sampled_from([1.0, -1e3, np.nan, np.inf]))
@settings(deadline=None, max_examples=4)
def test_what_stands_in_padding_changes_nothing(name, filling):
    layer, x, mask = built(name), series(3), masks()
    filled = np.where(mask[:, :, None], x, filling)
    for clean, other in zip(applied(layer, x, mask), applied(layer, filled, mask), strict=True):
        np.testing.assert_array_equal(clean, other)


@pytest.mark.parametrize("name", ANY_LENGTH)
def test_more_padding_changes_nothing(name):
    layer, x = built(name), series(3)
    longer = np.concatenate([x, series(3, 4, seed=9)], axis=1)
    output, weights = applied(layer, x, masks())
    longer_output, longer_weights = applied(layer, longer, masks(T + 4))
    cut = slice(None) if name == "dimensions, single" else slice(T)
    np.testing.assert_allclose(longer_weights[:, cut], weights, atol=1e-12, rtol=0)
    np.testing.assert_allclose(longer_output[:, : output.shape[1]], output, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ANY_LENGTH])
def test_a_layer_bound_to_positions_refuses_another_length(name):
    with pytest.raises(ValueError, match=f"built for T = {T}, got T = 5"):
        built(name)(series(2, steps=5))
    with pytest.raises(ValueError, match="expected an input with a known T"):
        LAYERS[name]()(keras.Input((None, D)))


@each_layer
def test_a_layer_refuses_another_shape(name):
    with pytest.raises(ValueError, match="three axes"):
        LAYERS[name]()(keras.Input((T,)))
    if not name.startswith("time steps"):  # which treat every dimension alike, however many there are
        with pytest.raises(ValueError, match=r"expected an input with a known [DK]"):
            LAYERS[name]()(keras.Input((T, None)))


@each_layer
def test_a_model_comes_back_from_disk_the_same(name, tmp_path):
    x, mask = keras.Input((T, D)), keras.Input((T,), dtype="bool")
    model = keras.Model([x, mask], LAYERS[name](seed=4)(x, mask=mask))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    values = series(3).astype("float32")
    for before, after in zip(model([values, masks()]), again([values, masks()]), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(before), ops.convert_to_numpy(after))
    assert again.layers[-1].get_config() == model.layers[-1].get_config()


@each_layer
def test_a_mask_is_passed_on_and_never_lost(name):
    """A mask that `Masking` found reaches the layer, and the next one, unless the series is pooled."""
    x = np.where(masks()[:, :, None], series(3), 0).astype("float32")
    symbol = keras.Input((T, D))
    layer = built(name, dtype="float32")
    output, weights = layer(keras.layers.Masking(0.0)(symbol))
    assert (getattr(output, "_keras_mask", None) is None) == (name == "pooling")
    assert getattr(weights, "_keras_mask", None) is None
    found = keras.Model(symbol, [output, weights])(x)
    for by_masking, by_hand in zip(found, applied(layer, x, masks()), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(by_masking), by_hand, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "dimensions"])
def test_a_series_of_padding_alone_gives_zeros_not_nan(name):
    for part in applied(built(name), series(3), np.zeros((3, T), bool)):
        assert not part.any()


@each_layer
def test_the_seed_decides_the_initial_weights(name):
    first, again, other = (LAYERS[name](seed=seed) for seed in (1, 1, 2))
    for layer in (first, again, other):
        layer.build((None, T, D))
    kernels = [layer.get_weights()[0] for layer in (first, again, other)]
    assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])


@pytest.mark.parametrize("single", [False, True])
def test_dimension_attention_is_timestep_attention_on_swapped_axes(single):
    """The source's two ways to the same chart."""
    x = series(4)
    by_dimension, by_step = DimensionAttention(single, dtype="float64"), TimestepAttention(single, dtype="float64")
    by_dimension.build((None, T, D))
    by_step.build((None, D, T))
    by_step.set_weights(by_dimension.get_weights())
    output, weights = applied(by_dimension, x)
    swapped_output, swapped_weights = applied(by_step, x.swapaxes(1, 2))
    np.testing.assert_allclose(swapped_output.swapaxes(1, 2), output, atol=1e-12)
    np.testing.assert_allclose(swapped_weights if single else swapped_weights.swapaxes(1, 2), weights, atol=1e-12)


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_pooling_refuses_a_size_that_is_none(size):
    with pytest.raises(ValueError, match="attention_size must be a positive integer"):
        AttentionPooling(size)
