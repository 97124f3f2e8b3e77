"""The sine-wave line-up and the recipes: same data for all, and what is measured is what is said."""

import json
import math

import numpy as np
import pytest

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves, train_validation_test_split
from tsattn_tutorial.experiments import SINE_CHANGES, SINE_MODELS, run_experiment
from tsattn_tutorial.experiments.sine_scores import score_attention, score_probabilities
from tsattn_tutorial.torch import PUBLISHED, SHARP

QUICK = [name for name in SINE_MODELS if name not in ("MiniRocket", "QUANT", "Bayes")]


def small(seed: int = 1, **parameters) -> dict:
    return run_experiment("sine_models", seed, dataset_size=60, **parameters)


@pytest.mark.parametrize("model", QUICK)
def test_rows_are_whole(model):
    row = small(model=model, noise_std=0.5, test_series=30)
    assert row["test_series"] == 30 and row["accuracy"] == 1 - row["errors"] / 30
    assert min(row["fit_seconds"], row["predict_seconds"], row["parameters_of_model"]) >= 0
    assert math.isnan(row["mass"]) == ("attention" not in model and model != "BiLSTM, mean")


@pytest.mark.parametrize("model", ["feed-forward", "patches, attention"])
def test_the_same_seed_gives_the_same_row(model):
    row, again = (small(model=model, noise_std=0.5, test_series=30) for _ in range(2))
    assert all(row[key] == again[key] or math.isnan(row[key]) for key in row if "seconds" not in key)


@pytest.mark.parametrize("model", ["MiniRocket", "QUANT", "Bayes"])
def test_slower_methods_run(model):
    row = small(model=model, noise_std=0.5, test_series=20)
    assert row["accuracy"] > 0.5 and math.isnan(row["log_loss"]) == (model == "MiniRocket")


def test_all_models_get_the_data_of_the_source_experiment():
    row = small(model="one-line rule")
    test = train_validation_test_split(sine_waves(SineConfig(dataset_size=60), seed=1), seed=1).test
    assert row["test_series"] == len(test) == 12 and row["errors"] == 0
    assert row["chance"] == pytest.approx(test.truth[test.y == 1].mean())


def test_the_bilstm_with_attention_is_the_source_experiment():
    ours = run_experiment("sine_models", 1, dataset_size=30)
    theirs = run_experiment("bilstm_attention", 1, dataset_size=30)
    for key in ("accuracy", "mass", "chance", "pointing", "epochs_run"):
        assert ours[key] == pytest.approx(theirs[key], abs=1e-12)


def test_the_rule_is_perfect_without_noise_and_finds_nothing_in_it():
    clean, noisy = (small(model="one-line rule", noise_std=s, test_series=200) for s in (0.0, 0.5))
    majority = small(model="majority class", noise_std=0.5, test_series=200)
    assert clean["accuracy"] == 1 and abs(noisy["accuracy"] - 0.5) < 0.15 and abs(majority["accuracy"] - 0.5) < 0.15


def test_bayes_beats_the_others_on_the_same_series():
    rows = {model: small(model=model, noise_std=2.0, test_series=150) for model in ("Bayes", "feed-forward", "QUANT")}
    assert rows["Bayes"]["chance"] == rows["QUANT"]["chance"]
    assert rows["Bayes"]["errors"] < min(rows["QUANT"]["errors"], rows["feed-forward"]["errors"])
    assert rows["Bayes"]["brier"] < rows["QUANT"]["brier"] and rows["Bayes"]["mass"] > 0.8


def test_the_limit_needs_noise_and_models_need_a_name():
    with pytest.raises(ValueError, match="noise_std"):
        small(model="Bayes")
    with pytest.raises(ValueError, match=r"model must be one of majority class, .*; got 'Rocket'"):
        small(model="Rocket")


