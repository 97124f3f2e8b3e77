"""What the models are put together from: symbols of the inputs, seeded layers, the logit."""

from collections.abc import Iterator
from typing import Literal

import keras
import numpy as np
from keras import layers, ops

from tsattn_tutorial.keras.layers import AttentionPooling
from tsattn_tutorial.keras.layers.base import blank_padding

__all__ = ["Encoder", "Readout", "encode", "glorot", "inputs_of", "layer_seeds", "logit_of", "lstm", "read_out"]

Encoder = Literal["lstm", "bilstm", "position-wise"]
Readout = Literal["flatten", "mean", "attention"]


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


def read_out(hidden, mask, readout: Readout, seeds: Iterator[int]):
    """Return one vector for each series ``hidden (B, T, K)``, and the weights ``(B, T)`` if steps were weighed."""
    steps, size = hidden.shape[1:]
    match readout:
        case "flatten":
            return ops.reshape(blank_padding(hidden, mask), (-1, steps * size)), None
        case "mean":
            total = ops.sum(blank_padding(hidden, mask), axis=1)  # (B, K)
            real = steps if mask is None else ops.sum(ops.cast(mask, hidden.dtype), axis=1, keepdims=True)
            return total / real, None
        case "attention":
            return AttentionPooling(seed=next(seeds))(hidden, mask=mask)
    raise ValueError(f'readout must be "flatten", "mean" or "attention", got {readout!r}')


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
