"""Every attention of the book in plain NumPy, a few lines each: the oracle that the layers are tested against.

Nothing here is fast. Each function follows its equation in the book symbol by symbol and computes in
the precision of its input.
"""

import numpy as np

__all__ = [
    "additive_attention_pooling",
    "largest_weight",
    "masked_softmax",
    "normalised_entropy",
    "self_attention",
]


def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    """Turn scores into weights that sum to 1 along an axis.

    Parameters
    ----------
    scores : ndarray
        Any shape.
    mask : ndarray of bool, optional
        Broadcastable to ``scores``; false entries get the weight 0.
    axis : int
        The axis along which the weights sum to 1.

    Raises
    ------
    ValueError
        When the mask leaves nothing to attend to.
    """
    scores = np.asarray(scores)
    if mask is not None:
        mask = np.broadcast_to(mask, scores.shape)
        if not mask.any(axis=axis).all():
            raise ValueError("mask must leave at least one entry along the softmax axis, got a row without any")
        scores = np.where(mask, scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))  # the shift cancels, and avoids overflow
    return powers / powers.sum(axis=axis, keepdims=True)


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
    if mask is not None:
        hidden = np.where(mask[:, :, None], hidden, 0)  # 0 * NaN would be NaN
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
    if mask is not None:
        values = np.where(mask[:, :, None], values, 0)  # 0 * NaN would be NaN
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])  # (B, T, T)
    weights = masked_softmax(scores, None if mask is None else mask[:, None, :])
    return weights @ values, weights


def largest_weight(steps: int, spread: float) -> float:
    """Bound the largest weight of a softmax over ``steps`` scores that lie within ``spread`` of each other.

    It is reached when one score stands ``spread`` above all the others:
    ``e^spread / (e^spread + steps - 1)``.

    Parameters
    ----------
    steps : int
        T, at least 1.
    spread : float
        Largest difference between two scores, at least 0.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    if steps < 1 or spread < 0:
        raise ValueError(f"expected steps >= 1 and spread >= 0, got steps {steps} and spread {spread}")
    return float(1 / (1 + (steps - 1) * np.exp(-spread)))


def normalised_entropy(weights: np.ndarray) -> np.ndarray:
    """Entropy of each row of weights over its maximum log T: 1 for a plain average, 0 for a single step.

    Parameters
    ----------
    weights : ndarray
        ``(..., T)``, T at least 2; each row sums to 1.

    Returns
    -------
    ndarray
        ``(...)``, values in [0, 1].

    Raises
    ------
    ValueError
        With fewer than two steps, where there is nothing to spread over.
    """
    if weights.shape[-1] < 2:
        raise ValueError(f"weights must be (..., T) with T at least 2, got {weights.shape}")
    terms = np.where(weights > 0, -weights * np.log(np.where(weights > 0, weights, 1)), 0)
    return terms.sum(axis=-1) / np.log(weights.shape[-1])
