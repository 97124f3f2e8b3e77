"""A classifier of convolutions and attention pooling, with what keeps it from learning a few series by heart.

As in ``tsattn_tutorial.keras.models``, it maps ``x (B, T, D)`` and a ``mask (B, T) bool`` to the logits and the
weights.
"""

import keras
from keras import layers, ops

from tsattn_tutorial.keras.layers import AttentionPooling, RandomOffset
from tsattn_tutorial.keras.layers.base import blank_padding, noise_seed
from tsattn_tutorial.keras.parts import glorot, inputs_of, layer_seeds, logit_of, read_out

__all__ = ["convolution_pooling_classifier"]


def convolution_pooling_classifier(
    shape: tuple[int | None, int],
    *,
    filters: int = 64,
    width: int = 5,
    convolutions: int = 1,
    heads: int = 8,
    attention_size: int = 64,
    differences: bool = True,
    offset: float = 0.3,
    noise: float = 0.1,
    dropout: float = 0.3,
    classes: int = 2,
    masked: bool = True,
    seed: int = 0,
) -> keras.Model:
    """Build convolutions, attention poolings side by side, and a linear classifier, for standardised series.

    The series get their first differences as further channels. Each convolution is followed by batch
    normalisation over the real steps and ReLU. In training only, the series get a random offset and
    noise, and features are dropped in front of the classifier.

    Parameters
    ----------
    shape : tuple
        ``(T, D)``; T may be None, for series of any length.
    filters, width : int
        K, features that a convolution makes of each step, and the steps that it sees.
    convolutions : int
        How many, one behind the other; 0 for none.
    heads : int
        M, heads of the `AttentionPooling`; with 0 the real steps are averaged, and the model gives no weights.
    attention_size : int
        A, features in which steps are scored.
    differences : bool
        Whether ``x_t - x_{t-1}`` is appended to every step, 0 at the first.
    offset, noise : float
        Standard deviations of a random number for each series and dimension (`RandomOffset`), and for each value.
    dropout : float
        Share of the pooled features that are dropped in training.
    classes, masked, seed
        As in `tsattn_tutorial.keras.attention_before_lstm`; the seed decides offsets, noise and dropout too.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    for name, value in {"convolutions": convolutions, "heads": heads}.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} must be 0 or a positive integer, got {value!r}")
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    hidden = RandomOffset(offset, seed=next(seeds))(blank_padding(x, mask))
    hidden = layers.GaussianNoise(noise, seed=noise_seed(next(seeds)))(hidden)
    if differences:
        difference = ops.pad(hidden[:, 1:] - hidden[:, :-1], ((0, 0), (1, 0), (0, 0)))
        hidden = ops.concatenate([hidden, difference], axis=-1)  # (B, T, 2D)
    hidden = blank_padding(hidden, mask)
    for _ in range(convolutions):
        hidden = layers.Conv1D(filters, width, padding="same", kernel_initializer=glorot(seeds))(hidden)
        hidden = layers.BatchNormalization(momentum=0.9)(hidden, mask=mask)
        hidden = blank_padding(ops.relu(hidden), mask)  # (B, T, K)
    if heads:
        features, weights = AttentionPooling(attention_size, heads, seed=next(seeds))(
            hidden, mask=mask
        )  # (B, M K), (B, T)
        outputs = [weights]
    else:
        features, outputs = read_out(hidden, mask, "mean", seeds)[0], []
    features = layers.Dropout(dropout, seed=noise_seed(next(seeds)))(features)
    return keras.Model(inputs, [logit_of(features, classes, seeds), *outputs])
