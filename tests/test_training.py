"""The loop learns, stops, restores, repeats itself, and lets interrupts through."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.torch import BiLSTMAttention, fit, predict


def easy_batch(size: int, seed: int, steps: int = 12) -> SeriesBatch:
    """Noise; a series of class 1 has a bump of height 3 at a random step."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 0.3, (size, steps, 1)), np.arange(size) % 2
    truth = np.zeros((size, steps), bool)
    truth[np.arange(size), rng.integers(0, steps, size)] = y == 1
    return SeriesBatch((x + 3 * truth[:, :, None]).astype(np.float32), y, truth)


def small_model(**options) -> BiLSTMAttention:
    return BiLSTMAttention(units=4, attention_units=4, **options)


class Linear(nn.Module):
    """As few weights as may be, with any end; every logit is multiplied by ``factor``."""

    def __init__(self, outputs: int = 1, end=lambda z: z.squeeze(-1), factor: float = 1.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layer, self.end, self.factor = nn.Linear(12, outputs), end, factor

    def forward(self, x, mask=None):
        return self.end(self.factor * self.layer(x.squeeze(-1))), None


TRAIN, VALIDATION = easy_batch(256, 0), easy_batch(64, 1)
CONTRARY = dataclasses.replace(VALIDATION, y=1 - VALIDATION.y)  # the more the model learns, the worse it does here
NO_LOGITS = [lambda z: z[:, :1], lambda z: z[:, 0].sigmoid(), lambda z: z.softmax(dim=1)]
NO_LOGITS += [lambda z: z.softmax(dim=1)[:, 1].clamp(0.1, 0.9), lambda z: z.sum()]
THREE = dataclasses.replace(TRAIN, y=np.arange(256) % 3)


def weights_of(model):
    return torch.cat([tensor.flatten() for tensor in model.state_dict().values()])


def trained(train=TRAIN, validation=VALIDATION, **setting):
    """Return the weights of a small model after two epochs."""
    model = small_model()
    fit(model, train, validation, **({"epochs": 2} | setting))
    return weights_of(model)


def test_it_learns_an_easy_task_attends_to_the_signal_and_says_so_in_a_short_table(capsys):
    model, test = small_model(), easy_batch(200, 2)
    history = fit(model, TRAIN, VALIDATION, epochs=12, learning_rate=3e-2)
    probability, weights = predict(model, test)
    assert ((probability > 0.5) == test.y).mean() > 0.97
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5) and weights.shape == (200, 12)
    assert weights[test.truth].mean() > 0.5
    lines = str(history).splitlines()
    assert len(lines) <= 10 and sum("best" in line for line in lines) == 1
    assert lines[1].startswith("    1 ") and lines[-1].startswith("   12 ")
    assert capsys.readouterr().out == ""  # nobody is watching, so there is no bar


def test_the_seed_alone_decides_and_the_truth_does_not():
    blind = dataclasses.replace(TRAIN, truth=np.zeros_like(TRAIN.truth))
    first, again, other = trained(), trained(blind), trained(seed=1)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_training_ends_with_the_weights_of_the_best_epoch_and_in_time():
    model = small_model()
    history = fit(model, TRAIN, CONTRARY, epochs=30, learning_rate=2e-2, patience=3)
    losses = [row.validation_loss for row in history.epochs]
    assert history.best_epoch == 1 + int(np.argmin(losses)) and losses[-1] > 1.5 * min(losses)
    assert history.stopped_by == "patience" and len(losses) == history.best_epoch + 3
    probability, _ = predict(model, CONTRARY)
    loss = -np.log(np.abs(1 - CONTRARY.y - probability)).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_without_validation_it_ends_with_the_last_epoch():
    model = small_model()
    history = fit(model, TRAIN, epochs=3)
    assert history.best_epoch == 3 and np.isnan(history.epochs[0].validation_loss)
    assert not torch.equal(weights_of(model), trained(validation=None))
    with pytest.raises(ValueError, match="patience needs validation data"):
        fit(model, TRAIN, patience=2)


@pytest.mark.parametrize("wrong", [KeyboardInterrupt, FloatingPointError])
@pytest.mark.parametrize("validation", [VALIDATION, None])
def test_what_ends_a_training_goes_through_and_the_best_weights_stay(wrong, validation):
    model, updates = small_model(), []

    def in_the_third_epoch_of_8_updates(_, given, outputs):
        updates.extend([wrong] * model.training)
        if len(updates) > 2 * 8 + 3 and wrong is KeyboardInterrupt:
            raise wrong
        return outputs if len(updates) <= 2 * 8 + 3 else (outputs[0] * torch.inf, None)

    model.register_forward_hook(in_the_third_epoch_of_8_updates)
    with pytest.raises(wrong):
        fit(model, TRAIN, validation, epochs=10)
    assert torch.equal(weights_of(model), trained(validation=validation))


