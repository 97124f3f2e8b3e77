"""Run a sweep of the book, or say what would be run: ``python -m tsattn_lab --help``."""

import argparse
import datetime
import os
import shlex
import statistics
import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from tsattn_lab.run import Key, list_fits, read_rows, run
from tsattn_lab.sweeps import RESULTS, SWEEPS
from tsattn_tutorial.arguments import check_size

PROGRAM = "python -m tsattn_lab"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leave with status 1 when the file holds failed fits, 2 on wrong arguments."""
    what = "Run a sweep of the book, one row a fit. Fits that are in the file are not run again."
    parser = argparse.ArgumentParser(prog=PROGRAM, description=what, epilog="sweeps: " + ", ".join(SWEEPS))
    parser.add_argument("sweep", choices=SWEEPS, metavar="SWEEP", help="its name, see below")
    parser.add_argument("--seeds", type=int, metavar="N", help="only the first N seeds of each setting")
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"results (default: {RESULTS}/SWEEP.csv)")
    parser.add_argument("--dry-run", action="store_true", help="say what is there and what would be run, then stop")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--workers", type=int, default=1, metavar="N", help="fits at a time, one thread each")
    place.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster to run on, such as tcp://host:8786")
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by a framework when the first fit loads it
    function, settings = SWEEPS[chosen.sweep]
    path = chosen.output or RESULTS / f"{chosen.sweep}.csv"
    by_setting: defaultdict[str, list[dict]] = defaultdict(list)
    for (_, seed, text), setting in list_fits(function, settings).items():
        by_setting[text].append({"seed": seed, **setting})
    try:
        count = None if chosen.seeds is None else check_size("--seeds", chosen.seeds)
        settings = [setting for group in by_setting.values() for setting in group[:count]]
        if chosen.dry_run:
            print(_plan(list_fits(function, settings), path))
            return
        command = shlex.join([*PROGRAM.split(), *arguments])
        table = run(function, settings, path, client=chosen.scheduler, workers=chosen.workers, command=command)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    failed = int((table["error"] != "").sum())
    print(f"{path}: {len(table)} fits" + f", {failed} failed: see the column error" * bool(failed))
    sys.exit(1 if failed else 0)


def _plan(fits: Collection[Key], path: Path) -> str:
    """Say what is in the file, what would be run, and for how long, by the fits that are there."""
    rows = read_rows(path)
    missing = [key for key in fits if key not in rows or rows[key]["error"]]
    lines = [f"{len(fits)} fits, {len(fits) - len(missing)} of them in {path}, {len(missing)} to run"]
    lines += [f"  {'failed, again' if key in rows else 'to run'}: seed {key[1]}  {key[2]}" for key in missing]
    seconds = [float(row["total_seconds"]) for row in rows.values() if row["total_seconds"]]
    if seconds and missing:
        # At least a second, because a timedelta says 0:00:00 for less.
        ahead = datetime.timedelta(seconds=max(1, round(statistics.median(seconds) * len(missing))))
        lines.append(f"about {ahead} (h:mm:ss) of one core, by the median of {len(seconds)} fits in the file")
    return "\n".join(lines)


if __name__ == "__main__":  # workers import this module too
    main()
