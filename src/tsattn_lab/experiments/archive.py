"""Series from the field: a problem of the archive, one of several models, its accuracy."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsattn_tutorial.arguments import check_choice, layer_seeds
from tsattn_tutorial.datasets import SeriesBatch, archive_series, padded, standardised
from tsattn_tutorial.reference import normalised_entropy

FOLDS = 5
SHARES = (1 / 3, 1 / 2, 2 / 3)  # of the series of a class that train, in forward validation
STEPS = 29  # the longest series of JapaneseVowels
BASELINES = ("majority class", "logistic regression", "MiniRocket")

#: Options of `tsattn_tutorial.keras.convolution_pooling_classifier` for models of JapaneseVowels beside the line-up.
VOWELS_MODELS: dict[str, dict[str, Any]] = {
    "convolution, attention": {},
    "convolution, one head": {"heads": 1},
    "convolution, mean": {"heads": 0},
    "two convolutions, attention": {"convolutions": 2},
    "two convolutions, mean": {"convolutions": 2, "heads": 0},
    "no convolution, attention": {"convolutions": 0},
    "no differences": {"differences": False},
    "no dropout": {"dropout": 0.0},
    "no noise, no offset": {"noise": 0.0, "offset": 0.0},
}
ITALY_MODELS = ("attention", "averaged attention", "weighted regression", "mean pooling", "flatten", "lstm")


# Gives the probability of each class, (N, C), and the weights, (N, T) or (N, T, T), or None.
Predict = Callable[[SeriesBatch], tuple[np.ndarray, np.ndarray | None]]


def archive(
    seed: int,
    *,
    data_set: str = "ItalyPowerDemand",
    model: str = "attention",
    training: Mapping[str, float] | None = None,
    held_out: str = "test",
) -> dict[str, Any]:
    """Classify series of the archive: days of power demand by the season, or recordings of two vowels by the speaker.

    Parameters
    ----------
    seed : int
        Decides initial weights, noise, the order of the series, MiniRocket's kernels, and the folds. The split into
        training and test series is the archive's.
    data_set : str
        ``"ItalyPowerDemand"``, 24 hourly values, or ``"JapaneseVowels"``, 12 cepstral coefficients in 7 to 29 steps,
        standardised and padded.
    model : str
        A baseline: ``"majority class"``; ``"logistic regression"``, its strength chosen by cross-validation, on the
        values of ItalyPowerDemand, on the mean and the standard deviation of each dimension of JapaneseVowels;
        ``"MiniRocket"`` (aeon). On ItalyPowerDemand also ``"attention"``: a convolution over 5 steps, pooled by
        `tsattn_tutorial.keras.TimestepAttention` of the series; ``"averaged attention"``: by the mean of 16 of them;
        ``"mean pooling"`` and ``"flatten"``: with a plain average for the attention, and with no pooling at all;
        ``"weighted regression"``: logistic regression on a series that attention has weighed; ``"lstm"``: LSTM(64) and
        attention pooling, as in the quick start that everybody copies. On JapaneseVowels a key of ``VOWELS_MODELS`` or
        of ``tsattn_tutorial.keras.LINE_UP``.
    training : mapping, optional
        Arguments of `tsattn_tutorial.keras.fit` that are to be others than the network usually has.
    held_out : str
        ``"test"``: train on the training series, score on the test series. For making choices, inside the training
        series: ``"folds"``, five-fold cross-validation; ``"forward"``: train on the first third, half and two thirds of
        each class, score on all that follow, because the test series of JapaneseVowels were recorded later too.

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
    check_choice("data_set", data_set, ("ItalyPowerDemand", "JapaneseVowels"))
    check_choice("held_out", held_out, ("test", "folds", "forward"))
    y, probability, train_accuracy, entropy, seconds = [], [], [], [], 0.0
    for inside, outside in pairs(data_set, held_out, seed):
        if inside.mask is not None:
            inside, outside = (padded(part, STEPS) for part in standardised(inside, outside))
        started = time.perf_counter()
        fitted = _baseline(model, inside, seed) if model in BASELINES else _network(model, inside, seed, training or {})
        seconds, (predict, parameters) = seconds + time.perf_counter() - started, fitted
        said, weights = predict(outside)
        y, probability = [*y, *outside.y], [*probability, *said]
        train_accuracy.append((predict(inside)[0].argmax(axis=1) == inside.y).mean())
        entropy.append(np.nan if weights is None else _entropy(weights, outside))
    y, probability = np.array(y), np.array(probability)
    labels_only = model == "MiniRocket" and data_set != "ItalyPowerDemand"  # where rows have the log-loss of its labels
    return {
        "accuracy": (probability.argmax(axis=1) == y).mean(),
        "log_loss": np.nan if labels_only else log_loss(y, probability, labels=range(probability.shape[1])),
        "held_out_series": y.size,
        "train_accuracy": np.mean(train_accuracy),
        "parameters_of_model": parameters,
        "fit_seconds": seconds,
        "entropy": np.mean(entropy),
    }


def pairs(data_set: str, held_out: str, seed: int) -> Iterator[tuple[SeriesBatch, SeriesBatch]]:
    """Yield what to fit on and what to score on; ``held_out`` as for `archive`."""
    train = archive_series(data_set, "train")
    match held_out:
        case "test":
            yield train, archive_series(data_set, "test")
        case "folds":
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(train.x, train.y)
            yield from ((train[inside], train[outside]) for inside, outside in folds)
        case "forward":  # each class stands in the order in which it was recorded
            classes = [np.flatnonzero(train.y == label) for label in np.unique(train.y)]
            for share in SHARES:
                halves = [np.split(series, [round(share * len(series))]) for series in classes]
                yield tuple(train[np.concatenate(part)] for part in zip(*halves, strict=True))


