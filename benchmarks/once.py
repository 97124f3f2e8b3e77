"""One method, one round, in this process: ``python -m benchmarks.once "sharp recipe" 0``."""

import sys

import torch

if __name__ == "__main__":
    torch.set_num_threads(1)
    from benchmarks.cases import METHODS, fit_and_predict

    fit_and_predict(METHODS[sys.argv[1]], int(sys.argv[2]))
