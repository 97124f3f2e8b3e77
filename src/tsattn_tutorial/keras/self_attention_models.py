"""Classifiers with self-attention among recurrent layers, and a small transformer, as functional Keras models.

As in ``tsattn_tutorial.keras.models``: a builder takes the shape ``(T, D)`` of a series and returns a model that maps
``x (B, T, D)`` and a ``mask (B, T) bool`` to the logits and the weights of its attention. A model without any
attention has the logits as its only output.
"""

from typing import Literal

import keras
from keras import layers

from tsattn_tutorial.keras.layers import MultiHeadSelfAttention
from tsattn_tutorial.keras.layers.base import blank_padding
from tsattn_tutorial.keras.parts import Readout, encode, glorot, inputs_of, layer_seeds, logit_of, read_out
from tsattn_tutorial.reference import sinusoidal_positions

__all__ = ["Place", "self_attention_classifier", "transformer_classifier"]

Place = Literal["before", "between", "after"]


def self_attention_classifier(
    shape: tuple[int, int],
    *,
    attention: layers.Layer | None = None,
    place: Place = "after",
    residual: bool = False,
    norm: bool = False,
    lost_mask: bool = False,
    recurrent: int = 2,
    readout: Readout = "flatten",
    units: int = 32,
    classes: int = 2,
    masked: bool = True,
    seed: int = 0,
) -> keras.Model:
    """Build BiLSTMs with a self-attention before, between or after them, and a linear classifier.

    The defaults without attention are Model 1 of the question "Self-attention mechanism did not improve the LSTM
    classification model" (Data Science Stack Exchange 90536), two BiLSTMs and a flattened series; the arguments
    lead to the other three, and isolate what differs.

    Parameters
    ----------
    shape : tuple of int
        ``(T, D)``.
    attention : Layer, optional
        Takes ``(B, T, K)``, returns an output of the same shape and weights ``(B, T, T)``; seeded on its own.
    place : {"before", "between", "after"}
        Before all BiLSTMs, behind the first of several, or behind the last.
    residual : bool
        Add the input of the attention to its output.
    norm : bool
        Normalise every step after that (layer normalisation).
    lost_mask : bool
        Let what stands behind the attention know nothing of padding, as ``x + attention(x)`` did in the question. To
        show what it does; leave it off otherwise.
    recurrent : int
        BiLSTMs, at least 1; at least 2 for an attention between them.
    readout : {"flatten", "mean", "attention"}
        How the steps become one vector: side by side, padding blanked; their average; `AttentionPooling`.
    units : int
        H, units of a BiLSTM per direction.
    classes : int
        C, at least 2.
    masked : bool
        Whether series may be padded, so that the model takes a mask.
    seed : int
        Seed of the initial weights of all but the attention that was given.

    Raises
    ------
    ValueError
        When an argument is out of range, or an option of the attention is set where there is none.
    """
    if place not in ("before", "between", "after"):
        raise ValueError(f'place must be "before", "between" or "after", got {place!r}')
    if not isinstance(recurrent, int) or recurrent < 1 + (attention is not None and place == "between"):
        raise ValueError(f"recurrent must be at least 1, or 2 for an attention between, got {recurrent!r}")
    if attention is None and (residual or norm or lost_mask):
        raise ValueError("residual, norm and lost_mask belong to an attention, got no attention")
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    hidden, weights = blank_padding(x, mask), None
    where = {"before": 0, "between": 1, "after": recurrent}[place]
    for stage in range(recurrent + 1):
        if attention is not None and stage == where:
            attended, weights = attention(hidden, mask=mask)  # (B, T, K), (B, T, T)
            hidden = hidden + attended if residual else attended
            hidden = layers.LayerNormalization()(hidden) if norm else hidden
            mask = None if lost_mask else mask
        if stage < recurrent:
            hidden = encode(hidden, mask, "bilstm", units, seeds)  # (B, T, 2H)
    features, pooling = read_out(hidden, mask, readout, seeds)
    return _model(inputs, logit_of(features, classes, seeds), pooling if weights is None else weights)


def transformer_classifier(
    shape: tuple[int, int],
    *,
    width: int = 32,
    heads: int = 4,
    blocks: int = 1,
    residual: bool = True,
    readout: Readout = "mean",
    classes: int = 2,
    masked: bool = True,
    seed: int = 0,
) -> keras.Model:
    """Build a small transformer encoder: no recurrence, so that the order of the steps comes from added positions.

    Each block normalises, attends and adds, then normalises, applies a dense layer with ReLU and one without, and adds.

    Parameters
    ----------
    shape : tuple of int
        ``(T, D)``.
    width : int
        K, features of a step inside the model; a multiple of ``heads``.
    heads : int
        M, attentions side by side, each ``K / M`` wide.
    blocks : int
        Blocks, at least 1.
    residual : bool
        Add the input of each attention and of each dense network to its output. Without, the steps of a deep model
        become alike; to show what it does, leave it on otherwise.
    readout, classes, masked, seed
        As in `self_attention_classifier`. The weights of the model are those of the last block.

    Raises
    ------
    ValueError
        When an argument is out of range.

    Notes
    -----
    Vaswani et al. (2017), with the normalisation in front of each part instead of behind it.
    """
    for name, value in {"width": width, "heads": heads, "blocks": blocks}.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value!r}")
    if width % heads:
        raise ValueError(f"width must be a multiple of heads = {heads}, got {width}")
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    hidden = layers.Dense(width, kernel_initializer=glorot(seeds))(blank_padding(x, mask))  # (B, T, K)
    hidden = hidden + sinusoidal_positions(shape[0], width)
    for _ in range(blocks):
        attention = MultiHeadSelfAttention(heads, width // heads, seed=next(seeds))
        attended, weights = attention(layers.LayerNormalization()(hidden), mask=mask)
        hidden = hidden + attended if residual else attended
        inner = layers.Dense(2 * width, "relu", kernel_initializer=glorot(seeds))(layers.LayerNormalization()(hidden))
        outer = layers.Dense(width, kernel_initializer=glorot(seeds))(inner)
        hidden = hidden + outer if residual else outer
    features, _ = read_out(layers.LayerNormalization()(hidden), mask, readout, seeds)
    return _model(inputs, logit_of(features, classes, seeds), weights)


def _model(inputs: list, logit, weights) -> keras.Model:
    return keras.Model(inputs, [logit] if weights is None else [logit, weights])