def _baseline(model: str, train: SeriesBatch, seed: int) -> tuple[Predict, float]:
    """Fit one of ``BASELINES``; return what predicts, and the number of parameters."""
    features, parameters, classifier = partial(_features, model), np.nan, DummyClassifier()
    if model == "MiniRocket":
        from aeon.classification.convolution_based import MiniRocketClassifier

        classifier = MiniRocketClassifier(random_state=seed, n_jobs=1)
    elif model == "logistic regression":
        search = {"cv": StratifiedKFold(FOLDS, shuffle=True, random_state=seed), "scoring": "neg_log_loss"}
        classifier = LogisticRegressionCV(**search, l1_ratios=(0,), max_iter=2000, use_legacy_attributes=False)
        classifier = classifier if train.mask is None else make_pipeline(StandardScaler(), classifier)
        parameters = (features(train).shape[1] + 1) * (len(train.classes) if len(train.classes) > 2 else 1)
    classifier.fit(features(train), train.y)
    return lambda batch: (classifier.predict_proba(features(batch)), None), parameters


def _features(model: str, batch: SeriesBatch) -> np.ndarray:
    """Return the values ``(N, T)`` of one dimension; of several, mean and deviation of each ``(N, 2D)``."""
    if model == "MiniRocket":
        return batch.x.swapaxes(1, 2)  # (N, D, T)
    if batch.mask is None:
        return batch.x[:, :, 0]
    series = [x[real] for x, real in zip(batch.x, batch.mask, strict=True)]
    return np.array([[*x.mean(axis=0), *x.std(axis=0)] for x in series])


def _network(model: str, train: SeriesBatch, seed: int, training: Mapping[str, float]) -> tuple[Predict, float]:
    """Fit a network; return what predicts, and the number of parameters."""
    from tsattn_tutorial import keras as ours

    shape, sizes = train.x.shape[1:], {"classes": len(train.classes), "seed": seed}
    if train.mask is None:
        check_choice("model", model, (*BASELINES, *ITALY_MODELS))
        network, usual = _of_one_dimension(model, shape, seed), {"epochs": 30, "batch_size": 8}
    elif model in VOWELS_MODELS:
        network = ours.convolution_pooling_classifier(shape, **sizes, **VOWELS_MODELS[model])
        usual = {"epochs": 60, "batch_size": 16, "learning_rate": 3e-3, "schedule": "cosine", "weight_decay": 0.01}
    else:
        check_choice("model", model, (*BASELINES, *VOWELS_MODELS, *ours.LINE_UP))
        network, usual = ours.build_variant(model, shape, **sizes), {"epochs": 50, "batch_size": 32}
    ours.fit(network, train, **usual | training, seed=seed, progress=False)

    def predict(batch: SeriesBatch) -> tuple[np.ndarray, np.ndarray | None]:
        p, weights = ours.predict(network, batch)
        return np.stack([1 - p, p], axis=1) if p.ndim == 1 else p, weights

    return predict, network.count_params()


def _entropy(weights: np.ndarray, batch: SeriesBatch) -> float:
    """Average the entropy of the rows ``(N, T)`` or ``(N, T, T)`` of real steps over that of even weights."""
    mask = np.ones(batch.x.shape[:2], bool) if batch.mask is None else batch.mask
    rows, looks = (weights[:, None], mask[:, :1]) if weights.ndim == 2 else (weights, mask)
    return normalised_entropy(rows, mask[:, None])[looks].mean()


def _of_one_dimension(model: str, shape: tuple[int, int], seed: int) -> Any:
    """Build one of ``ITALY_MODELS``."""
    import keras

    from tsattn_tutorial import keras as ours

    if model == "lstm":
        return ours.attention_pooling_classifier(shape, units=64, seed=seed)
    x, outputs, l2, seeds = keras.Input(shape), [], None, layer_seeds(seed)
    if model.endswith("attention"):
        count = range(1 if model == "attention" else 16)
        several = [ours.TimestepAttention(True, seed=next(seeds))(x)[1] for _ in count]
        outputs = [sum(several) / len(count)]  # (B, T)
        kernel = keras.initializers.GlorotUniform(next(seeds))
        hidden = keras.layers.Conv1D(64, 5, padding="same", activation="tanh", kernel_initializer=kernel)(x)
        features, last = keras.ops.einsum("bt,btk->bk", outputs[0], hidden), next(seeds)
    elif model == "weighted regression":  # T a_t x_t: with even weights, a plain logistic regression
        l2 = keras.regularizers.L2(0.03)
        attended, weights = ours.TimestepAttention(single=True, seed=next(seeds), kernel_regularizer=l2)(x)
        features, outputs, last = keras.layers.Flatten()(shape[0] * attended), [weights], next(seeds)
    else:  # the convolution with even weights, or without pooling, and all else the same
        last = 2 * seed + 1
        kernel = keras.initializers.GlorotUniform(2 * seed)
        hidden = keras.layers.Conv1D(64, 5, padding="same", activation="tanh", kernel_initializer=kernel)(x)
        pool = keras.layers.GlobalAveragePooling1D if model == "mean pooling" else keras.layers.Flatten
        features = pool()(hidden)
    kernel = keras.initializers.GlorotUniform(last)
    logit = keras.ops.squeeze(keras.layers.Dense(1, kernel_initializer=kernel, kernel_regularizer=l2)(features), -1)
    return keras.Model(x, [logit, *outputs])
