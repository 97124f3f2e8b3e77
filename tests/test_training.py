"""The loop learns, stops, restores, repeats itself, and survives an interrupt."""

import dataclasses

import numpy as np
import pytest
import torch

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.torch import AttentionClassifier, fit, predict


def easy_batch(size: int, seed: int, steps: int = 12) -> SeriesBatch:
    """Noise; a series of class 1 has a bump of height 3 at a random step."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 0.3, (size, steps, 1)), np.arange(size) % 2
    truth = np.zeros((size, steps), bool)
    truth[np.arange(size), rng.integers(0, steps, size)] = y == 1
    return SeriesBatch((x + 3 * truth[:, :, None]).astype(np.float32), y, truth)


def small_model(seed: int = 0) -> AttentionClassifier:
    return AttentionClassifier(hidden_size=4, attention_size=4, seed=seed)


TRAIN, VALIDATION = easy_batch(256, 0), easy_batch(64, 1)
CONTRARY = dataclasses.replace(VALIDATION, y=1 - VALIDATION.y)  # the more the model learns, the worse it does here


def weights_of(model):
    return torch.cat([tensor.flatten() for tensor in model.state_dict().values()])


def test_it_learns_an_easy_task_and_attends_to_the_signal():
    model, test = small_model(), easy_batch(200, 2)
    history = fit(model, TRAIN, VALIDATION, epochs=25, learning_rate=2e-2)
    probability, weights = predict(model, test)
    assert ((probability > 0.5) == test.y).mean() > 0.97
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss / 4
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5) and weights.shape == (200, 12)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    models = [small_model() for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        fit(model, TRAIN, VALIDATION, epochs=2, seed=seed)
    first, again, other = map(weights_of, models)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_weights_of_the_best_epoch_are_restored():
    model = small_model()
    history = fit(model, TRAIN, CONTRARY, epochs=6, learning_rate=2e-2)
    losses = [row.validation_loss for row in history.epochs]
    assert history.best_epoch == 1 + int(np.argmin(losses)) < len(losses) and losses[-1] > 2 * min(losses)
    probability, _ = predict(model, CONTRARY)
    picked = np.where(CONTRARY.y == 1, probability, 1 - probability)
    assert -np.log(picked).mean() == pytest.approx(min(losses), rel=1e-4)


def test_it_stops_after_patience_epochs_without_a_new_best():
    history = fit(small_model(), TRAIN, CONTRARY, epochs=30, learning_rate=2e-2, patience=3)
    assert history.stopped_by == "patience" and len(history.epochs) == history.best_epoch + 3
    assert fit(small_model(), TRAIN, VALIDATION, epochs=2, patience=2).stopped_by == "epochs"


def test_an_interrupt_keeps_the_best_weights_so_far():
    model, plain = small_model(), small_model()
    fit(plain, TRAIN, VALIDATION, epochs=2)
    steps = 0

    def interrupt(*_):
        nonlocal steps
        steps += model.training
        if steps > 2 * 8 + 3:  # in the middle of the third epoch of 8 steps
            raise KeyboardInterrupt

    handle = model.register_forward_hook(interrupt)
    history = fit(model, TRAIN, VALIDATION, epochs=10)
    handle.remove()
    assert history.stopped_by == "interrupt" and len(history.epochs) == 2
    assert torch.equal(weights_of(model), weights_of(plain))


def test_a_loss_that_is_no_number_raises_and_leaves_finite_weights():
    model = small_model()
    model.register_forward_hook(lambda *call: (call[2][0] * float("inf"), call[2][1]))
    with pytest.raises(FloatingPointError, match="learning_rate"):
        fit(model, TRAIN, VALIDATION, epochs=3)
    assert torch.isfinite(weights_of(model)).all()


def test_padding_changes_no_training():
    def padded(batch: SeriesBatch) -> SeriesBatch:
        n, t, d = batch.x.shape
        x = np.concatenate([batch.x, np.full((n, 7, d), 99, np.float32)], axis=1)
        truth = np.concatenate([batch.truth, np.zeros((n, 7), bool)], axis=1)
        return SeriesBatch(x, batch.y, truth, np.broadcast_to(np.arange(t + 7) < t, (n, t + 7)))

    model, other = small_model().double(), small_model().double()
    fit(model, TRAIN, VALIDATION, epochs=2)
    fit(other, padded(TRAIN), padded(VALIDATION), epochs=2)
    assert torch.allclose(weights_of(model), weights_of(other), atol=1e-9)
    probability, weights = predict(other, padded(VALIDATION))
    assert np.allclose(probability, predict(model, VALIDATION).probability, atol=1e-9)
    assert not weights[:, 12:].any()


def test_training_never_looks_at_the_truth():
    blind = dataclasses.replace(TRAIN, truth=np.zeros_like(TRAIN.truth))
    model, other = small_model(), small_model()
    fit(model, TRAIN, VALIDATION, epochs=1)
    fit(other, blind, VALIDATION, epochs=1)
    assert torch.equal(weights_of(model), weights_of(other))


def test_a_history_prints_a_short_table(capsys):
    history = fit(small_model(), TRAIN, VALIDATION, epochs=40, patience=40)
    lines = str(history).splitlines()
    assert len(lines) <= 10 and sum("best" in line for line in lines) == 1
    assert lines[1].startswith("    1 ") and lines[-1].startswith("   40 ")
    assert capsys.readouterr().out == ""  # nobody is watching, so there is no bar


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_it_trains_on_a_gpu():
    model, test = small_model(), easy_batch(200, 2)
    fit(model, TRAIN, VALIDATION, epochs=25, learning_rate=2e-2, device="cuda")
    assert ((predict(model, test).probability > 0.5) == test.y).mean() > 0.97


def test_losses_are_means_over_the_series():
    model = small_model()
    odd = TRAIN[:250]  # the last batch of 32 is smaller
    row = fit(model, odd, odd, epochs=1, learning_rate=1e-12).epochs[0]
    probability, _ = predict(model, odd)
    loss = -np.log(np.where(odd.y == 1, probability, 1 - probability)).mean()
    assert row.train_loss == pytest.approx(loss, rel=1e-5) and row.validation_loss == pytest.approx(loss, rel=1e-5)
    assert row.validation_accuracy == ((probability > 0.5) == odd.y).mean()


def test_the_series_come_in_another_order_each_epoch():
    seen = []
    model = small_model()
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0][:, 0, 0]) if module.training else None)
    fit(model, TRAIN, VALIDATION, epochs=2)
    first, second = torch.cat(seen).reshape(2, -1)
    assert not torch.equal(first, second) and torch.equal(first.sort().values, second.sort().values)


def test_dropout_is_off_when_the_model_is_judged():
    class Dropping(AttentionClassifier):
        def forward(self, x, mask=None):
            logit, weights = super().forward(x, mask)
            return torch.nn.functional.dropout(logit, 0.5, self.training), weights

    model = Dropping(hidden_size=4, attention_size=4)
    fit(model, TRAIN, VALIDATION, epochs=1)
    first, again = predict(model, VALIDATION), predict(model, VALIDATION)
    assert np.array_equal(first.probability, again.probability)


def test_of_equal_losses_the_first_epoch_is_kept():
    assert fit(small_model(), TRAIN, VALIDATION, epochs=3, learning_rate=1e-30).best_epoch == 1


def test_a_validation_loss_that_is_no_number_raises_too():
    model = small_model()
    model.register_forward_hook(lambda module, given, out: out if module.training else (out[0] * torch.nan, out[1]))
    with pytest.raises(FloatingPointError, match="validation loss is nan"):
        fit(model, TRAIN, VALIDATION, epochs=3)


def test_fresh_series_are_asked_for_once_an_epoch_and_used():
    asked = []

    def fresh(epoch: int) -> SeriesBatch:
        asked.append(epoch)
        return easy_batch(256, 10 + epoch)

    model, same = small_model(), small_model()
    fit(model, fresh, VALIDATION, epochs=3)
    assert asked == [1, 2, 3]
    fit(same, lambda epoch: TRAIN, VALIDATION, epochs=2)
    plain = small_model()
    fit(plain, TRAIN, VALIDATION, epochs=2)
    assert torch.equal(weights_of(same), weights_of(plain)) and not torch.equal(weights_of(model), weights_of(plain))


def test_fresh_series_must_be_equally_many_and_labelled():
    with pytest.raises(ValueError, match="equally many series each time, got 40, then 41"):
        fit(small_model(), lambda epoch: easy_batch(39 + epoch, 0), VALIDATION, epochs=3)
    with pytest.raises(ValueError, match="labels 0 and 1"):
        fit(small_model(), lambda epoch: dataclasses.replace(TRAIN, y=TRAIN.y + epoch - 1), VALIDATION, epochs=3)


def test_the_cosine_schedule_warms_up_and_comes_to_rest(monkeypatch):
    """With the values that tests/keras_side/test_keras_training.py asks of the Keras side."""
    sizes = []

    class Watched(torch.optim.Adam):
        def step(self, *arguments, **options):
            sizes.append(self.param_groups[0]["lr"])
            return super().step(*arguments, **options)

    monkeypatch.setattr(torch.optim, "Adam", Watched)
    fit(small_model(), TRAIN, VALIDATION, epochs=5, learning_rate=0.1, schedule="cosine", patience=None)  # 40 steps
    assert [sizes[step] for step in (0, 2, 4, 22)] == pytest.approx([0, 0.05, 0.1, 0.05])
    assert len(sizes) == 40 and sizes[-1] < 0.001


def test_a_constant_step_size_is_the_default_and_changes_nothing():
    model, other = small_model(), small_model()
    fit(model, TRAIN, VALIDATION, epochs=1)
    fit(other, TRAIN, VALIDATION, epochs=1, schedule="constant")
    assert torch.equal(weights_of(model), weights_of(other))
    with pytest.raises(ValueError, match=r"schedule must be .*, got 'step'"):
        fit(model, TRAIN, VALIDATION, epochs=1, schedule="step")


@pytest.mark.parametrize("pooling", ["max", "last"])
def test_models_without_weights_predict_none(pooling):
    model = AttentionClassifier(hidden_size=4, pooling=pooling)
    fit(model, TRAIN, VALIDATION, epochs=1)
    assert predict(model, VALIDATION).weights is None
