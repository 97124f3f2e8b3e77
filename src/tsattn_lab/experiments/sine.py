"""Flattened or plain? The published model on sine waves, its relatives, other methods, and the limit of them all."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsattn_lab.experiments.common import Predict, how_it_went, off_the_shelf
from tsattn_tutorial.arguments import check_choice, child_seed, require
from tsattn_tutorial.bayes import sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, Split, near_peak, sine_waves, train_validation_test_split
from tsattn_tutorial.metrics import attention_mass, attention_mass_by_shift, score_attention

SHIFTS = np.arange(-100, 101, 5)  # samples by which the truth is moved to find where attention really lies
BINS = 20  # of the reliability diagram

# Models that have a recipe of tsattn_tutorial.torch, and what they do with it.
_POOLINGS = {"last state": "last", "mean": "mean", "max": "max"}
_RECIPES = {f"BiLSTM, {name}": ("PUBLISHED", {"pooling": pooling}) for name, pooling in _POOLINGS.items()}
_RECIPES |= {"BiLSTM, attention": ("PUBLISHED", {}), "patches, attention": ("PATCHES", {})}
_RECIPES |= {"patches and slope, attention": ("SHARP", {})}
_NETWORKS = ("feed-forward", "convolution, mean", "convolution, max")

#: Models of `sine`, from the simplest.
SINE_MODELS = ("majority class", "one-line rule", "logistic regression", *_NETWORKS, *_RECIPES)
SINE_MODELS += ("MiniRocket", "QUANT", "Bayes")


def sine(
    seed: int,
    *,
    model: str = "BiLSTM, attention",
    changes: Sequence[str] = (),
    recipe: Mapping[str, Any] | None = None,
    noise_std: float = 0.0,
    dataset_size: int = 10_000,
    test_series: int | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Tell flattened waves from plain ones; the defaults are source A as it was published.

    Parameters
    ----------
    seed : int
        Decides the data, the split, the initial weights and the order of the series.
    model : str
        One of ``SINE_MODELS``. The feed-forward and convolutional networks have the budget of the source. MiniRocket
        and QUANT are aeon's with their defaults. ``"Bayes"`` is the exact posterior, which is fitted to nothing.
    changes : sequence of str
        Keys of ``tsattn_tutorial.torch.SINE_CHANGES``: made to the recipe of the model, in this order.
    recipe : mapping, optional
        Fields of the recipe that are then set otherwise.
    noise_std, dataset_size
        As in `SineConfig`.
    test_series : int, optional
        How many series to draw anew for the test; a fifth of the data set when left out.
    fresh : bool
        Draw as many series anew for every epoch, and once to choose the epoch.

    Returns
    -------
    dict
        Scores on the test series (`score_probabilities`; the rule and MiniRocket name labels only). Where the attention
        lies: ``mass``, ``chance`` and ``pointing`` of `score_attention`; ``shift``, the samples by which the stretch
        must be moved to hold the most, which describes the test set and selects nothing, and ``mass_at_shift``; on
        plain waves ``peak_mass`` near the peaks and its ``peak_chance``, which mean little under noise. How training
        went, for networks on the validation series too.

    Raises
    ------
    ValueError
        When an argument is out of range, or the model has no recipe to change or to draw series for.
    """
    check_choice("model", model, SINE_MODELS)
    fine = model in _RECIPES or not (changes or recipe or fresh)
    require(fine, f"changes, recipe and fresh need a model with a recipe, got {model!r}")
    config = SineConfig(dataset_size=dataset_size, noise_std=noise_std, seed=seed)
    parts = train_validation_test_split(sine_waves(config), seed=seed)
    if test_series is not None:
        parts = parts._replace(test=sine_waves(config.replace(dataset_size=test_series), child_seed(seed, 1)))
    test = parts.test
    if fresh:
        drawn = [lambda epoch: sine_waves(config, child_seed(seed, 2 + epoch)), sine_waves(config, child_seed(seed, 2))]
        parts = Split(*drawn, test)
    chosen, network = (model, parts, config), model in (*_NETWORKS, *_RECIPES)
    predict, trained = _network(*chosen, changes, recipe or {}) if network else _method(*chosen)
    started = time.perf_counter()
    probability, weights = predict(test)
    seconds = time.perf_counter() - started
    labels_only = model in ("one-line rule", "MiniRocket")
    row = {"test_series": len(test)} | score_probabilities(test.y, probability, labels_only=labels_only)
    row |= score_attention(weights, test) | _elsewhere(weights, test)
    return row | trained | {"predict_seconds": seconds}


