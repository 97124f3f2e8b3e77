"""What the models are put together from: symbols of the inputs, seeded layers, the logit."""

from collections.abc import Iterator
from typing import Literal

import keras
import numpy as np
from keras import layers, ops

__all__ = ["Encoder", "encode", "glorot", "inputs_of", "layer_seeds", "logit_of", "lstm"]

Encoder = Literal["lstm", "bilstm", "position-wise"]


def inputs_of(shape: tuple[int | None, int], masked: bool):
    """Return the symbols of x and of the mask, None if there is none, and the list of inputs."""
    if len(shape) != 2:
        raise ValueError(f"shape must be (T, D), got {shape}")
    x = keras.Input(shape, name="x")
    if not masked:
        return x, None, [x]
    mask = keras.Input(shape[:1], dtype="bool", name="mask")
    return x, mask, [x, mask]


def layer_seeds(seed: int) -> Iterator[int]:
    """Return as many seeds as the layers of a model need: Keras would repeat one in layers of equal shape."""
    return iter(np.random.SeedSequence(seed).generate_state(256).tolist())


def encode(x, mask, encoder: Encoder, units: int, seeds: Iterator[int]):
    """Return what an encoder makes of ``x (B, T, D)``: ``(B, T, K)``."""
    match encoder:
        case "lstm":
            return lstm(units, seeds, return_sequences=True)(x, mask=mask)
        case "bilstm":
            both = layers.Bidirectional(
                lstm(units, seeds, return_sequences=True),
                backward_layer=lstm(units, seeds, return_sequences=True, go_backwards=True),
            )
            return both(x, mask=mask)
        case "position-wise":
            return layers.Dense(units, "tanh", kernel_initializer=glorot(seeds))(x)
    raise ValueError(f'encoder must be "lstm", "bilstm" or "position-wise", got {encoder!r}')


def lstm(units: int, seeds: Iterator[int], **options) -> layers.LSTM:
    """Return an LSTM with seeded kernels."""
    return layers.LSTM(
        units,
        kernel_initializer=glorot(seeds),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        **options,
    )


def logit_of(features, classes: int, seeds: Iterator[int], **options):
    """Return ``(B,)`` for two classes, ``(B, C)`` for more."""
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes!r}")
    units = 1 if classes == 2 else classes
    logits = layers.Dense(units, kernel_initializer=glorot(seeds), name="logit", **options)(features)
    return ops.squeeze(logits, -1) if classes == 2 else logits


def glorot(seeds: Iterator[int]) -> keras.initializers.Initializer:
    """Return an initialiser with the next seed."""
    return keras.initializers.GlorotUniform(seed=next(seeds))
