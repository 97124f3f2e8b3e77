"""The experiment on nine sets: what is held out, and in which form each classifier gets it."""

import numpy as np
import pytest

from tsattn_lab.experiments import nine_sets
from tsattn_lab.experiments.nine_sets import _pairs


@pytest.mark.parametrize(("data_set", "one_length"), [("ArrowHead", False), ("JapaneseVowels", False)])
def test_a_fifth_of_all_series(data_set, one_length):
    """Every class gives its share, no series stands on both sides, and another seed holds out others."""
    splits = [next(_pairs(data_set, one_length, "fifth", seed)) for seed in (0, 0, 1)]
    for x, y, x_outside, y_outside in splits[:1]:
        sides = [{np.asarray(one).tobytes() for one in side} for side in (x, x_outside)]
        assert not sides[0] & sides[1]
        assert len(y) / (len(y) + len(y_outside)) == pytest.approx(0.8, abs=0.01)
        shares = [np.unique(labels, return_counts=True)[1] / len(labels) for labels in (y, y_outside)]
        np.testing.assert_allclose(*shares, atol=0.02)
    held = [b"".join(np.asarray(one).tobytes() for one in split[2]) for split in splits]
    assert held[0] == held[1] != held[2]


def test_rivals_get_the_same_series_at_one_length():
    """They are split alike: the same labels, the archive's own version at one length."""
    ours, rivals = (next(_pairs("JapaneseVowels", one_length, "fifth", 3)) for one_length in (False, True))
    assert (ours[1] == rivals[1]).all()
    assert {one.shape for one in [*rivals[0], *rivals[2]]} == {(12, 25)}


def test_a_row():
    """What a classifier that learns nothing scores is the share of the larger class; wrong names are refused."""
    row = nine_sets(0, data_set="ArrowHead", model="larger class")
    assert row["held_out_series"] == 43
    assert row["training_series"] == 168
    assert row["balanced_accuracy"] == pytest.approx(1 / 3)
    assert nine_sets(0, data_set="GunPoint", model="larger class", held_out="folds")["held_out_series"] == 50
    for wrong in ({"data_set": "Gun"}, {"model": "best"}, {"held_out": "half"}):
        with pytest.raises(ValueError, match="must be one of"):
            nine_sets(0, **{"data_set": "ArrowHead", "model": "mean"} | wrong)
