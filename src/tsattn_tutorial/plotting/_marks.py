"""What the figures share: the shade over true steps, and weights that are refused unless they sum to 1."""

import numpy as np
from matplotlib.axes import Axes

__all__ = ["TRUTH_LABEL", "check_weights", "shade"]

TRUTH_LABEL = "where the signal is"


def check_weights(weights: np.ndarray) -> None:
    """Refuse weights that are negative or do not sum to 1."""
    if (weights < 0).any() or not np.isclose(weights.sum(), 1, atol=1e-4):
        raise ValueError(f"weights must be non-negative with sum 1, got sum {weights.sum():.6g}; do not rescale them")


def shade(ax: Axes, truth: np.ndarray, steps: int) -> None:
    """Shade each run of true steps, half a step to either side."""
    truth = np.asarray(truth)
    if truth.shape != (steps,) or truth.dtype != bool:
        raise ValueError(f"truth must be ({steps},) bool like the series, got {truth.shape} {truth.dtype}")
    edges = np.flatnonzero(np.diff(truth, prepend=False, append=False)).reshape(-1, 2)
    for number, (begin, end) in enumerate(edges):
        label = TRUTH_LABEL if number == 0 else None
        ax.axvspan(begin - 0.5, end - 0.5, color="C2", alpha=0.2, linewidth=0, label=label)
