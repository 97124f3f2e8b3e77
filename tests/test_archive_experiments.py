"""The experiment on Italian power demand runs every model, on both kinds of held-out series."""

import math

import pytest

from tsattn_tutorial.experiments import run_experiment

MODELS = [
    "attention",
    "averaged attention",
    "weighted regression",
    "mean pooling",
    "flatten",
    "lstm",
    "majority class",
    "logistic regression",
]


@pytest.mark.parametrize("model", MODELS)
def test_a_row(model):
    row = run_experiment("italy_power_demand", 0, model=model, epochs=1, batch_size=32)
    assert row["held_out_series"] == 1029 and 0 <= row["accuracy"] <= 1 and row["log_loss"] > 0
    parameters = {
        "attention": 1049,
        "averaged attention": 10049,
        "weighted regression": 625,
        "mean pooling": 449,
        "flatten": 1921,
        "lstm": 21186,
        "logistic regression": 25,
    }
    assert row["parameters_of_model"] == pytest.approx(parameters.get(model, math.nan), nan_ok=True)


def test_folds_hold_out_every_training_series_once_and_the_seed_draws_them():
    rows = [
        run_experiment("italy_power_demand", seed, model="logistic regression", held_out="folds") for seed in (0, 1)
    ]
    assert [row["held_out_series"] for row in rows] == [67, 67]
    assert rows[0]["log_loss"] != rows[1]["log_loss"] and min(row["accuracy"] for row in rows) > 0.9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"model": "oracle"}, "model must be one of attention, .*; got 'oracle'"), ({"held_out": "all"}, "held_out must")],
)
def test_unknown_choices(parameters, message):
    with pytest.raises(ValueError, match=message):
        run_experiment("italy_power_demand", 0, **parameters)
