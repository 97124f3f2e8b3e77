"""Attention by content: a score depends on what stands in a step, not on where the step stands."""

import keras
from keras import ops

from tsattn_tutorial.keras.layers.base import Attention, blank_padding, known_size, masked_softmax, mean

__all__ = ["AttentionPooling"]


@keras.saving.register_keras_serializable("tsattn_tutorial")
class AttentionPooling(Attention):
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    Parameters
    ----------
    attention_size : int
        A, features in which steps are scored.
    heads : int
        M, poolings side by side, each with a W, b, v and c of its own.
    seed : int
        Seed of the initial kernels.

    Raises
    ------
    ValueError
        When a size is not a positive integer.

    Notes
    -----
    ``layer(hidden, mask=None)`` takes ``hidden (B, T, K)`` and a ``mask (B, T) bool``, true on real steps, and returns
    the context ``(B, M K)``, head after head, and the weights ``(B, T)``, the mean over the heads, which sum to 1 over
    the real steps. Any T will do: padding more, and what stands there, changes nothing. With one head the layer
    computes what `tsattn_tutorial.torch.AdditiveAttention` computes; its kernels are the transposes of the
    matrices there.

    See Also
    --------
    tsattn_tutorial.reference.additive_attention_pooling : the same in NumPy.
    """

    def __init__(self, attention_size: int = 64, heads: int = 1, **options) -> None:
        super().__init__(**options)
        for name, size in {"attention_size": attention_size, "heads": heads}.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} must be a positive integer, got {size!r}")
        self.attention_size, self.heads = attention_size, heads

    def build(self, shape) -> None:
        """Create the two kernels and the two biases."""
        size = known_size(shape, 2, "K")
        self.projection = self._side_by_side("projection", size, self.attention_size, offset=0)
        self.projection_bias = self._bias("projection_bias", self.heads * self.attention_size)
        self.query = self._side_by_side("query", self.attention_size, 1, offset=1)
        self.query_bias = self._bias("query_bias", self.heads)

    def _side_by_side(self, name: str, rows: int, columns: int, offset: int):
        """Create the kernels of all heads as one; each starts as that of a layer of its own would."""

        def initial(shape, dtype=None):
            starts = [keras.initializers.GlorotUniform(self.seed + 2 * head + offset) for head in range(self.heads)]
            return ops.concatenate([start((rows, columns), dtype) for start in starts], axis=1)

        shape = (rows, self.heads * columns)
        return self.add_weight(name=name, shape=shape, initializer=initial, regularizer=self.kernel_regularizer)

    def call(self, hidden, mask=None):
        """Return context and weights."""
        hidden = blank_padding(hidden, mask)
        features = ops.tanh(ops.einsum("btk,ka->bta", hidden, self.projection) + self.projection_bias)  # (B, T, M A)
        features = ops.reshape(features, (-1, ops.shape(hidden)[1], self.heads, self.attention_size))
        scores = ops.einsum("btma,am->btm", features, self.query) + self.query_bias  # (B, T, M)
        weights = masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, M)
        context = ops.einsum("btm,btk->bmk", weights, hidden)  # (B, M, K)
        return ops.reshape(context, (-1, self.heads * hidden.shape[2])), mean(weights, axis=2)

    def compute_mask(self, hidden, mask=None):
        """Return no mask: the series is pooled."""
        return None, None

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "attention_size": self.attention_size, "heads": self.heads}
