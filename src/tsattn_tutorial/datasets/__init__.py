"""Series with a known truth: generators, a reader, the batch they return, scaling and splits."""

from tsattn_tutorial.datasets._csv.rows import CsvError
from tsattn_tutorial.datasets.archive import ARCHIVE, archive_series
from tsattn_tutorial.datasets.batch import SeriesBatch, Split, padded, standardised, train_validation_test_split
from tsattn_tutorial.datasets.motifs import MOTIF_REGIMES, class_motifs, hopeless_ceiling, motif_oracle, motif_templates
from tsattn_tutorial.datasets.planted import cued_steps, planted_cells, planted_dimensions, planted_steps
from tsattn_tutorial.datasets.sine import SineParameters, draw_sine_parameters, near_peak, render_sine_waves, sine_waves
from tsattn_tutorial.datasets.tabular import read_csv
