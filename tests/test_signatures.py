"""The weeks with signatures: as their source describes them, and solvable by whoever knows the week underneath."""

import numpy as np
import pytest

from tsattn_tutorial.datasets import plain_weeks, signature_series
from tsattn_tutorial.datasets.signatures import CHANGES

PER_CLASS = 60


@pytest.fixture(scope="module")
def batch():
    return signature_series(PER_CLASS, seed=3)


@pytest.fixture(scope="module")
def plain():
    return np.maximum(plain_weeks(PER_CLASS * 10, seed=3), 0).astype(np.float32)


def oracle(x: np.ndarray, plain: np.ndarray) -> str:
    """Name the signature of one week ``(1008,)`` from where and how it differs from the week underneath.

    Written down before any model was trained on these series.
    """
    differs = np.flatnonzero(x != plain)
    if not differs.size:
        return "none"
    part = slice(differs[0], differs[-1] + 1)
    x, plain = x[part].astype(float), plain[part].astype(float)
    if differs.size < len(x) / 4 or len(x) < 10:
        return "spikes"
    change, bell = x - plain, np.exp(-(np.linspace(-5, 5, len(x)) ** 2) / 2)
    roughness = np.diff(x, 2).std() / np.diff(plain, 2).std()
    if np.abs(x - plain[::-1]).max() < 1e-4:
        return "flip"
    if x.mean() < 0.4 and x.std() < 0.2:
        return "cutoff"
    above = x > 0  # elsewhere the drift was cut off
    if np.corrcoef(change[above], np.flatnonzero(above))[0, 1] ** 2 > 0.999:
        return "wander"
    ratio = change / np.maximum(plain, 0.1)
    if np.corrcoef(ratio, bell)[0, 1] ** 2 > 0.98:
        return "peak" if ratio.sum() > 0 else "trough"
    return "noise" if roughness > 1.15 else "average" if roughness < 0.25 else "skew"


def test_who_knows_the_week_underneath_names_nearly_every_signature(batch, plain):
    said = [oracle(x, week) for x, week in zip(batch.x[:, :, 0], plain, strict=True)]
    right = np.array([batch.classes[label] == name for label, name in zip(batch.y, said, strict=True)])
    assert right.mean() >= 0.97
    assert min(right[batch.y == label].mean() for label in range(10)) >= 0.9


def test_the_truth_is_one_stretch_of_36_to_288_steps_but_for_spikes_and_none(batch, plain):
    assert batch.x.shape == (PER_CLASS * 10, 1008, 1) and (np.bincount(batch.y) == PER_CLASS).all()
    same = batch.x[:, :, 0] == plain
    assert same[~batch.truth].all()  # the truth is all that was changed,
    assert same[batch.truth].mean() < 0.01  # and nearly all of it was
    steps, runs = batch.truth.sum(axis=1), np.diff(batch.truth, axis=1, prepend=0, append=0).clip(0).sum(axis=1)
    for label, name in enumerate(CHANGES):
        of_class = batch.y == label
        if name == "none":
            assert not steps[of_class].any()
        elif name == "spikes":
            assert 8 < steps[of_class].mean() < 12 and (runs[of_class] > 1).mean() > 0.9
        else:
            assert steps[of_class].min() >= 36 and steps[of_class].max() <= 288 and (runs[of_class] == 1).all()
            assert 142 < steps[of_class].mean() < 182


def test_weeks_have_a_daily_cycle_and_nothing_below_zero(batch, plain):
    assert batch.x.min() == 0 and 2.5 < np.median(plain) < 5
    shifted = [np.corrcoef(week[:-144], week[144:])[0, 1] for week in plain]
    opposite = [np.corrcoef(week[:-72], week[72:])[0, 1] for week in plain]
    assert np.median(shifted) > 0.6 and (np.array(opposite) < shifted).mean() > 0.98


def test_the_seed_decides_and_the_length_of_the_batch_does_not_reach_the_class_names(batch):
    again, other = signature_series(PER_CLASS, seed=3), signature_series(PER_CLASS, seed=4)
    assert again.x.tobytes() == batch.x.tobytes() and np.array_equal(again.truth, batch.truth)
    assert not np.array_equal(other.x, batch.x) and other.classes == batch.classes == CHANGES
    with pytest.raises(ValueError, match="per_class must be a positive integer, got 0"):
        signature_series(0)
