"""Training a model: what it finds, what it keeps, what it says of itself, and the options it has."""

import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch, planted_cells, planted_steps
from tsattn_tutorial.keras import (
    JointAttention,
    TimestepAttention,
    attention_after_encoder,
    attention_before_lstm,
    attention_pooling_classifier,
    fit,
    predict,
    training,
    weighted_sum_classifier,
)
from tsattn_tutorial.keras.objective import optimiser_of

T, D, UNITS = 6, 2, 4
BUILDERS = {
    "before": lambda: attention_before_lstm(TimestepAttention(), (T, D), units=UNITS),
    "after a dense layer": lambda: attention_after_encoder(
        TimestepAttention(), (T, D), encoder="position-wise", units=UNITS
    ),
    "pooling": lambda **o: attention_pooling_classifier((T, D), encoder="bilstm", units=UNITS, attention_size=5, **o),
    "sum": lambda: weighted_sum_classifier(JointAttention(), (T, D)),
}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, T, D)).astype("float32")
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
