"""Attention by content: a score depends on what stands in a step, not on where the step stands."""

from collections.abc import Callable

import numpy as np

from tsattn_tutorial.reference.softmax import masked_softmax, without_padding

__all__ = ["additive_attention_pooling", "self_attention", "seq_self_attention"]


def additive_attention_pooling(
    hidden: np.ndarray,
    projection: np.ndarray,
    projection_bias: np.ndarray,
    query: np.ndarray,
    query_bias: float = 0.0,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    Parameters
    ----------
    hidden : ndarray
        ``(B, T, K)``, one vector per time step.
    projection, projection_bias : ndarray
        ``W (A, K)`` and ``b (A,)``.
    query : ndarray
        ``v (A,)``.
    query_bias : float
        ``c``. It is added to every score, so it cancels in the softmax.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps.

    Returns
    -------
    context : ndarray
        ``(B, K)``.
    weights : ndarray
        ``(B, T)``, each row sums to 1.

    Notes
    -----
    The score of Bahdanau, Cho and Bengio (2015) without the decoder state, which theirs adds inside the tanh.
    """
    hidden = without_padding(hidden, mask)
    scores = np.tanh(hidden @ projection.T + projection_bias) @ query + query_bias  # (B, T)
    weights = masked_softmax(scores, mask)  # (B, T)
    context = np.einsum("bt,btk->bk", weights, hidden)  # (B, K)
    return context, weights


def self_attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Scaled dot-product attention: every step asks, every step answers.

    Parameters
    ----------
    queries, keys : ndarray
        ``(B, T, K)``.
    values : ndarray
        ``(B, T, V)``.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps. No step attends to padding.

    Returns
    -------
    output : ndarray
        ``(B, T, V)``.
    weights : ndarray
        ``(B, T, T)``; row i says where step i looks, and sums to 1.

    Notes
    -----
    Vaswani et al. (2017), equation 1.
    """
    values = without_padding(values, mask)
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])  # (B, T, T)
    weights = masked_softmax(scores, None if mask is None else mask[:, None, :])
    return weights @ values, weights


def seq_self_attention(
    x: np.ndarray,
    kernels: tuple[np.ndarray, ...],
    bias: float = 0.0,
    *,
    additive_bias: np.ndarray | float = 0.0,
    activation: Callable[[np.ndarray], np.ndarray] | None = None,
    width: int | None = None,
    history_only: bool = False,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Self-attention as in ``keras-self-attention`` 0.51, one pair of steps after the other.

    Parameters
    ----------
    x : ndarray
        ``(B, T, K)``.
    kernels : tuple of ndarray
        ``W (K, K)`` for the multiplicative score ``x_i^T W x_j + c``; ``W_t (K, A)``, ``W_x (K, A)`` and ``v (A,)`` for
        the additive one, ``v^T tanh(W_t^T x_i + W_x^T x_j + b) + c``.
    bias : float
        ``c``.
    additive_bias : ndarray
        ``b (A,)``.
    activation : callable, optional
        Applied to the scores.
    width : int, optional
        Steps that a step may look at: from ``i - width // 2`` on, or with ``history_only`` up to i.
    history_only : bool
        Whether later steps are left out.
    mask : ndarray of bool, optional
        ``(B, T)``, true on real steps. No step attends to padding, and padding attends to nothing.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, K)`` and ``(B, T, T)``; 0 on padding.
    """
    batch, steps, _ = x.shape
    x = without_padding(x, mask)
    mask = np.ones((batch, steps), bool) if mask is None else mask
    weights = np.zeros((batch, steps, steps), x.dtype)
    for n, i in np.argwhere(mask):
        first = 0 if width is None else i - width // 2
        last = steps - 1 if width is None else i - width // 2 + width - 1
        if history_only:
            first, last = 0 if width is None else i - width + 1, i
        seen = [j for j in range(max(first, 0), min(last, steps - 1) + 1) if mask[n, j]]
        scores = np.array([_score(x[n, i], x[n, j], kernels, additive_bias) for j in seen]) + bias
        weights[n, i, seen] = masked_softmax(scores if activation is None else activation(scores))
    return weights @ x, weights


def _score(asking: np.ndarray, answering: np.ndarray, kernels: tuple[np.ndarray, ...], additive_bias) -> float:
    if len(kernels) == 1:
        return asking @ kernels[0] @ answering
    return np.tanh(asking @ kernels[0] + answering @ kernels[1] + additive_bias) @ kernels[2]
