"""Attention bound to positions: one dense layer scores the steps, the dimensions or the cells of a fixed grid.

The block of ``philipperemy/keras-attention-mechanism`` (2017), for both axes of a series and for its grid.
"""

import keras
from keras import ops

from tsattn_tutorial.keras.layers.base import Attention, blank_padding, check_size, known_size, masked_softmax, mean

__all__ = ["DimensionAttention", "FactorisedAttention", "JointAttention", "TimestepAttention"]


@keras.saving.register_keras_serializable("tsattn_tutorial")
class TimestepAttention(Attention):
    """Weigh the time steps, each bound to its place in the series.

    Every dimension d is scored by one dense layer over its steps, ``e[:, d] = P^T x[:, d] + b``; the
    softmax over time gives its weights, and the output is ``weights * x``.

    Parameters
    ----------
    single : bool
        Average the weights over the dimensions, and apply this one vector to all of them.
    seed : int
        Seed of the initial kernel.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, D)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, D)`` and ``weights (B, T, D)``, which sum to 1 over the real steps; with ``single``
    the weights are ``(B, T)``. What stands in padded steps changes nothing, and their weight and output are 0.
    The kernel is ``P (T, T)`` and the bias ``b (T,)``, so the layer takes series of one length only: T must be
    known when it is built, and another length raises ValueError.

    See Also
    --------
    tsattn_tutorial.reference.timestep_attention : the same in NumPy.
    """

    def __init__(self, single: bool = False, **options) -> None:
        super().__init__(**options)
        self.single = single

    def build(self, shape) -> None:
        """Create the kernel and the bias."""
        steps = known_size(shape, 1, "T")
        self.kernel = self._kernel("kernel", steps, steps)
        self.bias = self._bias("bias", steps)

    def call(self, x, mask=None):
        """Return output and weights."""
        check_size(x.shape[1], self.bias.shape[0], "T")
        x = blank_padding(x, mask)
        scores = ops.einsum("btd,ts->bsd", x, self.kernel) + self.bias[:, None]  # (B, T, D)
        weights = masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, D)
        if self.single:
            weights = mean(weights, axis=2)  # (B, T)
            return x * weights[:, :, None], weights
        return x * weights, weights

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "single": self.single}


@keras.saving.register_keras_serializable("tsattn_tutorial")
class DimensionAttention(Attention):
    """Weigh the dimensions, each bound to its place in the vector of a time step.

    Every step t is scored by one dense layer over its dimensions, ``e[t] = x[t] P + b``; the softmax over
    the dimensions gives its weights, and the output is ``weights * x``. It is `TimestepAttention` with the
    two axes swapped.

    Parameters
    ----------
    single : bool
        Average the weights over the real steps, and apply this one vector to all of them.
    seed : int
        Seed of the initial kernel.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, D)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, D)`` and ``weights (B, T, D)``, which sum to 1 over D at each real step and are 0 on padding; with
    ``single`` the weights are ``(B, D)``. Any T will do; padding more changes nothing. The kernel is ``P (D, D)``, the
    bias ``b (D,)``.

    See Also
    --------
    tsattn_tutorial.reference.dimension_attention : the same in NumPy.
    """

    def __init__(self, single: bool = False, **options) -> None:
        super().__init__(**options)
        self.single = single

    def build(self, shape) -> None:
        """Create the kernel and the bias."""
        dimensions = known_size(shape, 2, "D")
        self.kernel = self._kernel("kernel", dimensions, dimensions)
        self.bias = self._bias("bias", dimensions)

    def call(self, x, mask=None):
        """Return output and weights."""
        check_size(x.shape[2], self.bias.shape[0], "D")
        x = blank_padding(x, mask)
        weights = ops.softmax(ops.einsum("btd,de->bte", x, self.kernel) + self.bias, axis=2)  # (B, T, D)
        weights = blank_padding(weights, mask)
        if not self.single:
            return x * weights, weights
        if mask is None:
            weights = mean(weights, axis=1)  # (B, D)
        else:
            real = ops.sum(ops.cast(mask, x.dtype), axis=1)[:, None]  # (B, 1)
            weights = ops.sum(weights, axis=1) / ops.maximum(real, 1)  # (B, D)
        return x * weights[:, None, :], weights

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "single": self.single}


@keras.saving.register_keras_serializable("tsattn_tutorial")
class JointAttention(Attention):
    """Weigh the cells of the grid, steps by dimensions, with one softmax over all of them.

    The grid is scored by one dense layer over its T D cells, ``e = x P + b``, with x flattened step by step.

    Parameters
    ----------
    seed : int
        Seed of the initial kernel.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, D)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, D)``, which is ``weights * x``, and ``weights (B, T, D)``, which sum to 1 over the cells of the
    real steps. What stands in padded steps changes nothing. The kernel is ``P (T D, T D)``, the bias
    ``b (T D,)``: both sizes must be known when the layer is built, and another length raises ValueError.

    See Also
    --------
    tsattn_tutorial.reference.joint_attention : the same in NumPy.
    """

    def build(self, shape) -> None:
        """Create the kernel and the bias."""
        self.steps, self.dimensions = known_size(shape, 1, "T"), known_size(shape, 2, "D")
        cells = self.steps * self.dimensions
        self.kernel = self._kernel("kernel", cells, cells)
        self.bias = self._bias("bias", cells)

    def call(self, x, mask=None):
        """Return output and weights."""
        check_size(x.shape[1], self.steps, "T")
        check_size(x.shape[2], self.dimensions, "D")
        x = blank_padding(x, mask)
        cells = self.steps * self.dimensions
        scores = ops.einsum("bc,ce->be", ops.reshape(x, (-1, cells)), self.kernel) + self.bias  # (B, T D)
        if mask is not None:
            mask = ops.repeat(mask, self.dimensions, axis=1)  # (B, T D)
        weights = ops.reshape(masked_softmax(scores, mask, axis=1), (-1, self.steps, self.dimensions))
        return x * weights, weights


@keras.saving.register_keras_serializable("tsattn_tutorial")
class FactorisedAttention(Attention):
    """Weigh the cells of the grid by a product: one weight of the step times one of the dimension.

    The two factors are `TimestepAttention` and `DimensionAttention` with ``single``, both applied to x.
    The map of weights has rank one: it can be high in one cell, in a row, in a column, or in a block.

    Parameters
    ----------
    seed : int
        Seed of the two initial kernels.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, D)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, D)``, which is ``weights * x``, and ``weights (B, T, D)``, which sum to 1 over the cells of the
    real steps. Another length than that of the build raises ValueError.

    See Also
    --------
    tsattn_tutorial.reference.factorised_attention : the same in NumPy.
    """

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.steps = TimestepAttention(single=True, seed=self.seed, dtype=self.dtype_policy, name="steps")
        self.dimensions = DimensionAttention(single=True, seed=self.seed, dtype=self.dtype_policy, name="dimensions")

    def build(self, shape) -> None:
        """Create the weights of the two factors."""
        self.steps.build(shape)
        self.dimensions.build(shape)

    def call(self, x, mask=None):
        """Return output and weights."""
        by_step = self.steps(x, mask=mask)[1]  # (B, T)
        by_dimension = self.dimensions(x, mask=mask)[1]  # (B, D)
        weights = by_step[:, :, None] * by_dimension[:, None, :]  # (B, T, D)
        return blank_padding(x, mask) * weights, weights
