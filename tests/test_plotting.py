"""Plots draw what they are given, where they are told, and rescale nothing."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tsattn_tutorial import plotting
from tsattn_tutorial.metrics import Estimate


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_series_is_drawn_with_each_run_of_its_truth(ax):
    x, truth = np.sin(np.arange(30)), np.zeros(30, bool)
    truth[3:6] = truth[28:] = True
    plotting.plot_series(ax, x, truth)
    assert np.array_equal(ax.lines[0].get_ydata(), x)
    assert [(patch.get_x(), patch.get_width()) for patch in ax.patches] == [(2.5, 3), (27.5, 2)]
    assert ax.get_xlabel() and ax.get_ylabel()


def test_weights_are_drawn_unscaled_with_the_line_of_even_attention(ax):
    weights = np.arange(1, 11) / 55
    right = plotting.plot_attention(ax, np.cos(np.arange(10)), weights)
    assert np.array_equal(ax.lines[0].get_ydata(), weights)
    assert ax.lines[1].get_ydata()[0] == 1 / 10
    assert np.array_equal(right.lines[0].get_ydata(), np.cos(np.arange(10)))
    plotting.plot_attention(ax, np.zeros(8), np.eye(8, dtype=int)[3], np.arange(8) == 3)
    assert ax.get_ylim()[1] > 1 and ax.patches[0].get_x() == 2.5  # no weight is cut off, and the truth is shaded


def test_a_history_counts_epochs_from_one_and_marks_the_best(ax):
    plotting.plot_history(ax, np.array([0.7, 0.3, 0.2]), np.array([0.6, 0.4, 0.5]), best_epoch=2)
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3] and ax.lines[2].get_xdata()[0] == 2


def test_bars_stand_at_their_steps(ax):
    weights = np.array([0.1, 0.6, 0.3])
    plotting.plot_weight_bars(ax, weights, np.array([False, True, False]))
    shade, *bars = ax.patches
    assert shade.get_x() == 0.5 and [bar.get_height() for bar in bars] == weights.tolist()
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx([0, 1, 2])
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(1 / 3)
    plotting.plot_weight_bars(ax, np.array([0.1, 0.9, 0]))  # no bar is cut off where axes are shared
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 0.9


@pytest.mark.parametrize("channels", [1, 6, 40])
def test_an_explanation_shows_every_channel_the_weights_and_the_evidence(channels):
    axes = Figure().subplots(3)
    series = np.random.default_rng(0).normal(size=(channels, 5))
    attention, evidence = np.array([0.1, 0.6, 0.3, 0, 0, np.nan]), np.array([-1, 2, 0.5, 0, 0, np.nan])
    plotting.plot_explanation(axes, series, attention, evidence)
    first, last = axes[0].lines[0].get_ydata(), axes[0].lines[-1].get_ydata()
    assert len(axes[0].lines) == channels and first.min() == channels - 1 and last.max() == pytest.approx(0.8)
    assert np.corrcoef(first, series[0])[0, 1] == pytest.approx(1)  # one above the other, each as it is
    assert [bar.get_height() for bar in axes[1].patches] == attention[:5].tolist()
    assert [bar.get_height() for bar in axes[2].patches] == evidence[:5].tolist()
    assert axes[2].patches[0].get_facecolor() != axes[2].patches[1].get_facecolor()
    assert len({ax.get_xlim() for ax in axes}) == 1 and [ax.get_xlabel() for ax in axes] == ["", "", "time step"]


def test_an_explanation_takes_constant_and_missing_channels_and_names():
    axes = Figure().subplots(3)
    series = np.array([[1.0, 1, 1], [np.nan] * 3, [0, np.nan, 2]])
    plotting.plot_explanation(axes, series, np.full(3, 1 / 3), np.zeros(3), ("flat", "gone", "gap"))
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["flat", "gone", "gap"]
    assert axes[0].lines[0].get_ydata().tolist() == [2, 2, 2]
    np.testing.assert_array_equal(axes[0].lines[2].get_ydata(), [0, np.nan, 0.8])
    plotting.plot_explanation(Figure().subplots(3), np.arange(3), np.full(3, 1 / 3), np.zeros(3))


def test_a_map_has_time_to_the_right_and_frames_the_truth(ax):
    weights = np.zeros((4, 3))
    weights[1, 2], weights[3, 0] = 0.75, 0.25
    image = plotting.plot_weight_map(ax, weights, weights > 0.5)
    assert np.array_equal(image.get_array(), weights.T) and image.get_clim() == (0, 0.75)
    assert [patch.get_xy() for patch in ax.patches] == [(0.5, 1.5)]
    assert plotting.plot_weight_map(ax, np.full((4, 3), 1 / 12)).get_clim() == (0, 1 / 6)


def test_self_attention_is_drawn_row_by_row_with_the_truth_along_both_axes(ax):
    weights = np.random.default_rng(0).dirichlet(np.ones(6), size=6)
    truth = np.arange(6) > 3
    image = plotting.plot_self_attention(ax, weights, truth)
    assert np.array_equal(image.get_array(), weights) and image.get_clim() == (0, weights.max())
    along, down = ax.lines
    assert along.get_xdata().tolist() == down.get_ydata().tolist() == [4, 5]
    assert ax.get_ylim() == (5.5, -0.5)


def test_estimates_stand_below_each_other_in_their_intervals(ax):
    estimates = {"first": Estimate(0.2, 0.1, 0.4), "second": Estimate(-0.5, -0.6, -0.3)}
    plotting.plot_estimates(ax, estimates, 0.0, label="difference")
    (container,) = ax.containers
    points, _, (whiskers,) = container.lines
    assert points.get_xdata().tolist() == [0.2, -0.5] and points.get_ydata().tolist() == [0, 1]
    np.testing.assert_allclose([segment[:, 0] for segment in whiskers.get_segments()], [[0.1, 0.4], [-0.6, -0.3]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.get_ylim() == (1.5, -0.5)
