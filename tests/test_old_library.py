"""`SeqSelfAttention` computes what keras-self-attention 0.51 computes, which runs on the legacy tf-keras only.

The old library needs ``TF_USE_LEGACY_KERAS`` before TensorFlow is loaded, so it has a process of its own.
"""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.keras import SeqSelfAttention

B, T, K, A = 3, 9, 4, 5
RNG = np.random.default_rng(0)
X = RNG.normal(size=(B, T, K)).astype("float32")
MASK = np.arange(T) < np.array([[9], [5], [2]])
CASES = [
    {"attention_type": kind, "attention_activation": activation, "attention_width": width, "history_only": history}
    for kind, activation, width, history in itertools.product(
        ("multiplicative", "additive"), (None, "sigmoid"), (None, 3, 4), (False, True)
    )
]
CASES += [
    {"attention_type": kind, "use_additive_bias": False, "use_attention_bias": False}
    for kind in ("multiplicative", "additive")
]
OLD = """
import json, sys
import numpy as np
from keras_self_attention import SeqSelfAttention
from tensorflow import keras
assert issubclass(SeqSelfAttention, __import__("tf_keras").layers.Layer)
given = np.load(sys.argv[1])
results = {}
for number, case in enumerate(json.loads(str(given["cases"]))):
    layer = SeqSelfAttention(units=int(given["units"]), return_attention=True, attention_regularizer_weight=0.1, **case)
    layer(given["x"])
    layer.set_weights([given[f"{number}_{index}"] for index in range(len(layer.weights))])
    for name, mask in {"all": None, "masked": given["mask"]}.items():
        output, weights = layer(given["x"], mask=mask)
        results |= {f"{number}_{name}_output": output, f"{number}_{name}_weights": weights}
        results[f"{number}_{name}_loss"] = layer.losses[-1]
np.savez(sys.argv[2], **{name: np.asarray(value) for name, value in results.items()})
"""


def new_layer(number: int, **options) -> SeqSelfAttention:
    layer = SeqSelfAttention(units=A, attention_regularizer_weight=0.1, **{"old_mask": True} | options, **CASES[number])
    layer.build((None, T, K))
    rng = np.random.default_rng(number)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """Outputs and weights of the old library, for every case, with and without a mask."""
    folder = tmp_path_factory.mktemp("old")
    weights = {
        f"{number}_{index}": value
        for number in range(len(CASES))
        for index, value in enumerate(new_layer(number).get_weights())
    }
    np.savez(folder / "given.npz", x=X, mask=MASK, units=A, cases=json.dumps(CASES), **weights)
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    files = [str(folder / "given.npz"), str(folder / "results.npz")]
    done = subprocess.run([sys.executable, "-c", OLD, *files], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(folder / "results.npz")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[" ".join(map(str, case.values())) for case in CASES])
@pytest.mark.parametrize("name", ["all", "masked"])
def test_same_weights_give_the_same_output(old, number, name):
    """Without a mask the two behaviours are one; with one, ``old_mask`` reproduces the old one."""
    layer = new_layer(number, old_mask=name == "masked")
    mask = ops.convert_to_tensor(MASK) if name == "masked" else None
    output, weights = (ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(X), mask=mask))
    np.testing.assert_allclose(weights, old[f"{number}_{name}_weights"], atol=1e-5)
    np.testing.assert_allclose(output, old[f"{number}_{name}_output"], atol=1e-5)
    loss = ops.convert_to_numpy(layer.losses[-1])
    np.testing.assert_allclose(loss, old[f"{number}_{name}_loss"], rtol=1e-4)
