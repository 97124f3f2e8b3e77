"""Bad input raises where it comes in, with what was expected and what came. Data sets have tables of their own."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from tsattn_tutorial import metrics, plotting, reference
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.files import written_whole

X, Y, TRUTH = np.zeros((4, 6, 1), np.float32), np.array([0, 1, 0, 1]), np.zeros((4, 6), bool)
EVEN, SIGNAL = np.full((4, 6), 1 / 6), np.eye(4, 6, dtype=bool)

CONFIGURATION = [
    ({"num_point": 5}, "num_point: expected one of num_points, dataset_size"),
    ({"num_points": "500"}, "num_points: expected a valid integer, got '500'"),
    ({"noise_std": True}, "noise_std: expected a valid number, got True"),
    ({"seed": np.bool_(True)}, "seed: expected a valid integer, got True"),
    ({"max_amp": float("nan")}, "max_amp: expected a finite number, got nan"),
    ({"normal_anomalous_ratio": 1.2}, "normal_anomalous_ratio: expected less than or equal to 1"),
    ({"seed": np.int64(-1)}, "seed: expected greater than or equal to 0, got -1"),
    ({"min_loc": 0.9}, "min_loc: expected a value below max_loc (0.9)"),
    ({"max_freq": 250.0}, "max_freq: expected at most (num_points - 1) / 2 = 249.5 cycles"),
    ({"num_points": 15}, "min_length: expected at least 2 samples"),
    ({"max_loc": 1.0, "step_loc": 0.002}, "max_loc: expected every start, the last is 499, to leave at least 2"),
    ({"num_points": 100, "max_length": 0.105}, "max_length: expected at least one sample more than min_length (0.1)"),
    ({"step_amp": 1e-12}, "step_amp: expected at most 1,000,000 steps"),
    ({"self": 1}, "self: expected one of num_points"),
    ({"seed": -1, "num_points": 0}, "got 0; seed: expected"),
]

FIGURES = [
    (lambda: metrics.proportion_interval(3, 2), "got 3 of 2"),
    (lambda: metrics.mean_interval([1.0]), "at least two finite numbers"),
    (lambda: metrics.attention_mass(10 * EVEN, SIGNAL), "rows that sum to 1, got sums 9.99"),
    (lambda: metrics.attention_mass(EVEN, TRUTH), "every series needs a true step, got none in series [0 1 2]"),
    (lambda: metrics.attention_mass(EVEN, SIGNAL, SIGNAL * 1), "mask must be (4, 6) bool like truth"),
    (lambda: metrics.attention_mass(EVEN, SIGNAL, SIGNAL), "padding must have weight 0 and no true step"),
    (lambda: metrics.attention_mass_by_shift(EVEN, SIGNAL, [6]), "shifts must be below T = 6 in size, got 6"),
    (lambda: metrics.score_attention(EVEN, SeriesBatch(X, Y)), "batch must have a truth and no mask"),
    (lambda: metrics.score_attention(EVEN, SeriesBatch(X, Y, TRUTH, ~TRUTH)), "batch must have a truth and no mask"),
    (lambda: reference.normalised_entropy(EVEN[:, :1]), "T at least 2, got (4, 1)"),
    (lambda: reference.masked_softmax(EVEN, TRUTH), "mask must leave at least one entry"),
    (lambda: reference.largest_weight(0, 1.0), "steps must be a positive integer, got 0"),
    (lambda: reference.sinusoidal_positions(0, 4), "steps must be a positive integer, got 0"),
]

PLOTS = [
    (lambda ax: plotting.plot_series(ax, X), "x must be one series (T,) or (T, D), got (4, 6, 1)"),
    (lambda ax: plotting.plot_series(ax, X[0], TRUTH[0, :3]), "truth must be (6,) bool"),
    (
        lambda ax: plotting.plot_attention(ax, X[0, :5], EVEN[0]),
        "x must be (T,) or (T, 1) like the weights, got (5, 1)",
    ),
    (lambda ax: plotting.plot_weight_map(ax, EVEN[0]), "weights must be (T, D), got (6,)"),
    (lambda ax: plotting.plot_weight_map(ax, np.eye(2) / 2, np.eye(2)), "truth must be (2, 2) bool"),
    (lambda ax: plotting.plot_self_attention(ax, EVEN), "weights must be (T, T), got (4, 6)"),
    (lambda ax: plotting.plot_self_attention(ax, np.diag([1, 2, 0])), "got 0 to 2; do not rescale"),
    (lambda ax: plotting.plot_history(ax, EVEN[0], EVEN[0, :2]), "losses must both be (E,) with E > 0"),
    (lambda ax: plotting.plot_history(ax, [0.0], [1.0]), "losses must be positive"),
    (lambda ax: plotting.plot_estimates(ax, {}), "estimates must hold at least one, got none"),
]


@pytest.mark.parametrize(("values", "message"), CONFIGURATION)
def test_configuration(values, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SineConfig(**values)


@pytest.mark.parametrize(("call", "message"), FIGURES)
def test_metrics_and_reference(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize(("draw", "message"), PLOTS)
def test_plots(draw, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(Figure().subplots())


def test_nothing_is_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        written_whole(tmp_path / "no" / "file").__enter__()
