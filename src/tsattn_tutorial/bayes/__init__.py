"""The best that any classifier can do in telling noisy sine waves with a flat stretch from plain ones.

The generator is known, and so is the noise. Whoever knows both can compute the probability that a series is
flattened, given its samples, and nobody can do better than to name the likelier label.
"""

from tsattn_tutorial.bayes.limit import BayesLimit, bayes_limit
from tsattn_tutorial.bayes.posterior import SinePosterior, sine_posterior

__all__ = ["BayesLimit", "SinePosterior", "bayes_limit", "sine_posterior"]
