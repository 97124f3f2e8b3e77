"""The models have the shapes they promise, honour masks, come back from disk, and learn what they should."""

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch, planted_cells, planted_steps
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
    training,
    weighted_logistic_regression,
    weighted_sum_classifier,
)
from tsattn_tutorial.keras.objective import optimiser_of

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


# Training.

STEPS = planted_steps(600, steps=T, place=2, seed=1)
TRAIN, VALIDATION = STEPS[:500], STEPS[500:]


def test_training_finds_the_planted_step():
    model = BUILDERS["after a dense layer"]()
    history = fit(model, TRAIN, VALIDATION, epochs=12, learning_rate=1e-2, progress=False)
    weights = predict(model, planted_steps(300, steps=T, place=2, seed=2)).weights
    assert history.epochs[-1].validation_accuracy > 0.99
    assert weights.mean(axis=(0, 2)).argmax() == 2


def test_the_accuracy_of_the_history_is_that_of_the_probabilities():
    model = BUILDERS["after a dense layer"]()
    history = fit(model, TRAIN, VALIDATION, epochs=1, progress=False)
    probability = predict(model, VALIDATION).probability
    assert ((probability > 0.5) & (probability < 0.62)).any()  # logits from 0 to 0.5, so that the threshold matters
    right = (probability > 0.5) == VALIDATION.y
    assert history.epochs[0].validation_accuracy == pytest.approx(right.mean())


def test_three_classes_can_be_learnt():
    y = RNG.integers(3, size=600)
    batch = SeriesBatch((RNG.normal(size=(600, T, D)) + 3 * y[:, None, None]).astype("float32"), y)
    model = BUILDERS["pooling"](classes=3)
    history = fit(model, batch[:500], batch[500:], epochs=8, learning_rate=2e-2, progress=False)
    assert history.epochs[-1].validation_accuracy > 0.9
    assert (predict(model, batch[500:]).probability.argmax(axis=1) == y[500:]).mean() == pytest.approx(
        history.epochs[history.best_epoch - 1].validation_accuracy
    )


def test_the_best_weights_are_restored_and_patience_stops():
    """Validation labels that contradict the training make every epoch worse than the first."""
    contrary = SeriesBatch(VALIDATION.x, 1 - VALIDATION.y)
    model = BUILDERS["after a dense layer"]()
    history = fit(model, TRAIN, contrary, epochs=30, learning_rate=2e-2, patience=3, progress=False)
    assert history.stopped_by == "patience" and len(history.epochs) == history.best_epoch + 3 < 30
    p = predict(model, contrary).probability
    loss = -np.log(np.where(contrary.y == 1, p, 1 - p)).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1].validation_loss, rel=1e-4)


def test_a_training_can_be_repeated():
    losses = [fit(BUILDERS["before"](), TRAIN, epochs=2, seed=seed, progress=False) for seed in (0, 0, 1)]
    first, again, other = ([row.train_loss for row in history.epochs] for history in losses)
    assert first == pytest.approx(again, rel=1e-6) and first != pytest.approx(other, rel=1e-6)


def test_without_validation_data_the_last_weights_stay_and_the_table_is_narrow():
    history = fit(BUILDERS["before"](), TRAIN, epochs=3, progress=False)
    assert history.best_epoch == 3 and history.stopped_by == "epochs"
    assert str(history).splitlines()[0] == "epoch  train loss" and len(str(history).splitlines()) == 4


def test_the_truth_does_not_enter_training():
    blind = SeriesBatch(TRAIN.x, TRAIN.y)
    first, second = (fit(BUILDERS["before"](), batch, epochs=1, progress=False) for batch in (TRAIN, blind))
    assert first.epochs[0].train_loss == pytest.approx(second.epochs[0].train_loss, rel=1e-6)


def test_the_interrupt_key_ends_training_and_keeps_the_best(monkeypatch):
    model = BUILDERS["before"]()
    original, calls = training._Watch.on_epoch_begin, []

    def interrupted(self, epoch, logs=None):
        calls.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt
        original(self, epoch, logs)

    monkeypatch.setattr(training._Watch, "on_epoch_begin", interrupted)
    history = fit(model, TRAIN, VALIDATION, epochs=5, progress=False)
    assert history.stopped_by == "interrupt" and len(history.epochs) == 2 and calls == [0, 1, 2]


