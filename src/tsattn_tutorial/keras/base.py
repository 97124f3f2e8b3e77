"""What the layers and models share: the backend, loaded quietly, masks, precision, seeded kernels.

TensorFlow writes to file descriptor 2 while it is loaded, whatever the environment says, and a notebook would store
that as an error. It also starts as many threads as there are cores, unless it is told what ``OMP_NUM_THREADS`` names.

The layers multiply with `product` and average with `mean` from here: on PyTorch, `matmul` and `mean` of Keras 3.15
go through float32 even where everything is float64.
"""

import contextlib
import inspect
import os
import sys

from tsattn_tutorial.arguments import check_flag, check_size, require

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.stderr.flush()
kept = os.dup(2)
with open(os.devnull, "wb") as nowhere:
    os.dup2(nowhere.fileno(), 2)
try:
    import keras
    from keras import ops

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        threads = os.environ.get("OMP_NUM_THREADS", "")
        if threads.isdigit() and int(threads) > 0:
            with contextlib.suppress(RuntimeError):  # TensorFlow has started already, with threads of its own
                tf.config.threading.set_intra_op_parallelism_threads(int(threads))
                tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.constant(0)  # starts TensorFlow, which logs what CPU it found
finally:
    os.dup2(kept, 2)
    os.close(kept)

MASKED_SCORE = -1e9  # exp() of it is exactly 0, and unlike -inf it gives no NaN where a series is all padding
HALF = ("float16", "bfloat16")

registered = keras.saving.register_keras_serializable("tsattn_tutorial")


class Attention(keras.layers.Layer):
    """A layer ``layer(x, mask=None)`` that takes series ``x (B, T, D)`` and returns an output and weights.

    A subclass makes its kernels in `build` and says in ``attend`` what it computes. Series may be of any type of
    number. A mask passes through to the output, and the weights carry none. Where Keras computes in 16 bits, sums are
    taken in float32, and the weights stay float32.

    Parameters
    ----------
    seed : int
        Seed of the initial kernels.
    return_weights : bool
        Whether the weights are returned beside the output. Off, the layer fits into `keras.Sequential` and
        `keras.layers.TimeDistributed`.
    kernel_regularizer : str or Regularizer, optional
        Penalty on the kernels, as in Keras' own layers.
    """

    bound: tuple[int, ...] = (2,)  # axes whose size the kernels fix
    keeps_padding = False  # whether what stands in padded steps reaches ``attend``

    def __init__(self, *, seed: int = 0, return_weights: bool = True, kernel_regularizer=None, **options) -> None:
        super().__init__(**options)
        self.supports_masking, self.input_spec = True, keras.layers.InputSpec(ndim=3)
        self.seed = check_size("seed", seed, 0)
        self.return_weights = check_flag("return_weights", return_weights)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, shape) -> None:
        """Note the sizes that the kernels fix."""
        for axis in self.bound:
            known = f"expected an input with a known {'BTD'[axis]}, got {tuple(shape)}"
            require(shape[axis] is not None, f"the layer is bound to its size: {known}")
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={axis: shape[axis] for axis in self.bound})

    def add_kernel(self, name: str, rows: int, columns: int, offset: int = 0):
        """Make a kernel, from a seed of its own."""
        initialiser = keras.initializers.GlorotUniform(self.seed + offset)
        return self.add_weight((rows, columns), initialiser, name=name, regularizer=self.kernel_regularizer)

    def add_bias(self, name: str, size: int):
        """Make a bias of zeros."""
        return self.add_weight((size,), "zeros", name=name)

    def call(self, x, mask=None):
        """Return the output and, unless they are not asked for, the weights."""
        x = widened(ops.cast(x, self.compute_dtype))
        real = blank(x, mask)
        output, weights = self.attend(x if self.keeps_padding else real, mask)
        output = ops.cast(output, self.compute_dtype)
        return (output, weights) if self.return_weights else output

    def compute_output_spec(self, *args, **options):
        """Trace the call, so that what it refuses is refused when a model is built."""
        return keras.Operation.compute_output_spec(self, *args, **options)

    def compute_output_shape(self, shape) -> tuple:
        """Return the shape of the output and, unless they are not asked for, that of the weights."""
        layer = self if self.built else self.from_config(self.get_config())
        output = layer(keras.KerasTensor(shape, self.compute_dtype))
        return keras.tree.map_structure(lambda part: tuple(part.shape), output)

    def compute_mask(self, x, mask=None):
        """Return the mask of the output, that of the input, and none for the weights."""
        return (mask, None) if self.return_weights else mask

    def get_config(self) -> dict:
        """Return the arguments of the layer."""
        names = [*inspect.signature(type(self).__init__).parameters, "seed", "return_weights"]
        own = {name: getattr(self, name) for name in names if name not in ("self", "options")}
        penalty = self.kernel_regularizer and keras.regularizers.serialize(self.kernel_regularizer)
        return {**super().get_config(), **own, "kernel_regularizer": penalty}


def widened(x):
    """Return numbers of 16 bits as float32: in half precision a sum over long series is lost."""
    return ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype) in HALF else x


def product(equation: str, *factors):
    """Multiply and add up as `einsum` does, at least in float32."""
    return ops.einsum(equation, *map(widened, factors))


def blank(x, mask):
    """Set the padded steps of ``x (B, T, ...)`` to 0, so that not even a NaN there gets through.

    Raises
    ------
    ValueError
        When the mask is not ``(B, T) bool``.
    """
    if mask is None:
        return x
    shape, dtype = getattr(mask, "shape", ()), getattr(mask, "dtype", None)
    fits = all(came in (None, size) or size is None for came, size in zip(shape, x.shape, strict=False))
    if len(shape) != 2 or not fits or keras.backend.standardize_dtype(dtype) != "bool":
        got = type(mask).__name__ if dtype is None else f"{tuple(shape)} {keras.backend.standardize_dtype(dtype)}"
        raise ValueError(f"mask must be (B, T) bool, true on real steps, for x {tuple(x.shape)}; got {got}")
    return ops.where(mask[:, :, None], x, ops.zeros_like(x))


def masked_softmax(scores, mask, axis: int):
    """Turn scores into weights that sum to 1 over the real entries, and are exactly 0 elsewhere."""
    if mask is None:
        return ops.softmax(scores, axis=axis)
    weights = ops.softmax(ops.where(mask, scores, MASKED_SCORE), axis=axis)
    return ops.where(mask, weights, ops.zeros_like(weights))


def mean(x, axis: int):
    """Average along an axis in the precision of x."""
    return ops.sum(x, axis=axis) / ops.cast(ops.shape(x)[axis], x.dtype)


def mean_step(x, mask):
    """Average the real steps of a blanked ``x (B, T, D)``; 0 where there is none."""
    if mask is None:
        return mean(x, axis=1)
    real = ops.sum(ops.cast(mask, x.dtype), axis=1, keepdims=True)  # (B, 1)
    return ops.sum(x, axis=1) / ops.maximum(real, 1)
