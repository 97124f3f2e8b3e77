"""The experiments of the book by name: data, model, training, one row of results.

A chapter and a sweep that name the same experiment run the same code. A framework is loaded only when
one of its experiments runs.
"""

from tsattn_tutorial.experiments.archive import italy_power_demand
from tsattn_tutorial.experiments.common import stream_seed
from tsattn_tutorial.experiments.line_up import LINE_UP, build_variant
from tsattn_tutorial.experiments.motifs import MOTIF_REGIMES, self_attention_effect
from tsattn_tutorial.experiments.planted import (
    planted_cells_attention,
    planted_dimensions_attention,
    planted_steps_attention,
)
from tsattn_tutorial.experiments.registry import EXPERIMENTS, different_parameters, run_experiment
from tsattn_tutorial.experiments.sine import bilstm_attention
from tsattn_tutorial.experiments.sine_fresh import sine_fresh_series
from tsattn_tutorial.experiments.sine_models import SINE_MODELS, sine_models
from tsattn_tutorial.experiments.sine_recipes import SINE_CHANGES, sine_recipe
from tsattn_tutorial.experiments.vowels import VOWELS_MODELS, japanese_vowels

__all__ = [
    "EXPERIMENTS",
    "LINE_UP",
    "MOTIF_REGIMES",
    "SINE_CHANGES",
    "SINE_MODELS",
    "VOWELS_MODELS",
    "bilstm_attention",
    "build_variant",
    "different_parameters",
    "italy_power_demand",
    "japanese_vowels",
    "planted_cells_attention",
    "planted_dimensions_attention",
    "planted_steps_attention",
    "run_experiment",
    "self_attention_effect",
    "sine_fresh_series",
    "sine_models",
    "sine_recipe",
    "stream_seed",
]
