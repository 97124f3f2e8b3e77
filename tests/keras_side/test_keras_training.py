"""Training a model: what it finds, what it keeps, what it says of itself, and the models that it refuses."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tsattn_tutorial.datasets import SeriesBatch, planted_steps
from tsattn_tutorial.keras import (
    JointAttention,
    TimestepAttention,
    attention_after_encoder,
    attention_pooling_classifier,
    fit,
    predict,
    weighted_sum_classifier,
)
from tsattn_tutorial.keras.fit import _Watch, optimiser_of

few_updates = pytest.mark.usefixtures("eager")
T, D = 6, 2
STEPS = planted_steps(600, steps=T, position=2, seed=1)
TRAIN, VALIDATION = STEPS[:500], STEPS[500:]
RNG = np.random.default_rng(0)
MASKED = SeriesBatch(TRAIN.x, TRAIN.y, mask=np.arange(T) < RNG.integers(1, T + 1, size=500)[:, None])


def dense(**options) -> keras.Model:
    """A model that learns where the signal is in a few epochs."""
    return attention_after_encoder(TimestepAttention(), (T, D), encoder="position-wise", units=4, **options)


def summed(**options) -> keras.Model:
    """The fastest to train."""
    return weighted_sum_classifier(JointAttention(), (T, D), **options)


def losses(history) -> list[float]:
    return [row.train_loss for row in history.epochs]


def test_training_finds_the_planted_step_and_keeps_the_best_weights():
    model = dense()
    history = fit(model, TRAIN, VALIDATION, epochs=12, batch_size=np.int64(64), learning_rate=1e-2, progress=False)
    best = history.epochs[history.best_epoch - 1]
    probability, weights = predict(model, VALIDATION)
    assert best.validation_accuracy == ((probability > 0.5) == VALIDATION.y).mean() > 0.97
    loss = -np.log(np.where(VALIDATION.y == 1, probability, 1 - probability)).mean()
    assert loss == pytest.approx(best.validation_loss, rel=1e-4)
    assert weights.mean(axis=(0, 2)).argmax() == 2


def test_patience_stops_and_the_best_weights_are_restored():
    """Validation labels that contradict the training make every epoch worse than the first."""
    contrary = SeriesBatch(VALIDATION.x, 1 - VALIDATION.y)
    model = dense()
    history = fit(model, TRAIN, contrary, epochs=30, learning_rate=2e-2, patience=2, progress=False)
    assert history.stopped_by == "patience" and len(history.epochs) == history.best_epoch + 2 < 30
    p = predict(model, contrary).probability
    loss = -np.log(np.where(contrary.y == 1, p, 1 - p)).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1].validation_loss, rel=1e-4)


@pytest.mark.parametrize("head", ["ours", "two logits"])
def test_more_classes_and_two_logits_can_be_learnt(head):
    """Label c is how far the series lies from 0; two logits (B, 2) are served as two classes."""
    classes = 3 if head == "ours" else 2
    y = RNG.integers(classes, size=600)
    batch = SeriesBatch((RNG.normal(size=(600, T, D)) + 3 * y[:, None, None]).astype("float32"), y)
    x = keras.Input((T, D))
    model = summed(classes=3) if head == "ours" else keras.Model(x, layers.Dense(2)(layers.Flatten()(x)))
    history = fit(model, batch[:500], batch[500:], epochs=8, learning_rate=5e-2, progress=False)
    probability, weights = predict(model, batch[500:])
    assert probability.shape == (100, classes) and (weights is None) == (head != "ours")
    right = (probability.argmax(axis=1) == y[500:]).mean()
    assert right == pytest.approx(history.epochs[history.best_epoch - 1].validation_accuracy) and right > 0.9


@few_updates
def test_the_seeds_decide_a_training_and_the_truth_does_not_enter():
    """With padding; the order of the series is of a seed of its own."""
    blind = SeriesBatch(MASKED.x[:40], MASKED.y[:40], mask=MASKED.mask[:40])
    true = SeriesBatch(blind.x, blind.y, TRAIN.truth[:40], blind.mask)

    def trained(batch: SeriesBatch, seed: int) -> list[float]:
        model = attention_pooling_classifier((T, D), encoder="position-wise", masked=True, seed=seed)
        return losses(fit(model, batch, epochs=2, progress=False))

    first, again, other = trained(true, 0), trained(blind, 0), trained(true, 1)
    assert first == pytest.approx(again, rel=1e-5) and first != pytest.approx(other, rel=1e-5)
    once = {"epochs": 1, "progress": False}
    assert losses(fit(summed(), TRAIN, **once)) != losses(fit(summed(), TRAIN, seed=1, **once))


@few_updates
def test_fresh_series_come_from_a_function_of_the_epoch():
    """It is called once an epoch, from 1 on; the same series each time are as a batch."""
    asked = []

    def again(epoch: int) -> SeriesBatch:
        asked.append(epoch)
        return TRAIN[:64]

    same, fixed = (fit(summed(), train, epochs=3, learning_rate=1e-2, progress=False) for train in (again, TRAIN[:64]))
    assert asked == [1, 2, 3] and losses(same) == losses(fixed)
    with pytest.raises(ValueError, match=r"series of one shape, got \(2, 6, 2\), \(2, 5, 2\)"):
        fit(dense(), lambda epoch: SeriesBatch(TRAIN.x[:2, epoch - 1 :], TRAIN.y[:2]), epochs=2, progress=False)


def test_an_interrupt_propagates_and_the_best_weights_are_back(monkeypatch):
    model, original, held = summed(), _Watch.on_epoch_begin, []

    def interrupted(self, epoch, logs=None):
        held.append(self.model.get_weights())
        original(self, epoch, logs)

    def pressed(self, batch, logs=None):
        if len(held) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_Watch, "on_epoch_begin", interrupted)
    monkeypatch.setattr(_Watch, "on_train_batch_end", pressed)
    with pytest.raises(KeyboardInterrupt):
        fit(model, TRAIN, epochs=5, learning_rate=1e-2, progress=False)
    assert all(map(np.array_equal, model.get_weights(), held[2])) and not np.array_equal(held[1][0], held[2][0])


@few_updates
def test_a_loss_that_is_not_finite_is_an_error_and_leaves_the_weights_that_were():
    model = summed()
    with pytest.raises(FloatingPointError, match="try a smaller learning_rate"):
        fit(model, TRAIN[:64], epochs=50, learning_rate=1e38, progress=False)
    assert np.isfinite(predict(model, TRAIN).probability).all()


@few_updates
def test_label_smoothing_spreads_a_share_of_the_label():
    three = SeriesBatch(TRAIN.x[:99], np.arange(99) % 3)
    for model, batch in ((summed(), TRAIN[:99]), (summed(classes=3), three)):
        setting = {"epochs": 1, "learning_rate": 1e-9, "label_smoothing": 0.2, "progress": False}
        history = fit(model, batch, batch, **setting)
        p = predict(model, batch).probability
        p = np.stack([1 - p, p], axis=1) if p.ndim == 1 else p
        target = 0.8 * np.eye(p.shape[1])[batch.y] + 0.2 / p.shape[1]
        for loss in (history.epochs[0].train_loss, history.epochs[0].validation_loss):
            assert loss == pytest.approx(-(target * np.log(p)).sum(axis=1).mean(), rel=1e-4)


def test_the_cosine_schedule_warms_up_and_comes_to_rest():
    size = optimiser_of(summed(), 0.1, "cosine", 0.0, 100)._learning_rate
    sizes = [float(ops.convert_to_numpy(size(step))) for step in (0, 5, 10, 55, 100)]
    assert sizes == pytest.approx([0, 0.05, 0.1, 0.05, 0], abs=1e-6)


def test_weight_decay_shrinks_kernels_and_spares_biases():
    """With a gradient of 0, decay is all that happens."""
    model = attention_pooling_classifier((T, D), units=4)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(np.ones(weight.shape))
    before = model.get_weights()
    optimiser = optimiser_of(model, 0.1, "constant", 0.5, 1)
    optimiser.build(model.trainable_variables)
    optimiser.apply([ops.zeros_like(weight) for weight in model.trainable_variables])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old if old.ndim == 1 else old * (1 - 0.1 * 0.5), rtol=1e-5)


@few_updates
def test_a_model_may_be_built_with_or_without_a_list_of_inputs(recwarn):
    """Keras warns when the two are mixed; a reader's own model should not make it."""
    x = keras.Input((T, D))
    output, weights = TimestepAttention(single=True)(x)
    for inputs in (x, [x]):
        model = keras.Model(inputs, [ops.sum(output, axis=(1, 2)), weights])
        assert predict(model, TRAIN).weights.shape == (500, T)
    fit(model, TRAIN[:32], epochs=1, progress=False)
    assert not [str(one.message) for one in recwarn if "structure" in str(one.message)]


