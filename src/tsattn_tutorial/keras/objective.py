"""What training minimises and how it steps: the loss, the accuracy and the optimiser that fit a model."""

import math

import keras
from keras import ops

from tsattn_tutorial.training import WARM_UP, Schedule

__all__ = ["accuracy_of", "classes_of", "loss_of", "optimiser_of"]


def classes_of(model: keras.Model) -> int:
    """Return the number of classes that the logits of a model tell apart."""
    logit = model.outputs[0]
    return 2 if len(logit.shape) == 1 else logit.shape[-1]


def loss_of(model: keras.Model, label_smoothing: float = 0.0) -> keras.losses.Loss:
    """Return the cross-entropy for the logits of a model and labels that are integers."""
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must lie in [0, 1), got {label_smoothing!r}")
    if classes_of(model) == 2:
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=label_smoothing)
    if not label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _SmoothedCrossentropy(classes_of(model), label_smoothing)


def accuracy_of(model: keras.Model) -> keras.metrics.Metric:
    """Return the share of right labels for the logits of a model."""
    if classes_of(model) == 2:
        return keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)  # of logits
    return keras.metrics.SparseCategoricalAccuracy("accuracy")


def optimiser_of(
    model: keras.Model, learning_rate: float, schedule: Schedule, weight_decay: float, steps: int
) -> keras.optimizers.Optimizer:
    """Return Adam, or with weight decay AdamW, whose step size follows the schedule over ``steps`` steps."""
    if not (math.isfinite(weight_decay) and weight_decay >= 0):
        raise ValueError(f"weight_decay must be finite and not negative, got {weight_decay!r}")
    match schedule:
        case "constant":
            size = learning_rate
        case "cosine":
            warm_up = max(1, round(WARM_UP * steps))
            size = keras.optimizers.schedules.CosineDecay(
                0.0, max(1, steps - warm_up), warmup_target=learning_rate, warmup_steps=warm_up
            )
        case _:
            raise ValueError(f'schedule must be "constant" or "cosine", got {schedule!r}')
    if not weight_decay:
        return keras.optimizers.Adam(size)
    optimiser = keras.optimizers.AdamW(size, weight_decay=weight_decay)
    spared = [weight for weight in model.trainable_weights if len(weight.shape) < 2]
    if spared:
        optimiser.exclude_from_weight_decay(var_list=spared)
    return optimiser


class _SmoothedCrossentropy(keras.losses.Loss):
    """Keras smooths labels that are one-hot only; ours are integers."""

    def __init__(self, classes: int, label_smoothing: float) -> None:
        super().__init__(name="smoothed_crossentropy")
        self.classes, self.label_smoothing = classes, label_smoothing

    def call(self, y_true, y_pred):
        one_hot = ops.one_hot(ops.reshape(y_true, (-1,)), self.classes)
        return keras.losses.categorical_crossentropy(
            one_hot, y_pred, from_logits=True, label_smoothing=self.label_smoothing
        )
