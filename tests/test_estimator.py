"""The classifier for series of one's own: aeon's contract, exact evidence, files that come back, clear refusals."""

import pickle

import numpy as np
import pandas as pd
import pytest
from aeon.testing.estimator_checking import parametrize_with_checks
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from tsattn_tutorial.estimator import AttentionClassifier, compare

SMALL = {"units": 8, "updates": 30, "random_state": 0}


@parametrize_with_checks([AttentionClassifier])
def test_aeon(check):
    """All that aeon asks of a classifier."""
    check()


def bumps(n=40, steps=30, channels=2, seed=0):
    """Draw noise with a bump in channel 0 or 1; where it stands is random, in which channel is the label."""
    rng = np.random.default_rng(seed)
    x = 0.3 * rng.normal(size=(n, channels, steps)) + np.array([5.0, 1013.0])[:channels, None]
    y = rng.integers(2, size=n)
    for series, label in zip(x, y, strict=True):
        at = rng.integers(steps - 6)
        series[label, at : at + 6] += 4
    return x, np.array(["first", "second"])[y]


@pytest.fixture(scope="module")
def fitted():
    """A classifier of three members, and its data."""
    x, y = bumps()
    return AttentionClassifier(**SMALL, n_members=3).fit(x, y), x, y


def ragged(x):
    """The same series, cut at different lengths."""
    return [series[:, : 18 + number % 12] for number, series in enumerate(x)]


def test_learns(fitted):
    """Held-out series are told apart, with the labels that came in."""
    model, _, _ = fitted
    x, y = bumps(seed=1)
    assert model.score(x, y) >= 0.9
    assert set(model.predict(x)) <= {"first", "second"}


@pytest.mark.parametrize("pooling", ["attention", "mean"])
@pytest.mark.parametrize("encoder", ["convolution", "bilstm"])
@pytest.mark.parametrize("steps", [30, 450])
def test_evidence_is_exact(pooling, encoder, steps):
    """In float64 the parts add up to the logits and the weights to 1, with padding and patches; padding is NaN."""
    x, y = bumps(12, steps)
    x = [series[:, : steps - 7 * (number % 3)] for number, series in enumerate(x)]
    model = AttentionClassifier(encoder, pooling, units=8, updates=2, random_state=0, n_members=2).fit(x, y)
    model.network_.double()
    evidence, weights = model.evidence(x), model.attend(x)
    logits = model._say(model._batch(x))
    assert evidence.shape == (12, 2, steps)
    np.testing.assert_allclose(np.nansum(evidence, axis=2), logits, atol=1e-9 * np.abs(logits).max(), rtol=0)
    np.testing.assert_allclose(np.nansum(weights, axis=1), 1, atol=1e-9)
    lengths = [series.shape[1] for series in x]
    assert (np.isnan(weights).sum(axis=1) == steps - np.array(lengths)).all()
    if pooling == "mean":
        np.testing.assert_allclose(weights[0, : lengths[0]].sum() / lengths[0], 1 / lengths[0])
    alone = model.evidence(x[1:2])  # less padding
    np.testing.assert_allclose(alone[0], evidence[1, :, : lengths[1]], atol=1e-9)
    model.network_.float()
    assert np.abs(np.nansum(model.evidence(x), axis=2) - logits).max() <= 1e-5 * np.abs(logits).max()


def test_padding_changes_nothing_in_training():
    """A batch with a longer series beside them is normalised by the real steps alone."""
    x, y = bumps(16)
    model = AttentionClassifier(units=8, updates=3, batch_size=16, random_state=0).fit(ragged(x), y)
    batch = model._batch(ragged(x))
    from dataclasses import replace

    from tsattn_tutorial.datasets import padded
    from tsattn_tutorial.torch import predict

    member = model.network_.double()
    longer = padded(batch, 60)
    longer = replace(longer, x=np.where(longer.mask[:, :, None], longer.x, np.nan))
    np.testing.assert_allclose(predict(member, longer).probability, predict(member, batch).probability, atol=1e-9)


def test_what_is_told_apart_is_named(fitted):
    """Every explanation but the plain gradient names the bump, and deleting what is named hurts."""
    model, _, _ = fitted
    x, y = bumps(30, seed=2)
    bump = np.abs(x - np.median(x, axis=2, keepdims=True)).max(axis=1) > 2
    for method in ("attention", "evidence", "gradient times input", "integrated gradients", "occlusion"):
        named = model.explain(x, method)
        inside, outside = named[bump].mean(), named[~bump].mean()
        assert inside > outside, method
    assert model.explain(x, "gradient").shape == (30, 30)
    found = model.faithfulness(x, "evidence")
    assert found.difference.low > 0
    assert "clear" in str(found)


def test_unequal_lengths_and_gaps():
    """Lists, NaN inside and at the ends, and a channel that is all gap."""
    x, y = bumps(24)
    x = ragged(x)
    x[0][0, 3:6], x[1][0, :4], x[2][1] = np.nan, np.nan, np.nan
    model = AttentionClassifier(**SMALL).fit(x, y)
    assert np.isfinite(model.predict_proba(x)).all()
    straight = x[0].copy()
    straight[0, 3:6] = np.interp([3, 4, 5], [2, 6], x[0][0, [2, 6]])
    np.testing.assert_allclose(model.predict_proba([straight]), model.predict_proba(x[:1]), atol=1e-6)