def test_padding_changes_no_training():
    def padded(batch: SeriesBatch) -> SeriesBatch:
        x = np.concatenate([batch.x, np.full((len(batch), 7, 1), np.nan, np.float32)], axis=1)
        return SeriesBatch(x, batch.y, mask=np.broadcast_to(np.arange(19) < 12, (len(batch), 19)))

    model, other = small_model().double(), small_model().double()
    row = fit(model, TRAIN, VALIDATION, epochs=1).epochs[0]
    same = fit(other, padded(TRAIN), padded(VALIDATION), epochs=1).epochs[0]
    assert same[1:3] == pytest.approx(row[1:3], abs=1e-9)  # both losses
    assert torch.allclose(weights_of(model), weights_of(other), atol=1e-9)
    assert not predict(other, padded(VALIDATION)).weights[:, 12:].any()


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize(("train", "outputs"), [(TRAIN, 1), (TRAIN, 2), (THREE, 3)])
def test_losses_are_means_over_the_series_of_smoothed_labels(train, outputs, smoothing):
    model, odd = Linear(outputs), train[:250]  # the last batch of 32 is smaller
    row = fit(model, odd, odd, epochs=1, learning_rate=1e-12, label_smoothing=smoothing).epochs[0]
    probability, _ = predict(model, odd)
    assert probability.shape == ((250,) if outputs == 1 else (250, outputs))
    probability = np.stack([1 - probability, probability], axis=1) if outputs == 1 else probability
    classes = probability.shape[1]
    loss = -((1 - smoothing) * np.eye(classes)[odd.y] + smoothing / classes) * np.log(probability)
    assert row.train_loss == pytest.approx(loss.sum(axis=1).mean(), rel=1e-5)
    assert row.validation_loss == pytest.approx(row.train_loss, rel=1e-5)
    assert row.validation_accuracy == (probability.argmax(axis=1) == odd.y).mean()


def test_weight_decay_shrinks_matrices_and_spares_the_rest():
    model = Linear(factor=0.0)  # no gradient
    weight, bias = (parameter.detach().clone() for parameter in model.parameters())
    fit(model, TRAIN, epochs=1, learning_rate=0.1, weight_decay=0.5)  # 8 updates
    assert torch.allclose(model.layer.weight, weight * (1 - 0.1 * 0.5) ** 8) and torch.equal(model.layer.bias, bias)


@pytest.mark.parametrize("number", range(len(NO_LOGITS)))
def test_a_head_that_gives_no_logits_is_refused(number):
    for use in (lambda model: predict(model, TRAIN), lambda model: fit(model, TRAIN)):
        with pytest.raises(ValueError, match="model must return logits"):
            use(Linear(2, NO_LOGITS[number]))


def test_the_series_come_in_another_order_each_epoch_and_dropout_is_off_when_the_model_is_judged():
    seen, model = [], Linear(end=lambda z: nn.functional.dropout(z.squeeze(-1), 0.5, model.training))
    model.register_forward_pre_hook(lambda _, given: seen.append(given[0][:, 0, 0]) if model.training else None)
    history = fit(model, TRAIN, VALIDATION, epochs=2)
    first, second = torch.cat(seen).reshape(2, -1)
    assert not torch.equal(first, second) and torch.equal(first.sort().values, second.sort().values)
    loss = -np.log(np.abs(1 - VALIDATION.y - predict(model.train(), VALIDATION).probability)).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1].validation_loss, rel=1e-5)


def test_fresh_series_are_asked_for_once_an_epoch_and_must_fit():
    asked = []
    fresh = trained(lambda epoch: asked.append(epoch) or easy_batch(256, 10 + epoch), epochs=3)
    assert asked == [1, 2, 3] and not torch.equal(fresh, trained(epochs=3))
    assert torch.equal(trained(lambda epoch: TRAIN), trained())
    with pytest.raises(ValueError, match="equally many series each time, got 40, then 41"):
        trained(lambda epoch: easy_batch(39 + epoch, 0))
    with pytest.raises(ValueError, match="labels 0 to 1"):
        trained(lambda epoch: dataclasses.replace(TRAIN, y=TRAIN.y + epoch - 1))
    with pytest.raises(ValueError, match="validation must hold series with labels 0 to 1"):
        trained(validation=THREE)


def test_the_cosine_schedule_warms_up_and_comes_to_rest():
    """With the values that the Keras side is asked for."""
    sizes = []
    handle = register_optimizer_step_pre_hook(lambda it, *_: sizes.append(it.param_groups[0]["lr"]))
    fit(Linear(), TRAIN, epochs=5, learning_rate=0.1, schedule="cosine")  # 40 updates
    handle.remove()
    assert [sizes[update] for update in (0, 2, 4, 22)] == pytest.approx([0, 0.05, 0.1, 0.05])
    assert len(sizes) == 40 and sizes[-1] < 0.001
