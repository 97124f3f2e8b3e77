"""Who is speaking? The line-up of the question and better models on real speech: JapaneseVowels."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsattn_tutorial.datasets import SeriesBatch, archive_series, padded, standardised
from tsattn_tutorial.experiments.line_up import LINE_UP, build_variant
from tsattn_tutorial.reference import normalised_entropy

__all__ = ["VOWELS_MODELS", "japanese_vowels"]

CLASSES = 9
FOLDS = 5  # to choose the strength of the logistic regression
STEPS = 29  # the longest series of the archive's problem
SHARES = (1 / 3, 1 / 2, 2 / 3)  # of a speaker's recordings that train, in forward validation

#: Models of `japanese_vowels` beside the line-up: options of `tsattn_tutorial.keras.convolution_pooling_classifier`.
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
BASELINES = ("logistic regression", "MiniRocket")


def japanese_vowels(
    seed: int,
    *,
    model: str = "convolution, attention",
    label_smoothing: float = 0.0,
    held_out: str = "test",
) -> dict[str, Any]:
    """Tell nine speakers apart by how they say two vowels: 12 cepstral coefficients, 7 to 29 steps.

    Parameters
    ----------
    seed : int
        Decides initial weights, noise, the order of the series, and MiniRocket's kernels. The split into
        training and test series is the archive's.
    model : str
        A key of ``VOWELS_MODELS``, trained for 60 epochs by AdamW on a cosine schedule, in batches of 16; a variant of
        ``tsattn_tutorial.experiments.LINE_UP``, trained for 50 epochs by Adam, in batches of 32; or a baseline:
        ``"logistic regression"`` on the mean and the standard deviation of each dimension, its strength chosen
        by cross-validation, and ``"MiniRocket"`` (aeon) on the padded series.
    label_smoothing : float
        As in `tsattn_tutorial.keras.fit`; the baselines ignore it.
    held_out : str
        ``"test"``: train on the 270 training series, score on the 370 test series. ``"forward"``, for making choices:
        train on the first third, half and two thirds of each speaker's training series, score on all that
        follow. The test series were recorded later too.

    Returns
    -------
    dict
        ``accuracy`` and ``log_loss`` (nats; NaN for MiniRocket, which gives no probabilities) on the held-out series,
        how many there were, ``train_accuracy``, ``parameters_of_model`` (NaN where there are none to count),
        ``fit_seconds`` of all fits, and the ``entropy`` of the attention over the logarithm of the length, so that 1 is
        a plain average (NaN without attention).

    Raises
    ------
    ValueError
        When the model or the kind of held-out series is unknown, or a number is out of range.
    KeyboardInterrupt
        When training was interrupted.
    """
    if model not in (*VOWELS_MODELS, *LINE_UP, *BASELINES):
        raise ValueError(f"model must be one of {'; '.join((*VOWELS_MODELS, *LINE_UP, *BASELINES))}; got {model!r}")
    train = archive_series("JapaneseVowels", "train")
    match held_out:
        case "test":
            pairs = [(train, archive_series("JapaneseVowels", "test"))]
        case "forward":
            pairs = list(_forward(train))
        case _:
            raise ValueError(f'held_out must be "test" or "forward", got {held_out!r}')
    scores = []
    for inside, outside in pairs:
        inside, outside = (padded(part, STEPS) for part in standardised(inside, outside))
        fit_and_score = _baseline if model in BASELINES else _network
        scores.append(fit_and_score(model, inside, outside, seed, label_smoothing))
    y = np.concatenate([outside.y for _, outside in pairs])
    probability = np.concatenate([score["probability"] for score in scores])
    one_hot = model == "MiniRocket"
    return {
        "accuracy": (probability.argmax(axis=1) == y).mean(),
        "log_loss": np.nan if one_hot else log_loss(y, probability, labels=range(CLASSES)),
        "held_out_series": y.size,
        "train_accuracy": np.mean([score["train_accuracy"] for score in scores]),
        "parameters_of_model": scores[0]["parameters"],
        "fit_seconds": sum(score["seconds"] for score in scores),
        "entropy": np.mean([score["entropy"] for score in scores]),
    }


def _forward(train: SeriesBatch) -> Iterator[tuple[SeriesBatch, SeriesBatch]]:
    """Cut each speaker's recordings, which stand in the order in which they were made, in two."""
    speakers = [np.flatnonzero(train.y == label) for label in range(CLASSES)]
    for share in SHARES:
        cuts = [round(share * len(series)) for series in speakers]
        first = np.concatenate([series[:cut] for series, cut in zip(speakers, cuts, strict=True)])
        later = np.concatenate([series[cut:] for series, cut in zip(speakers, cuts, strict=True)])
        yield train[first], train[later]


