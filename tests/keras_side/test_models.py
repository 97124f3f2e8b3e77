"""The models have the shapes they promise, honour masks, come back from disk, and learn what they should."""

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.keras import (
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    TimestepAttention,
    attention_after_encoder,
    attention_before_lstm,
    attention_pooling_classifier,
    convolution_attention_classifier,
    fit,
    predict,
    weighted_logistic_regression,
    weighted_sum_classifier,
)

T, D, UNITS = 6, 2, 4
BUILDERS = {
    "before": lambda **o: attention_before_lstm(TimestepAttention(), (T, D), units=UNITS, **o),
    "before, dimensions": lambda **o: attention_before_lstm(DimensionAttention(True), (T, D), units=UNITS, **o),
    "after an LSTM": lambda **o: attention_after_encoder(TimestepAttention(True), (T, D), units=UNITS, **o),
    "after a BiLSTM": lambda **o: attention_after_encoder(
        TimestepAttention(), (T, D), encoder="bilstm", units=UNITS, **o
    ),
    "after a dense layer": lambda **o: attention_after_encoder(
        TimestepAttention(), (T, D), encoder="position-wise", units=UNITS, **o
    ),
    "pooling": lambda **o: attention_pooling_classifier((T, D), encoder="bilstm", units=UNITS, attention_size=5, **o),
    "convolution": lambda **o: convolution_attention_classifier((T, D), filters=5, width=3, attentions=3, **o),
    "regression": lambda **o: weighted_logistic_regression((T, D), **o),
    "sum": lambda **o: weighted_sum_classifier(JointAttention(), (T, D), **o),
}
WEIGHTS = {
    "before": (T, D),
    "before, dimensions": (D,),
    "after an LSTM": (T,),
    "after a BiLSTM": (T, 2 * UNITS),
    "after a dense layer": (T, UNITS),
    "pooling": (T,),
    "convolution": (T,),
    "regression": (T,),
    "sum": (T, D),
}
each_model = pytest.mark.parametrize("name", BUILDERS)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, T, D)).astype("float32")
MASK = np.arange(T) < RNG.integers(1, T + 1, size=9)[:, None]


@each_model
@pytest.mark.parametrize("classes", [2, 3])
def test_shapes(name, classes):
    model = BUILDERS[name](classes=classes)
    assert model.outputs[0].shape == ((None,) if classes == 2 else (None, 3))
    assert model.outputs[1].shape == (None, *WEIGHTS[name])
    probability, weights = predict(model, SeriesBatch(X, np.arange(9) % classes))
    assert probability.shape == ((9,) if classes == 2 else (9, 3)) and weights.shape == (9, *WEIGHTS[name])
    assert probability.dtype == weights.dtype == np.float64
    if classes == 3:
        assert np.allclose(probability.sum(axis=1), 1, atol=1e-6)


@each_model
def test_the_seed_decides_the_initial_weights(name):
    """All kernels of the model but those of an attention that was given, which has a seed of its own."""
    first, again, other = ([w.numpy() for w in BUILDERS[name](seed=seed).weights] for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@each_model
def test_what_stands_in_padding_changes_nothing(name):
    keras.config.set_dtype_policy("float64")
    try:
        model = BUILDERS[name](masked=True)
    finally:
        keras.config.set_dtype_policy("float32")
    filled = np.where(MASK[:, :, None], X, 1e3)
    for clean, other in zip(model([X, MASK]), model([filled, MASK]), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(clean), ops.convert_to_numpy(other), atol=1e-12)
    not_a_number = SeriesBatch(np.where(MASK[:, :, None], X, np.nan).astype("float32"), np.zeros(9, int), mask=MASK)
    assert np.isfinite(predict(model, not_a_number).probability).all()


def test_more_padding_changes_nothing_where_any_length_will_do():
    model = attention_pooling_classifier((None, D), encoder="bilstm", units=UNITS, masked=True)
    longer = np.concatenate([X, X], axis=1), np.concatenate([MASK, np.zeros_like(MASK)], axis=1)
    (logit, _), (longer_logit, weights) = model([X, MASK]), model(longer)
    np.testing.assert_allclose(ops.convert_to_numpy(longer_logit), ops.convert_to_numpy(logit), atol=1e-6)
    assert not ops.convert_to_numpy(weights)[:, T:].any()


@each_model
@pytest.mark.parametrize("masked", [False, True])
def test_a_model_comes_back_from_disk_the_same(name, masked, tmp_path):
    model = BUILDERS[name](masked=masked, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    batch = SeriesBatch(X, np.zeros(9, int), mask=MASK if masked else None)
    for before, after in zip(predict(model, batch), predict(again, batch), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_model_may_be_built_with_or_without_a_list_of_inputs(recwarn):
    """Keras warns when the two are mixed; a reader's own model should not make it."""
    x = keras.Input((T, D))
    output, weights = TimestepAttention(single=True)(x)
    logit = ops.sum(output, axis=(1, 2))
    batch = SeriesBatch(X, np.arange(9) % 2)
    for model in (keras.Model(x, [logit, weights]), keras.Model([x], [logit, weights])):
        fit(model, batch, epochs=1, progress=False)
        assert predict(model, batch).weights.shape == (9, T)
    assert not [str(one.message) for one in recwarn if "structure" in str(one.message)]


def test_padding_is_refused_by_a_model_without_a_mask():
    batch = SeriesBatch(X, np.arange(9) % 2, mask=MASK)
    for use in (predict, fit):
        with pytest.raises(ValueError, match="expected a model with a mask"):
            use(BUILDERS["pooling"](), batch)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attention_pooling_classifier((T, D), encoder="gru"), 'encoder must be "lstm", "bilstm" or'),
        (lambda: attention_pooling_classifier((T, D), classes=1), "classes must be at least 2, got 1"),
        (
            lambda: convolution_attention_classifier((T, D), attentions=0),
            "attentions must be a positive integer, got 0",
        ),
        (lambda: attention_pooling_classifier((T,)), r"shape must be \(T, D\), got \(6,\)"),
        (lambda: attention_before_lstm(TimestepAttention(), (None, D)), "expected an input with a known T"),
    ],
)
def test_bad_arguments_of_builders(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_factorised_weights_are_a_product():
    model = weighted_sum_classifier(FactorisedAttention(), (T, D))
    assert (np.linalg.matrix_rank(predict(model, SeriesBatch(X, np.zeros(9, int))).weights, tol=1e-6) == 1).all()


def test_with_even_weights_the_weighted_regression_is_a_logistic_regression():
    model = weighted_logistic_regression((T, D))
    attention, dense = (next(layer for layer in model.layers if hasattr(layer, name)) for name in ("single", "units"))
    attention.set_weights([np.zeros((T, T)), np.zeros(T)])
    kernel, bias = dense.get_weights()
    logit = X.reshape(9, -1) @ kernel[:, 0] + bias
    np.testing.assert_allclose(
        predict(model, SeriesBatch(X, np.zeros(9, int))).probability, 1 / (1 + np.exp(-logit)), atol=1e-6
    )
    penalty = sum(float(ops.convert_to_numpy(loss)) for loss in model.losses)
    assert penalty == pytest.approx(0.03 * (kernel**2).sum(), rel=1e-5)
