"""Days of power demand from the archive: one of several models, its accuracy."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from tsattn_lab.experiments.common import Predict, logistic_regression, off_the_shelf
from tsattn_tutorial.arguments import check_choice, layer_seeds
from tsattn_tutorial.datasets import SeriesBatch, archive_series
from tsattn_tutorial.reference import normalised_entropy

FOLDS = 5
BASELINES = ("majority class", "logistic regression", "MiniRocket")
ITALY_MODELS = ("attention", "averaged attention", "weighted regression", "mean pooling", "flatten", "lstm")


def archive(
    seed: int, *, model: str = "attention", training: Mapping[str, float] | None = None, held_out: str = "test"
) -> dict[str, Any]:
    """Classify days of power demand by the season: ItalyPowerDemand of the archive, 24 hourly values.

    Parameters
    ----------
    seed : int
        Decides initial weights, the order of the series, MiniRocket's kernels, and the folds. The split into
        training and test series is the archive's.
    model : str
        A baseline: ``"majority class"``; ``"logistic regression"``, its strength chosen by cross-validation;
        ``"MiniRocket"`` (aeon). Or a network, ``"attention"``: a convolution over 5 steps, pooled by
        `tsattn_tutorial.keras.TimestepAttention` of the series; ``"averaged attention"``: by the mean of 16 of them;
        ``"mean pooling"`` and ``"flatten"``: with a plain average for the attention, and with no pooling at all;
        ``"weighted regression"``: logistic regression on a series that attention has weighed; ``"lstm"``: LSTM(64) and
        attention pooling, as in the quick start that everybody copies.
    training : mapping, optional
        Arguments of `tsattn_tutorial.keras.fit` that are to be others than the network usually has.
    held_out : str
        ``"test"``: train on the training series, score on the test series. ``"folds"``: five-fold cross-validation
        inside the training series, for making choices.

    Returns
    -------
    dict
        ``accuracy`` and ``log_loss`` (nats) on the held-out series, how many there were, ``train_accuracy``,
        ``parameters_of_model``, ``fit_seconds`` of all fits, and the ``entropy`` of the attention over the logarithm of
        the length, so that 1 is a plain average. NaN where there is none.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    check_choice("held_out", held_out, ("test", "folds"))
    y, probability, train_accuracy, entropy, seconds = [], [], [], [], 0.0
    for inside, outside in _pairs(held_out, seed):
        started = time.perf_counter()
        fitted = _baseline(model, inside, seed) if model in BASELINES else _network(model, inside, seed, training or {})
        seconds, (predict, parameters) = seconds + time.perf_counter() - started, fitted
        said, weights = predict(outside)
        y, probability = [*y, *outside.y], [*probability, *said]
        train_accuracy.append((predict(inside)[0].argmax(axis=1) == inside.y).mean())
        entropy.append(np.nan if weights is None else normalised_entropy(weights).mean())
    y, probability = np.array(y), np.array(probability)
    return {
        "accuracy": (probability.argmax(axis=1) == y).mean(),
        "log_loss": log_loss(y, probability),  # MiniRocket answers with one class: the log-loss of its labels
        "held_out_series": y.size,
        "train_accuracy": np.mean(train_accuracy),
        "parameters_of_model": parameters,
        "fit_seconds": seconds,
        "entropy": np.mean(entropy),
    }


def _pairs(held_out: str, seed: int) -> Iterator[tuple[SeriesBatch, SeriesBatch]]:
    """Yield what to fit on and what to score on; ``held_out`` as for `archive`."""
    train = archive_series("ItalyPowerDemand", "train")
    if held_out == "test":
        yield train, archive_series("ItalyPowerDemand", "test")
        return
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(train.x, train.y):
        yield train[inside], train[outside]


def _baseline(model: str, train: SeriesBatch, seed: int) -> tuple[Predict, float]:
    """Fit one of ``BASELINES``; return what predicts, and the number of parameters."""
    parameters, classifier = np.nan, off_the_shelf(model, seed)
    if model == "logistic regression":
        classifier = logistic_regression(StratifiedKFold(FOLDS, shuffle=True, random_state=seed))
        parameters = train.x.shape[1] + 1
    classifier.fit(train.x[:, :, 0], train.y)
    return lambda batch: (classifier.predict_proba(batch.x[:, :, 0]), None), parameters


def _network(model: str, train: SeriesBatch, seed: int, training: Mapping[str, float]) -> tuple[Predict, float]:
    """Fit a network; return what predicts, and the number of parameters."""
    from tsattn_tutorial import keras as ours

    network = _built(check_choice("model", model, (*BASELINES, *ITALY_MODELS)), train.x.shape[1:], seed)
    ours.fit(network, train, **{"epochs": 30, "batch_size": 8} | training, seed=seed, progress=False)

    def predict(batch: SeriesBatch) -> tuple[np.ndarray, np.ndarray | None]:
        p, weights = ours.predict(network, batch)
        return np.stack([1 - p, p], axis=1), weights

    return predict, network.count_params()


def _built(model: str, shape: tuple[int, int], seed: int) -> Any:
    """Build one of ``ITALY_MODELS``."""
    import keras

    from tsattn_tutorial import keras as ours

    if model == "lstm":
        return ours.attention_pooling_classifier(shape, units=64, seed=seed)
    x, outputs, l2, seeds = keras.Input(shape), [], None, layer_seeds(seed)
    if model == "weighted regression":  # T a_t x_t: with even weights, a plain logistic regression
        l2 = keras.regularizers.L2(0.03)
        attended, weights = ours.TimestepAttention(single=True, seed=next(seeds), kernel_regularizer=l2)(x)
        features, outputs, last = keras.layers.Flatten()(shape[0] * attended), [weights], next(seeds)
    else:  # a convolution; weighed, or with even weights, or without pooling, and all else the same
        count = {"attention": 1, "averaged attention": 16}.get(model, 0)
        several = [ours.TimestepAttention(True, seed=next(seeds))(x)[1] for _ in range(count)]
        first, last = (next(seeds), next(seeds)) if count else (2 * seed, 2 * seed + 1)
        kernel = keras.initializers.GlorotUniform(first)
        hidden = keras.layers.Conv1D(64, 5, padding="same", activation="tanh", kernel_initializer=kernel)(x)
        pool = keras.layers.GlobalAveragePooling1D if model == "mean pooling" else keras.layers.Flatten
        outputs = [sum(several) / count] if count else []  # (B, T)
        features = keras.ops.einsum("bt,btk->bk", outputs[0], hidden) if count else pool()(hidden)
    kernel = keras.initializers.GlorotUniform(last)
    logit = keras.ops.squeeze(keras.layers.Dense(1, kernel_initializer=kernel, kernel_regularizer=l2)(features), -1)
    return keras.Model(x, [logit, *outputs])
