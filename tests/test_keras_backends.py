"""The Keras side holds on the backend that this session does not use too, and is quiet when it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

HERE = Path(__file__).parent
OTHER = {"tensorflow": "torch", "torch": "tensorflow"}[keras.backend.backend()]
#: What depends on the backend: what every layer and every model computes, and a training with all that is random in it.
PORTABLE = [
    "test_layers.py::test_a_layer_equals_the_oracle",
    "test_layers.py::test_padding_changes_nothing_and_weights_sum_to_one_without_it",
    "test_layers.py::test_a_series_of_padding_alone_gives_zeros_not_nan",
    "test_layers.py::test_a_mask_is_passed_on_and_never_lost",
    "test_layers.py::test_sums_over_time_are_taken_in_full_precision",
    "test_layers.py::test_whole_numbers_are_series_too",
    "test_layers.py::test_every_layer_works_in_half_precision",
    "test_layers.py::test_a_mask_of_another_kind_is_refused",
    "test_models.py::test_shapes_and_files",
    "test_models.py::test_padding_changes_nothing",
    "test_keras_training.py::test_training_finds_the_planted_step_and_keeps_the_best_weights",
    "test_keras_training.py::test_the_seeds_decide_a_training_and_the_truth_does_not_enter",
    "test_keras_training.py::test_label_smoothing_spreads_a_share_of_the_label",
    "test_keras_training.py::test_weight_decay_shrinks_kernels_and_spares_biases",
    "test_keras_training.py::test_heads_of_another_form_are_refused_by_name",
]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=HERE / "keras_side", env=env)


def test_the_keras_side_passes_on_the_other_backend():
    run_there = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *PORTABLE, KERAS_BACKEND=OTHER)
    assert run_there.returncode == 0, run_there.stdout[-3000:]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_loading_and_training_say_nothing(backend):
    """TensorFlow logs to file descriptor 2, where neither Python nor a notebook can tell it from an error."""
    script = """
import os, tsattn_tutorial.keras
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf
    assert tf.config.threading.get_intra_op_parallelism_threads() == 3
from tsattn_tutorial.datasets import planted_steps
from tsattn_tutorial.keras import JointAttention, fit, predict, weighted_sum_classifier
model = weighted_sum_classifier(JointAttention(), (20, 2))
fit(model, planted_steps(64), epochs=1)
predict(model, planted_steps(3))
"""
    said = run("-c", script, KERAS_BACKEND=backend, OMP_NUM_THREADS="3")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
