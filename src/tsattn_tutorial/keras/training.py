"""Training and prediction for the Keras models: quiet, seeded, best weights restored."""

import math
import time

import keras
import numpy as np
from keras import ops
from scipy import special
from tqdm import tqdm

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.keras.objective import accuracy_of, classes_of, loss_of, optimiser_of
from tsattn_tutorial.progress import progress_bar
from tsattn_tutorial.training import Epoch, History, Prediction, Schedule, check_settings

__all__ = ["fit", "predict"]

PREDICTION_BATCH = 256  # series per forward pass without gradients; changes memory, not results


def fit(
    model: keras.Model,
    train: SeriesBatch,
    validation: SeriesBatch | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    schedule: Schedule = "constant",
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train a classifier with Adam, or AdamW, on the cross-entropy.

    The model is trained in place. With validation data it ends with the weights of the epoch with the
    smallest validation loss, without with those of the last epoch. Ctrl-C ends the training early.

    Parameters
    ----------
    model : keras.Model
        A functional model with the outputs logit and, where there is attention, weights (see
        ``tsattn_tutorial.keras.models``).
    train : SeriesBatch
        Labels 0 to C-1. Its truth is not looked at.
    validation : SeriesBatch, optional
        The same, to choose the epoch.
    epochs : int
        The most passes over the training data.
    batch_size : int
        B, series per step.
    learning_rate : float
        Step size of Adam, the largest where it changes.
    patience : int, optional
        Epochs without a new best validation loss after which training stops; None for never.
    schedule : {"constant", "cosine"}
        How the step size changes: not at all; or up to ``learning_rate`` in the first tenth of all steps,
        and down to 0 along half a cosine (Loshchilov and Hutter 2017).
    weight_decay : float
        Share of the weights by which they shrink in every step, times the step size (AdamW, Loshchilov and Hutter
        2019); biases and the scales of normalisation are spared.
    label_smoothing : float
        Share of every label that is spread over all classes alike (Szegedy et al. 2016), in both losses.
    seed : int
        Seed of the order of the series.
    progress : bool
        Show a bar while training runs, on standard output; it leaves nothing behind.

    Returns
    -------
    History
        One row an epoch.

    Raises
    ------
    ValueError
        When a number is out of range, a batch is empty, has padding that the model has no mask for, or has labels
        that the model has no output for.
    FloatingPointError
        When a loss is no longer finite. The model then holds the best weights so far.
    """
    check_settings(epochs, batch_size, learning_rate, patience)
    if patience is not None and validation is None:
        raise ValueError("patience needs validation data to look at, got none")
    for name, batch in {"train": train, "validation": validation}.items():
        if batch is not None:
            _check_labels(name, batch, classes_of(model))
    trained = keras.Model(model.inputs, model.outputs[0])  # the same layers, without the weights of the attention
    batches = _Shuffled(model, train, batch_size, seed)
    trained.compile(
        optimiser_of(trained, learning_rate, schedule, weight_decay, epochs * len(batches)),
        loss=loss_of(model, label_smoothing),
        metrics=[accuracy_of(model)],
        jit_compile=False,
    )
    with progress_bar(epochs * len(batches), "step", show=progress) as bar:
        watch = _Watch(patience, bar)
        try:
            trained.fit(
                batches,
                epochs=epochs,
                shuffle=False,  # Keras would shuffle the batches once more, by no seed of ours
                verbose=0,
                callbacks=[watch],
                validation_data=None if validation is None else (_arrays(model, validation), validation.y),
                validation_batch_size=PREDICTION_BATCH,
            )
        except KeyboardInterrupt:
            watch.stopped_by = "interrupt"
        finally:
            watch.restore(trained)
    return History(tuple(watch.rows), watch.best_epoch, watch.stopped_by)


def predict(model: keras.Model, batch: SeriesBatch) -> Prediction:
    """Apply a classifier.

    Parameters
    ----------
    model : keras.Model
        As for `fit`.
    batch : SeriesBatch
        N series. Its labels are not looked at.

    Returns
    -------
    Prediction
        ``probability (N,)`` of class 1, with more than two classes ``(N, C)``, and the attention weights, if the
        model gives any.

    Raises
    ------
    ValueError
        When the batch is empty or has padding that the model has no mask for.
    """
    if not len(batch):
        raise ValueError("batch must hold at least one series, got none")
    x = _arrays(model, batch)
    applied = keras.Model(model.inputs, model.outputs)  # takes a list, whether or not the model was built with one
    pieces = []
    for begin in range(0, len(batch), PREDICTION_BATCH):
        outputs = applied([array[begin : begin + PREDICTION_BATCH] for array in x], training=False)
        pieces.append([ops.convert_to_numpy(part).astype(float) for part in keras.tree.flatten(outputs)])
    logit, *weights = (np.concatenate(part) for part in zip(*pieces, strict=True))
    probability = special.expit(logit) if logit.ndim == 1 else special.softmax(logit, axis=1)
    return Prediction(probability, weights[0] if weights else None)


class _Shuffled(keras.utils.PyDataset):
    """Batches of the training data, in a new order every epoch, which the seed alone decides."""

    def __init__(self, model: keras.Model, train: SeriesBatch, batch_size: int, seed: int) -> None:
        super().__init__()
        self.x, self.y, self.batch_size = _arrays(model, train), train.y, batch_size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.y) / self.batch_size)

    def __getitem__(self, step: int):
        index = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        return tuple(array[index] for array in self.x), self.y[index]

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.y))


class _Watch(keras.callbacks.Callback):
    """Keep the rows of the history and the best weights; stop when told to."""

    def __init__(self, patience: int | None, bar: tqdm) -> None:
        super().__init__()
        self.patience, self.bar = patience, bar
        self.rows: list[Epoch] = []
        self.best_epoch, self.best_loss, self.best_weights = 0, math.inf, None
        self.stopped_by = "epochs"

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        loss, accuracy = logs.get("val_loss", math.nan), logs.get("val_accuracy", math.nan)
        if not math.isfinite(logs["loss"]) or ("val_loss" in logs and not math.isfinite(loss)):
            raise FloatingPointError(
                f"training loss is {logs['loss']}, validation loss {loss}; try a smaller learning_rate"
            )
        self.rows.append(Epoch(epoch + 1, logs["loss"], loss, accuracy, time.perf_counter() - self.started))
        if "val_loss" not in logs or loss < self.best_loss:
            self.best_epoch, self.best_loss, self.best_weights = epoch + 1, loss, self.model.get_weights()
        if self.patience is not None and epoch + 1 - self.best_epoch >= self.patience:
            self.stopped_by = "patience"
            self.model.stop_training = True

    def restore(self, model: keras.Model) -> None:
        if self.best_weights is not None:
            model.set_weights(self.best_weights)


def _check_labels(name: str, batch: SeriesBatch, classes: int) -> None:
    if not len(batch) or not np.isin(batch.y, range(classes)).all():
        raise ValueError(f"{name} must hold series with labels 0 to {classes - 1}, got labels {np.unique(batch.y)}")


def _arrays(model: keras.Model, batch: SeriesBatch) -> tuple[np.ndarray, ...]:
    """Return the inputs of the model: ``x (N, T, D)``, and ``mask (N, T)`` if it takes one."""
    takes_mask = len(model.inputs) == 2
    if batch.mask is None:
        return (batch.x, np.ones(batch.x.shape[:2], bool)) if takes_mask else (batch.x,)
    if not takes_mask:
        raise ValueError("the series are padded: expected a model with a mask (masked=True), got one without")
    return np.where(batch.mask[:, :, None], batch.x, 0), batch.mask