def test_units_of_the_channels_do_not_matter():
    """Scaling is inside: Kelvin or Celsius, Pascal or bar."""
    x, y = bumps(24)
    probability = AttentionClassifier(**SMALL).fit(x, y).predict_proba(x)
    other = AttentionClassifier(**SMALL).fit(x * [[1000], [0.01]] + [[7], [-3]], y)
    np.testing.assert_allclose(other.predict_proba(x * [[1000], [0.01]] + [[7], [-3]]), probability, atol=1e-3)


def test_rare_classes():
    """Class weights move predictions towards the rare class; the validation part has all classes."""
    x, y = bumps(60)
    keep = np.r_[np.flatnonzero(y == "first"), np.flatnonzero(y == "second")[:5]]
    x, y = x[keep], y[keep]
    plain = AttentionClassifier(units=8, updates=6, random_state=0).fit(x, y)
    balanced = AttentionClassifier(units=8, updates=6, random_state=0, class_weight="balanced").fit(x, y)
    named = AttentionClassifier(units=8, updates=6, random_state=0, class_weight={"second": 50.0}).fit(x, y)
    rare = [model.predict_proba(x)[:, 1].mean() for model in (plain, balanced, named)]
    assert rare[0] < rare[1] < rare[2]
    held = AttentionClassifier(**SMALL, validation=0.4, patience=2).fit(x, y)
    assert np.isfinite([row.validation_loss for row in held.histories_[0].epochs]).all()


def test_save_and_load(fitted, tmp_path):
    """The same probabilities, classes and scaling; also by pickle, and a clone fits to the same."""
    model, x, y = fitted
    path = tmp_path / "model.tsattn"
    model.save(path)
    loaded = AttentionClassifier.load(path)
    assert (loaded.predict_proba(x) == model.predict_proba(x)).all()
    assert (loaded.evidence(x) == model.evidence(x)).all()
    assert loaded.classes_.tolist() == ["first", "second"]
    assert (pickle.loads(pickle.dumps(model)).predict_proba(x) == model.predict_proba(x)).all()
    assert (clone(model).fit(x, y).predict_proba(x) == model.predict_proba(x)).all()
    with pytest.raises(ValueError, match="channels"):
        loaded.predict(x[:, :1])
    assert list(tmp_path.iterdir()) == [path]


BAD_FILES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "other arrays": lambda path: np.savez(path.open("wb"), a=np.zeros(3)),
    "pickle": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "another version": lambda path: np.savez(
        path.open("wb"), header=np.frombuffer(b'{"format": "tsattn_tutorial AttentionClassifier 99"}', np.uint8)
    ),
}


@pytest.mark.parametrize("spoil", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(spoil, fitted, tmp_path):
    """A file that is not what `save` wrote is refused by name."""
    path = tmp_path / "model"
    fitted[0].save(path)
    spoil(path)
    with pytest.raises(ValueError, match="model: expected a file that AttentionClassifier.save wrote, got"):
        AttentionClassifier.load(path)


def test_damage(fitted, tmp_path):
    """One bit turned, wherever: the file is refused, or what it holds is not touched."""
    model, x, _ = fitted
    model.save(tmp_path / "model")
    content, refused = (tmp_path / "model").read_bytes(), 0
    for place in np.linspace(0, len(content) - 1, 60).astype(int):
        damaged = bytearray(content)
        damaged[place] ^= 16
        (tmp_path / "model").write_bytes(damaged)
        try:
            loaded = AttentionClassifier.load(tmp_path / "model")
        except ValueError:
            refused += 1
        else:
            assert (loaded.predict_proba(x) == model.predict_proba(x)).all()
    assert refused > 40


def test_what_json_cannot_hold_is_refused_when_saving(tmp_path):
    """Dates as labels, a RandomState: refused, and nothing is written."""
    x, y = bumps(12)
    dates = np.where(y == "first", np.datetime64("2024-01-01"), np.datetime64("2025-01-01"))
    quick = {"units": 4, "updates": 1}
    for model, labels in (
        (AttentionClassifier(**quick, random_state=np.random.RandomState(0)), y),
        (AttentionClassifier(**quick, class_weight={"first": np.nan, "second": 1}), y),
    ):
        with pytest.raises(ValueError, match="JSON|class_weight"):
            model.fit(x, labels).save(tmp_path / "model")
    assert dates.size
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "labels", [np.array([3, 7]), np.array([-1.0, 1.0]), np.array([False, True]), np.array(["a", "ü"])]
)
def test_labels_are_kept(labels, tmp_path):
    """Whatever they are: type and values survive fitting, saving and loading."""
    x, y = bumps(12)
    y = labels[(y == "second").astype(int)]
    model = AttentionClassifier(units=4, updates=1, random_state=0).fit(x, y)
    model.save(tmp_path / "model")
    for one in (model, AttentionClassifier.load(tmp_path / "model")):
        assert one.classes_.dtype == labels.dtype
        assert (one.classes_ == labels).all()
        assert set(one.predict(x)) <= set(labels)


def test_scikit_learn():
    """Cross-validation, groups, a grid and calibration take it."""
    x, y = bumps(24)
    model = AttentionClassifier(units=4, updates=2, random_state=0)
    assert len(cross_val_score(model, x, y, cv=GroupKFold(3), groups=np.arange(24) // 4)) == 3
    grid = GridSearchCV(model, {"pooling": ["mean", "max"]}, cv=2).fit(x, y)
    assert grid.best_params_["pooling"] in ("mean", "max")
    calibrated = CalibratedClassifierCV(model, cv=2).fit(x, y)
    np.testing.assert_allclose(calibrated.predict_proba(x).sum(axis=1), 1)
