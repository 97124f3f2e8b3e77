"""Run an experiment over seeds and parameters, one row a fit, into a CSV file that can be resumed.

::

    python -m tsattn_tutorial.sweep bilstm_attention --seeds 0-9 --jobs 2 --output book/results/bilstm_attention.csv

One machine or a Dask cluster: only ``backend`` changes, neither the grid nor the file nor the numbers.
"""

from tsattn_tutorial.sweep.command import main
from tsattn_tutorial.sweep.fit import circumstances
from tsattn_tutorial.sweep.grid import SweepGrid
from tsattn_tutorial.sweep.run import run_sweep

__all__ = ["SweepGrid", "circumstances", "main", "run_sweep"]