def _network(
    model: str, train: SeriesBatch, held: SeriesBatch, seed: int, label_smoothing: float
) -> dict[str, np.ndarray | float]:
    from tsattn_tutorial.keras import convolution_pooling_classifier, fit, predict

    shape = train.x.shape[1:]
    if model in VOWELS_MODELS:
        network = convolution_pooling_classifier(shape, classes=CLASSES, seed=seed, **VOWELS_MODELS[model])
        setting = {"epochs": 60, "batch_size": 16, "learning_rate": 3e-3, "schedule": "cosine", "weight_decay": 0.01}
    else:
        network = build_variant(model, shape, classes=CLASSES, seed=seed)
        setting = {"epochs": 50, "batch_size": 32}
    history = fit(network, train, **setting, label_smoothing=label_smoothing, seed=seed, progress=False)
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    said = predict(network, held)
    return {
        "probability": said.probability,
        "train_accuracy": (predict(network, train).probability.argmax(axis=1) == train.y).mean(),
        "parameters": network.count_params(),
        "seconds": history.seconds,
        "entropy": _entropy(said.weights, held.mask),
    }


def _entropy(weights: np.ndarray | None, mask: np.ndarray) -> float:
    """Average the entropy of the rows ``(N, T)`` or ``(N, T, T)`` of real steps over that of even weights."""
    if weights is None:
        return np.nan
    rows = weights[:, None] if weights.ndim == 2 else weights
    looks = mask[:, :1] if weights.ndim == 2 else mask
    return normalised_entropy(rows, mask[:, None])[looks].mean()


def _baseline(
    model: str, train: SeriesBatch, held: SeriesBatch, seed: int, label_smoothing: float
) -> dict[str, np.ndarray | float]:
    started, parameters = time.perf_counter(), np.nan
    if model == "MiniRocket":
        from aeon.classification.convolution_based import MiniRocketClassifier

        classifier = MiniRocketClassifier(random_state=seed, n_jobs=1)
        x, x_held = (part.x.swapaxes(1, 2) for part in (train, held))  # (N, D, T)
    else:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        strength = LogisticRegressionCV(
            cv=folds, scoring="neg_log_loss", l1_ratios=(0,), max_iter=2000, use_legacy_attributes=False
        )
        classifier = make_pipeline(StandardScaler(), strength)
        x, x_held = (_means_and_deviations(part) for part in (train, held))
        parameters = (x.shape[1] + 1) * CLASSES
    classifier.fit(x, train.y)
    return {
        "probability": classifier.predict_proba(x_held),
        "train_accuracy": (classifier.predict(x) == train.y).mean(),
        "parameters": parameters,
        "seconds": time.perf_counter() - started,
        "entropy": np.nan,
    }


def _means_and_deviations(batch: SeriesBatch) -> np.ndarray:
    """Describe each series by mean and standard deviation of each dimension over its real steps, ``(N, 2D)``."""
    return np.array(
        [[*x[real].mean(axis=0), *x[real].std(axis=0)] for x, real in zip(batch.x, batch.mask, strict=True)]
    )
