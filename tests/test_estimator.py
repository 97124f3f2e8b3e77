"""The classifier for series of one's own: aeon's contract, exact evidence, files that come back, clear refusals."""

import pickle
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch
from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.testing.estimator_checking import parametrize_with_checks
from scipy import stats
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from tsattn_tutorial.datasets import SeriesBatch, read_csv
from tsattn_tutorial.estimator import AttentionClassifier, Comparison, compare
from tsattn_tutorial.estimator.comparison import _one_length, _splits
from tsattn_tutorial.torch import predict
from tsattn_tutorial.torch.encoders import Encoder, SeriesNetwork
from tsattn_tutorial.torch.explanations import say
from tsattn_tutorial.torch.networks import seeded

SMALL = {"units": 8, "updates": 30, "random_state": 0}
QUICK = {"units": 4, "updates": 1, "random_state": 0}


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


X, Y = bumps(12, 20)


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


@pytest.mark.parametrize(
    ("encoder", "pooling", "steps"),
    [("kernels", "mean", 230), *((kind, "attention", steps) for kind in get_args(Encoder) for steps in (30, 230))],
)
def test_evidence_is_exact(encoder, pooling, steps):
    """In float64 the parts add up to the logits and the weights to 1, with padding and patches; padding is NaN."""
    x, y = bumps(12, steps)
    x = [series[:, : steps - 7 * (number % 3)] for number, series in enumerate(x)]
    model = AttentionClassifier(encoder, pooling, units=8, updates=2, random_state=0, n_members=2).fit(x, y)
    model.network_.double()
    evidence, weights = model.evidence(x), model.attend(x)
    logits = say(model.network_, model._batch(x))
    assert evidence.shape == (12, 2, steps)
    np.testing.assert_allclose(np.nansum(evidence, axis=2), logits, atol=1e-9 * np.abs(logits).max(), rtol=0)
    np.testing.assert_allclose(np.nansum(weights, axis=1), 1, atol=1e-9)
    pair = [say(member, model._batch(x), lambda member, x, mask: member(x, mask)[1]) for member in model.network_]
    joint = np.sqrt(pair[0] * pair[1])  # where both look
    np.testing.assert_allclose(np.nan_to_num(weights), joint / joint.sum(axis=1, keepdims=True), atol=1e-9)
    lengths = [series.shape[1] for series in x]
    assert (np.isnan(weights).sum(axis=1) == steps - np.array(lengths)).all()
    alone = model.evidence(x[1:2])  # less padding
    np.testing.assert_allclose(alone[0], evidence[1, :, : lengths[1]], atol=1e-9)
    model.network_.float()
    assert np.abs(np.nansum(model.evidence(x), axis=2) - logits).max() <= 1e-5 * np.abs(logits).max()


def test_a_network_starts_from_the_plain_mean_and_from_thresholds_spread_over_the_answers():
    """Attention is even at first; over the settled kernels, shares of answers are uniform, whatever the padding."""
    x = np.random.default_rng(0).normal(size=(20, 40, 2)).cumsum(axis=1).astype(np.float32)
    mask = np.arange(40) < np.arange(21, 41)[:, None]
    batch = SeriesBatch(np.where(mask[:, :, None], x, 0), np.zeros(20, int), mask=mask)
    networks = [SeriesNetwork(2, 3, units=8, steps=40, pooling=pooling).eval() for pooling in ("attention", "mean")]
    for network in networks:
        with seeded(0):
            network.settle(batch)
    weights = [network(torch.tensor(batch.x), torch.tensor(mask))[1] for network in networks]
    torch.testing.assert_close(*weights)
    cut = networks[0].cut(batch)
    patches = networks[0].patches
    shares = (cut.x * patches.scale.numpy() + patches.mean.numpy())[mask].mean(axis=0)
    assert len(shares) == 3 * 4 * 84 + 2
    assert stats.kstest(shares[:-2], "uniform").statistic < 0.03
    np.testing.assert_allclose(shares[-2:], batch.x[mask].mean(axis=0), atol=1e-5)
    assert (cut.x[~mask] == 0).all()


