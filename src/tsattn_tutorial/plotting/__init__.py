"""Figures of the book: each function draws arrays on the Axes it is given, and leaves showing to the caller."""

from tsattn_tutorial.plotting.grids import plot_confusion, plot_self_attention, plot_weight_map
from tsattn_tutorial.plotting.series import plot_attention, plot_series, plot_weight_bars
from tsattn_tutorial.plotting.summaries import plot_estimates, plot_history

__all__ = [
    "plot_attention",
    "plot_confusion",
    "plot_estimates",
    "plot_history",
    "plot_self_attention",
    "plot_series",
    "plot_weight_bars",
    "plot_weight_map",
]
