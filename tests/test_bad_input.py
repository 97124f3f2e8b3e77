"""Bad input raises where it comes in, with what was expected and what came.

Tables, the classifier, gradients, trainings and layers have lists of their own, beside what they need.
"""

import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tsattn_tutorial import datasets, metrics, plotting, reference
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.datasets import train_validation_test_split as split_up
from tsattn_tutorial.files import written_whole

X, Y, TRUTH = np.zeros((4, 6, 1), np.float32), np.array([0, 1, 0, 1]), np.zeros((4, 6), bool)
EVEN, SIGNAL = np.full((4, 6), 1 / 6), np.eye(4, 6, dtype=bool)

CONFIGURATION = [
    ({"num_point": 5}, "num_point: expected one of num_points, dataset_size"),
    ({"num_points": "500"}, "num_points: expected a valid integer, got '500'"),
    ({"noise_std": True}, "noise_std: expected a valid number, got True"),
    ({"max_amp": float("nan")}, "max_amp: expected a finite number, got nan"),
    ({"normal_anomalous_ratio": 1.2}, "normal_anomalous_ratio: expected less than or equal to 1"),
    ({"min_loc": 0.9}, "min_loc: expected a value below max_loc (0.9)"),
    ({"max_freq": 250.0}, "max_freq: expected at most (num_points - 1) / 2 = 249.5 cycles"),
    ({"num_points": 15}, "min_length: expected at least 2 samples"),
    ({"max_loc": 1.0, "step_loc": 0.002}, "max_loc: expected every start, the last is 499, to leave at least 2"),
    ({"num_points": 100, "max_length": 0.105}, "max_length: expected at least one sample more than min_length (0.1)"),
    ({"step_amp": 1e-12}, "step_amp: expected at most 1,000,000 steps"),
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
]

BATCHES = [
    (lambda: SeriesBatch(X.tolist(), Y), "x must be an array, got list"),
    (lambda: SeriesBatch(X[:, :0], Y, None, TRUTH[:, :0]), "T and D > 0, got (4, 0, 1)"),
    (lambda: SeriesBatch(X.astype(float), Y), "x must be float32, got float64"),
    (lambda: SeriesBatch(X + np.float32("nan"), Y), "x must be finite on every real step"),
    (lambda: SeriesBatch(X, Y.tolist()), "y must be an array, got list"),
    (lambda: SeriesBatch(X, pd.Series(Y, index=[3, 2, 1, 0])), "y must be an array, got Series"),
    (lambda: SeriesBatch(X, Y[:3]), "y must be (4,) like x, got (3,)"),
    (lambda: SeriesBatch(X, Y > 0), "y must hold integers, got bool"),
    (lambda: SeriesBatch(X, Y.astype(np.uint64) + np.uint64(2**64 - 2)), "y must hold integers that int64 can hold"),
    (lambda: SeriesBatch(X, Y, TRUTH * 1), "truth must be bool, got int64"),
    (lambda: SeriesBatch(X, Y, TRUTH, TRUTH * 1), "mask must be bool, got int64"),
    (lambda: SeriesBatch(X, Y, TRUTH, TRUTH), "mask must leave every series at least one real step"),
    (lambda: SeriesBatch(X, Y, TRUTH, np.arange(6) % 2 == np.zeros((4, 1))), "must end in padding"),
    (lambda: SeriesBatch(X, Y, classes="ab"), "classes must be a tuple of different names, got 'ab'"),
    (lambda: SeriesBatch(X, Y, classes=("a", "a")), "classes must be a tuple of different names"),
    (lambda: SeriesBatch(X, Y, classes=("a",)), "labels of the classes ('a',), counted from 0; got [1]"),
    (lambda: split_up(SeriesBatch(X, Y), (0.7, 0.2, 0.2)), "three positive numbers with sum 1"),
    (lambda: split_up(SeriesBatch(X, Y)), "every part needs a series, got 4"),
    (lambda: split_up(SeriesBatch(X, Y), seed=-1), "seed must be 0 or a positive integer, got -1"),
]

