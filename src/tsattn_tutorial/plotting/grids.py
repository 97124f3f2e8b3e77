"""Figures over two axes: weights of a grid, weights between steps, a confusion matrix."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from tsattn_tutorial.plotting._marks import TRUTH_LABEL, check_weights

__all__ = ["plot_confusion", "plot_self_attention", "plot_weight_map"]


def plot_weight_map(ax: Axes, weights: np.ndarray, truth: np.ndarray | None = None) -> AxesImage:
    """Draw weights over a grid as a heat map, time running to the right, with the true cells framed.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weights : ndarray
        ``(T, D)``, non-negative with sum 1.
    truth : ndarray, optional
        ``(T, D) bool``, framed.

    Returns
    -------
    AxesImage
        For a colour bar. The darkest colour is the largest weight, or twice the even weight if that is more.

    Raises
    ------
    ValueError
        When a shape does not fit, or the weights are not weights: they must not be rescaled.
    """
    weights = np.asarray(weights)
    if weights.ndim != 2:
        raise ValueError(f"weights must be (T, D), got {weights.shape}")
    check_weights(weights)
    image = ax.imshow(
        weights.T, cmap="Oranges", vmin=0, vmax=max(weights.max(), 2 / weights.size), origin="lower", aspect="auto"
    )
    if truth is not None:
        truth = np.asarray(truth)
        if truth.shape != weights.shape or truth.dtype != bool:
            raise ValueError(f"truth must be {weights.shape} bool like the weights, got {truth.shape} {truth.dtype}")
        for number, (step, dimension) in enumerate(np.argwhere(truth)):
            label = TRUTH_LABEL if number == 0 else None
            corner = (step - 0.5, dimension - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="C2", linewidth=2.5, label=label))
    ax.set(xlabel="time step", ylabel="dimension")
    ax.set_yticks(range(weights.shape[1]))
    ax.grid(False)
    return image


def plot_self_attention(ax: Axes, weights: np.ndarray, truth: np.ndarray | None = None) -> AxesImage:
    """Draw where each step of one series looks: one row a step, its weights running to the right.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weights : ndarray
        ``(T, T)``, non-negative; each row sums to 1. Cut padding off before.
    truth : ndarray, optional
        ``(T,) bool``, marked along both axes.

    Returns
    -------
    AxesImage
        For a colour bar. The darkest colour is the largest weight, or twice the even weight if that is more.

    Raises
    ------
    ValueError
        When a shape does not fit, or a row is not made of weights: they must not be rescaled.
    """
    weights = np.asarray(weights)
    steps = len(weights)
    if weights.shape != (steps, steps):
        raise ValueError(f"weights must be (T, T), got {weights.shape}")
    for row in weights:
        check_weights(row)
    image = ax.imshow(weights, cmap="Oranges", vmin=0, vmax=max(weights.max(), 2 / steps))
    if truth is not None:
        truth = np.asarray(truth)
        if truth.shape != (steps,) or truth.dtype != bool:
            raise ValueError(f"truth must be ({steps},) bool like the weights, got {truth.shape} {truth.dtype}")
        true, edge = np.flatnonzero(truth), np.full(truth.sum(), -1.2)
        marks = {"marker": "s", "linestyle": "none", "color": "C2", "markersize": 3, "clip_on": False}
        ax.plot(true, edge, label=TRUTH_LABEL, **marks)
        ax.plot(edge, true, **marks)
        ax.tick_params(axis="y", pad=7)  # the marks stand between axis and labels
        ax.set(xlim=(-0.5, steps - 0.5), ylim=(steps - 0.5, -0.5))
    ax.set(xlabel="step that is looked at", ylabel="step that looks")
    ax.grid(False)
    return image


def plot_confusion(ax: Axes, confusion: np.ndarray, labels: tuple[str, ...]) -> None:
    """Draw a confusion matrix, each cell shaded by its share of the true class and labelled with its count.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    confusion : ndarray
        ``(C, C) int``, true class by row, predicted class by column.
    labels : tuple of str
        C names of the classes.

    Raises
    ------
    ValueError
        When the matrix is not square, holds a negative count, or the labels are not as many.
    """
    confusion = np.asarray(confusion)
    size = len(labels)
    if confusion.shape != (size, size) or (confusion < 0).any():
        raise ValueError(f"confusion must be ({size}, {size}) counts for labels {labels}, got {confusion.tolist()}")
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        dark = share[row, column] > 0.5
        ax.text(column, row, f"{count}", ha="center", va="center", color="white" if dark else "#1a1a1a")
    ax.set(xlabel="predicted class", ylabel="true class", xticks=range(size), yticks=range(size))
    ax.set_xticklabels(labels)
    ax.set_yticklabels(labels)
    ax.grid(False)
