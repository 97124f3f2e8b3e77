"""Attention layers for Keras 3, on TensorFlow and PyTorch. Each returns its output and its weights.

They take ``x (B, T, D)`` and a ``mask (B, T) bool``, true on real steps. What stands in padded steps changes nothing,
and their weights and outputs are 0. A layer bound to positions takes series of one length, known when it is built;
to the others padding more changes nothing. Sizes that do not fit, and masks of another shape or type, raise ValueError.
The options of all are in `tsattn_tutorial.keras.base.Attention`, their oracles in `tsattn_tutorial.reference`.
"""

import math

import keras
from keras import ops

from tsattn_tutorial.arguments import check_flag, check_size, child_seed
from tsattn_tutorial.keras import base


class _Scored(base.Attention):
    """Attention whose scores come from one dense layer over the axes that it is bound to."""

    def build(self, shape) -> None:
        """Create the kernel and the bias."""
        super().build(shape)
        size = math.prod(shape[axis] for axis in self.bound)
        self.kernel, self.bias = self.add_kernel("kernel", size, size), self.add_bias("bias", size)


@base.registered
class TimestepAttention(_Scored):
    """Weigh the time steps, each bound to its place: the block of ``philipperemy/keras-attention-mechanism`` (2017).

    Every dimension d is scored by one dense layer over its steps, ``e[:, d] = P^T x[:, d] + b`` with ``P (T, T)`` and
    ``b (T,)``. The softmax over time gives its weights ``(B, T, D)``, and the output ``(B, T, D)`` is ``weights * x``.

    Parameters
    ----------
    single : bool
        Average the weights over the dimensions, and apply this one vector ``(B, T)`` to all of them.
    """

    bound = (1,)

    def __init__(self, single: bool = False, **options) -> None:
        super().__init__(**options)
        self.single = check_flag("single", single)

    def attend(self, x, mask):
        """Return output and weights."""
        scores = base.product("btd,ts->bsd", x, self.kernel) + base.widened(self.bias)[:, None]  # (B, T, D)
        weights = base.masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, D)
        if self.single:
            weights = base.mean(weights, axis=2)  # (B, T)
            return x * weights[:, :, None], weights
        return x * weights, weights


@base.registered
class DimensionAttention(TimestepAttention):
    """Weigh the dimensions, each bound to its place: `TimestepAttention` with the two axes swapped.

    Every step t is scored by one dense layer over its dimensions, ``e[t] = x[t] P + b`` with ``P (D, D)`` and
    ``b (D,)``. The softmax over the dimensions gives its weights ``(B, T, D)``; the output is ``weights * x``. Any T
    will do.

    Parameters
    ----------
    single : bool
        Average the weights over the real steps, and apply this one vector ``(B, D)`` to all of them.
    """

    bound = (2,)

    def attend(self, x, mask):
        """Return output and weights."""
        scores = base.product("btd,de->bte", x, self.kernel) + base.widened(self.bias)
        weights = base.blank(ops.softmax(scores, axis=2), mask)  # (B, T, D)
        if self.single:
            weights = base.mean_step(weights, mask)  # (B, D)
            return x * weights[:, None, :], weights
        return x * weights, weights


@base.registered
class JointAttention(_Scored):
    """Weigh the cells of the grid, steps by dimensions, with one softmax over all of them.

    The grid, flattened step by step, is scored by one dense layer over its cells, ``e = x P + b`` with
    ``P (T D, T D)`` and ``b (T D,)``. The output ``(B, T, D)`` is ``weights * x``, the weights ``(B, T, D)``.
    """

    bound = (1, 2)

    def attend(self, x, mask):
        """Return output and weights."""
        flat = ops.reshape(x, (-1, self.bias.shape[0]))  # (B, T D)
        scores = base.product("bc,ce->be", flat, self.kernel) + base.widened(self.bias)
        real = None if mask is None else ops.repeat(mask, x.shape[2], axis=1)
        weights = ops.reshape(base.masked_softmax(scores, real, axis=1), (-1, *x.shape[1:]))  # (B, T, D)
        return x * weights, weights


@base.registered
class FactorisedAttention(base.Attention):
    """Weigh the cells of the grid by a product: one weight of the step times one of the dimension.

    The factors are `TimestepAttention` and `DimensionAttention` with ``single``, both applied to x. The weights
    ``(B, T, D)`` have rank one: they can be high in one cell, in a row, in a column, or in a block.
    """

    bound = (1, 2)

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.steps = TimestepAttention(True, seed=self.seed, dtype=self.dtype_policy, name="steps")
        self.dimensions = DimensionAttention(True, seed=self.seed, dtype=self.dtype_policy, name="dimensions")

    def build(self, shape) -> None:
        """Create the weights of the two factors."""
        super().build(shape)
        self.steps.build(shape)
        self.dimensions.build(shape)

    def attend(self, x, mask):
        """Return output and weights."""
        by_step, by_dimension = (factor.attend(x, mask)[1] for factor in (self.steps, self.dimensions))
        weights = by_step[:, :, None] * by_dimension[:, None, :]  # (B, T, D)
        return x * weights, weights