def score_probabilities(y: np.ndarray, probability: np.ndarray, *, labels_only: bool = False) -> dict[str, Any]:
    """Return the usual scores, and what a reliability diagram needs; log-loss in nats.

    ``reliability`` is JSON: for each of 20 even bins of the probability ``(N,)`` of label 1, how many series fell in,
    the sum of their probabilities, and how many had label 1. Where the probabilities are mere labels, log-loss, Brier
    score and bins are empty.
    """
    said = probability >= 0.5
    (tn, fp), (fn, tp) = metrics.confusion_matrix(y, said, labels=[0, 1])
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    sums = [np.bincount(bins, values, BINS) for values in (None, probability, y)]
    return {
        "errors": (said != y).sum(),
        "accuracy": (said == y).mean(),
        "precision": metrics.precision_score(y, said, zero_division=np.nan),
        "recall": metrics.recall_score(y, said, zero_division=np.nan),
        "f1": metrics.f1_score(y, said),
        "roc_auc": metrics.roc_auc_score(y, probability),
        "roc_auc_of_labels": metrics.roc_auc_score(y, said),  # with one threshold the curve has one corner
        **{"tn": tn, "fp": fp, "fn": fn, "tp": tp},
        "log_loss": np.nan if labels_only else metrics.log_loss(y, probability, labels=[0, 1]),
        "brier": np.nan if labels_only else metrics.brier_score_loss(y, probability, labels=[0, 1]),
        "reliability": json.dumps([] if labels_only else [np.round(row, 6).tolist() for row in sums]),
    }


def _elsewhere(weights: np.ndarray | None, test: SeriesBatch) -> dict[str, Any]:
    """Look for the attention beside the stretch, and near the peaks of plain waves."""
    if weights is None:
        return dict.fromkeys(("shift", "mass_at_shift", "peak_mass", "peak_chance"), np.nan)
    flat = test.y == 1
    by_shift = attention_mass_by_shift(weights[flat], test.truth[flat], SHIFTS)
    mass, chance = attention_mass(weights[~flat], near_peak(test.x[~flat]))
    moved = {"shift": SHIFTS[by_shift.argmax()], "mass_at_shift": by_shift.max()}
    return moved | {"peak_mass": mass.mean(), "peak_chance": chance.mean()}


def _method(model: str, parts: Split, config: SineConfig) -> tuple[Predict, dict[str, Any]]:
    """Fit what is no network; return what predicts, and how it was trained."""
    if model in ("one-line rule", "Bayes"):
        predict = _rule if model == "one-line rule" else lambda batch: _posterior(batch, config)
        return predict, {"parameters_of_model": 0, "epochs_run": np.nan, "fit_seconds": 0.0}
    classifier, parameters = off_the_shelf(model, config.seed), 1 if model == "majority class" else np.nan
    if model == "logistic regression":
        linear = LogisticRegression(max_iter=5000)
        classifier, parameters = make_pipeline(StandardScaler(), linear), config.num_points + 1
    started = time.perf_counter()
    classifier.fit(parts.train.x[:, :, 0], parts.train.y)
    trained = {"parameters_of_model": parameters, "epochs_run": np.nan, "fit_seconds": time.perf_counter() - started}
    return lambda batch: (classifier.predict_proba(batch.x[:, :, 0])[:, 1], None), trained


def _rule(batch: SeriesBatch) -> tuple[np.ndarray, None]:
    """Three equal samples in a row: no noise-free sine has them."""
    equal = batch.x[:, 1:, 0] == batch.x[:, :-1, 0]
    return (equal[:, 1:] & equal[:, :-1]).any(axis=1).astype(float), None


def _posterior(batch: SeriesBatch, config: SineConfig) -> tuple[np.ndarray, np.ndarray]:
    posterior = sine_posterior(batch.x, config, progress=False)
    return posterior.probability, posterior.ideal_attention


def _network(
    model: str, parts: Split, config: SineConfig, changes: Sequence[str], recipe: Mapping[str, Any]
) -> tuple[Predict, dict[str, Any]]:
    from tsattn_tutorial import torch as ours

    name, own = _RECIPES.get(model, ("PUBLISHED", {}))
    settled = getattr(ours, name)
    for change in changes:
        settled = replace(settled, **ours.SINE_CHANGES[check_choice("changes", change, ours.SINE_CHANGES)])
    settled = replace(settled, **own, **recipe)
    if model == "feed-forward":
        network = ours.FeedForwardClassifier(config.num_points, seed=config.seed)
    elif model in _NETWORKS:
        network = ours.ConvolutionClassifier(pooling=model.removeprefix("convolution, "), seed=config.seed)
    else:
        network = settled.build(seed=config.seed)
    history = ours.fit(network, parts.train, parts.validation, **settled.training, seed=config.seed, progress=False)
    said = ours.predict(network, parts.validation).probability
    trained = how_it_went(history, sum(parameter.numel() for parameter in network.parameters()))
    trained["validation_errors"] = ((said >= 0.5) != parts.validation.y).sum()
    return lambda batch: ours.predict(network, batch), trained
