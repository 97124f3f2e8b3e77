"""Classifiers around the attention layers, as functional Keras models: the logit, and the weights if there are any.

Every builder takes the shape ``(T, D)`` of a series and returns a model that maps ``x (B, T, D)`` to the logit and the
weights of its attention. With two classes the logit is that of class 1, ``(B,)``; with C > 2 classes there are C of
them, ``(B, C)``. All take ``classes``, C; ``seed``, of the initial weights of all but an attention that is given; and
``masked``, whether series may be padded, so that the model takes a second input, ``mask (B, T) bool``. All raise
ValueError for a size that is out of range, an unknown choice, and an attention that does not fit.
"""

from collections.abc import Iterator
from typing import Literal, get_args

import keras
from keras import layers, ops

from tsattn_tutorial.arguments import check_choice, check_flag, check_size, layer_seeds, require
from tsattn_tutorial.keras.base import blank, mean_step, registered, widened
from tsattn_tutorial.keras.layers import AttentionPooling, MultiHeadSelfAttention
from tsattn_tutorial.reference import sinusoidal_positions

HEADS = 4  # of a transformer
Shape = tuple[int | None, int]  # (T, D)
Encoder = Literal["lstm", "bilstm", "position-wise"]
Pooling = Literal["flatten", "mean", "attention"]


def attention_before_lstm(
    attention: layers.Layer, shape: Shape, *, units: int = 32, classes: int = 2, masked: bool = False, seed: int = 0
) -> keras.Model:
    """Build ``attention -> LSTM -> Dense``: the attention weighs the input itself.

    Parameters
    ----------
    attention : Layer
        Returns an output ``(B, T, D)`` and weights; seeded on its own.
    units : int
        H, LSTM units.
    """
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    attended, weights = _attend(attention, x, mask)  # (B, T, D)
    last = _lstm(units, seeds)(attended, mask=mask)  # (B, H)
    return _model(inputs, last, weights, classes, seeds)


