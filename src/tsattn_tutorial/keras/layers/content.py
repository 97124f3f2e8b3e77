"""Attention by content: a score depends on what stands in a step, not on where the step stands."""

import keras
from keras import ops

from tsattn_tutorial.keras.layers.base import Attention, blank_padding, known_size, masked_softmax

__all__ = ["AttentionPooling"]


@keras.saving.register_keras_serializable("tsattn_tutorial")
class AttentionPooling(Attention):
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    Parameters
    ----------
    attention_size : int
        A, features in which steps are scored.
    seed : int
        Seed of the initial kernels.

    Raises
    ------
    ValueError
        When the size is not a positive integer.

    Notes
    -----
    ``layer(hidden, mask=None)`` takes ``hidden (B, T, K)`` and a ``mask (B, T) bool``, true on real steps, and returns
    the context ``(B, K)`` and the weights ``(B, T)``, which sum to 1 over the real steps. Any T will do: padding more,
    and what stands there, changes nothing. The layer computes what `tsattn_tutorial.torch.AdditiveAttention`
    computes; its kernels are the transposes of the matrices there.

    See Also
    --------
    tsattn_tutorial.reference.additive_attention_pooling : the same in NumPy.
    """

    def __init__(self, attention_size: int = 64, **options) -> None:
        super().__init__(**options)
        if not isinstance(attention_size, int) or isinstance(attention_size, bool) or attention_size < 1:
            raise ValueError(f"attention_size must be a positive integer, got {attention_size!r}")
        self.attention_size = attention_size

    def build(self, shape) -> None:
        """Create the two kernels and the two biases."""
        size = known_size(shape, 2, "K")
        self.projection = self._kernel("projection", size, self.attention_size)
        self.projection_bias = self._bias("projection_bias", self.attention_size)
        self.query = self._kernel("query", self.attention_size, 1, offset=1)
        self.query_bias = self._bias("query_bias", 1)

    def call(self, hidden, mask=None):
        """Return context and weights."""
        hidden = blank_padding(hidden, mask)
        features = ops.tanh(ops.einsum("btk,ka->bta", hidden, self.projection) + self.projection_bias)  # (B, T, A)
        scores = ops.einsum("bta,as->bt", features, self.query) + self.query_bias  # (B, T)
        weights = masked_softmax(scores, mask, axis=1)  # (B, T)
        return ops.einsum("bt,btk->bk", weights, hidden), weights

    def compute_mask(self, hidden, mask=None):
        """Return no mask: the series is pooled."""
        return None, None

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "attention_size": self.attention_size}
