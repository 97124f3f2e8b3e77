"""What the attention layers share: seeded weights, masks, and clear words about sizes.

The layers multiply with `einsum` and average with `mean` from here: on PyTorch, `matmul` and `mean` of Keras 3.15
go through float32 even where everything is float64.
"""

import keras
from keras import ops

__all__ = ["Attention", "blank_padding", "check_size", "known_size", "masked_softmax", "mean", "noise_seed"]

MASKED_SCORE = -1e9  # exp() of it is exactly 0, and unlike -inf it gives no NaN where a series is all padding


class Attention(keras.layers.Layer):
    """What the layers share: a mask passes through to the output, and the weights carry none.

    Parameters
    ----------
    seed : int
        Seed of the initial kernels.
    kernel_regularizer : str or Regularizer, optional
        Penalty on the kernels, as in Keras' own layers.
    """

    def __init__(self, *, seed: int = 0, kernel_regularizer=None, **options) -> None:
        super().__init__(**options)
        self.supports_masking = True
        self.seed = seed
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def _kernel(self, name: str, rows: int, columns: int, offset: int = 0):
        initialiser = keras.initializers.GlorotUniform(seed=self.seed + offset)
        shape, penalty = (rows, columns), self.kernel_regularizer
        return self.add_weight(name=name, shape=shape, initializer=initialiser, regularizer=penalty)

    def _bias(self, name: str, size: int):
        return self.add_weight(name=name, shape=(size,), initializer="zeros")

    def compute_mask(self, x, mask=None):
        """Return the mask of the output, that of the input, and none for the weights."""
        return mask, None

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        penalty = self.kernel_regularizer and keras.regularizers.serialize(self.kernel_regularizer)
        return {**super().get_config(), "seed": self.seed, "kernel_regularizer": penalty}


def known_size(shape: tuple, axis: int, name: str) -> int:
    """Return one size of an input ``(B, T, D)``, which a layer needs to know when it is built."""
    if len(shape) != 3:
        raise ValueError(f"expected an input of three axes (B, T, D), got {tuple(shape)}")
    if shape[axis] is None:
        raise ValueError(f"the layer is bound to its size: expected an input with a known {name}, got {tuple(shape)}")
    return shape[axis]


def check_size(came: int | None, built: int, name: str) -> None:
    """Refuse an input of another size than the layer was built for."""
    if came is not None and came != built:
        raise ValueError(f"the layer was built for {name} = {built}, got {name} = {came}")


def blank_padding(x, mask):
    """Set padded steps to 0, so that not even a NaN there gets through."""
    return x if mask is None else ops.where(mask[:, :, None], x, ops.zeros_like(x))


def masked_softmax(scores, mask, axis: int):
    """Turn scores into weights that sum to 1 over the real entries, and are exactly 0 elsewhere."""
    if mask is None:
        return ops.softmax(scores, axis=axis)
    weights = ops.softmax(ops.where(mask, scores, MASKED_SCORE), axis=axis)
    return ops.where(mask, weights, ops.zeros_like(weights))


def mean(x, axis: int):
    """Average along an axis in the precision of x."""
    return ops.sum(x, axis=axis) / ops.cast(ops.shape(x)[axis], x.dtype)


def noise_seed(seed: int) -> int:
    """Return the seed as a layer with random numbers takes it, for seeds below 2 ** 32.

    On PyTorch, Keras keeps it in 32 bits with a sign, and reads them as 32 bits without one.
    """
    return seed - 2**32 if keras.backend.backend() == "torch" and seed >= 2**31 else seed
