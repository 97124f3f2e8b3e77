"""Training and prediction for the Keras models: quiet, seeded, best weights restored."""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops
from scipy import special
from tqdm import tqdm

from tsattn_tutorial import history
from tsattn_tutorial.arguments import require
from tsattn_tutorial.datasets.batch import SeriesBatch, shared_classes

HEADS = "a Dense(1) behind which Reshape(()) makes (B,) of (B, 1), for two classes, or a Dense(C), without activation"
PROBABILITIES = {"sigmoid", "hardsigmoid", "softmax", "sparsemax", "sparsesigmoid"}
#: Operations that leave the numbers of a head as they are, or only put some beside others.
SHAPING = {"Reshape", "Flatten", "Squeeze", "ExpandDims", "GetItem", "Permute", "Transpose", "Swapaxes", "Moveaxis"}
SHAPING |= {"Ravel", "Identity", "Dropout", "Cast", "Concatenate", "Stack", "Average", "Activation"}


def fit(
    model: keras.Model,
    train: SeriesBatch | Callable[[int], SeriesBatch],
    validation: SeriesBatch | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    schedule: history.Schedule = "constant",
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    class_weight: Sequence[float] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> history.History:
    """Train a classifier in place with Adam, or AdamW, on the cross-entropy.

    With validation data the model ends with the weights of the epoch with the smallest validation loss, without with
    those of the last whole epoch; so it does when training is interrupted.

    Parameters
    ----------
    model : keras.Model
        A functional model of ``x (B, T, D)``, and ``mask (B, T) bool`` where series are padded, to logits, ``(B,)`` for
        two classes or ``(B, C)``, and the weights of its attention, if there is any.
    train : SeriesBatch, or callable
        Labels 0 to C-1. The truth is not looked at. Where series can be drawn at will, a function that takes the epoch,
        counted from 1, and returns its series, equally many each time; it is called once an epoch.
    validation : SeriesBatch, optional
        The same, to choose the epoch.
    epochs : int
        The most passes over the training data.
    batch_size : int
        B, series per update.
    learning_rate : float
        Step size of Adam, the largest where it changes.
    patience : int, optional
        Epochs without a new best validation loss after which training stops; None for never.
    schedule : {"constant", "cosine"}
        How the step size changes: not at all; or up to ``learning_rate`` in the first tenth of all updates,
        and down to 0 along half a cosine (Loshchilov and Hutter 2017).
    weight_decay : float
        Share of the weights by which they shrink in every update, times the step size (AdamW, Loshchilov and Hutter
        2019); biases and the scales of normalisation are spared.
    label_smoothing : float
        Share of every label that is spread over all classes alike (Szegedy et al. 2016), in both losses.
    class_weight : sequence of float, optional
        C factors, one for the loss of the training series of each class.
    seed : int
        Seed of the order of the series.
    progress : bool
        Show a bar while training runs, on standard output; it leaves nothing behind.

    Raises
    ------
    ValueError
        When a setting is out of range, a batch is empty, has padding that the model has no mask for, or has labels
        that the model has no output for, the model does not end in logits, or an epoch has other series than the first.
    FloatingPointError
        When a loss is no longer finite. The model then holds the best weights so far.
    """
    classes = _classes(model)
    history.check_settings(epochs, batch_size, learning_rate, patience, schedule, weight_decay, label_smoothing, seed)
    history.check_fit(classes, class_weight, patience, validation)
    batches = _Shuffled(model, train, classes, int(batch_size), seed)
    history.name_classes(model, batches.series, validation)
    trained = keras.Model(model.inputs, model.outputs[0])  # the same layers, without the weights of the attention
    updates = epochs * len(batches)
    loss, accuracy = _objective(model, classes, label_smoothing)
    optimiser = optimiser_of(trained, float(learning_rate), schedule, float(weight_decay), updates)
    trained.compile(optimiser, loss, metrics=[accuracy], jit_compile=False)
    record = history.Record(trained.get_weights, patience)
    with history.progress_bar(updates, "update", show=progress) as bar:
        try:
            trained.fit(
                batches,
                epochs=int(epochs),
                shuffle=False,  # Keras would shuffle the batches once more, by no seed of ours
                class_weight=None if class_weight is None else dict(enumerate(class_weight)),
                verbose=0,
                callbacks=[_Watch(record, batches, bar)],
                validation_data=None if validation is None else (_arrays(model, validation), validation.y),
                validation_batch_size=history.PREDICTION_BATCH,
            )
        finally:
            trained.set_weights(record.best[2])
    return record.history


def predict(model: keras.Model, batch: SeriesBatch) -> history.Prediction:
    """Apply a classifier, as it is described in `fit`, to N series. Their labels are not looked at.

    Raises
    ------
    ValueError
        When the batch is empty, has padding that the model has no mask for or classes of other names than those of the
        training, or the model does not end in logits.
    """
    require(len(batch) > 0, "batch must hold at least one series, got none")
    _classes(model)
    shared_classes(getattr(model, "class_names", None), batch.classes)
    x = _arrays(model, batch)
    applied = keras.Model(model.inputs, model.outputs)  # takes a list, whether or not the model was built with one
    pieces = []
    for begin in range(0, len(batch), history.PREDICTION_BATCH):
        outputs = applied([array[begin : begin + history.PREDICTION_BATCH] for array in x], training=False)
        pieces.append([ops.convert_to_numpy(part).astype(float) for part in keras.tree.flatten(outputs)])
    logit, *weights = (np.concatenate(part) for part in zip(*pieces, strict=True))
    probability = special.expit(logit) if logit.ndim == 1 else special.softmax(logit, axis=1)
    return history.Prediction(probability, weights[0] if weights else None)


def optimiser_of(
    model: keras.Model, learning_rate: float, schedule: history.Schedule, weight_decay: float, updates: int
) -> keras.optimizers.Optimizer:
    """Return Adam, or with weight decay AdamW, whose step size follows the schedule over so many updates."""
    size = learning_rate
    if schedule == "cosine":
        warm_up = max(1, round(history.WARM_UP * updates))
        size = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, updates - warm_up), warmup_target=learning_rate, warmup_steps=warm_up
        )
    if not weight_decay:
        return keras.optimizers.Adam(size)
    optimiser = keras.optimizers.AdamW(size, weight_decay=weight_decay)
    optimiser.exclude_from_weight_decay([weight for weight in model.trainable_weights if len(weight.shape) < 2])
    return optimiser


