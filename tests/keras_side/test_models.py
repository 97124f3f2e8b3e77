"""The models have the shapes they promise, honour masks, come back from disk, and differ where they should."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.keras import (
    LINE_UP,
    AttentionPooling,
    DimensionAttention,
    JointAttention,
    SeqSelfAttention,
    TimestepAttention,
    attention_after_encoder,
    attention_before_lstm,
    attention_pooling_classifier,
    build_variant,
    predict,
    self_attention_classifier,
    transformer_classifier,
    weighted_sum_classifier,
)

T, D, H = 6, 3, 4
SHAPE = (np.int64(T), D)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, T, D)).astype("float32")
LENGTHS = np.array([6, 6, 5, 4, 3, 2, 1, 6, 4])
MASK = np.arange(T) < LENGTHS[:, None]
LARGE = np.where(MASK[:, :, None], 10 * X, 0)
BLIND = {"sigmoid after, old mask", "residual before, mask lost"}  # what the question had: padding gets attention
PLAIN = {"lstm", "one lstm", "mean pooling"}  # no attention, so no weights

DENSE = {"encoder": "position-wise", "units": H}
NORM = {"residual": True, "norm": True, "pooling": "mean", "units": H}
#: Name: shape of the weights of a series, and the builder.
BUILDERS = {
    "before": ((T, D), lambda **o: attention_before_lstm(TimestepAttention(), SHAPE, units=H, **o)),
    "before, dimensions": ((D,), lambda **o: attention_before_lstm(DimensionAttention(True), SHAPE, units=H, **o)),
    "after LSTM": ((T,), lambda **o: attention_after_encoder(TimestepAttention(True), SHAPE, units=np.int64(H), **o)),
    "after a dense layer": ((T, H), lambda **o: attention_after_encoder(TimestepAttention(), SHAPE, **DENSE, **o)),
    "pooling": ((T,), lambda **o: attention_pooling_classifier((None, D), encoder="bilstm", units=H, **o)),
    "sum": ((T, D), lambda **o: weighted_sum_classifier(JointAttention(), SHAPE, **o)),
    "transformer": ((T, T), lambda **o: transformer_classifier(SHAPE, units=H, **o)),
    "normed": ((T, T), lambda **o: self_attention_classifier(SHAPE, attention=SeqSelfAttention(units=H), **NORM, **o)),
}
pytestmark = pytest.mark.filterwarnings("error:.*destroy the mask")
each_builder = pytest.mark.parametrize("name", BUILDERS)
each_variant = pytest.mark.parametrize("variant", LINE_UP)


@functools.cache
def variant_of(variant: str, steps: int = T, **options) -> keras.Model:
    return build_variant(variant, (steps, D), classes=3, units=H, **options)


@functools.cache
def said(variant: str) -> list[np.ndarray]:
    """Logits and weights of a variant, of series large enough to tell the variants apart."""
    return applied(variant_of(variant, seed=5), LARGE)


def applied(model, x=X, mask=MASK) -> list[np.ndarray]:
    return [ops.convert_to_numpy(part) for part in keras.tree.flatten(model([x, mask]))]


@each_builder
@pytest.mark.parametrize(("classes", "file"), [(2, "model.h5"), (3, "model.keras")])
def test_shapes_and_files(name, classes, file, tmp_path):
    """What a model says is the same when it comes back from disk, in both formats; three classes with a mask."""
    masked = classes == 3
    shape, build = BUILDERS[name]
    model = build(classes=classes, masked=masked, seed=np.int64(3))
    assert model.outputs[0].shape == ((None,) if classes == 2 else (None, 3))
    batch = SeriesBatch(X, np.arange(9) % classes, mask=MASK if masked else None)
    probability, weights = predict(model, batch)
    assert probability.shape == ((9,) if classes == 2 else (9, 3)) and probability.dtype == np.float64
    assert classes == 2 or np.allclose(probability.sum(axis=1), 1)
    assert weights is None if name in PLAIN else (weights.shape == (9, *shape) and weights.dtype == np.float64)
    model.save(tmp_path / file)
    again = predict(keras.models.load_model(tmp_path / file), batch)
    np.testing.assert_array_equal(again.probability, probability)


@each_builder
def test_the_seed_decides_the_initial_weights(name):
    """All kernels of the model but those of an attention that was given, which has a seed of its own."""
    first, again, other = (BUILDERS[name][1](seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(map(np.array_equal, first, again)) and not all(map(np.array_equal, first, other))


@each_builder
def test_padding_changes_nothing(name):
    keras.config.set_dtype_policy("float64")
    try:
        model = BUILDERS[name][1](masked=True)
    finally:
        keras.config.set_dtype_policy("float32")
    clean = applied(model, np.where(MASK[:, :, None], X, 0))
    for filling in (1e3, np.nan):
        x, mask = np.where(MASK[:, :, None], X, filling), MASK
        if model.inputs[0].shape[1] is None:
            x, mask = np.concatenate([x, X], axis=1), np.pad(MASK, [(0, 0), (0, T)])
        logit, *weights = applied(model, x, mask)
        np.testing.assert_allclose(logit, clean[0], atol=1e-6)
        assert not weights or np.allclose(weights[0][:, :T], clean[1], atol=1e-6)


@each_variant
def test_a_variant_of_the_line_up(variant):
    """Its weights are right, its seed decides all kernels, and more padding changes it only if it lost the mask."""
    model, longer = variant_of(variant, seed=5), variant_of(variant, T + 3, seed=6)
    logits, *weights = said(variant)
    assert logits.shape == (9, 3) and (not weights) == (variant in PLAIN)
    if weights and variant != "attention pooling":
        assert np.allclose(weights[0].sum(axis=2), 1 if variant in BLIND else MASK, atol=1e-6)
    kernels = [w for w in model.get_weights() if w.ndim > 1 and w.any()]
    others = [w for w in longer.get_weights() if w.ndim > 1 and w.any()]
    assert not any(map(np.array_equal, kernels, others))
    assert len({w.ravel()[:9].tobytes() for w in kernels}) == len(kernels)  # no two start alike
    for ours, theirs in zip(longer.weights, model.get_weights(), strict=True):
        kernel = np.zeros(ours.shape, "float32")  # one that reads flattened steps gets zeros below
        kernel[: len(theirs)] = theirs
        ours.assign(kernel)
    x, mask = np.concatenate([LARGE, np.ones((9, 3, D), "float32")], axis=1), np.pad(MASK, [(0, 0), (0, 3)])
    assert np.allclose(logits, applied(longer, x, mask)[0], atol=1e-5) == (variant not in BLIND)


def test_models_differ_where_the_question_made_them_differ():
    """Two models with the same seed start with the same LSTMs, and say something else; a residual connection adds."""
    logits = {variant: said(variant)[0] for variant in LINE_UP}
    for first, second in itertools.combinations(LINE_UP, 2):
        assert np.abs(logits[first] - logits[second]).max() > 1e-6, (first, second)
    np.testing.assert_allclose(logits["residual after"], logits["lstm"] + logits["scaled after"], atol=1e-5)
    lost = np.abs(logits["residual before"] - logits["residual before, mask lost"]).max(axis=1)
    assert (lost[~MASK.all(axis=1)] > 1e-3).all()


def test_the_even_variant_is_an_average_that_cannot_learn():
    model = variant_of("even after", seed=5)
    even = (MASK[:, :, None] & MASK[:, None]) / LENGTHS[:, None, None]
    np.testing.assert_allclose(applied(model)[1], even, atol=1e-6)
    assert not next(layer for layer in model.layers if isinstance(layer, SeqSelfAttention)).trainable_weights


SELF = {"attention": SeqSelfAttention(), "placement": "between"}
BAD = [
    (lambda: attention_pooling_classifier((T, D), encoder="gru"), "encoder must be one of 'lstm', 'bilstm', 'position"),
    (lambda: attention_pooling_classifier((T, D), classes=1), "classes must be an integer, at least 2, got 1"),
    (lambda: attention_pooling_classifier((T,)), r"shape must be \(T, D\), got \(6,\)"),
    (lambda: attention_before_lstm(TimestepAttention(), (None, D)), "expected an input with a known T"),
    (lambda: attention_after_encoder(DimensionAttention(), (None, D)), "puts steps side by side needs a known T"),
    (lambda: self_attention_classifier((T, D), placement="behind"), "placement must be one of 'before', 'between'"),
    (lambda: self_attention_classifier((T, D), recurrent=1, **SELF), "recurrent must be an integer, at least 2, got 1"),
    (lambda: self_attention_classifier((T, D), residual=True, norm=True), "residual belongs to an attention, got no"),
    (lambda: self_attention_classifier((T, D), pooling="max"), "pooling must be one of 'flatten', 'mean', 'attention'"),
    (lambda: self_attention_classifier((T, D), attention="sigmoid"), "attention must be a layer, got 'sigmoid'"),
    (lambda: transformer_classifier((T, D), units=6), "units must be a multiple of 4, got 6"),
    (lambda: build_variant("none", (T, D), classes=3), "variant must be one of 'lstm', 'sigmoid after'"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_arguments_of_builders(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "build",
    [
        lambda layer: attention_before_lstm(layer, (T, T)),
        lambda layer: attention_after_encoder(layer, (T, D)),
        lambda layer: weighted_sum_classifier(layer, (T, D)),
        lambda layer: self_attention_classifier((T, D), attention=layer, residual=True, masked=False),
    ],
    ids=["before", "after", "sum", "self-attention"],
)
def test_an_attention_that_does_not_return_the_shape_of_its_input_is_refused(build):
    """A pooled (B, K) would be added to (B, T, K), and where B is T, series of a batch would leak into each other."""
    same, wide = keras.layers.Identity(), keras.layers.Dense(2)  # one output; another width
    for attention in (AttentionPooling(4), SeqSelfAttention(return_weights=False), same, wide):
        with pytest.raises(ValueError, match="attention must return an output of the shape of its input"):
            build(attention)
