"""The accuracy that no classifier beats: that of the posterior, in expectation and on labels."""

import numpy as np
import pytest

from tsattn_tutorial.bayes import bayes_limit, sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves

SMALL = SineConfig(num_points=60, step_freq=0.1, step_loc=0.05, step_length=0.05, noise_std=2.0)


def test_the_limit_is_what_the_likelier_label_achieves():
    limits = {s: bayes_limit(SMALL.replace(noise_std=s, dataset_size=1500), seed=1) for s in (0.05, 1.0, 4.0)}
    for s, limit in limits.items():
        assert limit.noise_std == s
        assert limit.expected.low <= limit.expected.value <= limit.expected.high
        value = limit.expected.value  # on the same series they differ by chance only: 4 standard errors
        assert abs(value - limit.accuracy.value) <= 4 * np.sqrt(value * (1 - value) / 1500)
        assert limit.expected.high - limit.expected.low <= limit.accuracy.high - limit.accuracy.low + 1e-12
    values = [limit.expected.value for limit in limits.values()]
    assert values[0] > 0.995 and values[0] > values[1] + 0.02 > values[2] + 0.04 > 0.54


def test_the_limit_follows_its_seed_and_its_configuration():
    config = SMALL.replace(dataset_size=50, seed=3)
    assert bayes_limit(config) == bayes_limit(config.replace(seed=8), seed=3) != bayes_limit(config, seed=4)
    batch = sine_waves(config)
    posterior = sine_posterior(batch.x, config)
    limit = bayes_limit(config)
    assert limit.expected == posterior.expected_accuracy
    assert limit.expected.value == pytest.approx(np.maximum(posterior.probability, 1 - posterior.probability).mean())
    assert limit.accuracy.value == np.mean((posterior.probability > 0.5) == batch.y)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"noise_std": 0.0}, "noise_std of .* must be positive"),
        ({"dataset_size": 1}, "dataset_size must be at least 2"),
    ],
)
def test_bad_input(changed, message):
    with pytest.raises(ValueError, match=message):
        bayes_limit(SMALL.replace(**changed))