def attention_after_encoder(
    attention: layers.Layer,
    shape: Shape,
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
    encoder : {"lstm", "bilstm", "position-wise"}
        An LSTM, one in each direction, or a dense layer with tanh that sees one step at a time.
    units : int
        H, units of the encoder (per direction).
    """
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    hidden = _encode(x, mask, encoder, units, seeds)  # (B, T, K)
    attended, weights = _attend(attention, hidden, mask)  # (B, T, K); padding is 0 in it
    return _model(inputs, layers.Flatten()(Step("blank")(attended, mask)), weights, classes, seeds)


def attention_pooling_classifier(
    shape: Shape, *, encoder: Encoder = "lstm", units: int = 32, classes: int = 2, masked: bool = False, seed: int = 0
) -> keras.Model:
    """Build ``encoder -> AttentionPooling -> Dense``: steps are weighed by their content, wherever they stand.

    Parameters
    ----------
    shape : tuple
        ``(T, D)``; T may be None, for series of any length.
    encoder, units
        As in `attention_after_encoder`.
    """
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    hidden = _encode(x, mask, encoder, units, seeds)  # (B, T, K)
    context, weights = AttentionPooling(seed=next(seeds))(hidden, mask=mask)  # (B, K), (B, T)
    return _model(inputs, context, weights, classes, seeds)


def weighted_sum_classifier(
    attention: layers.Layer, shape: Shape, *, classes: int = 2, masked: bool = False, seed: int = 0
) -> keras.Model:
    """Build ``attention -> sum over the grid -> Dense``: one number a series, so the attention has to find it all.

    Parameters
    ----------
    attention : Layer
        Returns an output ``(B, T, D)`` and weights; seeded on its own.
    """
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    attended, weights = _attend(attention, x, mask)  # (B, T, D)
    return _model(inputs, Step("total")(attended), weights, classes, seeds)


def self_attention_classifier(
    shape: Shape,
    *,
    attention: layers.Layer | None = None,
    placement: Literal["before", "between", "after"] = "after",
    residual: bool = False,
    norm: bool = False,
    lost_mask: bool = False,
    recurrent: int = 2,
    pooling: Pooling = "flatten",
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
    attention : Layer, optional
        Takes ``(B, T, K)``, returns an output of the same shape and weights ``(B, T, T)``; seeded on its own.
    placement : {"before", "between", "after"}
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
    pooling : {"flatten", "mean", "attention"}
        How the steps become one vector: side by side, padding blanked; their average; `AttentionPooling`.
    units : int
        H, units of a BiLSTM per direction.
    """
    where = {"before": 0, "between": 1, "after": recurrent}
    check_choice("placement", placement, where)
    for name, flag in {"residual": residual, "norm": norm, "lost_mask": lost_mask}.items():
        fine = not check_flag(name, flag) or attention is not None
        require(fine, f"{name} belongs to an attention, got no attention")
    check_size("recurrent", recurrent, 1 + (attention is not None and placement == "between"))
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    hidden, weights = Step("blank")(x, mask), None
    for stage in range(recurrent + 1):
        if attention is not None and stage == where[placement]:
            attended, weights = _attend(attention, hidden, mask)  # (B, T, K), (B, T, T)
            hidden = Step("sum")(hidden, attended) if residual else attended
            hidden = layers.LayerNormalization()(hidden) if norm else hidden
            mask = None if lost_mask else mask
        if stage < recurrent:
            hidden = _encode(hidden, mask, "bilstm", units, seeds)  # (B, T, 2H)
    features, by_pooling = _pool(hidden, mask, pooling, seeds)
    return _model(inputs, features, by_pooling if weights is None else weights, classes, seeds)


def transformer_classifier(
    shape: Shape,
    *,
    units: int = 32,
    blocks: int = 1,
    residual: bool = True,
    classes: int = 2,
    masked: bool = True,
    seed: int = 0,
) -> keras.Model:
    """Build a small transformer encoder: no recurrence, so that the order of the steps comes from added positions.

    Each block normalises, attends and adds, then normalises, applies a dense layer with ReLU and one without, and adds
    (Vaswani et al. 2017, with the normalisation in front of each part). The weights are those of the last block.

    Parameters
    ----------
    units : int
        K, features of a step inside the model; a multiple of 4, the number of heads.
    blocks : int
        Blocks, at least 1.
    residual : bool
        Add the input of each attention and of each dense network to its output. Without, the steps of a deep model
        become alike; to show what it does, leave it on otherwise.
    """
    require(check_size("units", units) % HEADS == 0, f"units must be a multiple of {HEADS}, got {units}")
    check_flag("residual", residual)
    x, mask, inputs, seeds = _inputs(shape, masked, seed)
    hidden = layers.Dense(units, kernel_initializer=_glorot(seeds))(Step("blank")(x, mask))  # (B, T, K)
    hidden = Step("positions")(hidden)
    for _ in range(check_size("blocks", blocks)):
        attention = MultiHeadSelfAttention(HEADS, units // HEADS, seed=next(seeds))
        attended, weights = attention(layers.LayerNormalization()(hidden), mask=mask)
        hidden = layers.Add()([hidden, attended]) if residual else attended
        inner = layers.Dense(2 * units, "relu", kernel_initializer=_glorot(seeds))(layers.LayerNormalization()(hidden))
        outer = layers.Dense(units, kernel_initializer=_glorot(seeds))(inner)
        hidden = layers.Add()([hidden, outer]) if residual else outer
    features, _ = _pool(layers.LayerNormalization()(hidden), mask, "mean", seeds)
    return _model(inputs, features, weights, classes, seeds)


# What the models are put together from.


def _inputs(shape: Shape, masked: bool, seed: int):
    """Return the symbols of x and of the mask, None if there is none, the list of inputs, and seeds for the layers."""
    require(len(shape) == 2, f"shape must be (T, D), got {shape}")
    steps = None if shape[0] is None else check_size("T", shape[0])
    x = keras.Input((steps, check_size("D", shape[1])), name="x")
    mask = keras.Input((steps,), dtype="bool", name="mask") if check_flag("masked", masked) else None
    return x, mask, [x] if mask is None else [x, mask], layer_seeds(seed)


def _attend(attention: layers.Layer, hidden, mask):
    """Return the output of an attention, in the shape of what it was given, and its weights."""
    require(isinstance(attention, layers.Layer), f"attention must be a layer, got {attention!r}")
    outputs = attention(hidden) if mask is None else attention(hidden, mask=mask)
    shapes = [part.shape for part in keras.tree.flatten(outputs)]
    wanted = f"an output of the shape of its input, {hidden.shape}, and weights"
    require(len(shapes) == 2 and shapes[0] == hidden.shape, f"attention must return {wanted}; got {shapes}")
    return outputs


def _encode(x, mask, encoder: Encoder, units: int, seeds: Iterator[int]):
    """Return what an encoder makes of ``x (B, T, D)``: ``(B, T, K)``."""
    match check_choice("encoder", encoder, get_args(Encoder)):
        case "lstm":
            return _lstm(units, seeds, return_sequences=True)(x, mask=mask)
        case "bilstm":
            there, back = (_lstm(units, seeds, return_sequences=True, go_backwards=back) for back in (False, True))
            return layers.Bidirectional(there, backward_layer=back)(x, mask=mask)
        case "position-wise":
            units = check_size("units", units)
            return layers.Dense(units, "tanh", kernel_initializer=_glorot(seeds))(x)


def _lstm(units: int, seeds: Iterator[int], **options) -> layers.LSTM:
    """Return an LSTM with seeded kernels."""
    kernels = {"kernel_initializer": _glorot(seeds)}
    kernels["recurrent_initializer"] = keras.initializers.Orthogonal(seed=next(seeds))
    return layers.LSTM(check_size("units", units), **kernels, **options)


def _pool(hidden, mask, pooling: Pooling, seeds: Iterator[int]):
    """Return one vector for each series ``hidden (B, T, K)``, and the weights ``(B, T)`` if steps were weighed."""
    match check_choice("pooling", pooling, get_args(Pooling)):
        case "flatten":
            return layers.Flatten()(Step("blank")(hidden, mask)), None
        case "mean":
            return Step("mean")(hidden, mask), None
        case "attention":
            return AttentionPooling(seed=next(seeds))(hidden, mask=mask)


def _model(inputs: list, features, weights, classes: int, seeds: Iterator[int]) -> keras.Model:
    """Return a model with a linear head: a logit ``(B,)`` for two classes, ``(B, C)`` for more; and the weights."""
    require(features.shape[-1] is not None, "a model that puts steps side by side needs a known T, got None")
    two = check_size("classes", classes, 2) == 2
    logits = layers.Dense(1 if two else classes, kernel_initializer=_glorot(seeds), name="logit")(features)
    logits = layers.Reshape(())(logits) if two else logits
    return keras.Model(inputs, [logits] if weights is None else [logits, weights])


def _glorot(seeds: Iterator[int]) -> keras.initializers.Initializer:
    """Return an initialiser with the next seed: Keras would repeat one in layers of equal shape."""
    return keras.initializers.GlorotUniform(seed=next(seeds))


#: What happens between layers. Bare operations would do in memory, and could not be loaded from the old format, .h5.
STEPS = {
    "blank": blank,
    "mean": lambda x, mask: mean_step(blank(x, mask), mask),  # (B, T, K) -> (B, K)
    "positions": lambda x, _: x + ops.cast(sinusoidal_positions(*x.shape[1:]), x.dtype),
    "sum": lambda x, other: ops.add(x, widened(other)),  # `layers.Add` would hand on a mask that is to be lost
    "total": lambda x, _: ops.sum(x, axis=(1, 2))[:, None],  # (B, T, D) -> (B, 1)
}


@registered
class Step(layers.Layer):
    """A step without weights of its own, by its name; sums are taken in float32 at least."""

    def __init__(self, step: str, **options) -> None:
        super().__init__(**options)
        self.step, self.supports_masking = check_choice("step", step, STEPS), True

    def call(self, x, beside=None):
        """Return what the step makes of x and, in some, of a mask or of another."""
        return ops.cast(STEPS[self.step](widened(x), beside), self.compute_dtype)

    def compute_mask(self, x, mask=None):
        """Return no mask: models hand on their own."""

    def get_config(self) -> dict:
        """Return the argument of the layer."""
        return {**super().get_config(), "step": self.step}
