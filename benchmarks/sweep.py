"""How much sooner is a sweep done with two workers? ``python -m benchmarks.sweep``; half an hour on two idle cores.

Each case is the whole command as one types it, imports and the start of the workers included, on fits whose rows are
not there yet. Cases are run in turn, so a disturbance meets all alike, and a figure is a ratio within a round.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.rounds import Case, compare, in_turn
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.sweep import circumstances
from tsattn_tutorial.sweep.workers import BACKENDS, ONE_THREAD

OUTPUT = Path(__file__).parents[1] / "book" / "results" / "sweep_speedup.csv"
#: Two kinds of fits, how many of each a sweep has, and their grid.
KINDS = {
    # Under a second each. Large arrays go through memory that the workers share.
    "linear model, 10,000 waves": (50, {"model": ["logistic regression"], "noise_std": [0.5]}),
    # About two seconds each. What a small network works on fits into the cache of a core.
    "attention, 600 waves": (60, {"model": ["patches, attention"], "noise_std": [0.5], "dataset_size": [600]}),
}


def cases(kind: str) -> Iterator[Case]:
    """One worker and two, on both backends; a fit has one thread in each."""
    for backend in BACKENDS:
        for jobs in (1, 2):
            yield Case(
                f"{backend}, {jobs}",
                lambda number, backend=backend, jobs=jobs: _sweep(kind, backend, jobs, number),
            )


def _sweep(kind: str, backend: str, jobs: int, number: int) -> dict[str, Any]:
    fits, grid = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder, "grid.json"), Path(folder, "results.csv")
        seeds = list(range(number * fits, (number + 1) * fits))
        path.write_text(json.dumps({"experiment": "sine_models", "seeds": seeds, "grid": grid}), encoding="utf-8")
        command = [sys.executable, "-m", "tsattn_tutorial.sweep", "--grid", str(path), "--output", str(output)]
        command += ["--backend", backend, "--jobs", str(jobs)]
        subprocess.run(command, check=True, env=os.environ | ONE_THREAD, stdout=subprocess.DEVNULL)
        rows = pd.read_csv(output)
    # The time of a fit tells whether the workers slow each other down.
    return {"backend": backend, "workers": jobs, "fits": len(rows), "seconds_a_fit": rows["total_seconds"].median()}


def main() -> None:
    """Time the cases, print the ratios, keep every measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is run (default: 3)")
    chosen = parser.parse_args()
    rows = pd.concat([in_turn(kind, cases(kind), chosen.rounds) for kind in KINDS])
    with written_whole(OUTPUT) as temporary:
        rows.assign(**circumstances()).drop(columns="threads").to_csv(temporary, index=False)
    for (group, backend), mine in rows.groupby(["group", "backend"], sort=False):
        print(compare(mine, group, f"{backend}, 2").round(2).to_string(index=False))
    print(f"every measurement: {OUTPUT.relative_to(OUTPUT.parents[2])}")


if __name__ == "__main__":
    main()