NO_STEPS = [20, -1, [3, 3], [], [1.0], "random", True, None, {3}, [[1, 2]]]
NO_CELLS = [3, (10, 0), (0, 6), (1, -1), (1, 2, 3), [(1, 2)] * 2, [], "ab"]
DATA_SETS = [
    *((partial(datasets.planted_steps, 3, position=one), "must be an index, from 0 on and ") for one in NO_STEPS),
    *((partial(datasets.planted_cells, 3, position=one), "must be a cell (step, dimension), ") for one in NO_CELLS),
    (lambda: datasets.planted_steps(10.0), "size must be a positive integer, got 10.0"),
    (lambda: datasets.cued_steps(3, steps=0), "steps must be a positive integer, got 0"),
    (lambda: datasets.planted_cells(3, rule="product"), "rule must be one of 'copy', 'sum'; got 'product'"),
    (lambda: datasets.class_motifs(3, regime="global"), "regime must be one of 'local', 'relational', "),
    (lambda: datasets.class_motifs(3, random_share=1.5), "random_share must be a finite number in [0, 1], got 1.5"),
    (lambda: datasets.class_motifs(3, frequencies=[0.2] * 8), "frequencies must be 8 probabilities with sum 1, got"),
    (lambda: datasets.motif_oracle(datasets.class_motifs(3), noise_std=0), "noise_std > 0 and 8 channels, got 0 and 8"),
    (lambda: datasets.near_peak(X[:, :, 0]), "x must be (N, T, 1), got (4, 6)"),
    (lambda: datasets.archive_series("Wafer", "train"), "name must be one of 'ACSF1', "),
    (lambda: datasets.archive_series("GunPoint", "all"), "split must be one of 'train', 'test'; got 'all'"),
    (lambda: datasets.near_peak(X, 1.5), "share must be a finite number in [0, 1], got 1.5"),
]


def explained(**parts):
    """A plot of an explanation, one part of which does not fit."""
    fit = {"series": np.zeros((1, 3)), "attention": np.full(3, 1 / 3), "evidence": np.zeros(3)}
    return lambda ax: plotting.plot_explanation(ax.figure.subplots(3), **fit | parts)


PLOTS = [
    (explained(series=np.zeros((1, 2, 3))), "series must be"),
    (explained(attention=np.full(4, 0.25)), "attention must be"),
    (explained(evidence=np.zeros(2)), "evidence must be"),
    (explained(names=["one", "two"]), "names must be"),
    (lambda ax: plotting.plot_series(ax, X), "x must be one series (T,) or (T, D), got (4, 6, 1)"),
    (lambda ax: plotting.plot_series(ax, X[0], TRUTH[0, :3]), "truth must be (6,) bool"),
    (lambda ax: plotting.plot_attention(ax, X[0, :5], EVEN[0]), "must be (T,) or (T, 1) like the weights, got (5, 1)"),
    (lambda ax: plotting.plot_weight_map(ax, EVEN[0]), "weights must be (T, D), got (6,)"),
    (lambda ax: plotting.plot_weight_map(ax, np.eye(2) / 2, np.eye(2)), "truth must be (2, 2) bool"),
    (lambda ax: plotting.plot_self_attention(ax, EVEN), "weights must be (T, T), got (4, 6)"),
    (lambda ax: plotting.plot_self_attention(ax, np.diag([1, 2, 0])), "got 0 to 2; do not rescale"),
    (lambda ax: plotting.plot_history(ax, EVEN[0], EVEN[0, :2]), "losses must both be (E,) with E > 0"),
    (lambda ax: plotting.plot_history(ax, [0.0], [1.0]), "losses must be positive"),
    (lambda ax: plotting.plot_estimates(ax, {}), "estimates must hold at least one, got none"),
]


CALLS = [(partial(SineConfig, **values), message) for values, message in CONFIGURATION]
CALLS += [(lambda draw=draw: draw(Figure().subplots()), message) for draw, message in PLOTS]


@pytest.mark.parametrize(("call", "message"), [*CALLS, *FIGURES, *BATCHES, *DATA_SETS])
def test_what_cannot_be_used_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_nothing_is_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        written_whole(tmp_path / "no" / "file").__enter__()
