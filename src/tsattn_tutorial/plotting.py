"""Figures of the book: each function draws arrays on the Axes it is given, and leaves showing to the caller.

Weights are drawn as they are, so they must be non-negative and sum to 1. Everything raises a ValueError when they do
not, or a shape does not fit.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter

from tsattn_tutorial.arguments import require
from tsattn_tutorial.metrics import Estimate

TRUTH_LABEL = "where the signal is"
# Zero is transparent, so that a map suits a light and a dark page; the colours are those of book/matplotlibrc.
#: Colours of weights, from 0 to the most.
WEIGHTS = LinearSegmentedColormap.from_list("weights", ["#d1661b00", "#d1661b"])
#: Colours of values with a sign, from the least to the most; 0 in the middle.
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [(0, "#3083c7"), (0.5, "#3083c700"), (0.5, "#d1661b00"), (1, "#d1661b")]
)


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
    """
    x = np.asarray(x)
    require(x.ndim in (1, 2), f"x must be one series (T,) or (T, D), got {x.shape}")
    _shade(ax, truth, len(x))
    ax.plot(x, **line)
    ax.set(xlabel="time step", ylabel="value", xlim=(0, len(x) - 1))


def plot_attention(ax: Axes, x: np.ndarray, weights: np.ndarray, truth: np.ndarray | None = None) -> Axes:
    """Draw the attention weights of one series, unscaled, over the series itself.

    The weights take the left axis, with a dashed line at 1/T, where even attention would lie. The series takes the
    right one.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : ndarray
        ``(T,)`` or ``(T, 1)``.
    weights : ndarray
        ``(T,)``.
    truth : ndarray, optional
        ``(T,) bool``, shaded.

    Returns
    -------
    Axes
        The right axis, which carries the series.
    """
    x, weights = np.asarray(x), _checked_weights(weights, 1, "(T,)")
    steps = len(weights)
    require(x.shape in ((steps,), (steps, 1)), f"x must be (T,) or (T, 1) like the weights, got {x.shape}")
    _shade(ax, truth, steps)
    ax.fill_between(np.arange(steps), weights, color="C1", alpha=0.5, linewidth=0, label="attention weight")
    ax.plot(weights, color="C1", linestyle="-", linewidth=1)
    ax.axhline(1 / steps, color="C7", linestyle="--", linewidth=1, label="even attention, 1/T")
    ax.set(xlabel="time step", ylabel="weight", xlim=(0, steps - 1), ylim=(0, 1.35 * max(weights.max(), 1 / steps)))
    right = ax.twinx()
    right.plot(x, color="C0", linestyle="-", linewidth=1.5, label="series")
    right.set_ylabel("value", color="C0")
    ax.yaxis.label.set_color("C1")
    right.spines["right"].set_visible(True)
    return right


def plot_weight_bars(ax: Axes, weights: np.ndarray, truth: np.ndarray | None = None) -> None:
    """Draw mean weights as bars, one a time step or dimension, with a dashed line at 1/T, where even attention lies.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weights : ndarray
        ``(T,)``.
    truth : ndarray, optional
        ``(T,) bool``, shaded.
    """
    weights = _checked_weights(weights, 1, "(T,)")
    steps = len(weights)
    _shade(ax, truth, steps)
    ax.bar(np.arange(steps), weights, color="C1", label="attention weight")
    ax.axhline(1 / steps, color="C7", linestyle="--", linewidth=1, label="even attention")
    ax.set(xlabel="time step", ylabel="weight", xlim=(-0.75, steps - 0.25))  # bars stand on 0 by themselves


def plot_explanation(
    axes: Sequence[Axes],
    series: np.ndarray,
    attention: np.ndarray,
    evidence: np.ndarray,
    names: Sequence[str] | None = None,
) -> None:
    """Draw one series, and below it where a classifier looked and what each step said for a class.

    Parameters
    ----------
    axes : sequence of Axes
        Three, from top to bottom.
    series : ndarray
        ``(D, T)``, or ``(T,)``. Each channel fills a strip of its own from its least to its greatest value, the first
        on top.
    attention, evidence : ndarray
        ``(T,)`` each: the weights, and each step's part of a logit. NaN behind the series, which stands on padding, is
        left out.
    names : sequence of str, optional
        D names of the channels; their numbers when left out.
    """
    series, attention, evidence = (np.array(one, float) for one in (np.atleast_2d(series), attention, evidence))
    require(series.ndim == 2, f"series must be (D, T) or (T,), got {series.shape}")
    channels, steps = series.shape
    for what, values in {"attention": attention, "evidence": evidence}.items():
        fine = values.ndim == 1 and len(values) >= steps and np.isnan(values[steps:]).all()
        require(fine, f"{what} must be ({steps},) like the series, and NaN behind it, got {values.shape}")
    names = range(channels) if names is None else names
    require(len(names) == channels, f"names must be {channels}, one a channel, got {names}")
    top, middle, bottom = axes
    low, high = np.fmin.reduce(series, axis=1), np.fmax.reduce(series, axis=1)
    strip = np.arange(channels)[::-1]
    heights = strip + 0.8 * ((series.T - low) / np.where(high > low, high - low, 1))
    top.plot(heights, color="C0", linestyle="-", linewidth=1.2)
    top.set_yticks(strip + 0.4, list(names))
    top.tick_params(axis="y", length=0, labelsize="small")
    plot_weight_bars(middle, attention[:steps])
    bottom.bar(np.arange(steps), evidence[:steps], color=np.where(evidence[:steps] < 0, "C5", "C2"))
    bottom.axhline(0, color="C7", linewidth=1)
    bottom.set(xlabel="time step", ylabel="evidence", xlim=middle.get_xlim())
    for ax in (top, middle):
        ax.set(xlabel="", xlim=middle.get_xlim())


