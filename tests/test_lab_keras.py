"""The experiments in Keras run in every variant, and measure what their rows say."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import torch

import tsattn_tutorial.keras
from tsattn_lab.experiments import archive, attention_over_cells, attention_over_steps, motifs, planted
from tsattn_tutorial.datasets import MOTIF_REGIMES, SeriesBatch, archive_series, class_motifs

SMALL = {"size": 60, "epochs": 1}
CASES = [
    (attention_over_steps, {"variant": "before", "single": True}, 20),
    (attention_over_steps, {"variant": "after"}, 20),
    (attention_over_steps, {"variant": "content position-wise", "position": "random"}, 20),
    (planted.attention_over_dimensions, {"variant": "swapped", "single": True}, 10),
    (planted.attention_over_dimensions, {"variant": "after"}, 32),
]


@pytest.fixture
def few(monkeypatch, eager):
    """Train and score on few series."""
    monkeypatch.setattr(planted, "TEST", 40)
    monkeypatch.setitem(motifs.__globals__, "TEST", 40)
    small = {regime: {**drawn, "size": 60} for regime, drawn in MOTIF_REGIMES.items()}
    monkeypatch.setitem(motifs.__globals__, "MOTIF_REGIMES", small)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("function", "settings", "bars"), CASES)
def test_a_row_holds_the_chart(function, settings, bars):
    row = function(1, **SMALL, **settings)
    chart = [value for key, value in row.items() if key.startswith("weight_")]
    assert len(chart) == bars and sum(chart) == pytest.approx(1, abs=1e-5)
    assert row["largest"] == np.argmax(chart)
    assert np.isnan(row["mass"]) == (bars == 32)
    assert 0 <= row["accuracy"] <= 1 and row["best_epoch"] == 1


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("variant", "cells"), [("factorised", "row"), ("steps", "two"), ("dimensions", "one")])
def test_cells(variant, cells):
    row = attention_over_cells(1, variant=variant, pooling="sum", cells=cells, **SMALL)
    assert 0 < row["least"] <= row["mass"] / (1 if cells == "one" else 2) < 1
    steps, dimensions = zip(*(map(int, row[key].split()) for key in ("largest", "second")), strict=True)
    assert set(steps) <= set(range(10)) and set(dimensions) <= set(range(6))


def test_mass_and_pointing_are_those_of_hand_made_weights():
    weights, truth = np.array([[0.2, 0.8, 0], [0.6, 0.1, 0.3]]), np.array([[0, 1, 0], [0, 1, 1]], bool)
    batch = SeriesBatch(np.zeros((2, 3, 1), np.float32), np.array([0, 1]), truth)
    row = planted._where({}, batch, weights, axis=2)
    chart = {"weight_00": 0.4, "weight_01": 0.45, "weight_02": 0.15}
    assert row == pytest.approx({"mass": 0.6, "mass_0": 0.8, "mass_1": 0.4, "pointing": 0.5, "largest": 1, **chart})


def test_a_trained_row_finds_the_step():
    row = attention_over_steps(0, variant="position-wise", position=3, size=3000, epochs=8)
    assert row["validation_accuracy"] > 0.99 and row["accuracy"] > 0.99 and row["largest"] == 3
    assert row["pointing"] > 0.9 and row["mass"] > 0.2


@pytest.mark.usefixtures("few")
def test_a_row_of_the_line_up():
    row = motifs(1, variant="transformer", regime="relational", epochs=1, units=4)
    confusion = np.array(json.loads(row["confusion"]))
    assert confusion.shape == (8, 8) and confusion.sum() == 40
    assert row["accuracy"] == pytest.approx(np.trace(confusion) / 40)
    assert row["macro_f1"] == pytest.approx(np.mean([row[f"f1_{label}"] for label in range(8)]))
    assert 0 < row["entropy"] < 1 and 0 < row["partner"] < 1 and row["on_padding"] == 0


@pytest.mark.parametrize("backwards", [False, True])
def test_the_fast_lstm_of_the_line_up_is_that_of_keras(backwards):
    batch = class_motifs(5, seed=1)
    layer = keras.layers.LSTM(4, return_sequences=True, go_backwards=backwards)
    slow = np.asarray(layer(batch.x, mask=batch.mask))
    kernels = [(v.name, SimpleNamespace(value=torch.tensor(np.asarray(v)))) for v in layer.cell.weights]
    given = SimpleNamespace(cell=SimpleNamespace(**dict(kernels)), go_backwards=backwards)
    x, start, mask = torch.tensor(batch.x), [torch.zeros(5, 4)] * 2, torch.tensor(batch.mask)
    fast = motifs.__globals__["_fused"](given, x, start, mask)[1].numpy()
    real = batch.mask[:, ::-1] if backwards else batch.mask
    np.testing.assert_allclose(fast[real], slow[real], atol=1e-6)


def _stop(*_, **__):
    raise InterruptedError


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("regime", MOTIF_REGIMES)
def test_variants_of_one_seed_share_their_series(regime, monkeypatch):
    drawn = []

    def recorded(size, **options):
        drawn.append((size, options["seed"]))
        return class_motifs(size, **options)

    monkeypatch.setitem(motifs.__globals__, "class_motifs", recorded)
    monkeypatch.setattr(tsattn_tutorial.keras, "build_variant", _stop)
    for seed in (0, 1):
        for variant in ("one lstm", "residual before"):
            with pytest.raises(InterruptedError):
                motifs(seed, variant=variant, regime=regime)
    assert drawn[:2] == drawn[2:4] and drawn[4:6] == drawn[6:] and len({seed for _, seed in drawn}) == 4


def test_the_attention_is_described_as_it_is():
    """A query that looks at its partner alone, and everything else even."""
    describe = motifs.__globals__["_attention"]
    batch = class_motifs(30, regime="relational", seed=1)
    real = batch.mask[:, :, None] & batch.mask[:, None]
    weights = real / batch.mask.sum(axis=1)[:, None, None]
    even = describe(weights, batch, "relational")
    assert even["entropy"] == pytest.approx(1) and even["partner"] == pytest.approx(even["partner_chance"])
    for one, truth in zip(weights, batch.truth, strict=True):
        first, second = np.flatnonzero(truth).reshape(2, 4)
        one[np.ix_(first, range(32))] = 0
        one[np.ix_(first, second)] = 0.25
    looks = describe(weights, batch, "relational")
    assert looks["partner"] == pytest.approx((1 + even["partner_chance"]) / 2)
    assert looks["on_padding"] == 0 and looks["entropy"] < 1
    pooled = describe(weights[:, 0], batch, "relational")
    assert pooled["entropy"] <= 1 + 1e-9 and np.isnan(pooled["partner"])
    assert np.isnan(list(describe(None, batch, "local").values())).all()


ITALY = {
    "attention": 1049,
    "weighted regression": 625,
    "mean pooling": 449,
    "flatten": 1921,
    "lstm": 21186,
    "logistic regression": 25,
    "majority class": np.nan,
}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("model", ITALY)
def test_a_row_of_power_demand(model):
    row = archive(0, model=model, training={"epochs": 1, "batch_size": 32})
    assert row["held_out_series"] == 1029 and 0 <= row["accuracy"] <= 1 and row["log_loss"] > 0
    assert row["parameters_of_model"] == pytest.approx(ITALY[model], nan_ok=True)
    assert np.isnan(row["entropy"]) == (model in ("mean pooling", "flatten", "logistic regression", "majority class"))


def test_folds_hold_out_every_training_series_once_and_the_seed_draws_them():
    held = [[outside.x for _, outside in archive.__globals__["_pairs"]("folds", seed)] for seed in (0, 1)]
    train = archive_series("ItalyPowerDemand", "train").x
    assert all(np.array_equal(np.unique(np.concatenate(one), axis=0), np.unique(train, axis=0)) for one in held)
    assert [sum(map(len, one)) for one in held] == [67, 67] and not np.array_equal(held[0][0], held[1][0])
