"""What a reader can touch in four chapters computes what NumPy computes, on the rows that are committed.

The scripts of the pages run in Node; ``tests/browser/test_touch_page.py`` drives the panels.
"""

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from touch_rows import ENCODERS, ROWS, SCRIPT, STEPS, script
from tsattn_tutorial.reference import largest_weight, masked_softmax

TOUCH = SCRIPT.with_name("touch.js")


@pytest.fixture(scope="module")
def touch():
    """A function that calls one of the scripts' with each list of arguments."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node found: the scripts of the pages cannot run outside a browser")
    scripts = SCRIPT.read_text(encoding="utf-8") + TOUCH.read_text(encoding="utf-8")

    def answers(function: str, calls: list) -> list[dict]:
        program = f"{scripts}\nconsole.log(JSON.stringify({json.dumps(calls)}.map((given) => ({function})(...given))))"
        return json.loads(subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True).stdout)

    return answers


def close(ours, theirs, tolerance: float = 1e-9) -> bool:
    return np.allclose(ours, theirs, rtol=0, atol=tolerance)


def test_the_trainings_are_the_committed_rows(touch):
    """To 1e-6, in which they are written; and the file is what its tool writes today."""
    assert SCRIPT.read_text(encoding="utf-8") == script()
    table = pd.read_csv(ROWS)
    usual = {"position": 10, "variant": "after", "single": False}
    given = [usual | json.loads(text) for text in table["settings"]]
    calls = [(encoder, step) for encoder in ENCODERS for step in STEPS]
    found = touch("(encoder, step) => TOUCH.trainings(TOUCH_ROWS[encoder][step])", calls)
    for (encoder, step), one in zip(calls, found, strict=True):
        variant = "after" if encoder == "LSTM" else "position-wise"
        rows = table[[settings == usual | {"position": STEPS[step], "variant": variant} for settings in given]]
        assert rows["seed"].tolist() == [0, 1, 2, 3, 4]
        weights = rows.filter(regex=r"^weight_\d\d$").to_numpy()
        assert close(one["runs"], weights, 1e-6) and close(one["mean"], weights.mean(axis=0), 1e-6)
        assert np.argmax(one["runs"], axis=1).tolist() == rows["largest"].tolist()


def test_attention_by_hand_is_that_of_the_reference(touch):
    rng = np.random.default_rng(0)
    gauges = [2, 5, 7, 4, 4, 4, 6, 3], [2, 4, 7, 5, 4, 6, 4, 3]
    masks = np.array([[True] * 8, [True] + [False] * 7, [False, True] * 4]).tolist()
    calls = [(one, rng.uniform(-6, 6, 8).tolist(), mask, tau) for one in gauges for mask in masks for tau in (0.1, 10)]
    for (levels, scores, mask, temperature), one in zip(calls, touch("TOUCH.byHand", calls), strict=True):
        hidden = np.stack([levels, np.abs(np.diff(levels, prepend=0))], axis=1)  # as in the chapter
        weights = masked_softmax(np.array(scores) / temperature, np.array(mask))
        assert close(one["weights"], weights) and not np.array(one["weights"])[~np.array(mask)].any()
        assert close(one["context"], weights @ hidden) and close(one["plain"], hidden[mask].mean(axis=0))


def test_maps_ghosts_and_accuracies_are_those_of_the_chapter(touch):
    rng = np.random.default_rng(0)
    calls = [([[2, 1], [7, 4]], 0.5), ([[2, 1], [2, 4]], 0.8), ([[3, 3], [3, 3]], 0.6), ([[1, 5], [8, 5]], 1)]
    calls += [(rng.integers((10, 6), size=(2, 2)).tolist(), share) for share in rng.uniform(0.5, 1, 20)]
    for (cells, share), one in zip(calls, touch("TOUCH.maps", calls), strict=True):
        M, tau, delta = np.zeros((10, 6)), np.zeros(10), np.zeros(6)
        for (t, d), part in zip(cells, (share, 1 - share), strict=True):
            M[t, d] = 1
            tau[t] += part
            delta[d] += part
        made = M / M.sum(), np.outer(tau, delta)
        assert close(one["truth"], M) and close(one["joint"], made[0]) and close(one["product"], made[1])
        cosine = [(W * M).sum() / np.linalg.norm(W) / np.linalg.norm(M) for W in made]
        assert close(one["accuracy"], 1 - np.arccos(np.minimum(cosine, 1)) / np.pi, 1e-6)
        ghosts = np.argwhere(np.outer(M.any(axis=1), M.any(axis=0)) & (M == 0))
        assert sorted(one["ghosts"]) == ghosts.tolist()
        assert not one["ghosts"] or one["accuracy"][1] < 0.75 + 1e-9


def test_the_bound_of_a_sigmoid(touch):
    """As the reference computes it: never reached, and reached but for 1e-5 by the largest score of the panel."""
    calls = [(T, z) for T in (2, 3, 24, 64) for z in (0, 0.5, 3, 12)]
    for (T, z), one in zip(calls, touch("TOUCH.bounded", calls), strict=True):
        scores = np.where(np.arange(T) == T // 2, z, -z)
        assert close(one["plain"], masked_softmax(scores))
        assert close(one["behind"], masked_softmax(1 / (1 + np.exp(-scores))))
        gap = one["bound"] - max(one["behind"])
        assert close(one["bound"], largest_weight(T, spread=1)) and gap > 0 and (z < 12 or gap < 1e-5)