class _Shuffled(keras.utils.PyDataset):
    """Batches of the training data, in a new order every epoch, which the seed alone decides."""

    def __init__(self, model: keras.Model, train, classes: int, batch_size: int, seed: int) -> None:
        super().__init__()
        self.model, self.train, self.classes, self.batch_size = model, train, classes, batch_size
        self.rng = np.random.default_rng(seed)
        self.series = history.drawn(train, 1, classes)
        self.arrays = _arrays(model, self.series)
        self.start(1)  # Keras looks at a batch before the first epoch, which starts once more

    def start(self, epoch: int) -> None:
        """Put the series of an epoch in order; draw them first, if there are new ones."""
        if epoch > 1 and callable(self.train):
            series = history.drawn(self.train, epoch, self.classes, self.series)
            shapes = self.series.x.shape, series.x.shape
            require(shapes[0] == shapes[1], f"train must return series of one shape, got {shapes[0]}, {shapes[1]}")
            self.series, self.arrays = series, _arrays(self.model, series)
        self.order = self.rng.permutation(len(self.series))

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.batch_size)

    def __getitem__(self, step: int):
        index = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        return tuple(array[index] for array in self.arrays), self.series.y[index]


class _Watch(keras.callbacks.Callback):
    """Start each epoch, write it down when it ends, and stop when the record says so."""

    def __init__(self, record: history.Record, batches: _Shuffled, bar: tqdm) -> None:
        super().__init__()
        self.record, self.batches, self.bar = record, batches, bar

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.start(epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.record.add(logs["loss"], logs.get("val_loss"), logs.get("val_accuracy"))
        self.model.stop_training = bool(self.record.stopped_by)


def _objective(model: keras.Model, classes: int, label_smoothing: float):
    """Return the cross-entropy and the accuracy for the logits of a model and labels that are integers."""
    if len(model.outputs[0].shape) == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=label_smoothing)
        return loss, keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)  # of logits
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    if not label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True), accuracy

    def smoothed(y_true, y_pred):  # Keras smooths labels that are one-hot only
        one_hot = ops.one_hot(ops.reshape(y_true, (-1,)), classes)
        return keras.losses.categorical_crossentropy(one_hot, y_pred, True, label_smoothing)

    return smoothed, accuracy


def _classes(model: keras.Model) -> int:
    """Return how many classes the logits of a model tell apart; raise ValueError where they are none."""
    wanted = "model must be a functional keras.Model, built with its inputs"
    require(bool(getattr(model, "outputs", None)), f"{wanted}; got {type(model).__name__}")
    ending, shape = _probabilities(model.outputs[0]), model.outputs[0].shape
    require(ending is None, f"model must end in logits, got probabilities, of the {ending}; end it in {HEADS}")
    fits = len(shape) in (1, 2) and shape[1:] not in ((1,), (None,))
    require(fits, f"model must give logits (B,) or (B, C) first, got {shape}; end it in {HEADS}")
    return shape[1] if len(shape) == 2 else 2


def _probabilities(symbol) -> str | None:
    """Return the sigmoid or softmax that a symbol comes from, past operations that do not change its numbers."""
    layer, node, index = symbol._keras_history
    if isinstance(layer, keras.Model):  # a model as a layer
        return _probabilities(layer.outputs[index])
    activation = getattr(layer, "activation", layer)
    name = getattr(activation, "__name__", type(activation).__name__).replace("_", "")
    if name.lower() in PROBABILITIES:
        return f"{name.lower()} in {layer.name!r}"
    inputs = layer._inbound_nodes[node].input_tensors
    found = [_probabilities(one) for one in inputs] if type(layer).__name__ in SHAPING else []
    return found[0] if found and all(found) else None


def _arrays(model: keras.Model, batch: SeriesBatch) -> tuple[np.ndarray, ...]:
    """Return the inputs of the model: ``x (N, T, D)``, and ``mask (N, T)`` if it takes one."""
    takes_mask = len(model.inputs) == 2
    if batch.mask is None:
        return (batch.x, np.ones(batch.x.shape[:2], bool)) if takes_mask else (batch.x,)
    require(takes_mask, "the series are padded: expected a model with a mask (masked=True), got one without")
    return np.where(batch.mask[:, :, None], batch.x, 0), batch.mask