@pytest.mark.parametrize("encoder", get_args(Encoder))
def test_patches_are_not_learnt(encoder, monkeypatch):
    """Cut once or anew in every update, they lead to the same classifier."""
    x, y = bumps(20)
    few = SMALL | {"updates": 8, "validation": 0.3}
    one = AttentionClassifier(encoder, **few).fit(ragged(x), y)
    monkeypatch.setattr("tsattn_tutorial.torch.encoders.MOST_NUMBERS", 0)
    other = AttentionClassifier(encoder, **few).fit(ragged(x), y)
    np.testing.assert_allclose(one.predict_proba(ragged(x)), other.predict_proba(ragged(x)), atol=1e-3)


def test_the_control_for_capacity_has_the_parameters_of_the_scores():
    """All but the query, which makes one number of them; it pools by a mean."""
    sizes = {}
    for pooling in ("mean", "layer", "attention"):
        network = SeriesNetwork(1, 2, steps=20, pooling=pooling)
        sizes[pooling] = sum(parameter.numel() for parameter in network.head.parameters())
    assert sizes["layer"] - sizes["mean"] == 64 * 64 + 64
    assert sizes["attention"] - sizes["layer"] == 64 + 1


def test_rollout():
    """The weights led back through self-attention sum to 1; where every patch asks itself alone, nothing moves."""
    x, y = bumps(12)
    model = AttentionClassifier("transformer", **QUICK, n_members=2).fit(ragged(x), y)
    model.network_.double()
    rollout, weights = model.explain(ragged(x), "rollout"), model.attend(ragged(x))
    np.testing.assert_allclose(np.nansum(rollout, axis=1), 1, atol=1e-9)
    assert (np.isnan(rollout) == np.isnan(weights)).all()
    assert np.nanmax(np.abs(rollout - weights)) > 1e-6
    for member in model.network_:
        member.head.encoder.maps = lambda patches, real: [torch.eye(patches.shape[1], dtype=torch.float64)] * 2
    np.testing.assert_allclose(model.explain(ragged(x), "rollout"), weights, atol=1e-12)


def test_padding_changes_nothing_in_training():
    """A batch with a longer series beside them is normalised by the real steps alone."""
    x, y = bumps(16)
    model = AttentionClassifier("inception", units=8, updates=3, random_state=0).fit(ragged(x), y)
    batch = model._batch(ragged(x))
    member = model.network_.double()
    more = [(0, 0), (0, 60 - batch.x.shape[1])]
    x, mask = np.pad(batch.x, [*more, (0, 0)]), np.pad(batch.mask, more)
    longer = replace(batch, x=np.where(mask[:, :, None], x, np.nan), mask=mask)
    np.testing.assert_allclose(predict(member, longer).probability, predict(member, batch).probability, atol=1e-9)


def test_what_is_told_apart_is_named(fitted):
    """Every explanation but the plain gradient names the bump, and deleting what is named hurts."""
    model, _, _ = fitted
    x, _ = bumps(12, seed=2)
    bump = np.abs(x - np.median(x, axis=2, keepdims=True)).max(axis=1) > 2
    for method in ("attention", "evidence", "gradient times input", "integrated gradients", "occlusion"):
        named = model.explain(x, method)
        inside, outside = named[bump].mean(), named[~bump].mean()
        assert inside > outside, method
    assert model.explain(x, "gradient").shape == (12, 30)
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


def test_rolled_series_are_learnt_wherever_they_begin():
    """Classes that differ in the order of what comes in a circle; all training series begin alike."""
    rng = np.random.default_rng(0)
    once = np.repeat([[0.0, 1, 0, 2, 0, 3], [0.0, 3, 0, 2, 0, 1]], 4, axis=1)
    x, y = np.tile(once, (10, 1))[:, None] + rng.normal(0, 0.1, (20, 1, 24)), np.tile([0, 1], 10)
    turned = np.stack([np.roll(one, turn, axis=1) for turn in range(0, 24, 4) for one in x])
    as_is, rolled = (
        AttentionClassifier(units=16, updates=60, roll=roll, random_state=0).fit(x, y).score(turned, np.tile(y, 6))
        for roll in (False, True)
    )
    assert rolled > 0.95 > as_is


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


LATER = b'{"format": "tsattn_tutorial AttentionClassifier 99"}'
BAD_FILES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "other arrays": lambda path: np.savez(path.open("wb"), a=np.zeros(3)),
    "pickle": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "another version": lambda path: np.savez(path.open("wb"), header=np.frombuffer(LATER, np.uint8)),
}


