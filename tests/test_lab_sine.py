"""The experiment on sine waves: same data for all models, and what is measured is what is said."""

import json
import math

import numpy as np
import pytest
import torch

import tsattn_tutorial.torch
from tsattn_lab.experiments import SINE_MODELS, sine
from tsattn_lab.experiments.sine import score_probabilities
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves, train_validation_test_split
from tsattn_tutorial.history import Epoch, History, Prediction
from tsattn_tutorial.torch import PUBLISHED, SHARP, SINE_CHANGES, BiLSTMAttention, fit

LABELS_ONLY = {"one-line rule", "MiniRocket"}
QUICK = {"epochs": 1}  # of a recipe


@pytest.fixture
def one_epoch(monkeypatch):
    """Train every network for an epoch."""
    monkeypatch.setattr(tsattn_tutorial.torch, "fit", lambda *parts, **setting: fit(*parts, **setting | {"epochs": 1}))


@pytest.mark.usefixtures("one_epoch")
@pytest.mark.parametrize("model", SINE_MODELS)
def test_rows_are_whole_and_consistent(model):
    row = sine(1, model=model, dataset_size=60, noise_std=0.5, test_series=30)
    assert row["test_series"] == 30 == row["tn"] + row["fp"] + row["fn"] + row["tp"]
    assert row["accuracy"] == pytest.approx(1 - row["errors"] / 30) and row["errors"] == row["fp"] + row["fn"]
    assert row["accuracy"] > 0.5 or model not in ("Bayes", "QUANT", "MiniRocket")
    assert min(row["fit_seconds"], row["predict_seconds"]) >= 0
    assert math.isnan(row["log_loss"]) == math.isnan(row["brier"]) == (model in LABELS_ONLY)
    attends = "attention" in model or model in ("BiLSTM, mean", "Bayes")
    for name in ("mass", "pointing", "shift", "mass_at_shift", "peak_mass"):
        assert math.isnan(row[name]) != attends


def test_all_models_get_the_data_of_the_source_and_a_seed_gives_one_row():
    test = train_validation_test_split(sine_waves(SineConfig(dataset_size=60), seed=1), seed=1).test
    rows = [sine(1, dataset_size=60, recipe=QUICK) for _ in range(2)]
    assert all(repr(rows[0][name]) == repr(rows[1][name]) for name in rows[0] if "seconds" not in name)
    rule = sine(1, model="one-line rule", dataset_size=60)
    assert rule["test_series"] == len(test) == 12 and rule["errors"] == 0
    assert pytest.approx(rule["chance"]) == rows[0]["chance"] == pytest.approx(test.truth[test.y == 1].mean())


def test_the_source_is_trained_as_it_was_published_and_measured_as_it_says(monkeypatch):
    """Replace training and prediction by fakes: what they are given, and what is made of what they return."""
    given = {}

    def fake_fit(model, train, validation, **setting):
        given.update(model=model, train=train, validation=validation, **setting)
        return History((Epoch(1, 0.5, 0.4, 0.8, 1.0),), 1, "epochs")

    def fake_predict(model, batch):
        """Put all weight 20 samples into the stretch; on plain waves, on the first step. Err once each way."""
        late = np.minimum(batch.truth.argmax(axis=1) + 20, 499) * (batch.y == 1)
        probability = np.where(batch.y == 1, 0.9, 0.1)
        probability[[np.flatnonzero(batch.y == 1)[0], np.flatnonzero(batch.y == 0)[0]]] = 0.45, 0.55
        return Prediction(probability, np.eye(500)[late])

    monkeypatch.setattr(tsattn_tutorial.torch, "fit", fake_fit)
    monkeypatch.setattr(tsattn_tutorial.torch, "predict", fake_predict)
    row = sine(4, dataset_size=200)
    setting = {"epochs": 50, "batch_size": 32, "learning_rate": 1e-3, "patience": 5, "seed": 4}
    assert {key: given[key] for key in setting} == setting
    parts = train_validation_test_split(sine_waves(SineConfig(dataset_size=200), seed=4), seed=4)
    assert all(np.array_equal(given[name].x, getattr(parts, name).x) for name in ("train", "validation"))
    untrained = BiLSTMAttention(seed=4).parameters()
    assert all(torch.equal(*pair) for pair in zip(given["model"].parameters(), untrained, strict=True))
    assert (row["fp"], row["fn"], row["validation_errors"]) == (1, 1, 2)
    assert (row["stopped_by"], row["validation_loss"], row["best_epoch"]) == ("epochs", 0.4, 1)
    assert row["roc_auc"] > row["roc_auc_of_labels"] == pytest.approx((row["tp"] / 20 + row["tn"] / 20) / 2, abs=0.05)
    # Every stretch has at least 50 samples, so the weight lies in it; moved 20 later, the mask begins there.
    assert row["mass"] == row["pointing"] == row["mass_at_shift"] == 1
    assert row["peak_mass"] == 0  # a plain wave is 0 at its first step


