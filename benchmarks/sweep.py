"""How much sooner is a sweep done with two workers? ``python -m benchmarks.sweep``; half an hour on two idle cores.

Each case is the whole command as one types it, imports and the start of the workers included, on fits whose rows are
not there yet. Cases are run in turn, so a disturbance meets all alike, and a figure is a ratio within a round. A short
sweep and a long one tell the start of the workers from what they do afterwards.
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
GRID = {"model": ["logistic regression"], "noise_std": [0.5]}  # under a second a fit, NumPy and scikit-learn only


def cases(fits: int) -> Iterator[Case]:
    """One worker and two, on both backends; a fit has one thread in each."""
    for backend in BACKENDS:
        for jobs in (1, 2):
            yield Case(
                f"{backend}, {jobs}",
                lambda number, backend=backend, jobs=jobs: _sweep(backend, jobs, number, fits),
            )


def _sweep(backend: str, jobs: int, number: int, fits: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        grid, output = Path(folder, "grid.json"), Path(folder, "results.csv")
        seeds = list(range(number * fits, (number + 1) * fits))
        grid.write_text(json.dumps({"experiment": "sine_models", "seeds": seeds, "grid": GRID}), encoding="utf-8")
        command = [sys.executable, "-m", "tsattn_tutorial.sweep", "--grid", str(grid), "--output", str(output)]
        command += ["--backend", backend, "--jobs", str(jobs)]
        subprocess.run(command, check=True, env=os.environ | ONE_THREAD, stdout=subprocess.DEVNULL)
        rows = pd.read_csv(output)
    # The time of a fit tells whether the workers slow each other down.
    return {"backend": backend, "workers": jobs, "fits": len(rows), "seconds_a_fit": rows["total_seconds"].median()}


def main() -> None:
    """Time the cases, print the ratios, keep every measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--fits", type=int, nargs="+", default=[50, 250], metavar="N", help="fits of a sweep (default: 50 250)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is run (default: 5)")
    chosen = parser.parse_args()
    rows = pd.concat([in_turn(f"{fits} fits", cases(fits), chosen.rounds) for fits in chosen.fits])
    with written_whole(OUTPUT) as temporary:
        rows.assign(**circumstances()).drop(columns="threads").to_csv(temporary, index=False)
    for (group, backend), mine in rows.groupby(["group", "backend"], sort=False):
        print(compare(mine, group, f"{backend}, 2").round(2).to_string(index=False))
    print(f"every measurement: {OUTPUT.relative_to(OUTPUT.parents[2])}")


if __name__ == "__main__":
    main()
