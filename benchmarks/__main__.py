"""Time everything, print one table of ratios, keep every measurement: ``python -m benchmarks [--long]``."""

import argparse

import pandas as pd
import torch

from benchmarks import cases
from benchmarks.rounds import compare, in_turn
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.sweep import circumstances

OUTPUT = cases.RESULTS / "bench.csv"


def main() -> None:
    """Run the benchmarks named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0])
    parser.add_argument("--long", action="store_true", help="four times the rounds; takes over an hour")
    more = 4 if parser.parse_args().long else 1
    torch.set_num_threads(1)

    parts = [
        (in_turn("fit", cases.published(), 5 * more), "sharp recipe"),
        (in_turn("predict", cases.prediction(), 5 * more), "sharp recipe"),
        (in_turn("fit and predict, warmed up", cases.warm(), 3 * more), "sharp recipe"),
        (in_turn("fit and predict, cold", cases.cold(), 2 * more), "sharp recipe"),
        (in_turn("draw 10,000 series", cases.data(), 5 * more), "all at once"),
    ]
    for steps in cases.LENGTHS:
        group = f"forward and backward, T = {steps}"
        parts.append((in_turn(group, cases.length(steps), 5 * more).assign(steps=steps), "additive pooling"))
    rows = pd.concat([part for part, _ in parts], ignore_index=True)
    with written_whole(OUTPUT) as temporary:
        rows.assign(**circumstances()).to_csv(temporary, index=False)
    tables = [compare(part, part["group"].iloc[0], reference) for part, reference in parts]
    print(pd.concat(tables).round(2).to_string(index=False))
    print(f"every measurement: {OUTPUT.relative_to(cases.RESULTS.parents[1])}")


if __name__ == "__main__":
    main()