def test_changes_and_fields_make_the_recipe(monkeypatch):
    seen = []

    def stop(recipe, **_):
        seen.append(recipe)
        raise InterruptedError

    monkeypatch.setattr("tsattn_tutorial.torch.Recipe.build", stop)
    sharp = {"model": "patches and slope, attention"}
    some = {"changes": ["normalised", "paced"], "recipe": {"units": 8, "slope": 2.0}}
    for settings in ({}, sharp, {"changes": list(SINE_CHANGES)}, some, {"model": "BiLSTM, max"}):
        with pytest.raises(InterruptedError):
            sine(0, dataset_size=60, **settings)
    published, named, changed, paced, pooled = seen
    assert published == PUBLISHED and named == changed == SHARP
    assert paced.units == 8 and paced.slope == 2 and paced.normalise and paced.patch_size == 1
    assert paced.epochs == SHARP.epochs and pooled.pooling == "max" and pooled.epochs == PUBLISHED.epochs


def test_probabilities_are_scored_by_hand():
    y, probability = np.array([0, 1, 1, 0]), np.array([0.02, 0.97, 0.4, 0.5])
    scores = score_probabilities(y, probability)
    assert scores["errors"] == 2 and scores["accuracy"] == 0.5  # one half counts as label 1
    assert scores["precision"] == scores["recall"] == scores["f1"] == 0.5 and scores["roc_auc"] == 0.75
    assert scores["log_loss"] == pytest.approx(-np.log([0.98, 0.97, 0.4, 0.5]).mean())
    assert scores["brier"] == pytest.approx(np.mean([0.02**2, 0.03**2, 0.6**2, 0.5**2]))
    count, total, positive = json.loads(scores["reliability"])
    assert sum(count) == 4 and sum(total) == pytest.approx(probability.sum()) and sum(positive) == 2
    assert (count[0], count[8], count[10], count[19]) == (1, 1, 1, 1) and (positive[8], positive[10]) == (1, 0)


def test_no_series_of_the_fresh_ones_is_seen_twice(monkeypatch):
    seen = []

    def look(model, train, validation, **_):
        seen.extend([train(1).x, train(2).x])
        return History((Epoch(1, 0.5, 0.4, 0.8, 1.0),), 1, "epochs")

    def said(model, batch):  # of the series that choose the epoch, then of the test
        seen.append(batch.x)
        return Prediction(np.full(len(batch), 0.5), None)

    monkeypatch.setattr("tsattn_tutorial.torch.fit", look)
    monkeypatch.setattr("tsattn_tutorial.torch.predict", said)
    sine(1, fresh=True, dataset_size=20, test_series=20, noise_std=4.0)
    every = np.concatenate(seen).reshape(80, -1)
    assert len(np.unique(every, axis=0)) == 80
