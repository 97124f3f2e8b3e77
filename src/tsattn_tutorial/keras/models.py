"""Classifiers around the attention layers, as functional Keras models with two outputs: logit and weights.

Every builder takes the shape ``(T, D)`` of a series and returns a model that maps ``x (B, T, D)`` to the logit and
the weights of its attention. With two classes the logit is that of class 1, ``(B,)``; with C > 2 classes there
are C of them, ``(B, C)``. With ``masked`` the model takes a second input, ``mask (B, T) bool``.
"""

import keras
from keras import layers, ops

from tsattn_tutorial.keras.layers import AttentionPooling, TimestepAttention
from tsattn_tutorial.keras.parts import Encoder, encode, glorot, inputs_of, layer_seeds, logit_of, lstm

__all__ = [
    "attention_after_encoder",
    "attention_before_lstm",
    "attention_pooling_classifier",
    "convolution_attention_classifier",
    "weighted_logistic_regression",
    "weighted_sum_classifier",
]


def attention_before_lstm(
    attention: layers.Layer,
    shape: tuple[int, int],
    *,
    units: int = 32,
    classes: int = 2,
    masked: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build ``attention -> LSTM -> Dense``: the attention weighs the input itself.

    Parameters
    ----------
    attention : Layer
        Returns an output ``(B, T, D)`` and weights; seeded on its own.
    shape : tuple of int
        ``(T, D)``.
    units : int
        H, LSTM units.
    classes : int
        C, at least 2.
    masked : bool
        Whether series are padded, so that the model takes a mask.
    seed : int
        Seed of the initial weights of the other layers.

    Raises
    ------
    ValueError
        When a size is out of range, or the attention does not take the shape.
    """
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    attended, weights = attention(x, mask=mask)  # (B, T, D)
    last = lstm(units, seeds)(attended, mask=mask)  # (B, H)
    return keras.Model(inputs, [logit_of(last, classes, seeds), weights])


def attention_after_encoder(
    attention: layers.Layer,
    shape: tuple[int, int],
    *,
    encoder: Encoder = "lstm",
    units: int = 32,
    classes: int = 2,
    masked: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build ``encoder -> attention -> Flatten -> Dense``: the attention weighs what the encoder made of the input.

    Parameters
    ----------
    attention : Layer
        Returns an output ``(B, T, K)`` and weights; seeded on its own. K is the width of the encoder.
    shape : tuple of int
        ``(T, D)``.
    encoder : {"lstm", "bilstm", "position-wise"}
        An LSTM, one in each direction, or a dense layer with tanh that sees one step at a time.
    units : int
        H, units of the encoder (per direction).
    classes, masked, seed
        As in `attention_before_lstm`.

    Raises
    ------
    ValueError
        When a size is out of range, the encoder is unknown, or the attention does not take its output.
    """
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    hidden = encode(x, mask, encoder, units, seeds)  # (B, T, K)
    attended, weights = attention(hidden, mask=mask)  # (B, T, K)
    flat = ops.reshape(attended, (-1, shape[0] * hidden.shape[-1]))  # (B, T K); padding is 0 in it
    return keras.Model(inputs, [logit_of(flat, classes, seeds), weights])


def attention_pooling_classifier(
    shape: tuple[int | None, int],
    *,
    encoder: Encoder = "lstm",
    units: int = 32,
    attention_size: int = 64,
    classes: int = 2,
    masked: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build ``encoder -> AttentionPooling -> Dense``: steps are weighed by their content, wherever they stand.

    Parameters
    ----------
    shape : tuple
        ``(T, D)``; T may be None, for series of any length.
    encoder, units
        As in `attention_after_encoder`.
    attention_size : int
        A, features in which steps are scored.
    classes, masked, seed
        As in `attention_before_lstm`; the attention is seeded too.

    Raises
    ------
    ValueError
        When a size is out of range or the encoder is unknown.
    """
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    hidden = encode(x, mask, encoder, units, seeds)  # (B, T, K)
    context, weights = AttentionPooling(attention_size, seed=next(seeds))(hidden, mask=mask)  # (B, K), (B, T)
    return keras.Model(inputs, [logit_of(context, classes, seeds), weights])


def convolution_attention_classifier(
    shape: tuple[int, int],
    *,
    filters: int = 64,
    width: int = 5,
    attentions: int = 1,
    classes: int = 2,
    masked: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build a convolution pooled by `TimestepAttention`: what stands around a step, weighed by the step's place.

    The convolution says what the series looks like around each step, the attention, which reads the
    series itself, how much each step counts: ``sum_t a_t h_t -> Dense``. For short series in which a
    step has a meaning of its own, such as the hour of the day.

    Parameters
    ----------
    shape : tuple of int
        ``(T, D)``.
    filters : int
        K, features that the convolution makes of each step.
    width : int
        Steps that the convolution sees, the one in the middle included.
    attentions : int
        R, attentions that differ in their initial weights; the mean of their weights is used. More of them make the
        model depend less on the seed.
    classes, masked, seed
        As in `attention_before_lstm`; the attention is seeded too.

    Raises
    ------
    ValueError
        When a size is out of range.
    """
    if not isinstance(attentions, int) or attentions < 1:
        raise ValueError(f"attentions must be a positive integer, got {attentions!r}")
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    each = [TimestepAttention(single=True, seed=next(seeds))(x, mask=mask)[1] for _ in range(attentions)]
    weights = sum(each) / attentions  # (B, T)
    real = x if mask is None else ops.where(mask[:, :, None], x, 0.0)
    kernel = {"kernel_initializer": glorot(seeds)}
    hidden = layers.Conv1D(filters, width, padding="same", activation="tanh", **kernel)(real)  # (B, T, K)
    context = ops.einsum("bt,btk->bk", weights, hidden)  # (B, K)
    return keras.Model(inputs, [logit_of(context, classes, seeds), weights])


def weighted_logistic_regression(
    shape: tuple[int, int], *, penalty: float = 0.03, classes: int = 2, masked: bool = False, seed: int = 0
) -> keras.Model:
    """Build a logistic regression on a series that `TimestepAttention` has weighed: ``T a_t x_t -> Dense``.

    With even weights the factor T leaves the series as it is, and the model is a plain logistic regression.

    Parameters
    ----------
    shape : tuple of int
        ``(T, D)``.
    penalty : float
        L2 penalty on the kernels of the attention and of the regression, which is part of the loss.
    classes, masked, seed
        As in `attention_before_lstm`; the attention is seeded too.

    Raises
    ------
    ValueError
        When a size is out of range.
    """
    x, mask, inputs = inputs_of(shape, masked)
    seeds = layer_seeds(seed)
    l2 = keras.regularizers.L2(penalty)
    attended, weights = TimestepAttention(single=True, seed=next(seeds), kernel_regularizer=l2)(x, mask=mask)
    flat = ops.reshape(shape[0] * attended, (-1, shape[0] * shape[1]))  # (B, T D)
    return keras.Model(inputs, [logit_of(flat, classes, seeds, kernel_regularizer=l2), weights])


def weighted_sum_classifier(
    attention: layers.Layer, shape: tuple[int, int], *, classes: int = 2, masked: bool = False, seed: int = 0
) -> keras.Model:
    """Build ``attention -> sum over the grid -> Dense``: one number a series, so the attention has to find it all.

    Parameters
    ----------
    attention : Layer
        Returns an output ``(B, T, D)`` and weights; seeded on its own.
    shape : tuple of int
        ``(T, D)``.
    classes, masked, seed
        As in `attention_before_lstm`.

    Raises
    ------
    ValueError
        When a size is out of range, or the attention does not take the shape.
    """
    x, mask, inputs = inputs_of(shape, masked)
    attended, weights = attention(x, mask=mask)  # (B, T, D)
    total = ops.sum(attended, axis=(1, 2))[:, None]  # (B, 1)
    return keras.Model(inputs, [logit_of(total, classes, layer_seeds(seed)), weights])
