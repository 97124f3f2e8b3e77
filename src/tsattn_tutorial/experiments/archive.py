"""Experiments on series from the field: a problem of the archive, one of several models, its accuracy."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from tsattn_tutorial.datasets import SeriesBatch, archive_series

if TYPE_CHECKING:
    import keras

__all__ = ["italy_power_demand"]

FOLDS = 5
KERAS = ("attention", "averaged attention", "weighted regression", "mean pooling", "flatten", "lstm")


def italy_power_demand(
    seed: int,
    *,
    model: str = "attention",
    epochs: int = 30,
    batch_size: int = 8,
    learning_rate: float = 1e-3,
    held_out: str = "test",
) -> dict[str, Any]:
    """Classify days of Italian power demand, 24 hourly values each, by their half of the year.

    Parameters
    ----------
    seed : int
        Decides initial weights, the order of the series, MiniRocket's kernels, and with ``held_out="folds"``
        the folds. The split into training and test series is the archive's.
    model : str
        ``"attention"``: `tsattn_tutorial.keras.convolution_attention_classifier`; ``"averaged attention"``: the same
        with the mean of 16 attentions. ``"mean pooling"`` and ``"flatten"``: the same with a plain average in place
        of the attention, and with no pooling at all. ``"weighted regression"``:
        `tsattn_tutorial.keras.weighted_logistic_regression`.
        ``"lstm"``: LSTM(64) and additive attention pooling, as in the quick start that everybody copies.
        ``"majority class"``, ``"logistic regression"`` (its strength chosen by cross-validation inside the training
        series) and ``"MiniRocket"`` (aeon): baselines.
    epochs, batch_size, learning_rate
        As in `tsattn_tutorial.keras.fit`, for the neural models; the others ignore them.
    held_out : str
        ``"test"``: train on the 67 training series, score on the 1,029 test series. ``"folds"``: five-fold
        cross-validation inside the 67, for making choices.

    Returns
    -------
    dict
        ``accuracy`` and ``log_loss`` (nats) on the held-out series, how many there were, ``train_accuracy``,
        ``parameters_of_model`` (NaN where there are none to count), and ``fit_seconds`` of all fits.

    Raises
    ------
    ValueError
        When the model or the kind of held-out series is unknown, or a number is out of range.
    """
    train = archive_series("ItalyPowerDemand", "train")
    match held_out:
        case "test":
            pairs = [(train, archive_series("ItalyPowerDemand", "test"))]
        case "folds":
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(train.x, train.y)
            pairs = [(train[inside], train[outside]) for inside, outside in folds]
        case _:
            raise ValueError(f'held_out must be "test" or "folds", got {held_out!r}')
    started = time.perf_counter()
    setting = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    fitted = [_fit(model, setting, part) for part, _ in pairs]
    seconds = time.perf_counter() - started
    y = np.concatenate([held.y for _, held in pairs])
    probability = np.concatenate([predict(held) for (predict, _), (_, held) in zip(fitted, pairs, strict=True)])
    inside = [((predict(part) > 0.5) == part.y).mean() for (predict, _), (part, _) in zip(fitted, pairs, strict=True)]
    return {
        "accuracy": ((probability > 0.5) == y).mean(),
        "log_loss": log_loss(y, probability),
        "held_out_series": y.size,
        "train_accuracy": np.mean(inside),
        "parameters_of_model": fitted[0][1],
        "fit_seconds": seconds,
    }


Predict = Callable[[SeriesBatch], np.ndarray]


def _fit(model: str, setting: dict[str, Any], train: SeriesBatch) -> tuple[Predict, float]:
    """Fit a model; return what gives the probability of class 1 of each series, and the number of parameters."""
    if model in KERAS:
        return _fit_keras(model, setting, train)
    seed = setting["seed"]
    match model:
        case "majority class":
            fitted = DummyClassifier()
        case "logistic regression":
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
            fitted = LogisticRegressionCV(
                cv=folds, scoring="neg_log_loss", l1_ratios=(0,), max_iter=1000, use_legacy_attributes=False
            )
        case "MiniRocket":
            from aeon.classification.convolution_based import MiniRocketClassifier

            fitted = MiniRocketClassifier(random_state=seed, n_jobs=1)
        case _:
            known = ", ".join([*KERAS, "majority class", "logistic regression", "MiniRocket"])
            raise ValueError(f"model must be one of {known}; got {model!r}")
    fitted.fit(train.x[:, :, 0], train.y)
    parameters = train.x.shape[1] + 1 if model == "logistic regression" else np.nan
    return lambda batch: fitted.predict_proba(batch.x[:, :, 0])[:, 1], parameters


def _fit_keras(model: str, setting: dict[str, Any], train: SeriesBatch) -> tuple[Predict, float]:
    from tsattn_tutorial.keras import (
        attention_pooling_classifier,
        convolution_attention_classifier,
        fit,
        predict,
        weighted_logistic_regression,
    )

    shape, seed = train.x.shape[1:], setting["seed"]
    match model:
        case "attention":
            network = convolution_attention_classifier(shape, seed=seed)
        case "averaged attention":
            network = convolution_attention_classifier(shape, attentions=16, seed=seed)
        case "weighted regression":
            network = weighted_logistic_regression(shape, seed=seed)
        case "lstm":
            network = attention_pooling_classifier(shape, units=64, seed=seed)
        case _:
            network = _without_attention(shape, model, seed)
    history = fit(network, train, **setting, progress=False)
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    return lambda batch: predict(network, batch).probability, network.count_params()


def _without_attention(shape: tuple[int, int], pooling: str, seed: int) -> "keras.Model":
    """Build `convolution_attention_classifier` with even weights, or without pooling, and all else the same."""
    import keras
    from keras import layers, ops

    x = keras.Input(shape)
    initialisers = [keras.initializers.GlorotUniform(seed=2 * seed + offset) for offset in (0, 1)]
    hidden = layers.Conv1D(64, 5, padding="same", activation="tanh", kernel_initializer=initialisers[0])(x)
    pool = layers.GlobalAveragePooling1D() if pooling == "mean pooling" else layers.Flatten()
    logit = ops.squeeze(layers.Dense(1, kernel_initializer=initialisers[1])(pool(hidden)), -1)
    return keras.Model(x, [logit, ops.ones_like(x[:, :, 0]) / shape[0]])
