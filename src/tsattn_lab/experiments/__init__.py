"""The experiments of the book: data, model, training, one row of results. Frameworks load when a fit needs them."""

from tsattn_lab.experiments.archive import archive
from tsattn_lab.experiments.explanations import explanations
from tsattn_lab.experiments.motifs import motifs
from tsattn_lab.experiments.nine_sets import nine_sets
from tsattn_lab.experiments.planted import attention_over_cells, attention_over_dimensions, attention_over_steps
from tsattn_lab.experiments.sine import SINE_MODELS, sine
