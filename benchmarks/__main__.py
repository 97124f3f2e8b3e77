"""Time things side by side, print tables of ratios, keep every measurement: ``python -m benchmarks [models|cost]``."""

import argparse

import pandas as pd
import torch

from benchmarks import cases, cost
from benchmarks.rounds import compare, in_turn
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.sweep import circumstances


def models(more: int) -> None:
    """Time the sharp recipe beside other settings, methods and ways."""
    parts = [
        (in_turn("fit", cases.published(), 5 * more), "sharp recipe"),
        (in_turn("predict", cases.prediction(), 5 * more), "sharp recipe"),
        (in_turn("fit and predict, warmed up", cases.warm(), 3 * more), "sharp recipe"),
        (in_turn("fit and predict, cold", cases.cold(), 2 * more), "sharp recipe"),
        (in_turn("draw 10,000 series", cases.data(), 5 * more), "all at once"),
    ]
    _keep(pd.concat([part for part, _ in parts], ignore_index=True), "bench.csv")
    tables = [compare(part, part["group"].iloc[0], reference) for part, reference in parts]
    print(pd.concat(tables).round(2).to_string(index=False))


def costs(more: int) -> None:
    """Measure time and memory of the layers over the size of the data."""
    rows = cost.measure(5 * more)
    _keep(pd.concat([rows, cost.limits()], ignore_index=True), "cost.csv")
    tables = []
    for varied in cost.SWEEPS:
        for value, part in rows[rows["group"] == varied].groupby(varied):
            table = compare(part, varied, "additive pooling")
            tables.append(table.assign(group=f"forward and backward, {varied} = {value}"))
    print(pd.concat(tables).round(2).to_string(index=False))


def _keep(rows: pd.DataFrame, name: str) -> None:
    path = cases.RESULTS / name
    with written_whole(path) as temporary:
        rows.assign(**circumstances()).to_csv(temporary, index=False)
    print(f"every measurement: {path.relative_to(cases.RESULTS.parents[1])}")


PARTS = {"models": models, "cost": costs}


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0])
    parser.add_argument("part", nargs="?", choices=PARTS, help="run this part only")
    parser.add_argument("--long", action="store_true", help="four times the rounds; takes over an hour")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name, part in PARTS.items():
        if chosen.part in (None, name):
            part(4 if chosen.long else 1)


if __name__ == "__main__":
    main()
