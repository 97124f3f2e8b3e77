"""Figures along one axis: a series, the attention over it, weights as bars."""

import numpy as np
from matplotlib.axes import Axes

from tsattn_tutorial.plotting._marks import check_weights, shade

__all__ = ["plot_attention", "plot_series", "plot_weight_bars"]


def plot_series(ax: Axes, x: np.ndarray, truth: np.ndarray | None = None, **line) -> None:
    """Draw one series, with the steps shaded where its signal is.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : ndarray
        ``(T,)`` or ``(T, D)``.
    truth : ndarray, optional
        ``(T,) bool``.
    **line
        Passed on to `matplotlib.axes.Axes.plot`.

    Raises
    ------
    ValueError
        When a shape does not fit.
    """
    x = np.asarray(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"x must be one series (T,) or (T, D), got {x.shape}")
    if truth is not None:
        shade(ax, truth, len(x))
    ax.plot(x, **line)
    ax.set(xlabel="time step", ylabel="value", xlim=(0, len(x) - 1))


def plot_attention(ax: Axes, x: np.ndarray, weights: np.ndarray, truth: np.ndarray | None = None) -> Axes:
    """Draw the attention weights of one series, unscaled, over the series itself.

    The weights take the left axis, with a dashed line at 1/T, where even attention would lie. The
    series takes the right one.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : ndarray
        ``(T,)`` or ``(T, 1)``.
    weights : ndarray
        ``(T,)``, non-negative with sum 1.
    truth : ndarray, optional
        ``(T,) bool``, shaded.

    Returns
    -------
    Axes
        The right axis, which carries the series.

    Raises
    ------
    ValueError
        When a shape does not fit, or the weights are not weights: they must not be rescaled.
    """
    x, weights = np.asarray(x), np.asarray(weights)
    if x.shape not in (weights.shape, (*weights.shape, 1)) or weights.ndim != 1:
        raise ValueError(f"x must be (T,) or (T, 1) and weights (T,), got {x.shape} and {weights.shape}")
    check_weights(weights)
    steps = len(weights)
    if truth is not None:
        shade(ax, truth, steps)
    ax.fill_between(np.arange(steps), weights, color="C1", alpha=0.5, linewidth=0, label="attention weight")
    ax.plot(weights, color="C1", linestyle="-", linewidth=1)
    ax.axhline(1 / steps, color="C7", linestyle="--", linewidth=1, label="even attention, 1/T")
    ax.set(xlabel="time step", ylabel="weight", xlim=(0, steps - 1), ylim=(0, 1.35 * max(weights.max(), 1 / steps)))
    right = ax.twinx()
    right.plot(x, color="C0", linestyle="-", linewidth=1.5, label="series")
    right.set(ylabel="value")
    ax.yaxis.label.set_color("C1")
    right.yaxis.label.set_color("C0")
    right.spines["right"].set_visible(True)
    return right


def plot_weight_bars(
    ax: Axes, weights: np.ndarray, truth: np.ndarray | None = None, interval: np.ndarray | None = None
) -> None:
    """Draw mean weights as bars, one a time step or dimension, with a dashed line at 1/T, where even attention lies.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weights : ndarray
        ``(T,)``, non-negative with sum 1.
    truth : ndarray, optional
        ``(T,) bool``, shaded.
    interval : ndarray, optional
        ``(2, T)``, lower and upper ends of whiskers, such as the range over seeds.

    Raises
    ------
    ValueError
        When a shape does not fit, or the weights are not weights: they must not be rescaled.
    """
    weights = np.asarray(weights)
    if weights.ndim != 1:
        raise ValueError(f"weights must be (T,), got {weights.shape}")
    check_weights(weights)
    steps = len(weights)
    if truth is not None:
        shade(ax, truth, steps)
    whiskers = None
    if interval is not None:
        interval = np.asarray(interval)
        if interval.shape != (2, steps):
            raise ValueError(f"interval must be (2, {steps}) like the weights, got {interval.shape}")
        whiskers = np.abs(interval - weights)
    ax.bar(np.arange(steps), weights, color="C1", yerr=whiskers, ecolor="C7", capsize=2, label="attention weight")
    ax.axhline(1 / steps, color="C7", linestyle="--", linewidth=1, label="even attention")
    ax.set(xlabel="time step", ylabel="weight", xlim=(-0.75, steps - 0.25))  # bars stand on 0 by themselves
