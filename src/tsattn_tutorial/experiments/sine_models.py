"""Is attention needed? Baselines, other poolings and other methods on the sine waves, and the limit of them all."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, Split, sine_waves, train_validation_test_split
from tsattn_tutorial.experiments.common import one_of, stream_seed
from tsattn_tutorial.experiments.sine_scores import score_attention, score_probabilities

__all__ = ["SINE_MODELS", "sine_models"]


class _Outcome(NamedTuple):
    probability: np.ndarray  # (N,), of a flat stretch
    weights: np.ndarray | None  # (N, T)
    parameters: float  # NaN where there are none to count
    epochs: float  # NaN where there are none
    fit_seconds: float
    predict_seconds: float
    labels_only: bool = False  # the probabilities are all 0 or 1


def sine_models(
    seed: int,
    *,
    model: str = "BiLSTM, attention",
    noise_std: float = 0.0,
    dataset_size: int = 10_000,
    test_series: int | None = None,
) -> dict[str, Any]:
    """Tell flattened waves from plain ones by one of many methods, each given the same data.

    Parameters
    ----------
    seed : int
        Decides the data, the split, the initial weights and the order of the series: those of `bilstm_attention`.
    model : str
        One of ``SINE_MODELS``. The networks but the two with patches have the budget of the source: Adam 1e-3, batches
        of 32, at most 50 epochs, patience 5. MiniRocket and QUANT are aeon's with their defaults, on one thread.
        ``"Bayes"`` is the exact posterior, which knows the generator and is fitted to nothing.
    noise_std, dataset_size
        As in `SineConfig`.
    test_series : int, optional
        How many series to draw anew for the test; the source's fifth of the data set when left out.

    Returns
    -------
    dict
        What `score_probabilities` and `score_attention` say of the test series; how many they were; how many
        ``parameters_of_model`` were trained, and in how many ``epochs_run`` (NaN where there are none to count);
        ``fit_seconds`` and ``predict_seconds``. The rule and MiniRocket name labels only, and have neither log-loss nor
        Brier score.

    Raises
    ------
    ValueError
        When the model is unknown, or a number is out of range.
    KeyboardInterrupt
        When training was interrupted.
    """
    run = one_of("model", model, _RUNS)
    config = SineConfig(dataset_size=dataset_size, noise_std=noise_std, seed=seed)
    parts = train_validation_test_split(sine_waves(config), seed=seed)
    if test_series is not None:
        fresh = sine_waves(config.replace(dataset_size=test_series), stream_seed(seed, 1))
        parts = parts._replace(test=fresh)
    outcome = run(parts, config, seed)
    return {
        "test_series": len(parts.test),
        **score_probabilities(parts.test.y, outcome.probability, labels_only=outcome.labels_only),
        **score_attention(outcome.weights, parts.test),
        "parameters_of_model": outcome.parameters,
        "epochs_run": outcome.epochs,
        "fit_seconds": outcome.fit_seconds,
        "predict_seconds": outcome.predict_seconds,
    }


def _majority(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    share = parts.train.y.mean()
    return _Outcome(np.full(len(parts.test), share), None, 1, np.nan, 0.0, 0.0)


def _rule(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    """Three equal samples in a row: no noise-free sine has them."""
    started = time.perf_counter()
    x = parts.test.x[:, :, 0]
    equal = x[:, 1:] == x[:, :-1]
    found = (equal[:, 1:] & equal[:, :-1]).any(axis=1)
    return _Outcome(found.astype(float), None, 0, np.nan, 0.0, time.perf_counter() - started, labels_only=True)


def _logistic_regression(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    outcome = _fit_and_predict(classifier, parts, lambda batch: batch.x[:, :, 0])
    return outcome._replace(parameters=parts.train.x.shape[1] + 1)


def _minirocket(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    from aeon.classification.convolution_based import MiniRocketClassifier  # takes seconds to import

    classifier = MiniRocketClassifier(random_state=seed, n_jobs=1)
    return _fit_and_predict(classifier, parts, _channels_first)._replace(labels_only=True)


def _quant(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    from aeon.classification.interval_based import QUANTClassifier

    return _fit_and_predict(QUANTClassifier(random_state=seed), parts, _channels_first)


def _bayes(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    from tsattn_tutorial.bayes import sine_posterior

    started = time.perf_counter()
    posterior = sine_posterior(parts.test.x, config, progress=False)
    return _Outcome(posterior.probability, posterior.ideal_attention, 0, np.nan, 0.0, time.perf_counter() - started)


def _fit_and_predict(classifier: Any, parts: Split, features: Callable[[SeriesBatch], np.ndarray]) -> _Outcome:
    started = time.perf_counter()
    classifier.fit(features(parts.train), parts.train.y)
    fitted = time.perf_counter()
    probability = classifier.predict_proba(features(parts.test))[:, 1]
    return _Outcome(probability, None, np.nan, np.nan, fitted - started, time.perf_counter() - fitted)


def _channels_first(batch: SeriesBatch) -> np.ndarray:
    return batch.x.swapaxes(1, 2)  # (N, D, T)


def _feed_forward(parts: Split, config: SineConfig, seed: int) -> _Outcome:
    from tsattn_tutorial.torch import FeedForwardClassifier

    return _train(FeedForwardClassifier(config.num_points, seed=seed), parts, seed)


def _convolution(pooling: str) -> Callable[[Split, SineConfig, int], _Outcome]:
    def run(parts: Split, config: SineConfig, seed: int) -> _Outcome:
        from tsattn_tutorial.torch import ConvolutionClassifier

        return _train(ConvolutionClassifier(pooling=pooling, seed=seed), parts, seed)

    return run


def _bilstm(pooling: str) -> Callable[[Split, SineConfig, int], _Outcome]:
    def run(parts: Split, config: SineConfig, seed: int) -> _Outcome:
        from tsattn_tutorial.torch import AttentionClassifier

        return _train(AttentionClassifier(pooling=pooling, seed=seed), parts, seed)

    return run


def _recipe(name: str) -> Callable[[Split, SineConfig, int], _Outcome]:
    def run(parts: Split, config: SineConfig, seed: int) -> _Outcome:
        from tsattn_tutorial.torch import recipes

        recipe = getattr(recipes, name)
        return _train(recipe.build(seed=seed), parts, seed, **recipe.training)

    return run


def _train(network: Any, parts: Split, seed: int, **setting: Any) -> _Outcome:
    from tsattn_tutorial.torch import fit, predict

    history = fit(network, parts.train, parts.validation, seed=seed, progress=False, **setting)
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    started = time.perf_counter()
    probability, weights = predict(network, parts.test)
    seconds = time.perf_counter() - started
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _Outcome(probability, weights, parameters, len(history.epochs), history.seconds, seconds)


_RUNS: dict[str, Callable[[Split, SineConfig, int], _Outcome]] = {
    "majority class": _majority,
    "one-line rule": _rule,
    "logistic regression": _logistic_regression,
    "feed-forward": _feed_forward,
    "convolution, mean": _convolution("mean"),
    "convolution, max": _convolution("max"),
    "BiLSTM, last state": _bilstm("last"),
    "BiLSTM, mean": _bilstm("mean"),
    "BiLSTM, max": _bilstm("max"),
    "BiLSTM, attention": _bilstm("attention"),
    "patches, attention": _recipe("PATCHES"),
    "patches and slope, attention": _recipe("SHARP"),
    "MiniRocket": _minirocket,
    "QUANT": _quant,
    "Bayes": _bayes,
}

#: Models of `sine_models`, from the simplest.
SINE_MODELS = tuple(_RUNS)
