"""Self-attention as in ``keras-self-attention`` 0.51, for Keras 3: every step asks, every step answers."""

from typing import Literal

import keras
from keras import ops

from tsattn_tutorial.keras.layers.base import Attention, blank_padding, known_size, masked_softmax

__all__ = ["SeqSelfAttention"]

OLD_PENALTY = 1e4  # what the old library subtracts from a score that should not count


@keras.saving.register_keras_serializable("tsattn_tutorial")
class SeqSelfAttention(Attention):
    """Replace every step by a weighted sum of all steps, weighed by how well they go together.

    The score of step j for step i is multiplicative, ``e_ij = x_i^T W x_j + c``, or additive,
    ``e_ij = v^T tanh(W_t^T x_i + W_x^T x_j + b) + c``. An activation, if there is one, is applied to the scores.
    The softmax over j makes weights of them, and ``output_i = sum_j a_ij x_j``.

    Parameters
    ----------
    attention_type : {"multiplicative", "additive"}
        The score.
    units : int
        A, features in which pairs of steps are scored; additive only.
    attention_width : int, optional
        Steps that a step may look at, itself included: from ``i - attention_width // 2`` on, or with
        ``history_only`` up to i. None for all.
    history_only : bool
        Whether a step may only look at itself and at earlier steps.
    use_additive_bias : bool
        Whether there is a ``b``; additive only.
    use_attention_bias : bool
        Whether there is a ``c``. Right before the softmax it cancels; behind an activation it does not.
    attention_activation : str or callable, optional
        Applied to the scores, such as ``"sigmoid"``, which confines them to (0, 1).
    scaled : bool
        Divide multiplicative scores by the square root of K. The old library has no such option.
    attention_regularizer_weight : float
        Weight of ``|A A^T - I|^2`` in the loss, a mean over the series of the batch.
    old_mask : bool
        Mask as the old library does: only pairs in which both steps are padding are left out, so real steps attend
        to padding. To show what it does; leave it off otherwise.
    seed : int
        Seed of the initial kernels.

    Raises
    ------
    ValueError
        When an argument is out of range.

    Notes
    -----
    ``layer(x, mask=None)`` takes ``x (B, T, K)`` and a ``mask (B, T) bool``, true on real steps, and returns
    ``output (B, T, K)`` and ``weights (B, T, T)``. Row i says where step i looks and sums to 1 over the real steps;
    rows of padded steps, and their outputs, are 0. What stands in padded steps, and how many there are, changes
    nothing. Any T will do. The weights of the layer are, in the order of the old library, ``W (K, K)`` and ``c (1,)``,
    or ``W_t (K, A)``, ``W_x (K, A)``, ``b (A,)``, ``v (A, 1)`` and ``c (1,)``.

    See Also
    --------
    tsattn_tutorial.reference.seq_self_attention : the same in NumPy.
    """

    def __init__(
        self,
        attention_type: Literal["multiplicative", "additive"] = "additive",
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
        if attention_type not in ("multiplicative", "additive"):
            raise ValueError(f'attention_type must be "multiplicative" or "additive", got {attention_type!r}')
        for name, size in {"units": units, "attention_width": attention_width}.items():
            optional = name == "attention_width" and size is None
            if not optional and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
                raise ValueError(f"{name} must be a positive integer, got {size!r}")
        if not attention_regularizer_weight >= 0:
            raise ValueError(f"attention_regularizer_weight must not be negative, got {attention_regularizer_weight!r}")
        self.attention_type = attention_type
        self.units = units
        self.attention_width = attention_width
        self.history_only = history_only
        self.use_additive_bias = use_additive_bias
        self.use_attention_bias = use_attention_bias
        self.attention_activation = keras.activations.get(attention_activation)
        self.scaled = scaled
        self.attention_regularizer_weight = attention_regularizer_weight
        self.old_mask = old_mask

    def build(self, shape) -> None:
        """Create the kernels and biases that the options ask for, in the order of the old library."""
        size = known_size(shape, 2, "K")
        if self.attention_type == "multiplicative":
            self.kernel = self._kernel("kernel", size, size)
        else:
            self.asking = self._kernel("asking", size, self.units)
            self.answering = self._kernel("answering", size, self.units, offset=1)
            self.additive_bias = self._bias("additive_bias", self.units) if self.use_additive_bias else None
            self.query = self._kernel("query", self.units, 1, offset=2)
        self.attention_bias = self._bias("attention_bias", 1) if self.use_attention_bias else None

    def call(self, x, mask=None):
        """Return output and weights."""
        if not self.old_mask:
            x = blank_padding(x, mask)
        scores = self.attention_activation(self._scores(x))  # (B, T, T)
        if self.old_mask:
            weights = ops.softmax(scores - OLD_PENALTY * self._old_penalties(x, mask), axis=-1)
        else:
            weights = masked_softmax(scores, self._allowed(x, mask), axis=-1)
        if self.attention_regularizer_weight:
            self.add_loss(self._overlap(weights))
        return ops.einsum("bij,bjk->bik", weights, x), weights

    def _scores(self, x):
        if self.attention_type == "multiplicative":
            scores = ops.einsum("bik,kl,bjl->bij", x, self.kernel, x)
            if self.scaled:
                scores = scores / self.kernel.shape[0] ** 0.5
        else:
            asking = ops.einsum("bik,ka->bia", x, self.asking)[:, :, None]  # (B, T, 1, A)
            answering = ops.einsum("bjk,ka->bja", x, self.answering)[:, None]  # (B, 1, T, A)
            together = asking + answering if self.additive_bias is None else asking + answering + self.additive_bias
            scores = ops.einsum("bija,as->bij", ops.tanh(together), self.query)
        return scores if self.attention_bias is None else scores + self.attention_bias

    def _window(self, x):
        """Return which steps j a step i may look at, ``(T, T) bool``; None for all."""
        if self.attention_width is None and not self.history_only:
            return None
        steps = ops.arange(ops.shape(x)[1])
        ahead = steps[None, :] - steps[:, None]  # j - i
        if self.history_only:
            allowed = ahead <= 0
            return allowed if self.attention_width is None else allowed & (ahead > -self.attention_width)
        first = -(self.attention_width // 2)
        return (ahead >= first) & (ahead < first + self.attention_width)

    def _allowed(self, x, mask):
        """Return the pairs that count, broadcastable to ``(B, T, T) bool``; None for all."""
        window = self._window(x)
        window = None if window is None else window[None]
        if mask is None:
            return window
        pairs = mask[:, :, None] & mask[:, None, :]  # both steps are real
        return pairs if window is None else pairs & window

    def _old_penalties(self, x, mask):
        """Count the reasons for which the old library would leave a pair out, ``(B, T, T)``."""
        window, penalties = self._window(x), ops.zeros_like(x[:, :, :1])
        if window is not None:
            penalties = penalties + ops.cast(~window, x.dtype)[None]
        if mask is not None:
            penalties = penalties + ops.cast(~mask[:, :, None] & ~mask[:, None, :], x.dtype)
        return penalties

    def _overlap(self, weights):
        overlap = ops.einsum("bij,bkj->bik", weights, weights) - ops.eye(ops.shape(weights)[1], dtype=weights.dtype)
        return self.attention_regularizer_weight * ops.mean(ops.sum(ops.square(overlap), axis=(1, 2)))

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        names = (
            "attention_type",
            "units",
            "attention_width",
            "history_only",
            "use_additive_bias",
            "use_attention_bias",
        )
        names += ("scaled", "attention_regularizer_weight", "old_mask")
        activation = keras.activations.serialize(self.attention_activation)
        own = {name: getattr(self, name) for name in names} | {"attention_activation": activation}
        return {**super().get_config(), **own}
