"""The experiment on explanations: what it must say of a truth that is known, on small networks."""

import numpy as np
import pytest

from tsattn_lab.experiments import explanations
from tsattn_tutorial import torch as ours

METHODS = "attention", "evidence", "gradient", "gradient times input", "integrated gradients", "occlusion"
FILLINGS = "removed", "mean", "line", "twin"
CONTROLS = "untrained, attention", "untrained, gradient", "another series", "random", "even"


@pytest.fixture(scope="module")
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "PATCHES", ours.Recipe(units=4, patch_size=50, normalise=True, epochs=1, batch_size=256))
        few, two = {"explained": 10, "deleted": 3}, {"encoder": "transformer", "units": 4, "updates": 1, "n_members": 2}
        signatures = explanations(1, data="signatures", options=two, **few)
        waves = explanations(0, recipe="PATCHES", dataset_size=400, **few)
        return {"waves": waves, "signatures": signatures}


@pytest.mark.parametrize("data", ["waves", "signatures"])
def test_every_method_and_control_has_every_score(rows, data):
    every = {*METHODS, *CONTROLS, *(["posterior"] if data == "waves" else [f"{one}, smoothed" for one in METHODS[:2]])}
    places = ["mass", "pointing", "precision", "ndcg", *["overlap"] * (data == "waves")]
    named = {f"{one}: {score}" for one in every for score in places}
    named |= {f"{one}: {filling}" for one in every - {"random", "even"} for filling in FILLINGS}
    assert {name for name in rows[data] if ":" in name} == named
    assert 0 <= rows[data]["moved"] <= 1 and -1 <= rows[data]["tau"] <= 1
    assert np.isfinite([float(value) for value in rows[data].values()]).all()


def test_the_posterior_finds_the_stretch_and_even_importance_has_chance(rows):
    row = rows["waves"]
    assert row["posterior: mass"] > 0.95 and row["posterior: ndcg"] > 0.97 and row["posterior: overlap"] == 1
    even = [row[f"even: {score}"] for score in ("mass", "pointing", "precision")]
    assert even == pytest.approx([even[0]] * 3) and 0.15 < even[0] < 0.4
    assert max(row[f"{name}: overlap"] for name in (*METHODS, *CONTROLS)) < 0.9
