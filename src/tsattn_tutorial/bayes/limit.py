"""The accuracy that no classifier can beat."""

from dataclasses import dataclass

from tsattn_tutorial.bayes.posterior import sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves
from tsattn_tutorial.metrics import Estimate, proportion_interval

__all__ = ["BayesLimit", "bayes_limit"]


@dataclass(frozen=True)
class BayesLimit:
    """The accuracy of the best classifier there can be, estimated twice from the same series.

    Parameters
    ----------
    noise_std : float
        Standard deviation of the noise.
    expected : Estimate
        Mean of ``max(p, 1 - p)``, p the posterior of label 1, with its t interval. It does not look at the labels, and
        varies less than the other.
    accuracy : Estimate
        Share of the series whose label is the likelier one, with its Wilson interval.
    """

    noise_std: float
    expected: Estimate
    accuracy: Estimate


def bayes_limit(config: SineConfig, seed: int | None = None, *, progress: bool = True) -> BayesLimit:
    """Draw noisy series and classify each by its exact posterior.

    No rule has a higher expected accuracy than to name the likelier label (Devroye, Györfi and Lugosi 1996, chapter 2).

    Parameters
    ----------
    config : SineConfig
        What to draw; ``noise_std`` must be positive and ``dataset_size`` at least 2.
    seed : int, optional
        Seed; that of the configuration when left out.
    progress : bool
        Whether to show a bar to whoever is watching.

    Raises
    ------
    ValueError
        When the configuration has no noise, or fewer than two series.
    """
    if config.dataset_size < 2:
        raise ValueError(f"dataset_size must be at least 2 for an interval, got {config.dataset_size}")
    batch = sine_waves(config, seed)
    posterior = sine_posterior(batch.x, config, progress=progress)
    right = (posterior.probability > 0.5) == batch.y
    return BayesLimit(config.noise_std, posterior.expected_accuracy, proportion_interval(right.sum(), len(batch)))
