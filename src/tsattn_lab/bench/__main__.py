"""Time things side by side, print ratios, keep every measurement: ``python -m tsattn_lab.bench --help``."""

import argparse

import torch

from tsattn_lab.bench.cost import costs
from tsattn_lab.bench.models import models
from tsattn_lab.run import circumstances
from tsattn_lab.sweeps import RESULTS
from tsattn_tutorial.files import written_whole

PARTS = {"models": (models, "bench.csv"), "cost": (costs, "cost.csv")}


def main() -> None:
    """Run the part named on the command line, or both."""
    parser = argparse.ArgumentParser(prog="python -m tsattn_lab.bench", description=__doc__.split(":")[0])
    parser.add_argument("part", nargs="?", choices=PARTS, help="run this part only (default: both)")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in [chosen.part] if chosen.part else PARTS:
        part, file = PARTS[name]
        rows, ratios = part()
        with written_whole(RESULTS / file) as temporary:
            rows.assign(**circumstances()).to_csv(temporary, index=False)
        print(ratios.round(2).to_string(index=False))
        print(f"every measurement: {RESULTS / file}")


if __name__ == "__main__":
    main()
