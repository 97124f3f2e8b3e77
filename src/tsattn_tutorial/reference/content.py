"""Attention by content: a score depends on what stands in a step, not on where the step stands."""

import numpy as np

from tsattn_tutorial.reference.softmax import masked_softmax, without_padding

__all__ = ["additive_attention_pooling", "self_attention"]


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
