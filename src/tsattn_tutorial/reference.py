"""Every attention of the book in plain NumPy, a few lines each: the oracle that the layers are tested against.

Nothing here is fast. Each function follows its equation in the book symbol by symbol, in the precision of its input;
whole numbers become floats. A ``mask`` is ``(B, T) bool``, true on real steps: what stands in the others is not read.
"""

from collections.abc import Callable

import numpy as np

from tsattn_tutorial.arguments import check_number, check_size, require


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
    scores = 1.0 * np.asarray(scores)
    if mask is not None:
        mask = np.broadcast_to(mask, scores.shape)
        fine = mask.any(axis=axis).all()
        require(fine, "mask must leave at least one entry along the softmax axis, got a row without any")
        scores = np.where(mask, scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))  # the shift cancels, and avoids overflow
    return powers / powers.sum(axis=axis, keepdims=True)


def largest_weight(steps: int, spread: float) -> float:
    """Bound the largest weight of a softmax over scores that lie within ``spread`` of each other.

    It is reached when one score stands ``spread`` above all the others: ``e^spread / (e^spread + steps - 1)``.

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
    return float(1 / (1 + (check_size("steps", steps) - 1) * np.exp(-check_number("spread", spread, 0))))


def normalised_entropy(weights: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Entropy of each row of weights over its maximum log T: 1 for a plain average, 0 for a single step.

    Parameters
    ----------
    weights : ndarray
        ``(..., T)``, T at least 2; each row sums to 1.
    mask : ndarray of bool, optional
        Broadcastable to ``(..., T)``, true on real steps, of which every row has at least 2; their number
        then takes the place of T.

    Returns
    -------
    ndarray
        ``(...)``, values in [0, 1], or above where a row gives weight to padding.

    Raises
    ------
    ValueError
        With fewer than two steps, where there is nothing to spread over.
    """
    steps = weights.shape[-1] if mask is None else np.asarray(mask).sum(axis=-1)
    least = np.min(steps)
    require(least >= 2, f"weights must be (..., T) with T at least 2, got {weights.shape}, {least} steps real")
    terms = np.where(weights > 0, -weights * np.log(np.where(weights > 0, weights, 1)), 0)
    return terms.sum(axis=-1) / np.log(steps)


def attention_pooling(
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
        ``(B, T)``.

    Returns
    -------
    context, weights : ndarray
        ``(B, K)`` and ``(B, T)``, each row of which sums to 1.

    Notes
    -----
    The score of Bahdanau, Cho and Bengio (2015) without the decoder state, which theirs adds inside the tanh.
    """
    hidden = _without_padding(hidden, mask)
    scores = np.tanh(hidden @ projection.T + projection_bias) @ query + query_bias  # (B, T)
    weights = masked_softmax(scores, mask)  # (B, T)
    return np.einsum("bt,btk->bk", weights, hidden), weights


def self_attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Scaled dot-product attention: every step asks, every step answers.

    Parameters
    ----------
    queries, keys, values : ndarray
        ``(B, T, K)`` twice, and ``(B, T, V)``.
    mask : ndarray of bool, optional
        ``(B, T)``. No step attends to padding.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, V)`` and ``(B, T, T)``; row i says where step i looks, and sums to 1.

    Notes
    -----
    Vaswani et al. (2017), equation 1.
    """
    values = _without_padding(values, mask)
    scores = 1.0 * queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])  # (B, T, T)
    weights = masked_softmax(scores, None if mask is None else mask[:, None, :])
    return weights @ values, weights


def seq_self_attention(
    x: np.ndarray,
    kernels: tuple[np.ndarray, ...],
    bias: float = 0.0,
    *,
    additive_bias: np.ndarray | float = 0.0,
    activation: Callable[[np.ndarray], np.ndarray] | None = None,
    window: int | None = None,
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
    window : int, optional
        Steps that a step may look at: from ``i - window // 2`` on, or with ``history_only`` up to i.
    history_only : bool
        Whether later steps are left out.
    mask : ndarray of bool, optional
        ``(B, T)``. No step attends to padding, and padding attends to nothing.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, K)`` and ``(B, T, T)``; 0 on padding.
    """
    batch, steps, _ = x.shape
    x = _without_padding(x, mask)
    mask = np.ones((batch, steps), bool) if mask is None else mask
    window = 2 * steps if window is None else window
    weights = np.zeros((batch, steps, steps), x.dtype)
    for n, i in np.argwhere(mask):
        first = i - (window - 1 if history_only else window // 2)
        seen = [j for j in range(max(first, 0), min(first + window, steps)) if mask[n, j]]
        scores = np.array([_score(x[n, i], x[n, j], kernels, additive_bias) for j in seen]) + bias
        weights[n, i, seen] = masked_softmax(scores if activation is None else activation(scores))
    return weights @ x, weights


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
        ``(B, T)``.

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
    x = _without_padding(x, mask)
    scores = np.einsum("btd,ts->bsd", x, kernel) + bias[:, None]  # (B, T, D)
    weights = masked_softmax(scores, None if mask is None else mask[:, :, None], axis=1)  # (B, T, D)
    if single:
        weights = weights.mean(axis=2)  # (B, T)
    return x * (weights[:, :, None] if single else weights), weights


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
        ``(B, T)``.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, D)``, the weighted input, and ``(B, T, D)``, zero on padding, or ``(B, D)`` with ``single``; they sum
        to 1 over the dimensions.
    """
    x = _without_padding(x, mask)
    weights = _without_padding(masked_softmax(x @ kernel + bias), mask)  # (B, T, D)
    if single:
        steps = x.shape[1] if mask is None else mask.sum(axis=1, keepdims=True)
        weights = weights.sum(axis=1) / steps  # (B, D)
    return x * (weights[:, None, :] if single else weights), weights


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
        ``(B, T)``.

    Returns
    -------
    output, weights : ndarray
        ``(B, T, D)``, the weighted input, and ``(B, T, D)``, which sum to 1 over the grid.
    """
    x = _without_padding(x, mask)
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
        ``(B, T)``.

    Returns
    -------
    output, weights : ndarray
        As of `joint_attention`.
    """
    by_step = timestep_attention(x, *steps, single=True, mask=mask)[1]  # (B, T)
    by_dimension = dimension_attention(x, *dimensions, single=True, mask=mask)[1]  # (B, D)
    weights = np.einsum("bt,bd->btd", by_step, by_dimension)
    return _without_padding(x, mask) * weights, weights


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
        When a size is not a positive integer.

    Notes
    -----
    Vaswani et al. (2017), section 3.5.
    """
    feature = np.arange(check_size("size", size))
    angle = np.arange(check_size("steps", steps))[:, None] / 10_000.0 ** (2 * (feature // 2) / size)
    return np.where(feature % 2, np.cos(angle), np.sin(angle)).astype(np.float32)


def _without_padding(x: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Return ``x (B, T, K)`` as floats, with 0 on padded steps, because 0 * NaN would be NaN."""
    return 1.0 * x if mask is None else np.where(mask[:, :, None], 1.0 * x, 0)


def _score(asking: np.ndarray, answering: np.ndarray, kernels: tuple[np.ndarray, ...], additive_bias) -> float:
    if len(kernels) == 1:
        return asking @ kernels[0] @ answering
    return np.tanh(asking @ kernels[0] + answering @ kernels[1] + additive_bias) @ kernels[2]
