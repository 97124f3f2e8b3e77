"""How near a trained model comes to the Bayes limit when it may see as many series as it likes."""

from dataclasses import replace
from typing import Any

from tsattn_tutorial.bayes import sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves
from tsattn_tutorial.experiments.common import stream_seed
from tsattn_tutorial.experiments.sine_scores import score_attention, score_probabilities

__all__ = ["sine_fresh_series"]


def sine_fresh_series(
    seed: int,
    *,
    noise_std: float = 1.0,
    epochs: int = 100,
    series: int = 10_000,
    test_series: int = 10_000,
    pooling: str = "attention",
    hidden_size: int = 64,
    layers: int = 2,
    patch_size: int = 10,
    batch_size: int = 64,
    learning_rate: float = 5e-3,
) -> dict[str, Any]:
    """Train on noisy waves that are drawn anew each epoch, and compare with the exact posterior series by series.

    Parameters
    ----------
    seed : int
        Decides the initial weights and every series. The test series are those of `sine_models` with this seed, noise
        and number.
    noise_std : float
        As in `SineConfig`, positive.
    epochs, series
        How often fresh series are drawn, and how many each time. As many more, drawn once, choose the epoch.
    test_series : int
        How many series to score on.
    pooling, hidden_size, layers, patch_size
        As in `AttentionClassifier`; each series is normalised.
    batch_size, learning_rate
        As in `fit`, with the cosine schedule.

    Returns
    -------
    dict
        What `score_probabilities` and `score_attention` say of the test series, and the same of the posterior with the
        prefix ``bayes_``; ``only_model_wrong`` and ``only_bayes_wrong``, the series on which just one of the two errs;
        ``parameters_of_model``, ``epochs_run``, ``best_epoch`` and ``fit_seconds``.

    Raises
    ------
    ValueError
        When a number is out of range, or there is no noise.
    KeyboardInterrupt
        When training was interrupted.
    """
    from tsattn_tutorial.torch import PATCHES, predict

    config = SineConfig(dataset_size=series, noise_std=noise_std, seed=seed)
    test = sine_waves(config.replace(dataset_size=test_series), stream_seed(seed, 1))
    posterior = sine_posterior(test.x, config, progress=False)  # first: it refuses series without noise

    def fresh(epoch: int) -> SeriesBatch:
        return sine_waves(config, stream_seed(seed, 2 + epoch))

    recipe = replace(
        PATCHES,
        pooling=pooling,
        hidden_size=hidden_size,
        layers=layers,
        patch_size=patch_size,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
    )
    model, history = recipe.fit(fresh, sine_waves(config, stream_seed(seed, 2)), seed=seed, progress=False)
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    probability, weights = predict(model, test)
    bayes = score_probabilities(test.y, posterior.probability) | score_attention(posterior.ideal_attention, test)
    wrong, bayes_wrong = ((p >= 0.5) != test.y for p in (probability, posterior.probability))
    return {
        **score_probabilities(test.y, probability),
        **score_attention(weights, test),
        **{f"bayes_{name}": value for name, value in bayes.items()},
        "only_model_wrong": int((wrong & ~bayes_wrong).sum()),
        "only_bayes_wrong": int((bayes_wrong & ~wrong).sum()),
        "parameters_of_model": sum(parameter.numel() for parameter in model.parameters()),
        "epochs_run": len(history.epochs),
        "best_epoch": history.best_epoch,
        "fit_seconds": history.seconds,
    }
