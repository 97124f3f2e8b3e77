"""Figures of how training went and of how results compare."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from tsattn_tutorial.metrics import Estimate

__all__ = ["plot_estimates", "plot_history"]


def plot_history(ax: Axes, train_loss: np.ndarray, validation_loss: np.ndarray, best_epoch: int | None = None) -> None:
    """Draw the losses of a training, epoch by epoch, on a logarithmic axis.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    train_loss, validation_loss : ndarray
        ``(E,)``, positive, one value an epoch.
    best_epoch : int, optional
        The epoch whose weights were kept, counted from 1.

    Raises
    ------
    ValueError
        When the losses are empty, differ in length, or are not positive.
    """
    train_loss, validation_loss = np.asarray(train_loss), np.asarray(validation_loss)
    if train_loss.ndim != 1 or not train_loss.size or train_loss.shape != validation_loss.shape:
        raise ValueError(f"losses must both be (E,) with E > 0, got {train_loss.shape} and {validation_loss.shape}")
    if min(train_loss.min(), validation_loss.min()) <= 0:
        raise ValueError("losses must be positive for a logarithmic axis")
    epochs = np.arange(1, train_loss.size + 1)
    ax.semilogy(epochs, train_loss, label="training")
    ax.semilogy(epochs, validation_loss, label="validation")
    if best_epoch:
        ax.axvline(best_epoch, color="C7", linestyle=":", label="weights kept")
    ax.set(xlabel="epoch", ylabel="cross-entropy, nats")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")  # 0.2, not 2 × 10⁻¹
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.legend()


def plot_estimates(ax: Axes, estimates: Mapping[str, Estimate], reference: float | None = None, **marks) -> None:
    """Draw estimates below each other, each a point in its interval.

    Parameters
    ----------
    ax : Axes
        Where to draw. Called again with the same names, it adds to the figure.
    estimates : mapping of str to Estimate
        Names, from top to bottom, and what to draw.
    reference : float, optional
        Where a dashed line stands: no difference, chance, a published value.
    **marks
        Passed on to `matplotlib.axes.Axes.errorbar`, such as a label or a colour.

    Raises
    ------
    ValueError
        When there is no estimate.
    """
    if not estimates:
        raise ValueError("estimates must hold at least one, got none")
    values = np.array([tuple(estimate) for estimate in estimates.values()])  # (n, 3)
    rows = np.arange(len(estimates))
    whiskers = np.abs(values[:, 1:] - values[:, :1]).T  # (2, n)
    ax.errorbar(values[:, 0], rows, xerr=whiskers, **{"fmt": "o", "markersize": 5, "capsize": 3} | marks)
    if reference is not None:
        ax.axvline(reference, color="C7", linestyle="--", linewidth=1, zorder=0)
    ax.set_yticks(rows, list(estimates))
    ax.set_ylim(len(rows) - 0.5, -0.5)
