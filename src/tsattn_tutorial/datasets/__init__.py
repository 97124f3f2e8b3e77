"""Series with a known truth: generators, a reader, the batch they return, scaling and splits."""

from tsattn_tutorial.datasets.batch import ARCHIVE, SeriesBatch, Split, archive_series, train_validation_test_split
from tsattn_tutorial.datasets.frames import read_csv, series_from_frame
from tsattn_tutorial.datasets.motifs import MOTIF_REGIMES, class_motifs, hopeless_ceiling, motif_oracle, motif_templates
from tsattn_tutorial.datasets.planted import cued_steps, planted_cells, planted_dimensions, planted_steps
from tsattn_tutorial.datasets.signatures import plain_weeks, signature_series
from tsattn_tutorial.datasets.sine import SineParameters, draw_sine_parameters, near_peak, render_sine_waves, sine_waves