def test_a_loss_that_is_not_finite_is_an_error():
    with pytest.raises(FloatingPointError, match="try a smaller learning_rate"):
        fit(BUILDERS["sum"](), planted_cells(64, steps=T, dimensions=D, place=(0, 0)), epochs=50, learning_rate=1e38)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a positive integer, got 0"),
        ({"batch_size": 2.0}, "batch_size must be a positive integer, got 2.0"),
        ({"learning_rate": -1.0}, "learning_rate must be positive and finite, got -1.0"),
        ({"patience": 0}, "patience must be a positive integer, got 0"),
        ({"patience": 2}, "patience needs validation data"),
        ({"validation": SeriesBatch(X[:0], np.zeros(0, int))}, "validation must hold series"),
        ({"validation": SeriesBatch(X, np.full(9, 2))}, "validation must hold series with labels 0 to 1"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        fit(BUILDERS["pooling"](), TRAIN, **options)


def test_an_empty_batch_cannot_be_predicted():
    with pytest.raises(ValueError, match="at least one series"):
        predict(BUILDERS["pooling"](), TRAIN[:0])


def test_factorised_weights_are_a_product():
    model = weighted_sum_classifier(FactorisedAttention(), (T, D))
    assert (np.linalg.matrix_rank(predict(model, TRAIN[:5]).weights, tol=1e-6) == 1).all()


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


# Options of the training.


def test_label_smoothing_spreads_a_share_of_the_label():
    three = SeriesBatch(TRAIN.x, np.arange(len(TRAIN)) % 3)
    for model, batch in ((BUILDERS["pooling"](), TRAIN), (BUILDERS["pooling"](classes=3), three)):
        sharp = fit(model, batch, epochs=1, learning_rate=1e-9, progress=False).epochs[0].train_loss
        smooth = fit(model, batch, epochs=1, learning_rate=1e-9, label_smoothing=0.2, progress=False)
        p = predict(model, batch).probability
        p = np.stack([1 - p, p], axis=1) if p.ndim == 1 else p
        target = 0.8 * np.eye(p.shape[1])[batch.y] + 0.2 / p.shape[1]
        assert smooth.epochs[0].train_loss == pytest.approx(-(target * np.log(p)).sum(axis=1).mean(), rel=1e-4)
        assert sharp == pytest.approx(-np.log(p[np.arange(len(batch)), batch.y]).mean(), rel=1e-4)


def test_the_cosine_schedule_warms_up_and_comes_to_rest():
    model = BUILDERS["pooling"]()
    size = optimiser_of(model, 0.1, "cosine", 0.0, 100)._learning_rate
    sizes = [float(ops.convert_to_numpy(size(step))) for step in (0, 5, 10, 55, 100)]
    assert sizes == pytest.approx([0, 0.05, 0.1, 0.05, 0], abs=1e-6)
    still = BUILDERS["pooling"]()
    rows = fit(still, TRAIN, epochs=3, schedule="cosine", learning_rate=1e-2, progress=False).epochs
    assert rows[-1].train_loss < rows[0].train_loss


def test_weight_decay_shrinks_kernels_and_spares_biases():
    """With labels that teach nothing and a tiny gradient, decay is all that happens."""
    model = BUILDERS["pooling"]()
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(np.ones(weight.shape))
    before = model.get_weights()
    optimiser = optimiser_of(model, 0.1, "constant", 0.5, 1)
    optimiser.build(model.trainable_variables)
    optimiser.apply([ops.zeros_like(weight) for weight in model.trainable_variables])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old if old.ndim == 1 else old * (1 - 0.1 * 0.5), rtol=1e-5)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"schedule": "linear"}, 'schedule must be "constant" or "cosine", got'),
        ({"weight_decay": -1}, "weight_decay must be finite and not negative, got -1"),
        ({"label_smoothing": 1}, r"label_smoothing must lie in \[0, 1\), got 1"),
    ],
)
def test_bad_options_of_the_training(option, message):
    with pytest.raises(ValueError, match=message):
        fit(BUILDERS["pooling"](), TRAIN, progress=False, **option)
