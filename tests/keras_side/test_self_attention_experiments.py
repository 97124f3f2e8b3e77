"""The experiments on self-attention run in every variant, and measure what their rows say."""

import json

import numpy as np
import pytest

from tsattn_tutorial.datasets import archive_series, class_motifs
from tsattn_tutorial.experiments import VOWELS_MODELS, motifs, run_experiment, vowels

WITHOUT_WEIGHTS = {"lstm", "one lstm", "mean pooling"}
NO_SETTING = {"epochs": 1, "units": 4}


@pytest.fixture
def few(monkeypatch):
    """Train and score on few series."""
    monkeypatch.setattr(motifs, "TEST", 40)
    small = {regime: {**drawn, "size": 60} for regime, drawn in motifs.MOTIF_REGIMES.items()}
    monkeypatch.setattr(motifs, "MOTIF_REGIMES", small)


@pytest.fixture
def few_vowels(monkeypatch):
    """Four recordings of each speaker, in the order of the archive."""

    def first(name, split):
        batch = archive_series(name, split)
        return batch[np.concatenate([np.flatnonzero(batch.y == label)[:4] for label in range(9)])]

    monkeypatch.setattr(vowels, "archive_series", first)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "variant", ["lstm", "sigmoid after, old mask", "even after", "attention pooling", "transformer"]
)
def test_a_row_of_the_line_up(variant):
    row = run_experiment("self_attention_effect", 1, variant=variant, regime="relational", **NO_SETTING)
    confusion = np.array(json.loads(row["confusion"]))
    assert confusion.shape == (8, 8) and confusion.sum() == 40
    assert row["accuracy"] == pytest.approx(np.trace(confusion) / 40)
    assert row["macro_f1"] == pytest.approx(np.mean([row[f"f1_{label}"] for label in range(8)]))
    assert np.isnan(row["entropy"]) == (variant in WITHOUT_WEIGHTS)
    assert np.isnan(row["partner"]) == (variant in WITHOUT_WEIGHTS | {"attention pooling"})
    if variant == "even after":
        assert row["entropy"] == pytest.approx(1) and row["partner"] == pytest.approx(row["partner_chance"], rel=1e-5)
    if variant not in WITHOUT_WEIGHTS:
        assert (row["on_padding"] > 0) == (variant == "sigmoid after, old mask")


class _Stopped(Exception):
    pass


def _stop(*_, **__):
    raise _Stopped


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("regime", motifs.MOTIF_REGIMES)
def test_variants_of_one_seed_share_their_series(regime, monkeypatch):
    drawn = []

    def recorded(size, **options):
        drawn.append((size, options["seed"]))
        return class_motifs(size, **options)

    monkeypatch.setattr(motifs, "class_motifs", recorded)
    monkeypatch.setattr(motifs, "build_variant", _stop)
    for seed in (0, 1):
        for variant in ("one lstm", "residual before"):
            with pytest.raises(_Stopped):
                run_experiment("self_attention_effect", seed, variant=variant, regime=regime)
    assert drawn[:2] == drawn[2:4] and drawn[4:6] == drawn[6:] and len({seed for _, seed in drawn}) == 4


def test_the_attention_is_described_as_it_is():
    """A query that looks at its partner alone, and everything else even."""
    batch = class_motifs(30, regime="relational", seed=1)
    real = batch.mask[:, :, None] & batch.mask[:, None]
    weights = real / batch.mask.sum(axis=1)[:, None, None]
    even = motifs._attention(weights, batch, "relational")
    assert even["entropy"] == pytest.approx(1) and even["partner"] == pytest.approx(even["partner_chance"])
    for one, truth in zip(weights, batch.truth, strict=True):
        first, second = np.flatnonzero(truth).reshape(2, 4)
        one[np.ix_(first, range(32))] = 0
        one[np.ix_(first, second)] = 0.25
    looks = motifs._attention(weights, batch, "relational")
    assert looks["partner"] == pytest.approx((1 + even["partner_chance"]) / 2)
    assert looks["on_padding"] == 0 and looks["entropy"] < 1
    assert np.isnan(motifs._attention(None, batch, "local")["entropy"])


@pytest.mark.usefixtures("few_vowels")
@pytest.mark.parametrize(
    ("model", "held_out"),
    [
        ("convolution, attention", "forward"),
        ("two convolutions, mean", "test"),
        ("attention pooling", "test"),
        ("logistic regression", "forward"),
    ],
)
def test_a_row_of_the_vowels(model, held_out, monkeypatch):
    monkeypatch.setattr("tsattn_tutorial.keras.fit", _one_epoch)
    monkeypatch.setattr(vowels, "SHARES", (1 / 2, 3 / 4))
    monkeypatch.setattr(vowels, "FOLDS", 2)
    row = run_experiment("japanese_vowels", 0, model=model, held_out=held_out)
    assert row["held_out_series"] == (36 if held_out == "test" else 18 + 9)
    assert 0 <= row["accuracy"] <= 1 and row["log_loss"] > 0 and row["parameters_of_model"] > 0
    assert np.isnan(row["entropy"]) == (model in ("two convolutions, mean", "logistic regression"))


def test_every_model_of_the_vowels_can_be_built():
    from tsattn_tutorial.keras import convolution_pooling_classifier

    for options in VOWELS_MODELS.values():
        convolution_pooling_classifier((29, 12), classes=9, **options)


def _one_epoch(model, train, **setting):
    from tsattn_tutorial.keras.training import fit

    return fit(model, train, **{**setting, "epochs": 1})


def test_forward_validation_trains_on_what_came_first():
    train = archive_series("JapaneseVowels", "train")
    for inside, outside in vowels._forward(train):
        for label in range(9):
            own = train.x[train.y == label]
            first, later = inside.x[inside.y == label], outside.x[outside.y == label]
            np.testing.assert_array_equal(np.concatenate([first, later]), own)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("self_attention_effect", {"regime": "global"}, "regime must be one of local, relational, hopeless; got"),
        ("self_attention_effect", {"variant": "behind"}, "variant must be one of lstm, sigmoid after"),
        ("japanese_vowels", {"model": "forest"}, "model must be one of convolution, attention; .*; got 'forest'"),
        ("japanese_vowels", {"held_out": "none"}, 'held_out must be "test" or "forward", got'),
    ],
)
def test_unknown_choices(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        run_experiment(name, 0, **parameters)