def ending(*parts) -> keras.Model:
    """A model that ends in these layers."""
    x = keras.Input((T, D))
    symbol = layers.Flatten()(x)
    for part in parts:
        symbol = part(symbol)
    return keras.Model(x, symbol)


def vectors() -> keras.Model:
    """A model to stand in another."""
    h = keras.Input((T * D,))
    return keras.Model(h, layers.Dense(3, "softmax")(h))


def mean_of_two(h):
    return layers.Average()([layers.Dense(3, "softmax")(h), layers.Dense(3, "softmax")(h)])


HEADS = {
    "one sigmoid unit": (lambda: [layers.Dense(1, "sigmoid")], "sigmoid in 'dense"),
    "layer": (lambda: [layers.Dense(1), layers.Activation("sigmoid"), lambda h: h[:, 0]], "sigmoid in 'activation"),
    "operation": (lambda: [layers.Dense(1), ops.sigmoid, layers.Dropout(0.1)], "sigmoid in 'sigmoid"),
    "softmax in a layer": (lambda: [layers.Dense(3, layers.Softmax())], "softmax in 'dense"),
    "a model": (lambda: [vectors()], "softmax in 'dense"),
    "mean of two": (lambda: [mean_of_two], "softmax in 'dense"),
    "one logit": (lambda: [layers.Dense(1)], r"first, got \(None, 1\)"),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_of_another_form_are_refused_by_name(name):
    parts, message = HEADS[name]
    for use in (lambda model: predict(model, TRAIN), lambda model: fit(model, TRAIN, epochs=1, progress=False)):
        with pytest.raises(ValueError, match=message) as caught:
            use(ending(*parts()))
        assert "Dense(1)" in str(caught.value) and "Dense(C)" in str(caught.value)  # what to build instead


def test_gates_and_hidden_activations_are_no_heads():
    """A sigmoid in front of the head, or one that multiplies a logit, leaves logits."""
    gated = ending(lambda h: layers.Multiply()([layers.Dense(3)(h), layers.Dense(3, "sigmoid")(h)]))
    for model in (gated, ending(layers.Dense(4, "softmax"), layers.Dense(1), layers.Reshape(()))):
        assert np.isfinite(predict(model, TRAIN).probability).all()


def test_a_model_without_symbols_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"a functional keras\.Model, built with its inputs; got Own"):
        predict(Own(), TRAIN)


EMPTY = TRAIN[:0]
BAD = [
    (lambda: predict(summed(), EMPTY), "at least one series"),
    (lambda: predict(summed(), MASKED), "expected a model with a mask"),
    (lambda: fit(summed(), TRAIN, MASKED), "expected a model with a mask"),
    (lambda: fit(summed(), TRAIN, patience=2), "patience needs validation data"),
    (lambda: fit(summed(), SeriesBatch(TRAIN.x, TRAIN.y + 1)), r"labels 0 to 1, got labels \[1 2\]"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_settings(call, message):
    with pytest.raises(ValueError, match=message):
        call()
