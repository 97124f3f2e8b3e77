"""The models with self-attention keep the mask, tell apart what they should, and start from their seed."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.experiments import LINE_UP, build_variant
from tsattn_tutorial.keras import (
    MultiHeadSelfAttention,
    SeqSelfAttention,
    fit,
    predict,
    self_attention_classifier,
    transformer_classifier,
)
from tsattn_tutorial.reference import self_attention

T, D, C, UNITS = 7, 3, 4, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, T, D)).astype("float32")
LENGTHS = np.array([7, 6, 5, 4, 3, 2, 1, 7, 4])
MASK = np.arange(T) < LENGTHS[:, None]
BATCH = SeriesBatch(X, np.arange(9) % C, mask=MASK)
each_variant = pytest.mark.parametrize("variant", LINE_UP)
WITHOUT_WEIGHTS = {"lstm", "one lstm", "mean pooling"}
BLIND = {"sigmoid after, old mask", "residual before, mask lost"}  # what the thread had: padding gets attention


def built(variant: str, dtype: str = "float32", **options) -> keras.Model:
    keras.config.set_dtype_policy(dtype)
    try:
        return build_variant(variant, (T, D), classes=C, units=UNITS, **options)
    finally:
        keras.config.set_dtype_policy("float32")


def applied(model, x, mask=MASK) -> list[np.ndarray]:
    return [ops.convert_to_numpy(part) for part in keras.tree.flatten(model([x, mask]))]


@each_variant
def test_shapes_and_weights(variant):
    probability, weights = predict(built(variant), BATCH)
    assert probability.shape == (9, C) and np.allclose(probability.sum(axis=1), 1)
    if variant in WITHOUT_WEIGHTS:
        assert weights is None
    elif variant == "attention pooling":
        assert np.allclose(weights.sum(axis=1), 1, atol=1e-6) and not weights[~MASK].any()
    else:
        sums = weights.sum(axis=2)
        if variant in BLIND:
            assert np.allclose(sums, 1, atol=1e-6) and (weights[1, :6, 6:] > 0).any()
        else:
            assert np.allclose(sums, MASK, atol=1e-6) and not weights[~(MASK[:, :, None] & MASK[:, None])].any()


@each_variant
def test_what_stands_in_padding_changes_nothing(variant):
    """Not even in the models that attend to padding: what stands there is blanked where it comes in."""
    model = built(variant, "float64")
    for other in (1e3, np.nan):
        filled = np.where(MASK[:, :, None], X, other)
        for clean, changed in zip(
            applied(model, np.where(MASK[:, :, None], X, 0)), applied(model, filled), strict=True
        ):
            np.testing.assert_allclose(clean, changed, atol=1e-12)


@each_variant
def test_a_longer_row_of_padding_changes_only_the_models_that_lost_the_mask(variant):
    """The head that reads flattened steps gets more inputs, all of them 0, so it keeps its kernel with zeros below."""
    model, longer = (build_variant(variant, (steps, D), classes=C, units=UNITS, seed=5) for steps in (T, T + 3))
    for ours, theirs in zip(longer.weights, model.weights, strict=True):
        value = ops.convert_to_numpy(theirs)
        kernel = np.zeros(ours.shape, "float32")
        kernel[: len(value)] = value
        ours.assign(kernel)
    x = np.concatenate([X, np.ones((9, 3, D), "float32")], axis=1)
    mask = np.concatenate([MASK, np.zeros((9, 3), bool)], axis=1)
    before, after = applied(model, X)[0], applied(longer, x, mask)[0]
    assert np.allclose(before, after, atol=1e-5) == (variant not in BLIND)


@each_variant
def test_the_seed_decides_all_initial_weights(variant):
    first, again, other = ([w.numpy() for w in built(variant, seed=seed).weights] for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim > 1 and a.any()]
    assert kernels and not any(np.array_equal(a, b) for a, b in kernels)
    flat = [a.ravel()[:9].tobytes() for a, _ in kernels]
    assert len(set(flat)) == len(flat)  # no two kernels start alike


def test_the_even_variant_is_an_average_that_does_not_learn():
    model = built("even after")
    fit(model, BATCH, epochs=2, progress=False)
    weights = predict(model, BATCH).weights
    np.testing.assert_allclose(weights, (MASK[:, :, None] & MASK[:, None]) / LENGTHS[:, None, None], atol=1e-6)


def test_models_differ_where_the_thread_made_them_differ():
    """Two models with the same seed start with the same LSTMs, and say something else."""
    x = np.where(MASK[:, :, None], 10 * X, 0)
    outputs = {variant: applied(built(variant, "float64", seed=3), x)[0] for variant in LINE_UP}
    for first, second in itertools.combinations(LINE_UP, 2):
        assert np.abs(outputs[first] - outputs[second]).max() > 1e-6, (first, second)


@each_variant
def test_a_model_comes_back_from_disk_the_same(variant, tmp_path):
    model = built(variant, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(model, BATCH).probability, predict(again, BATCH).probability)


def test_a_residual_connection_adds():
    """Behind it everything is linear, and the bias is 0 at the start. (Keras' `Dense` is float32 on PyTorch.)"""
    without, attention, both = (
        built(variant, "float64", seed=3) for variant in ("lstm", "scaled after", "residual after")
    )
    sums = applied(without, X)[0] + applied(attention, X)[0]
    np.testing.assert_allclose(applied(both, X)[0], sums, atol=1e-6)


def test_a_lost_mask_matters_where_there_is_padding_and_only_there():
    kept, lost = (
        self_attention_classifier(
            (T, D),
            attention=SeqSelfAttention(attention_type="multiplicative", seed=1),
            place="before",
            residual=True,
            lost_mask=lost_mask,
            recurrent=1,
            units=UNITS,
            classes=C,
        )
        for lost_mask in (False, True)
    )
    logits, others = applied(kept, X)[0], applied(lost, X)[0]
    whole = MASK.all(axis=1)
    np.testing.assert_allclose(logits[whole], others[whole], atol=1e-6)
    assert (abs(logits - others).max(axis=1)[~whole] > 1e-3).all()


def test_the_norm_normalises_each_step():
    model = built("residual after, norm")
    norm = next(layer for layer in model.layers if isinstance(layer, keras.layers.LayerNormalization))
    hidden = ops.convert_to_numpy(keras.Model(model.inputs, norm.output)([X, MASK]))[MASK]
    np.testing.assert_allclose(hidden.mean(axis=1), 0, atol=1e-5)


# The layer.


@pytest.mark.parametrize("padded", [False, True])
def test_multi_head_attention_equals_its_oracle(padded):
    """Heads are attentions side by side; their outputs are joined by one more kernel, their weights averaged."""
    heads, size = 2, 3
    layer = MultiHeadSelfAttention(heads, size, dtype="float64", seed=4)
    mask = MASK if padded else None
    x = X.astype(float)
    layer(x, mask=mask)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.weights])
    output, weights = (ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(x), mask=mask))
    (wq, bq, wk, bk, wv, bv, wo, bo), joined, mean = layer.get_weights(), 0, 0
    for head in range(heads):
        q, k, v = (x @ w[:, head] + b[head] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        context, one = self_attention(q, k, v, mask)
        joined, mean = joined + context @ wo[head], mean + one / heads
    real = np.ones((9, T), bool) if mask is None else mask
    np.testing.assert_allclose(output, np.where(real[:, :, None], joined + bo, 0), atol=1e-6)
    np.testing.assert_allclose(weights, np.where(real[:, :, None], mean, 0), atol=1e-6)


def test_queries_and_keys_start_different():
    layer = MultiHeadSelfAttention(2, 3)
    layer.build((None, T, D))
    query, _, key, *_ = layer.get_weights()
    assert np.abs(query - key).max() > 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultiHeadSelfAttention(0), "heads must be a positive integer, got 0"),
        (lambda: MultiHeadSelfAttention(2, 1.5), "head_size must be a positive integer, got 1.5"),
        (lambda: self_attention_classifier((T, D), place="behind"), 'place must be "before", "between" or "after"'),
        (lambda: self_attention_classifier((T, D), recurrent=0), "recurrent must be at least 1"),
        (
            lambda: self_attention_classifier((T, D), attention=SeqSelfAttention(), place="between", recurrent=1),
            "or 2 for an attention between, got 1",
        ),
        (lambda: self_attention_classifier((T, D), residual=True), "belong to an attention, got no attention"),
        (lambda: self_attention_classifier((T, D), readout="max"), 'readout must be "flatten", "mean" or "attention"'),
        (lambda: transformer_classifier((T, D), width=6, heads=4), "width must be a multiple of heads = 4, got 6"),
        (lambda: transformer_classifier((T, D), blocks=0), "blocks must be a positive integer, got 0"),
        (lambda: build_variant("none", (T, D), classes=C), "variant must be one of lstm, sigmoid after"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
