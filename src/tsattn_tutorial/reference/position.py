"""Attention bound to positions, which one dense layer scores; and positions that are added to what stands in them."""

import numpy as np

from tsattn_tutorial.reference.softmax import masked_softmax, without_padding

__all__ = [
    "dimension_attention",
    "factorised_attention",
    "joint_attention",
    "sinusoidal_positions",
    "timestep_attention",
]


def timestep_attention(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, single: bool = False, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the time steps of each dimension by a softmax over time: ``e[:, d] = P^T x[:, d] + b``.

    Parameters
    ----------
    x : ndarray
        ``(B, T, D)``.
    kernel, bias : ndarray
        ``P (T, T)`` and ``b (T,)``.
    single : bool
        Average the weights over the dimensions.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps.

    Returns
    -------
    output : ndarray
        ``(B, T, D)``, the weighted input; nothing is summed.
    weights : ndarray
        ``(B, T, D)``, or ``(B, T)`` with ``single``; they sum to 1 over the real steps.

    Notes
    -----
    The attention block of ``philipperemy/keras-attention-mechanism`` (2017).
    """
    x = without_padding(x, mask)
    scores = np.einsum("btd,ts->bsd", x, kernel) + bias[:, None]  # (B, T, D)
    weights = masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, D)
    if single:
        weights = weights.mean(axis=2)  # (B, T)
        return x * weights[:, :, None], weights
    return x * weights, weights


def dimension_attention(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, single: bool = False, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the dimensions of each time step by a softmax over D: ``e[t] = x[t] P + b``.

    Parameters
    ----------
    x : ndarray
        ``(B, T, D)``.
    kernel, bias : ndarray
        ``P (D, D)`` and ``b (D,)``.
    single : bool
        Average the weights over the real steps.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps.

    Returns
    -------
    output : ndarray
        ``(B, T, D)``, the weighted input.
    weights : ndarray
        ``(B, T, D)``, zero on padding, or ``(B, D)`` with ``single``; they sum to 1 over the dimensions.
    """
    x = without_padding(x, mask)
    weights = without_padding(masked_softmax(x @ kernel + bias), mask)  # (B, T, D)
    if single:
        steps = x.shape[1] if mask is None else mask.sum(axis=1, keepdims=True)
        weights = weights.sum(axis=1) / steps  # (B, D)
        return x * weights[:, None, :], weights
    return x * weights, weights


def joint_attention(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the cells of the grid by one softmax over all of them: ``e = x P + b``, x flattened step by step.

    Parameters
    ----------
    x : ndarray
        ``(B, T, D)``.
    kernel, bias : ndarray
        ``P (T D, T D)`` and ``b (T D,)``.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, D)``, the weighted input, and ``(B, T, D)``, which sum to 1 over the grid.
    """
    x = without_padding(x, mask)
    scores = x.reshape(len(x), -1) @ kernel + bias  # (B, T D)
    real = None if mask is None else np.repeat(mask, x.shape[2], axis=1)  # (B, T D)
    weights = masked_softmax(scores, real).reshape(x.shape)  # (B, T, D)
    return x * weights, weights


def factorised_attention(
    x: np.ndarray,
    steps: tuple[np.ndarray, np.ndarray],
    dimensions: tuple[np.ndarray, np.ndarray],
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the cells of the grid by the weight of the step times the weight of the dimension.

    Parameters
    ----------
    x : ndarray
        ``(B, T, D)``.
    steps, dimensions : tuple of ndarray
        Kernel and bias of `timestep_attention` and of `dimension_attention`.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, D)``, the weighted input, and ``(B, T, D)``, which sum to 1 over the grid.
    """
    by_step = timestep_attention(x, *steps, single=True, mask=mask)[1]  # (B, T)
    by_dimension = dimension_attention(x, *dimensions, single=True, mask=mask)[1]  # (B, D)
    weights = np.einsum("bt,bd->btd", by_step, by_dimension)
    return without_padding(x, mask) * weights, weights


def sinusoidal_positions(steps: int, size: int) -> np.ndarray:
    """Give every step a pattern of sines and cosines, from one turn in 2 pi steps to one in nearly 2 pi 10,000.

    Parameters
    ----------
    steps, size : int
        T and K, both positive.

    Returns
    -------
    ndarray
        ``(T, K) float32``: feature 2i is ``sin(t / 10000^(2i / K))``, feature 2i + 1 the cosine of the same.

    Raises
    ------
    ValueError
        When a size is not positive.

    Notes
    -----
    Vaswani et al. (2017), section 3.5.
    """
    if steps < 1 or size < 1:
        raise ValueError(f"expected positive steps and size, got {steps} and {size}")
    feature = np.arange(size)
    angle = np.arange(steps)[:, None] / 10_000.0 ** (2 * (feature // 2) / size)
    return np.where(feature % 2, np.cos(angle), np.sin(angle)).astype(np.float32)