@base.registered
class AttentionPooling(base.Attention):
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    It takes hidden states ``(B, T, K)`` of any T and returns the context ``(B, M K)``, head after head, and the weights
    ``(B, T)``, the mean over the heads. With one head it computes what `tsattn_tutorial.torch.AttentionPooling` does;
    its kernels are the transposes of the matrices there.

    Parameters
    ----------
    attention_units : int
        A, features in which steps are scored.
    heads : int
        M, poolings side by side, each with a W, b, v and c, and with seeds of its own.
    """

    def __init__(self, attention_units: int = 64, heads: int = 1, **options) -> None:
        super().__init__(**options)
        self.attention_units, self.heads = check_size("attention_units", attention_units), check_size("heads", heads)

    def build(self, shape) -> None:
        """Create the two kernels and the two biases."""
        super().build(shape)
        self.projection = self._side_by_side("projection", shape[2], self.attention_units, offset=0)
        self.projection_bias = self.add_bias("projection_bias", self.heads * self.attention_units)
        self.query = self._side_by_side("query", self.attention_units, 1, offset=1)
        self.query_bias = self.add_bias("query_bias", self.heads)

    def _side_by_side(self, name: str, rows: int, columns: int, offset: int):
        """Create the kernels of all heads as one; the first starts as that of a layer with one head does."""
        seeds = [self.seed + offset, *(child_seed(self.seed, 2 * head + offset) for head in range(1, self.heads))]
        starts = [keras.initializers.GlorotUniform(seed) for seed in seeds]

        def initial(shape, dtype=None):
            return ops.concatenate([start((rows, columns), dtype) for start in starts], axis=1)

        return self.add_kernel(name, rows, self.heads * columns, initial)

    def attend(self, x, mask):
        """Return context and weights."""
        features = ops.tanh(base.product("btk,ka->bta", x, self.projection) + base.widened(self.projection_bias))
        features = ops.reshape(features, (-1, ops.shape(x)[1], self.heads, self.attention_units))  # (B, T, M, A)
        scores = base.product("btma,am->btm", features, self.query) + base.widened(self.query_bias)  # (B, T, M)
        weights = base.masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, M)
        context = base.product("btm,btk->bmk", weights, x)  # (B, M, K)
        return ops.reshape(context, (-1, self.heads * x.shape[2])), base.mean(weights, axis=2)

    def compute_mask(self, x, mask=None):
        """Return no mask: the series is pooled."""
        return (None, None) if self.return_weights else None


@base.registered
class MultiHeadSelfAttention(base.Attention):
    """Keras' multi-head attention of a series with itself (Vaswani et al. 2017), seeded, with its weights returned.

    It takes ``x (B, T, K)`` of any T and returns an output ``(B, T, K)`` and weights ``(B, T, T)``, the mean over the
    heads, whose row i says where step i looks.

    Parameters
    ----------
    heads : int
        M, scaled dot-product attentions side by side.
    head_units : int
        Features of the queries, keys and values of a head.
    """

    def __init__(self, heads: int = 4, head_units: int = 16, **options) -> None:
        super().__init__(**options)
        self.heads, self.head_units = check_size("heads", heads), check_size("head_units", head_units)
        precision = "float32" if self.compute_dtype in base.HALF else self.dtype_policy
        self.attention = keras.layers.MultiHeadAttention(self.heads, self.head_units, dtype=precision, name="attention")

    def build(self, shape) -> None:
        """Create the kernels; Keras' own seeding would give the queries and the keys the same one."""
        super().build(shape)
        self.attention.build(shape, shape)
        for offset, weight in enumerate(self.attention.weights):
            if len(weight.shape) > 2:
                weight.assign(keras.initializers.GlorotUniform(self.seed + offset)(weight.shape, weight.dtype))

    def attend(self, x, mask):
        """Return output and weights."""
        pairs = None if mask is None else mask[:, :, None] & mask[:, None, :]  # (B, T, T)
        output, weights = self.attention(x, x, attention_mask=pairs, return_attention_scores=True)
        return base.blank(output, mask), base.blank(base.mean(weights, axis=1), mask)  # (B, M, T, T) -> (B, T, T)
