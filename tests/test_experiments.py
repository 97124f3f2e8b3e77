"""The registry: rows are whole and consistent, and a wrong name or parameter is refused."""

import numpy as np
import pytest

from tsattn_tutorial.datasets import near_peak
from tsattn_tutorial.experiments import EXPERIMENTS, run_experiment


def test_a_row_of_the_source_experiment_is_whole_and_consistent():
    row = run_experiment("bilstm_attention", 3, dataset_size=100, epochs=2, patience=2)
    assert row["tn"] + row["fp"] + row["fn"] + row["tp"] == 20
    assert row["accuracy"] == (row["tn"] + row["tp"]) / 20
    assert 1 <= row["best_epoch"] <= row["epochs_run"] <= 2
    for share in ("roc_auc", "mass", "chance", "pointing", "mass_at_shift", "peak_mass", "peak_chance"):
        assert 0 <= row[share] <= 1
    assert row["mass_at_shift"] >= row["mass"]


def test_the_same_seed_gives_the_same_row():
    first, again = (run_experiment("bilstm_attention", 3, dataset_size=60, epochs=1) for _ in range(2))
    assert {**first, "fit_seconds": 0} == {**again, "fit_seconds": 0}


def test_near_the_peaks_is_the_share_that_a_sine_has_there():
    x = np.sin(np.linspace(0, 6 * np.pi, 30_001))[None, :, None]
    assert near_peak(x).mean() == pytest.approx(2 * np.arccos(0.9) / np.pi, abs=1e-3)
    assert near_peak(np.array([[[0.0], [-2.0], [1.0]]])).tolist() == [[False, True, False]]


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(ValueError, match="expected one of bilstm_attention"):
        run_experiment("no_such", 0)
    with pytest.raises(ValueError, match=r"expected parameters among .*epochs.*; got 'epoch'"):
        run_experiment("bilstm_attention", 0, epoch=3)
    assert all(run.__doc__ for run in EXPERIMENTS.values())
