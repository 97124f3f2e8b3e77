"""The experiments on planted signals run in every variant, and measure what their rows say."""

import numpy as np
import pytest

from tsattn_tutorial.datasets import planted_steps
from tsattn_tutorial.experiments import planted, run_experiment
from tsattn_tutorial.experiments.common import stream_seed

SMALL = {"size": 60, "epochs": 1}
CASES = [
    ("planted_steps_attention", {"variant": variant, "single": single}, 20)
    for variant in ("before", "after", "position-wise")
    for single in (False, True)
]
CASES += [
    ("planted_steps_attention", {"variant": "content", "place": "random"}, 20),
    ("planted_steps_attention", {"variant": "content position-wise", "place": [3, 15]}, 20),
]
CASES += [
    ("planted_dimensions_attention", {"variant": variant, "single": single}, 32 if variant == "after" else 10)
    for variant in ("before", "swapped", "after")
    for single in (False, True)
]


@pytest.fixture
def few(monkeypatch):
    """Score on few series."""
    monkeypatch.setattr(planted, "TEST", 40)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("name", "parameters", "bars"), CASES)
def test_a_row_holds_the_chart(name, parameters, bars):
    row = run_experiment(name, 1, **SMALL, **parameters)
    chart = [value for key, value in row.items() if key.startswith("weight_")]
    assert len(chart) == bars and sum(chart) == pytest.approx(1, abs=1e-5)
    assert row["largest"] == np.argmax(chart)
    assert np.isnan(row["mass"]) == (bars == 32)
    assert 0 <= row["accuracy"] <= 1 and row["best_epoch"] == 1


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("variant", ["joint", "factorised", "steps", "dimensions"])
@pytest.mark.parametrize(("cells", "readout"), [("one", "lstm"), ("two", "sum"), ("row", "sum")])
def test_cells(variant, cells, readout):
    row = run_experiment("planted_cells_attention", 1, variant=variant, readout=readout, cells=cells, **SMALL)
    assert 0 < row["least"] <= row["mass"] / (1 if cells == "one" else 2) < 1
    steps, dimensions = zip(*(map(int, row[key].split()) for key in ("largest", "second")), strict=True)
    assert set(steps) <= set(range(10)) and set(dimensions) <= set(range(6))


def test_mass_and_pointing_are_those_of_hand_made_weights():
    weights, truth = np.array([[0.2, 0.8, 0], [0.6, 0.1, 0.3]]), np.array([[0, 1, 0], [0, 1, 1]], bool)
    row = planted._where(weights, truth, np.array([0, 1]))
    chart = {"weight_00": 0.4, "weight_01": 0.45, "weight_02": 0.15}
    assert row == pytest.approx({"mass": 0.6, "mass_0": 0.8, "mass_1": 0.4, "pointing": 0.5, "largest": 1, **chart})


def test_a_trained_row_finds_the_step():
    row = run_experiment("planted_steps_attention", 0, variant="position-wise", place=3, size=3000, epochs=8)
    assert row["validation_accuracy"] > 0.99 and row["accuracy"] > 0.99 and row["largest"] == 3
    assert row["pointing"] > 0.9 and row["mass"] > 0.2


@pytest.mark.usefixtures("few")
def test_an_experiment_trains_and_tests_on_different_series(monkeypatch):
    drawn = {}

    def recorded(size, *, seed, **options):
        drawn.setdefault(size, seed)
        return planted_steps(size, seed=seed, **options)

    monkeypatch.setattr(planted, "planted_steps", recorded)
    run_experiment("planted_steps_attention", 0, **SMALL)
    assert drawn[SMALL["size"]] != drawn[planted.TEST]


def test_data_differ_between_seeds_and_between_training_and_test():
    assert len({stream_seed(seed, stream) for seed in range(50) for stream in (0, 1)}) == 100


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("planted_steps_attention", {"variant": "behind"}, "variant must be one of before, after, position-wise"),
        ("planted_dimensions_attention", {"variant": "behind"}, "variant must be one of before, swapped, after; got"),
        ("planted_cells_attention", {"variant": "behind"}, "variant must be one of joint, factorised, steps"),
        ("planted_cells_attention", {"cells": "three"}, "cells must be one of one, two, row; got 'three'"),
        ("planted_cells_attention", {"readout": "max"}, "readout must be one of lstm, sum; got 'max'"),
    ],
)
def test_unknown_choices(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        run_experiment(name, 0, **parameters)
