"""Self-attention of source C: the layer of the old library, and the line-up of models around it and its rivals."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from tsattn_tutorial.arguments import check_choice, check_flag, check_number, check_size
from tsattn_tutorial.keras.base import Attention, masked_softmax, product, registered, widened
from tsattn_tutorial.keras.layers import MultiHeadSelfAttention
from tsattn_tutorial.keras.models import self_attention_classifier, transformer_classifier

OLD_PENALTY = 1e4  # what keras-self-attention subtracts from a score that should not count

BEFORE = {"placement": "before", "residual": True, "recurrent": 1}
BETWEEN = {"placement": "between", "residual": True}
#: Options of the multiplicative `SeqSelfAttention` that the line-up names.
KINDS: dict[str, dict[str, Any]] = {"plain": {}, "scaled": {"scaled": True}, "even": {"trainable": False}}
KINDS |= {"sigmoid": {"attention_activation": "sigmoid"}}
KINDS |= {"old mask": KINDS["sigmoid"] | {"old_mask": True}}

#: Variants of `tsattn_tutorial.keras.self_attention_classifier`. ``attention`` names a layer: *sigmoid*, *plain*
#: and *scaled* are multiplicative `SeqSelfAttention`: with a sigmoid on the scores, without, and divided by the square
#: root of K. *old mask* is *sigmoid* with the mask of the old library, *even* has scores of 0, so that it averages, and
#: *multi-head* is `MultiHeadSelfAttention`. The transformer has a builder of its own.
LINE_UP: Mapping[str, Mapping[str, Any]] = {
    "lstm": {},  # Model 1
    "sigmoid after": {"attention": "sigmoid"},  # Model 2
    "multi-head after": {"attention": "multi-head"},  # Model 3
    "residual before": {"attention": "sigmoid"} | BEFORE,  # Model 4
    "sigmoid after, old mask": {"attention": "old mask"},
    "residual before, mask lost": {"attention": "old mask", "lost_mask": True} | BEFORE,
    "even after": {"attention": "even"},
    "plain after": {"attention": "plain"},
    "scaled after": {"attention": "scaled"},
    "residual after": {"attention": "scaled", "residual": True},
    "residual after, norm": {"attention": "scaled", "residual": True, "norm": True},
    "one lstm": {"recurrent": 1},
    "scaled residual before": {"attention": "scaled"} | BEFORE,
    "residual between": {"attention": "scaled"} | BETWEEN,
    "multi-head between": {"attention": "multi-head"} | BETWEEN,
    "mean pooling": {"pooling": "mean"},
    "attention pooling": {"pooling": "attention"},
    "multi-head between, mean pooling": {"attention": "multi-head", "pooling": "mean"} | BETWEEN,
    "transformer": {"blocks": 2},
    "transformer, no residual": {"blocks": 2, "residual": False},
    "deep transformer": {"blocks": 6},
    "deep transformer, no residual": {"blocks": 6, "residual": False},
    "scaled between": {"attention": "scaled", "placement": "between"},
    "multi-head between, no residual": {"attention": "multi-head", "placement": "between"},
}


@registered
class SeqSelfAttention(Attention):
    """Self-attention as in ``keras-self-attention`` 0.51: every step becomes a weighted sum of all steps.

    The score of step j for step i is multiplicative, ``e_ij = x_i^T W x_j + c``, or additive,
    ``e_ij = v^T tanh(W_t^T x_i + W_x^T x_j + b) + c``. An activation, if there is one, is applied to the scores.
    The softmax over j makes weights ``(B, T, T)`` of them, whose row i says where step i looks, and
    ``output_i = sum_j a_ij x_j``. Any T will do. The weights of the layer are, in the order of the old library,
    ``W (K, K)`` and ``c (1,)``, or ``W_t (K, A)``, ``W_x (K, A)``, ``b (A,)``, ``v (A, 1)`` and ``c (1,)``.

    Parameters
    ----------
    attention_type : {"additive", "multiplicative"}
        The score.
    units : int
        A, features in which pairs of steps are scored; additive only.
    attention_width : int, optional
        Steps that a step may look at, itself included: from ``i - attention_width // 2`` on, or with
        ``history_only`` up to i. None for all.
    history_only : bool
        Whether a step may only look at itself and at earlier steps.
    use_additive_bias, use_attention_bias : bool
        Whether there is a ``b``, additive only, and a ``c``. Right before the softmax ``c`` cancels; behind an
        activation it does not.
    attention_activation : str or callable, optional
        Applied to the scores, such as ``"sigmoid"``, which confines them to (0, 1).
    scaled : bool
        Divide multiplicative scores by the square root of K. The old library has no such option.
    attention_regularizer_weight : float
        Weight of ``|A A^T - I|^2`` in the loss, a mean over the series of the batch.
    old_mask : bool
        Mask as the old library does: only pairs in which both steps are padding are left out, so real steps attend
        to padding. To show what it does; leave it off otherwise.
    """

    def __init__(
        self,
        attention_type: Literal["additive", "multiplicative"] = "additive",
        *,
        units: int = 32,
        attention_width: int | None = None,
        history_only: bool = False,
        use_additive_bias: bool = True,
        use_attention_bias: bool = True,
        attention_activation=None,
        scaled: bool = False,
        attention_regularizer_weight: float = 0.0,
        old_mask: bool = False,
        **options,
    ) -> None:
        super().__init__(**options)
        self.attention_type = check_choice("attention_type", attention_type, ("additive", "multiplicative"))
        self.units = check_size("units", units)
        self.attention_width = None if attention_width is None else check_size("attention_width", attention_width)
        self.history_only = check_flag("history_only", history_only)
        self.use_additive_bias = check_flag("use_additive_bias", use_additive_bias)
        self.use_attention_bias = check_flag("use_attention_bias", use_attention_bias)
        self.attention_activation = keras.activations.get(attention_activation)
        self.scaled = check_flag("scaled", scaled)
        penalty = check_number("attention_regularizer_weight", attention_regularizer_weight, 0)
        self.attention_regularizer_weight = penalty
        self.old_mask = self.keeps_padding = check_flag("old_mask", old_mask)

    def build(self, shape) -> None:
        """Create the kernels and biases that the options ask for, in the order of the old library."""
        super().build(shape)
        if self.attention_type == "multiplicative":
            self.kernel = self.add_kernel("kernel", shape[2], shape[2])
        else:
            self.asking = self.add_kernel("asking", shape[2], self.units)
            self.answering = self.add_kernel("answering", shape[2], self.units, offset=1)
            self.additive_bias = self.add_bias("additive_bias", self.units) if self.use_additive_bias else None
            self.query = self.add_kernel("query", self.units, 1, offset=2)
        self.attention_bias = self.add_bias("attention_bias", 1) if self.use_attention_bias else None

    def attend(self, x, mask):
        """Return output and weights."""
        scores = self.attention_activation(self._scores(x))  # (B, T, T)
        window = self._window(x)
        if self.old_mask:
            penalties = 0 if window is None else ops.cast(~window, x.dtype)
            if mask is not None:
                penalties = penalties + ops.cast(~mask[:, :, None] & ~mask[:, None, :], x.dtype)
            weights = ops.softmax(scores - OLD_PENALTY * penalties, axis=-1)
        else:
            pairs = None if mask is None else mask[:, :, None] & mask[:, None, :]  # both steps are real
            allowed = pairs if window is None else window if pairs is None else pairs & window
            weights = masked_softmax(scores, allowed, axis=-1)
        if self.attention_regularizer_weight:
            overlap = product("bij,bkj->bik", weights, weights) - ops.eye(ops.shape(x)[1], dtype=weights.dtype)
            total = ops.sum(ops.square(overlap), axis=(1, 2))
            self.add_loss(self.attention_regularizer_weight * ops.mean(total))
        return product("bij,bjk->bik", weights, x), weights

    def _scores(self, x):
        if self.attention_type == "multiplicative":
            scores = product("bik,kl,bjl->bij", x, self.kernel, x)
            scores = scores / self.kernel.shape[0] ** 0.5 if self.scaled else scores
        else:
            asking = product("bik,ka->bia", x, self.asking)[:, :, None]  # (B, T, 1, A)
            answering = product("bjk,ka->bja", x, self.answering)[:, None]  # (B, 1, T, A)
            together = asking + answering  # (B, T, T, A)
            together = together if self.additive_bias is None else together + widened(self.additive_bias)
            scores = product("bija,as->bij", ops.tanh(together), self.query)
        return scores if self.attention_bias is None else scores + widened(self.attention_bias)

    def _window(self, x):
        """Return which steps j a step i may look at, ``(1, T, T) bool``; None for all."""
        width = self.attention_width
        if width is None and not self.history_only:
            return None
        steps = ops.arange(ops.shape(x)[1])
        ahead = (steps[None, :] - steps[:, None])[None]  # j - i
        if self.history_only:
            return ahead <= 0 if width is None else (ahead <= 0) & (ahead > -width)
        return (ahead >= -(width // 2)) & (ahead < width - width // 2)

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        activation = keras.activations.serialize(self.attention_activation)
        return {**super().get_config(), "attention_activation": activation}


def build_variant(variant: str, shape: tuple[int, int], *, classes: int, units: int = 32, seed: int = 0) -> keras.Model:
    """Build one model of the line-up, with a mask as its second input.

    Parameters
    ----------
    variant : str
        A key of ``LINE_UP``.
    shape : tuple of int
        ``(T, D)``.
    classes : int
        C, how many there are.
    units : int
        H, units of a BiLSTM per direction, or of a step in the transformer. A head of the multi-head attention is half
        as wide, and there are four.
    seed : int
        Seed of all initial weights.
    """
    options = dict(LINE_UP[check_choice("variant", variant, LINE_UP)])
    sizes = {"classes": classes, "units": check_size("units", units), "seed": seed}
    if "blocks" in options:
        return transformer_classifier(shape, **options, **sizes)
    kind = options.pop("attention", None)
    if kind == "multi-head":
        options["attention"] = MultiHeadSelfAttention(4, max(1, units // 2), seed=seed)
    elif kind is not None:
        options["attention"] = SeqSelfAttention("multiplicative", seed=seed, **KINDS[kind])
    model = self_attention_classifier(shape, **options, **sizes)
    if kind == "even":
        options["attention"].set_weights([0 * weight for weight in options["attention"].get_weights()])
    return model