def plot_weight_map(ax: Axes, weights: np.ndarray, truth: np.ndarray | None = None) -> AxesImage:
    """Draw weights over a grid as a heat map, time running to the right, with the true cells framed.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weights : ndarray
        ``(T, D)``.
    truth : ndarray, optional
        ``(T, D) bool``, framed.

    Returns
    -------
    AxesImage
        For a colour bar. The strongest colour is the largest weight, or twice the even weight if that is more.
    """
    weights = _checked_weights(weights, 2, "(T, D)")
    most = max(weights.max(), 2 / weights.size)
    image = ax.imshow(weights.T, cmap=WEIGHTS, vmin=0, vmax=most, origin="lower", aspect="auto")
    for number, (step, dimension) in enumerate(np.argwhere(_checked_truth(truth, weights.shape))):
        label = None if number else TRUTH_LABEL
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
        ``(T, T)``, of which each row sums to 1. Cut padding off before.
    truth : ndarray, optional
        ``(T,) bool``, marked along both axes.

    Returns
    -------
    AxesImage
        As of `plot_weight_map`.
    """
    weights = _checked_weights(weights, 2, "(T, T)", axis=1)
    steps = len(weights)
    require(weights.shape == (steps, steps), f"weights must be (T, T), got {weights.shape}")
    image = ax.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=max(weights.max(), 2 / steps))
    if truth is not None:
        true = np.flatnonzero(_checked_truth(truth, (steps,)))
        marks = {"marker": "s", "linestyle": "none", "color": "C2", "markersize": 3, "clip_on": False}
        ax.plot(true, np.full(true.size, 1.02), label=TRUTH_LABEL, transform=ax.get_xaxis_transform(), **marks)
        ax.plot(np.full(true.size, -0.02), true, transform=ax.get_yaxis_transform(), **marks)
        ax.tick_params(axis="y", pad=7)  # the marks stand between axis and labels
        ax.set(xlim=(-0.5, steps - 0.5), ylim=(steps - 0.5, -0.5))
    ax.set(xlabel="step that is looked at", ylabel="step that looks")
    ax.grid(False)
    return image


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
    """
    train_loss, validation_loss = np.asarray(train_loss), np.asarray(validation_loss)
    fine = train_loss.ndim == 1 and train_loss.size and train_loss.shape == validation_loss.shape
    require(fine, f"losses must both be (E,) with E > 0, got {train_loss.shape} and {validation_loss.shape}")
    require(min(train_loss.min(), validation_loss.min()) > 0, "losses must be positive for a logarithmic axis")
    epochs = np.arange(1, train_loss.size + 1)
    ax.semilogy(epochs, train_loss, label="training")
    ax.semilogy(epochs, validation_loss, label="validation")
    if best_epoch:
        ax.axvline(best_epoch, color="C7", linestyle=":", label="weights kept")
    ax.set(xlabel="epoch", ylabel="cross-entropy")
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
    """
    require(len(estimates) > 0, "estimates must hold at least one, got none")
    values = np.array([tuple(estimate) for estimate in estimates.values()])  # (n, 3)
    rows = np.arange(len(estimates))
    whiskers = np.abs(values[:, 1:] - values[:, :1]).T  # (2, n)
    ax.errorbar(values[:, 0], rows, xerr=whiskers, **{"fmt": "o", "markersize": 5, "capsize": 3} | marks)
    if reference is not None:
        ax.axvline(reference, color="C7", linestyle="--", linewidth=1, zorder=0)
    ax.set_yticks(rows, list(estimates))
    ax.set_ylim(len(rows) - 0.5, -0.5)


def _checked_weights(weights: np.ndarray, axes: int, shape: str, axis: int | None = None) -> np.ndarray:
    weights = np.asarray(weights)
    require(weights.ndim == axes and weights.size > 0, f"weights must be {shape}, got {weights.shape}")
    sums = weights.sum(axis=axis)
    fine = (weights >= 0).all() and np.allclose(sums, 1, atol=1e-4)
    found = f"{sums.min():.6g} to {sums.max():.6g}"
    require(fine, f"weights must be non-negative with sum 1, got {found}; do not rescale them")
    return weights


def _checked_truth(truth: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return where the signal is, nowhere if that is not known."""
    truth = np.zeros(shape, bool) if truth is None else np.asarray(truth)
    fine = truth.shape == shape and truth.dtype == bool
    require(fine, f"truth must be {shape} bool like the series or weights, got {truth.shape} {truth.dtype}")
    return truth


def _shade(ax: Axes, truth: np.ndarray | None, steps: int) -> None:
    """Shade each run of true steps, half a step to either side."""
    truth = _checked_truth(truth, (steps,))
    edges = np.flatnonzero(np.diff(truth, prepend=False, append=False)).reshape(-1, 2)
    for number, (begin, end) in enumerate(edges):
        ax.axvspan(begin - 0.5, end - 0.5, color="C2", alpha=0.2, linewidth=0, label=None if number else TRUTH_LABEL)
