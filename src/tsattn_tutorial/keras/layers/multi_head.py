"""Multi-head self-attention: Keras' own layer, seeded, with its weights returned."""

import keras

from tsattn_tutorial.keras.layers.base import Attention, blank_padding, known_size, mean

__all__ = ["MultiHeadSelfAttention"]


@keras.saving.register_keras_serializable("tsattn_tutorial")
class MultiHeadSelfAttention(Attention):
    """Keras' multi-head attention of a series with itself, seeded, with its weights returned.

    Parameters
    ----------
    heads : int
        M, scaled dot-product attentions side by side.
    head_size : int
        Features of the queries, keys and values of a head.
    seed : int
        Seed of the initial kernels; each has a seed of its own.

    Raises
    ------
    ValueError
        When a size is not a positive integer.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, K)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, K)`` and ``weights (B, T, T)``, the mean over the heads. Row i says where step i looks and sums to
    1 over the real steps; rows of padded steps, and their outputs, are 0. Any T will do, and padding more changes
    nothing. Vaswani et al. (2017).

    See Also
    --------
    tsattn_tutorial.reference.self_attention : one head in NumPy, with queries, keys and values at hand.
    """

    def __init__(self, heads: int = 4, head_size: int = 16, **options) -> None:
        super().__init__(**options)
        for name, size in {"heads": heads, "head_size": head_size}.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} must be a positive integer, got {size!r}")
        self.heads, self.head_size = heads, head_size
        self.attention = keras.layers.MultiHeadAttention(heads, head_size, dtype=self.dtype_policy, name="attention")

    def build(self, shape) -> None:
        """Create the kernels; Keras' own seeding would give the queries and the keys the same one."""
        known_size(shape, 2, "K")
        self.attention.build(shape, shape)
        for offset, weight in enumerate(self.attention.weights):
            if len(weight.shape) > 2:
                weight.assign(keras.initializers.GlorotUniform(seed=self.seed + offset)(weight.shape, weight.dtype))

    def call(self, x, mask=None):
        """Return output and weights."""
        x = blank_padding(x, mask)
        pairs = None if mask is None else mask[:, :, None] & mask[:, None, :]  # (B, T, T)
        output, weights = self.attention(x, x, attention_mask=pairs, return_attention_scores=True)
        weights = mean(weights, axis=1)  # (B, M, T, T) -> (B, T, T)
        return blank_padding(output, mask), blank_padding(weights, mask)

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        return {**super().get_config(), "heads": self.heads, "head_size": self.head_size}