def test_probabilities_are_scored_by_hand():
    y, probability = np.array([0, 1, 1, 0]), np.array([0.02, 0.97, 0.4, 0.5])
    scores = score_probabilities(y, probability)
    assert scores["errors"] == 2 and scores["accuracy"] == 0.5  # one half counts as label 1
    assert scores["log_loss"] == pytest.approx(-np.log([0.98, 0.97, 0.4, 0.5]).mean())
    assert scores["brier"] == pytest.approx(np.mean([0.02**2, 0.03**2, 0.6**2, 0.5**2]))
    count, total, positive = json.loads(scores["reliability"])
    assert sum(count) == 4 and sum(total) == pytest.approx(probability.sum()) and sum(positive) == 2
    assert (count[0], count[8], count[10], count[19]) == (1, 1, 1, 1) and (positive[8], positive[10]) == (1, 0)


def test_attention_is_scored_on_flattened_series_alone():
    truth = np.array([[True, True, False, False], [False] * 4])
    test = SeriesBatch(np.zeros((2, 4, 1), np.float32), np.array([1, 0]), truth)
    scores = score_attention(np.array([[0.5, 0.2, 0.3, 0.0], [0, 0, 0, 1.0]]), test)
    assert scores == {"mass": pytest.approx(0.7), "chance": 0.5, "pointing": 1}
    assert math.isnan(score_attention(None, test)["mass"])


def test_the_changes_lead_from_the_published_recipe_to_ours(monkeypatch):
    seen = []

    def stop(recipe, *_, **__):
        seen.append(recipe)
        raise InterruptedError

    monkeypatch.setattr("tsattn_tutorial.torch.Recipe.fit", stop)
    asked = [
        {"up_to": "published"},
        {},
        {"without": "slope"},
        {"up_to": "paced", "hidden_size": 8, "pooling": "max", "slope": 2.0},
    ]
    for parameters in asked:
        with pytest.raises(InterruptedError):
            run_experiment("sine_recipe", 0, **parameters)
    first, last, no_slope, paced = seen
    assert first == PUBLISHED and last == SHARP and next(iter(SINE_CHANGES)) == "published"
    assert no_slope.slope == 0 and no_slope.patch_size == SHARP.patch_size
    assert paced.hidden_size == 8 and paced.normalise and paced.patch_size == 1 and paced.epochs == SHARP.epochs
    assert paced.pooling == "max" and paced.slope == 2
    for key in ("up_to", "without"):
        with pytest.raises(ValueError, match=f"{key} must be one of published"):
            run_experiment("sine_recipe", 0, **{key: "faster"})


def test_the_recipe_learns_in_seconds_and_attends_to_the_stretch():
    row = run_experiment("sine_recipe", 1000)
    assert row["errors"] <= 2 and row["mass"] > 0.95 and row["validation_errors"] <= 2
    assert row["epochs_run"] == SHARP.epochs and row["pointing"] > 0.98


def test_fresh_series_are_compared_with_the_posterior_series_by_series():
    few = {"series": 300, "test_series": 120, "epochs": 3, "hidden_size": 8, "layers": 1}
    row = run_experiment("sine_fresh_series", 1, noise_std=2.0, **few)
    assert row["errors"] - row["bayes_errors"] == row["only_model_wrong"] - row["only_bayes_wrong"] > 0
    assert row["epochs_run"] == 3 and row["bayes_mass"] > row["mass"] and row["bayes_brier"] < row["brier"]
    bayes = run_experiment("sine_models", 1, model="Bayes", noise_std=2.0, dataset_size=300, test_series=120)
    assert row["bayes_errors"] == bayes["errors"] and row["bayes_mass"] == pytest.approx(bayes["mass"])


def test_no_series_of_the_fresh_ones_is_seen_twice(monkeypatch):
    seen = []

    def look(recipe, train, validation, **_):
        seen.extend([validation.x, train(1).x, train(2).x])
        raise InterruptedError

    monkeypatch.setattr("tsattn_tutorial.torch.Recipe.fit", look)
    monkeypatch.setattr("tsattn_tutorial.experiments.sine_fresh.sine_posterior", lambda x, *_, **__: seen.append(x))
    with pytest.raises(InterruptedError):
        run_experiment("sine_fresh_series", 1, series=20, test_series=20)
    every = np.concatenate(seen).reshape(80, -1)
    assert len(np.unique(every, axis=0)) == 80
