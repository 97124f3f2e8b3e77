"""Series with a known truth: generators, a reader, the batch they return, and the split."""

from tsattn_tutorial.datasets.archive import ARCHIVE, archive_series
from tsattn_tutorial.datasets.batch import SeriesBatch, Split, train_validation_test_split
from tsattn_tutorial.datasets.motifs import class_motifs, hopeless_ceiling, motif_oracle, motif_templates
from tsattn_tutorial.datasets.planted import planted_cells, planted_dimensions, planted_steps
from tsattn_tutorial.datasets.scaling import padded, standardised
from tsattn_tutorial.datasets.sine import (
    SineParameters,
    draw_sine_parameters,
    near_peak,
    render_sine_waves,
    sine_waves,
)
from tsattn_tutorial.datasets.tabular import CsvError, read_csv

__all__ = [
    "ARCHIVE",
    "CsvError",
    "SeriesBatch",
    "SineParameters",
    "Split",
    "archive_series",
    "class_motifs",
    "draw_sine_parameters",
    "hopeless_ceiling",
    "motif_oracle",
    "motif_templates",
    "near_peak",
    "padded",
    "planted_cells",
    "planted_dimensions",
    "planted_steps",
    "read_csv",
    "render_sine_waves",
    "sine_waves",
    "standardised",
    "train_validation_test_split",
]
