"""The registry: rows are whole and consistent, and a wrong name or parameter is refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

import tsattn_tutorial.torch
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import near_peak, sine_waves, train_validation_test_split
from tsattn_tutorial.experiments import EXPERIMENTS, run_experiment
from tsattn_tutorial.torch import AttentionClassifier
from tsattn_tutorial.training import Epoch, History, Prediction


def test_a_row_of_the_source_experiment_is_whole_and_consistent():
    row = run_experiment("bilstm_attention", 3, dataset_size=100, epochs=2, patience=2)
    assert row["tn"] + row["fp"] + row["fn"] + row["tp"] == 20
    assert row["accuracy"] == (row["tn"] + row["tp"]) / 20
    assert 1 <= row["best_epoch"] <= row["epochs_run"] <= 2
    for share in ("roc_auc", "mass", "chance", "pointing", "mass_at_shift", "peak_mass", "peak_chance"):
        assert 0 <= row[share] <= 1
    assert row["mass_at_shift"] >= row["mass"]


def test_the_same_seed_gives_the_same_row():
    rows = [run_experiment("bilstm_attention", 3, dataset_size=60, epochs=1) for _ in range(2)]
    first, again = (pd.DataFrame([row]).drop(columns="fit_seconds") for row in rows)
    pd.testing.assert_frame_equal(first, again)


def test_the_source_experiment_has_the_setting_of_the_source_and_measures_what_it_says(monkeypatch):
    """Replace training and prediction by fakes: what they are given, and what is made of what they return."""
    given = {}

    def fake_fit(model, train, validation, **setting):
        given.update(model=model, train=train, validation=validation, **setting)
        return History((Epoch(1, 0.5, 0.4, 0.8, 1.0),), 1, "epochs")

    def fake_predict(model, test):
        """Put all weight 20 samples into the stretch; on plain waves, on the first step. Err once each way."""
        given["test"] = test
        late = np.minimum(test.truth.argmax(axis=1) + 20, 499) * (test.y == 1)
        probability = np.where(test.y == 1, 0.9, 0.1)
        probability[[np.flatnonzero(test.y == 1)[0], np.flatnonzero(test.y == 0)[0]]] = 0.45, 0.55
        return Prediction(probability, np.eye(500)[late])

    monkeypatch.setattr(tsattn_tutorial.torch, "fit", fake_fit)
    monkeypatch.setattr(tsattn_tutorial.torch, "predict", fake_predict)
    row = run_experiment("bilstm_attention", 4, dataset_size=200)

    setting = {"epochs": 50, "batch_size": 32, "learning_rate": 1e-3, "patience": 5, "seed": 4, "device": "cpu"}
    assert {key: given[key] for key in setting} == setting
    parts = train_validation_test_split(sine_waves(SineConfig(dataset_size=200), seed=4), seed=4)
    for name, part in parts._asdict().items():
        assert np.array_equal(given[name].x, part.x)
    fresh = AttentionClassifier(seed=4)
    assert all(torch.equal(*pair) for pair in zip(given["model"].parameters(), fresh.parameters(), strict=True))

    test = parts.test
    assert (row["fp"], row["fn"], row["stopped_by"], row["validation_loss"]) == (1, 1, "epochs", 0.4)
    assert row["roc_auc"] > row["roc_auc_of_labels"]
    assert row["roc_auc_of_labels"] == pytest.approx(roc_auc_score(test.y, (test.y == 1) ^ given_errors(test.y)))
    # Every stretch has at least 50 samples, so the weight lies in it; moved 20 later, the mask begins there.
    assert row["mass"] == row["pointing"] == 1 and row["mass_at_shift"] == 1
    assert row["peak_mass"] == 0  # a plain wave is 0 at its first step
    narrow = run_experiment("bilstm_attention", 4, dataset_size=200, patience=7, batch_size=8, learning_rate=0.1)
    assert (given["patience"], given["batch_size"], given["learning_rate"]) == (7, 8, 0.1) and narrow["mass"] == 1


def given_errors(y: np.ndarray) -> np.ndarray:
    """Mark the first series of each class, which the fake prediction gets wrong."""
    wrong = np.zeros(y.shape, bool)
    wrong[[np.flatnonzero(y == label)[0] for label in (0, 1)]] = True
    return wrong


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
