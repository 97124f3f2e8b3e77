"""Series with a known truth: generators, the batch they return, and the split."""

from tsattn_tutorial.datasets.batch import SeriesBatch, train_validation_test_split
from tsattn_tutorial.datasets.sine import (
    SineParameters,
    draw_sine_parameters,
    near_peak,
    render_sine_waves,
    sine_waves,
)

__all__ = [
    "SeriesBatch",
    "SineParameters",
    "draw_sine_parameters",
    "near_peak",
    "render_sine_waves",
    "sine_waves",
    "train_validation_test_split",
]
