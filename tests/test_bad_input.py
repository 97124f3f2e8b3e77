"""Bad input raises where it comes in, with what was expected and what came: a table of every such path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tsattn_tutorial import metrics, plotting, reference
from tsattn_tutorial.checks import check
from tsattn_tutorial.config import ConfigError, SineConfig
from tsattn_tutorial.datasets import SeriesBatch, near_peak, train_validation_test_split
from tsattn_tutorial.files import written_whole

X, Y, TRUTH = np.zeros((4, 6, 1), np.float32), np.array([0, 1, 0, 1]), np.zeros((4, 6), bool)
BATCH = SeriesBatch(X, Y, TRUTH)
EVEN, SIGNAL = np.full((4, 6), 1 / 6), np.eye(4, 6, dtype=bool)


@dataclass
class Bad:
    """One kind of bad input, the error it must raise, and words the message must contain."""

    call: Callable[[], Any]
    error: type[Exception]
    message: str


def config(**values) -> Callable[[], Any]:
    return lambda: SineConfig(**values)


CONFIGURATION = {
    "unknown key": Bad(config(num_point=5), ConfigError, "num_point: expected one of num_points, dataset_size"),
    "text for a number": Bad(config(num_points="500"), ConfigError, "num_points: expected a valid integer, got '500'"),
    "fraction for an integer": Bad(config(dataset_size=1.5), ConfigError, "dataset_size: expected a valid integer"),
    "truth value for a number": Bad(
        config(noise_std=True), ConfigError, "noise_std: expected a valid number, got True"
    ),
    "not a number": Bad(config(max_amp=float("nan")), ConfigError, "max_amp: expected a finite number, got nan"),
    "null": Bad(config(seed=None), ConfigError, "seed: expected a valid integer, got None"),
    "number for text": Bad(config(output_folder=3), ConfigError, "output_folder: expected a valid string, got 3"),
    "no series": Bad(config(dataset_size=0), ConfigError, "dataset_size: expected greater than or equal to 1, got 0"),
    "too few samples": Bad(config(num_points=4), ConfigError, "num_points: expected greater than or equal to 8, got 4"),
    "ratio above one": Bad(config(normal_anomalous_ratio=1.2), ConfigError, "normal_anomalous_ratio: expected less"),
    "fraction below zero": Bad(config(min_loc=-0.1), ConfigError, "min_loc: expected greater than or equal to 0"),
    "fraction above one": Bad(config(max_length=1.1), ConfigError, "max_length: expected less than or equal to 1"),
    "step of zero": Bad(config(step_freq=0.0), ConfigError, "step_freq: expected greater than 0, got 0.0"),
    "negative noise": Bad(config(noise_std=-1.0), ConfigError, "noise_std: expected greater than or equal to 0"),
    "negative seed": Bad(config(seed=-1), ConfigError, "seed: expected greater than or equal to 0, got -1"),
    "empty range of starts": Bad(config(min_loc=0.9), ConfigError, "min_loc: expected a value below max_loc (0.9)"),
    "reversed amplitudes": Bad(config(min_amp=3.0, max_amp=2.0), ConfigError, "min_amp: expected a value below"),
    "above Nyquist": Bad(config(max_freq=250.0), ConfigError, "expected at most (num_points - 1) / 2 = 249.5 cycles"),
    "stretch of one sample": Bad(config(num_points=15), ConfigError, "min_length: expected at least 2 samples"),
    "start at the last sample": Bad(config(max_loc=1.0, step_loc=0.002), ConfigError, "max_loc: expected every start"),
    "no whole sample between lengths": Bad(
        config(num_points=100, max_length=0.105), ConfigError, "max_length: expected at least one sample more than"
    ),
    "no whole sample between starts": Bad(
        config(min_loc=0.5, max_loc=0.5001),
        ConfigError,
        "max_loc: expected at least one sample more than min_loc",
    ),
    "a step too small": Bad(config(step_amp=1e-12), ConfigError, "step_amp: expected at most 1,000,000 steps"),
    "a key of Python": Bad(lambda: SineConfig(**{"self": 1}), ConfigError, "self: expected one of num_points"),
    "two problems, both named": Bad(config(seed=-1, num_points=0), ConfigError, "got 0; seed: expected"),
}

BATCHES = {
    "x without features": Bad(
        lambda: SeriesBatch(X[:, :, 0], Y, TRUTH), ValueError, "x must be (N, T, D), T and D > 0, got (4, 6)"
    ),
    "x in float64": Bad(lambda: SeriesBatch(X.astype(float), Y, TRUTH), ValueError, "x must be float32, got float64"),
    "too few labels": Bad(lambda: SeriesBatch(X, Y[:3], TRUTH), ValueError, "y must be (4,) like x, got (3,)"),
    "labels as floats": Bad(lambda: SeriesBatch(X, Y * 1.0, TRUTH), ValueError, "y must hold integers, got float64"),
    "truth of other length": Bad(lambda: SeriesBatch(X, Y, TRUTH[:, :5]), ValueError, "truth must be (4, 6) or"),
    "truth as integers": Bad(lambda: SeriesBatch(X, Y, TRUTH * 1), ValueError, "truth must be bool, got int64"),
    "mask of other shape": Bad(lambda: SeriesBatch(X, Y, TRUTH, TRUTH[0]), ValueError, "mask must be (4, 6) like x"),
    "mask as integers": Bad(lambda: SeriesBatch(X, Y, TRUTH, TRUTH * 1), ValueError, "mask must be bool, got int64"),
    "series all padding": Bad(lambda: SeriesBatch(X, Y, TRUTH, TRUTH), ValueError, "at least one real step"),
    "padding in the middle": Bad(
        lambda: SeriesBatch(X, Y, TRUTH, np.arange(6) % 2 == np.zeros((4, 1))), ValueError, "must end in padding"
    ),
    "NaN": Bad(lambda: SeriesBatch(X + np.float32("nan"), Y, TRUTH), ValueError, "x must be finite on every real step"),
    "one series by number": Bad(lambda: BATCH[0], ValueError, "select series with a slice or an array (n,), got 0"),
    "fractions above one": Bad(
        lambda: train_validation_test_split(BATCH, (0.7, 0.2, 0.2)), ValueError, "three positive numbers with sum 1"
    ),
    "two fractions": Bad(lambda: train_validation_test_split(BATCH, (0.7, 0.3)), ValueError, "got (0.7, 0.3)"),
    "an empty part": Bad(lambda: train_validation_test_split(BATCH), ValueError, "every part needs a series, got 4"),
}


METRICS = {
    "lengths differ": Bad(
        lambda: metrics.binary_report(Y, EVEN[0]), ValueError, "must both be (N,), got (4,) and (6,)"
    ),
    "one class only": Bad(lambda: metrics.binary_report(Y * 0, Y * 0.5), ValueError, "both of them, got [0]"),
    "labels beyond 0 and 1": Bad(lambda: metrics.binary_report(Y + 1, Y * 0.5), ValueError, "labels 0 and 1"),
    "logits": Bad(lambda: metrics.binary_report(Y, Y * 3.0), ValueError, "probabilities, not logits"),
    "NaN probability": Bad(lambda: metrics.binary_report(Y, Y * np.nan), ValueError, "must lie in [0, 1]"),
    "more hits than trials": Bad(lambda: metrics.proportion_interval(3, 2), ValueError, "got 3 of 2"),
    "interval of one value": Bad(lambda: metrics.mean_interval([1.0]), ValueError, "at least two finite numbers"),
    "weights of other shape": Bad(lambda: metrics.attention_mass(EVEN[:2], SIGNAL), ValueError, "must both be (N, T)"),
    "weights rescaled": Bad(lambda: metrics.attention_mass(10 * EVEN, SIGNAL), ValueError, "rows that sum to 1"),
    "no signal anywhere": Bad(
        lambda: metrics.attention_mass(EVEN, TRUTH), ValueError, "every series needs a true step"
    ),
    "mask too short": Bad(
        lambda: metrics.attention_mass(EVEN, SIGNAL, SIGNAL[:, :3]), ValueError, "mask must be (4, 6) bool like truth"
    ),
    "mask as integers": Bad(
        lambda: metrics.attention_mass(EVEN, SIGNAL, SIGNAL * 1), ValueError, "mask must be (4, 6) bool like truth"
    ),
    "attention on padding": Bad(
        lambda: metrics.attention_mass(EVEN, SIGNAL, SIGNAL), ValueError, "padding must have weight 0 and no true step"
    ),
    "peaks of a matrix": Bad(lambda: near_peak(EVEN), ValueError, "x must be (N, T, 1), got (4, 6)"),
    "entropy of one step": Bad(lambda: reference.normalised_entropy(EVEN[:, :1]), ValueError, "T at least 2"),
    "shift past the end": Bad(lambda: metrics.attention_mass_by_shift(EVEN, SIGNAL, [6]), ValueError, "below T = 6"),
    "nothing to attend to": Bad(lambda: reference.masked_softmax(EVEN, TRUTH), ValueError, "at least one entry"),
    "bound of no steps": Bad(
        lambda: reference.largest_weight(0, 1.0), ValueError, "steps must be a positive integer, got 0"
    ),
    "check of an array": Bad(lambda: check("all of them", SIGNAL), TypeError, "must be one truth value"),
    "check of a number": Bad(lambda: check("it is there", 0.3), TypeError, "must be one truth value, got 0.3"),
}


def on_axes(draw: Callable) -> Callable[[], Any]:
    def call():
        figure, ax = plt.subplots()
        try:
            draw(ax)
        finally:
            plt.close(figure)

    return call


PLOTS = {
    "a batch for a series": Bad(
        on_axes(lambda ax: plotting.plot_series(ax, X)), ValueError, "one series (T,) or (T, D)"
    ),
    "truth of other length": Bad(
        on_axes(lambda ax: plotting.plot_series(ax, X[0], TRUTH[0, :3])), ValueError, "truth must be (6,) bool"
    ),
    "weights for a batch": Bad(
        on_axes(lambda ax: plotting.plot_attention(ax, X[0], EVEN)), ValueError, "weights must be (T,), got (4, 6)"
    ),
    "weights times ten": Bad(
        on_axes(lambda ax: plotting.plot_attention(ax, X[0], 10 * EVEN[0])), ValueError, "do not rescale them"
    ),
    "labels missing": Bad(
        on_axes(lambda ax: plotting.plot_confusion(ax, np.eye(3, dtype=int), ("a", "b"))), ValueError, "must be (2, 2)"
    ),
    "negative count": Bad(
        on_axes(lambda ax: plotting.plot_confusion(ax, -np.eye(2, dtype=int), ("a", "b"))), ValueError, "counts"
    ),
    "losses differ in length": Bad(
        on_axes(lambda ax: plotting.plot_history(ax, EVEN[0], EVEN[0, :2])), ValueError, "must both be (E,) with E > 0"
    ),
    "weights between other steps": Bad(
        on_axes(lambda ax: plotting.plot_self_attention(ax, EVEN)), ValueError, "weights must be (T, T), got (4, 6)"
    ),
    "rows that do not sum to 1": Bad(
        on_axes(lambda ax: plotting.plot_self_attention(ax, np.ones((3, 3)))), ValueError, "do not rescale them"
    ),
    "truth of another length, between steps": Bad(
        on_axes(lambda ax: plotting.plot_self_attention(ax, np.eye(3), TRUTH[0])), ValueError, "truth must be (3,) bool"
    ),
    "no estimate": Bad(on_axes(lambda ax: plotting.plot_estimates(ax, {})), ValueError, "at least one, got none"),
    "positions of no step": Bad(
        lambda: reference.sinusoidal_positions(0, 4), ValueError, "steps must be a positive integer, got 0"
    ),
    "loss of zero": Bad(on_axes(lambda ax: plotting.plot_history(ax, [0.0], [1.0])), ValueError, "must be positive"),
}


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in CONFIGURATION.items()])
def test_configuration(bad):
    raises(bad)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in BATCHES.items()])
def test_batches_and_splits(bad):
    raises(bad)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in METRICS.items()])
def test_metrics_and_checks(bad):
    raises(bad)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in PLOTS.items()])
def test_plots(bad):
    raises(bad)


def raises(bad: Bad) -> None:
    with pytest.raises(bad.error) as caught:
        bad.call()
    assert bad.message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a readable JSON file, got: No such file or directory"),
        ('{"num_points": ', "expected valid JSON, got: Expecting value: line 1 column 16"),
        (b"\xff\xfe", "expected valid JSON, got: 'utf-8' codec can't decode"),
        ("[500]", "expected one JSON object with keys, got list"),
        ('{"seed": 1, "seed": 2}', "expected valid JSON, got: the key seed twice"),
        ('{"seed": -1}', "seed: expected greater than or equal to 0, got -1"),
        ('{"noise_std": Infinity}', "noise_std: expected a finite number, got inf"),
    ],
)
def test_configuration_files_name_themselves(tmp_path, content, message):
    path = tmp_path / "waves.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        SineConfig.from_json(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)


def test_nothing_is_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        written_whole(tmp_path / "no" / "file").__enter__()