@pytest.mark.parametrize("spoil", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(spoil, fitted, tmp_path):
    """A file that is not what `save` wrote is refused by name."""
    path = tmp_path / "model"
    fitted[0].save(path)
    spoil(path)
    with pytest.raises(ValueError, match=r"model: expected a file that AttentionClassifier\.save wrote, got"):
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


@pytest.mark.parametrize(
    ("fitted_with", "changed", "message"),
    [
        ({"random_state": np.random.RandomState(0)}, {}, "expected labels and parameters that JSON can hold"),
        ({}, {"units": 16}, r"model: expected the parameters that it was fitted with, got .*units': 16"),
    ],
)
def test_what_would_not_load_is_refused_when_saving(fitted_with, changed, message, tmp_path):
    """A seed that JSON cannot hold, a parameter that does not fit the weights: nothing is written."""
    model = AttentionClassifier(**QUICK | fitted_with).fit(X, Y).set_params(**changed)
    with pytest.raises(ValueError, match=message):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", [[3, 7], [-1.0, 1.0], [False, True], ["a", "ü"], np.array(["a", "bb"], object)])
def test_labels_are_kept(labels, tmp_path):
    """Whatever they are: type and values survive fitting, saving and loading."""
    labels = np.array(labels)
    weights = {label: 1.0 + number for number, label in enumerate(labels)}
    model = AttentionClassifier(**QUICK, class_weight=weights).fit(X, labels[(Y == "second").astype(int)])
    model.save(tmp_path / "model")
    assert AttentionClassifier.load(tmp_path / "model").get_params() == model.get_params()
    for one in (model, AttentionClassifier.load(tmp_path / "model")):
        assert one.classes_.dtype == labels.dtype
        assert (one.classes_ == labels).all()
        assert set(one.predict(X)) <= set(labels)


def test_scikit_learn():
    """Cross-validation, groups, a grid and calibration take it."""
    x, y = bumps(24)
    model = AttentionClassifier(units=4, updates=2, random_state=0)
    assert len(cross_val_score(model, x, y, cv=GroupKFold(3), groups=np.arange(24) // 4)) == 3
    grid = GridSearchCV(model, {"pooling": ["mean", "max"]}, cv=2).fit(x, y)
    assert grid.best_params_["pooling"] in ("mean", "max")
    calibrated = CalibratedClassifierCV(model, cv=2).fit(x, y)
    np.testing.assert_allclose(calibrated.predict_proba(x).sum(axis=1), 1)


def with_value(value):
    x = X.copy()
    x[3] = value
    return x


def fitting(x=X, y=Y, **options):
    return lambda: AttentionClassifier(**QUICK | options).fit(x, y)


def asking(method, x=X, *arguments, pooling="attention", encoder="kernels", **options):
    model = AttentionClassifier(encoder, pooling, **QUICK)
    return lambda: getattr(model.fit(X, Y), method)(x, *arguments, **options)


def comparing(x=X, y=Y, **options):
    return lambda: compare(x, y, progress=False, **options)


SIZES = "units", "updates", "batch_size", "n_members"
METHODS = "predict", "attend", "evidence", "explain", "faithfulness", "save"
BAD = [
    (fitting(X[:0], Y[:0]), "X must hold series with time steps, got none"),
    (fitting([X[0], *X[1:, :1]]), "number of channels is not consistent"),
    (fitting(X.astype(str)), "must contain numeric values only"),
    (fitting(with_value(np.inf)), r"X must be finite.*series \[3\]"),
    (fitting(with_value(np.nan)), r"only NaN in series \[3\]"),
    (fitting(y=Y[:5]), "Found X = 12 and y = 5"),
    (fitting(y=np.array([0.0, np.nan] * 6)), "y contains NaN"),
    (fitting(y=np.full(12, "a")), "at least 2 unique labels, but found 1"),
    (fitting(encoder="lstm"), "encoder must be one of 'kernels', 'inception', 'transformer', 'bilstm'; got 'lstm'"),
    (fitting(pooling="sum"), "pooling must be one of 'attention', 'mean', 'layer', 'max', 'last'; got 'sum'"),
    (fitting(units=6), "units must be a multiple of 4, got 6"),
    *((fitting(**{name: 1.5}), f"{name} must be a positive integer, got 1.5") for name in SIZES),
    (fitting(learning_rate=0), "learning_rate must be positive, got 0"),
    (fitting(learning_rate=np.nan), "learning_rate must be a finite number, at least 0, got nan"),
    (fitting(validation=1.0), r"validation must be a finite number in \[0, 0.9\], got 1.0"),
    (fitting(validation=0.05), "should be greater or equal to the number of classes"),
    (fitting(patience=3), "patience needs validation data"),
    (fitting(class_weight="equal"), 'class_weight must be "balanced" or a mapping of labels among.*equal'),
    (fitting(class_weight={"third": 1}), 'class_weight must be "balanced" or a mapping of labels among.*third'),
    (fitting(class_weight={"first": 0, "second": 0}), "class_weight must leave a class a weight"),
    (fitting(class_weight={"first": -1}), "class_weight of 'first' must be a finite number, at least 0, got -1"),
    (fitting(random_state="a"), "'a' cannot be used to seed"),
    (fitting(device="gpu"), "device must be one that torch can use here, got 'gpu'"),
    *((fitting(**{name: "yes"}), f"{name} must be True or False, got 'yes'") for name in ("verbose", "roll")),
    *((partial(getattr(AttentionClassifier(), name), X), "not been fitted") for name in METHODS),
    (asking("predict", X[:0]), "X must hold series with time steps, got none"),
    (asking("predict", X[:, :1]), "different number of channels"),
    (asking("evidence", with_value(np.inf)), r"infinity.*series \[3\]"),
    (asking("attend", pooling="max"), "pooling='max' has no weights"),
    (asking("explain", X, "rollout"), 'rollout needs encoder="transformer"'),
    (asking("evidence", pooling="last", encoder="bilstm"), "pooling='last' has no weights"),
    (fitting(pooling="last"), 'pooling="last" needs encoder="bilstm", got \'kernels\''),
    (asking("explain", X, "shap"), "method must be one of 'attention', 'evidence'.*got 'shap'"),
    (asking("faithfulness", X[:1]), "at least two finite numbers"),
    (asking("faithfulness", seed=-1), "seed must be 0 or a positive integer, got -1"),
    (asking("save", "no folder/model"), "expected an existing folder to write to"),
    (comparing(folds=1), "folds must be an integer, at least 2, got 1"),
    (comparing(folds=9), "folds=9 needs 9 series of every class"),
    (comparing(repeats=0), "repeats must be a positive integer, got 0"),
    (comparing(groups=[1, 2]), r"groups must be \(12,\) like X, got \(2,\)"),
    (comparing(groups=np.zeros(12)), "folds=5 needs 5 groups of every class, got 1 of"),
    (comparing(classifier=AttentionClassifier(pooling="mean")), "must have pooling=\"attention\", got 'mean'"),
    (comparing(classifier="attention"), "does not seem to be a scikit-learn estimator"),
    (comparing(margin=-1), "margin must be a finite number, at least 0, got -1"),
    (comparing(budget="1m"), "budget must be a finite number, at least 0, got '1m'"),
    (comparing(seed=None), "seed must be 0 or a positive integer, got None"),
    (comparing(y=Y[:3]), r"y must be \(12,\) like X, got \(3,\)"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[text[:40] for _, text in BAD])
def test_bad_input(call, text):
    """What cannot be used is refused, with what was expected and what came."""
    with pytest.raises((ValueError, TypeError, FileNotFoundError, NotFittedError), match=text):
        call()


def test_comparison():
    """One row a split and classifier on the same splits; the sentence follows from the interval."""
    x, y = bumps(40)
    found = compare(ragged(x), y, classifier=AttentionClassifier(**SMALL), folds=2, repeats=1, progress=False)
    assert found.scores.groupby("split")["classifier"].nunique().tolist() == [5] * 2
    assert found.table.loc["larger class", "accuracy"] < found.table.loc["attention", "accuracy"]
    assert found.table["log-loss"].isna().sum() == 1
    assert "resampled to" in found.notes
    for gaps, test, word in (
        ([0.2, 0.25, 0.2, 0.25, 0.2], 100, "helps"),
        ([0.0] * 5, 100, "equal within 2"),
        ([0.0] * 5, 8, "cannot tell"),  # all tie, on few series
        ([0.3, -0.3] * 2, 100, "fewer"),
    ):
        accuracy = dict.fromkeys(found.table.index[:4], 0.5) | {"attention": 0.5 + np.array(gaps)}
        rows = pd.DataFrame(accuracy).rename_axis("split").reset_index().melt("split", None, "classifier", "accuracy")
        made = Comparison(rows, 4 * test, test, 0.02, None)
        assert word in made.verdict
        gap = made.difference("plain mean")
        if len(gaps) == 5:
            spread = np.sqrt((1 / 5 + 0.25) * max(np.var(gaps, ddof=1), np.var([1 / test, 0, 0, 0, 0], ddof=1)))
            assert gap.high - gap.value == pytest.approx(stats.t.ppf(1 - 0.05 / 8, 4) * spread)
            assert word in repr(made) == str(made) and word in made._repr_html_()


def test_groups_budget_and_seed():
    """A group is never on both sides of a split; with no time, two splits are left; a seed gives one table."""
    x, y = bumps(40)
    groups = np.arange(40) // 2
    for train, test in _splits(y, groups, 3, 2, 0):
        assert not set(groups[train]) & set(groups[test])
    options = {"classifier": AttentionClassifier(**QUICK), "groups": groups, "folds": 3, "progress": False}
    first, again = (compare(x, y, **options, budget=1e-9).scores.drop(columns="seconds") for _ in range(2))
    assert first["split"].nunique() == 2 and first.equals(again)


def write_table(path, labels, rng):
    """Write series of three sensors as a long table in any order; a spike or a dip is what tells them apart."""
    shapes = {"ok": (0, [0.0]), "spike": (0, [0.0, 2, 4, 2, 0]), "dip": (1, [0, -1.5, -3, -3, -1.5, 0, 1])}
    rows = []
    for number, label in enumerate(labels):
        steps, (channel, shape) = rng.integers(30, 61), shapes[label]
        x = rng.normal(0, 0.3, (steps, 3)).cumsum(axis=0) + rng.normal(0, 0.5, (steps, 3)) + [20.0, 1013.0, 0.4]
        at = rng.integers(2, steps - len(shape) - 2)
        x[at : at + len(shape), channel] += np.array(shape) * rng.uniform(0.8, 1.3)
        times = pd.date_range("2026-03-01", periods=steps, freq="10s") + pd.Timedelta(minutes=int(rng.integers(9999)))
        rows += [(f"run{number}", when, *values, label) for when, values in zip(times, x.round(3), strict=True)]
    table = pd.DataFrame(rows, columns=["run", "time", "temperature", "pressure", "flow", "state"])
    table.sample(frac=1, random_state=0).to_csv(path, index=False)


def test_the_task_of_a_stranger(tmp_path):
    """From tables to predictions in few lines: at least MiniRocket's accuracy, and classes by name."""
    rng = np.random.default_rng(2026)
    weeks = {"sensors": ["ok", "ok", "spike", "dip"], "new": ["ok", "spike", "dip"], "week2": ["ok", "spike"]}
    for name, states in weeks.items():
        write_table(tmp_path / f"{name}.csv", rng.choice(states, 350 if name == "sensors" else 60), rng)
    answers = pd.read_csv(tmp_path / "new.csv").groupby("run", sort=False)["state"].first()
    pd.read_csv(tmp_path / "new.csv").drop(columns="state").to_csv(tmp_path / "new.csv", index=False)

    train = read_csv(tmp_path / "sensors.csv", "state", id="run", time="time")
    model = AttentionClassifier(random_state=0).fit(*train.to_aeon())
    new = read_csv(tmp_path / "new.csv", None, id="run", time="time")
    said = model.predict(new.to_aeon()[0])

    right = (said == answers.loc[list(new.ids)]).mean()
    series = _one_length([*train.to_aeon()[0], *new.to_aeon()[0]])[0]
    rocket = MiniRocketClassifier(random_state=0).fit(series[: len(train)], train.to_aeon()[1])
    assert right >= rocket.score(series[len(train) :], answers.loc[list(new.ids)].to_numpy())
    assert right >= 0.9
    second = read_csv(tmp_path / "week2.csv", "state", id="run", time="time", classes=train.classes)
    assert model.score(*second.to_aeon()) >= 0.9
