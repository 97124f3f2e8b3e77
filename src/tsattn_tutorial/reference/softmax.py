"""The softmax with a mask, and what it can and cannot put out."""

import numpy as np

__all__ = ["largest_weight", "masked_softmax", "normalised_entropy", "without_padding"]


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


def without_padding(x: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Set padded steps of ``x (B, T, K)`` to 0, because 0 * NaN would be NaN."""
    return x if mask is None else np.where(mask[:, :, None], x, 0)


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
    if np.min(steps) < 2:
        raise ValueError(f"weights must be (..., T) with T at least 2, got {weights.shape}, {np.min(steps)} steps real")
    terms = np.where(weights > 0, -weights * np.log(np.where(weights > 0, weights, 1)), 0)
    return terms.sum(axis=-1) / np.log(steps)
