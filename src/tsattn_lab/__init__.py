"""What produces ``book/results/``: the experiments, how they are run over many settings, and what is timed.

Nobody needs it to follow a chapter but the one on reproducing the results. It runs on Linux and macOS.
"""

from tsattn_lab.run import run
