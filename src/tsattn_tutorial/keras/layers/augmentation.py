"""What changes the series while a model trains, so that it does not learn them by heart."""

import keras
from keras import ops

from tsattn_tutorial.keras.layers.base import noise_seed

__all__ = ["RandomOffset"]


@keras.saving.register_keras_serializable("tsattn_tutorial")
class RandomOffset(keras.layers.Layer):
    """In training, add a normal number to each dimension of each series, the same at all its steps.

    A model can then not rely on the exact level of a series, which drifts from one recording to the next.

    Parameters
    ----------
    stddev : float
        Standard deviation of the offsets, in the units of the series.
    seed : int
        Seed of the offsets.

    Raises
    ------
    ValueError
        When the standard deviation is negative.

    Notes
    -----
    ``layer(x, training=False)`` takes and returns ``x (B, T, D)``.
    """

    def __init__(self, stddev: float, *, seed: int = 0, **options) -> None:
        super().__init__(**options)
        if not stddev >= 0:
            raise ValueError(f"stddev must not be negative, got {stddev!r}")
        self.supports_masking = True
        self.stddev, self.seed = stddev, seed
        self.numbers = keras.random.SeedGenerator(noise_seed(seed))

    def call(self, x, training=False):
        """Return the series, shifted in training."""
        if not training:
            return x
        shape = (ops.shape(x)[0], 1, x.shape[-1])
        return x + keras.random.normal(shape, stddev=self.stddev, dtype=x.dtype, seed=self.numbers)

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
