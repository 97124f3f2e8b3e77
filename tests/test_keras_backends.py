"""The Keras side passes its tests on the backend that this session does not use, and is quiet when it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

HERE = Path(__file__).parent
OTHER = {"tensorflow": "torch", "torch": "tensorflow"}[keras.backend.backend()]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=HERE.parent, env=env)


def test_the_keras_side_passes_on_the_other_backend():
    run_there = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "keras_side"), KERAS_BACKEND=OTHER)
    assert run_there.returncode == 0, run_there.stdout[-3000:]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_loading_and_training_say_nothing(backend):
    """TensorFlow logs to file descriptor 2, where neither Python nor a notebook can tell it from an error."""
    script = """
from tsattn_tutorial.datasets import planted_steps
from tsattn_tutorial.keras import TimestepAttention, attention_before_lstm, fit, predict
model = attention_before_lstm(TimestepAttention(), (20, 2))
fit(model, planted_steps(64), epochs=1)
predict(model, planted_steps(3))
"""
    said = run("-c", script, KERAS_BACKEND=backend)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_tensorflow_takes_the_threads_of_the_environment():
    script = (
        "import tsattn_tutorial.keras, tensorflow as tf; print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    assert run("-c", script, KERAS_BACKEND="tensorflow", OMP_NUM_THREADS="3").stdout == "3\n"
