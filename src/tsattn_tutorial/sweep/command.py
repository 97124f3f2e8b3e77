"""The command line of a sweep."""

import argparse
import datetime
import inspect
import json
import os
import shlex
import statistics
import sys
from typing import Any

from joblib import effective_n_jobs

from tsattn_tutorial.experiments import registry
from tsattn_tutorial.sweep.grid import Fit, SweepGrid, list_fits, read_seeds
from tsattn_tutorial.sweep.results import Results, identity
from tsattn_tutorial.sweep.run import run_sweep
from tsattn_tutorial.sweep.workers import BACKENDS, check_backend

__all__ = ["main"]

PROGRAM = "python -m tsattn_tutorial.sweep"
DESCRIPTION = "Run an experiment over seeds and parameters, one row a fit, into a CSV file that can be resumed."
EPILOG = f"""\
A grid file holds what the arguments say:

  experiment: sine_models
  seeds: 0-9              # or 3, or [0, 1, 5]
  grid:
    model: [logistic regression, MiniRocket]
    noise_std: [0.0, 0.5]

Fits that are in the results are not run again; those that failed are. Each fit has a process and one thread
to itself (one job on loky runs in the process of the command). Exit status: 0 when every fit in the file went
well, 1 when one failed, 2 when the arguments are wrong.

examples:
  {PROGRAM} bilstm_attention --seeds 0-9 --jobs 2 --output results.csv
  {PROGRAM} sine_models --set model="one-line rule" --set noise_std=0,0.5 --output results.csv
  {PROGRAM} --grid grid.yml --output results.csv --dry-run
  {PROGRAM} --grid grid.yml --output results.csv --scheduler tcp://host:8786

experiments:
"""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line of this module; leave with status 1 when the file holds failed fits, 2 on wrong arguments.

    Parameters
    ----------
    arguments : list of str, optional
        What stands behind the name of the command; that of the process when left out.
    """
    parser = _parser()
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = parser.parse_args(arguments)
    if chosen.scheduler and (chosen.backend == "loky" or chosen.jobs is not None):
        parser.error("--scheduler: expected neither --backend loky nor --jobs; the workers of the cluster decide")
    backend, jobs = chosen.scheduler or chosen.backend or "loky", 1 if chosen.jobs is None else chosen.jobs
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by a framework when its first experiment loads it
    try:
        experiment, seeds, grid = _what_to_run(chosen)
        if chosen.dry_run:
            check_backend(backend, jobs)
            print(_plan(list_fits(experiment, seeds, grid), Results(chosen.output), backend, jobs))
            return
        command = shlex.join([*PROGRAM.split(), *arguments])
        table = run_sweep(experiment, seeds, chosen.output, grid, jobs=jobs, backend=backend, command=command)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    failed = int((table["error"] != "").sum())
    print(f"{chosen.output}: {len(table)} fits" + (f", {failed} failed: see the column error" if failed else ""))
    if failed:
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    what = {name: _first_line(function) for name, function in sorted(registry.EXPERIMENTS.items())}
    width = max(map(len, what)) + 4
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s (EXPERIMENT [--seeds 0-9] [--set NAME=VALUE,...] | --grid FILE) --output FILE.csv [options]",
        description=DESCRIPTION,
        epilog=EPILOG + "\n".join(f"  {name:<{width - 2}}{line}" for name, line in what.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fits = parser.add_argument_group("what to run")
    fits.add_argument("experiment", nargs="?", choices=list(what), metavar="EXPERIMENT", help="its name, see below")
    fits.add_argument("--seeds", type=_seeds, metavar="0-9", help="seeds to run, such as 0-9 or 1,2,5 (default: 0)")
    fits.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE[,VALUE]",
        dest="settings",
        help="a parameter of the experiment and the values it takes; may be repeated",
    )
    fits.add_argument("--grid", metavar="FILE", help="a YAML or JSON file with all three, in their place")
    fits.add_argument("--output", required=True, metavar="FILE.csv", help="results; fits in it are not run again")
    fits.add_argument("--dry-run", action="store_true", help="say what is in the file and what would be run, then stop")
    place = parser.add_argument_group("where to run it")
    place.add_argument("--backend", choices=BACKENDS, help="processes here, or a Dask cluster (default: loky)")
    place.add_argument(
        "--jobs", type=int, metavar="N", help="fits at a time, one thread each; -1: one a core (default: 1)"
    )
    place.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask cluster that is running, such as tcp://host:8786; sets --backend"
    )
    return parser


def _first_line(function: Any) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _what_to_run(chosen: argparse.Namespace) -> tuple[str, list[int], dict[str, list[Any]]]:
    if chosen.grid is None:
        if chosen.experiment is None:
            raise ValueError("expected the name of an experiment or --grid FILE, got neither")
        return chosen.experiment, chosen.seeds or [0], dict(chosen.settings)
    if chosen.experiment or chosen.seeds or chosen.settings:
        raise ValueError("--grid: expected neither an experiment nor --seeds nor --set beside it, the file has them")
    grid = SweepGrid.read(chosen.grid)
    return grid.experiment, grid.seeds, grid.grid


def _shared(settings: list[dict[str, Any]]) -> dict[str, Any]:
    """What all of several settings have in common; nothing of a single one."""
    first, *others = settings
    return {key: value for key, value in first.items() if others and all(key in o and o[key] == value for o in others)}


def _plan(fits: list[Fit], results: Results, backend: str, jobs: int) -> str:
    """Say what is in the file, what would be run, and for how long, by the fits that are there."""
    done, failed = results.done(), results.failed()
    by_parameters: dict[str, list[Fit]] = {}
    for fit in fits:
        by_parameters.setdefault(fit.key()["parameters"], []).append(fit)
    settings = [json.loads(parameters) for parameters in by_parameters]
    everywhere = _shared(settings)
    lines = [f"  every fit with {json.dumps(everywhere)}"] if everywhere else []
    for setting, group in zip(settings, by_parameters.values(), strict=True):
        own = {key: value for key, value in setting.items() if key not in everywhere}
        there = [fit.seed for fit in group if fit.identity in done]
        again = [fit.seed for fit in group if fit.identity in failed]
        new = [fit.seed for fit in group if fit.identity not in done | failed]
        for what, seeds in (("in the file", there), ("failed, again", again), ("to run", new)):
            if seeds:
                lines.append(f"  {what:<13} seeds {_ranges(seeds):<5} {json.dumps(own)}")
    missing = sum(fit.identity not in done for fit in fits)
    name = fits[0].experiment
    place = f"{backend}, {effective_n_jobs(jobs)} at a time" if backend in BACKENDS else backend
    lines.insert(0, f"{name} on {place}: {len(fits)} fits, {len(fits) - missing} in {results.path}, {missing} to run")
    rows = [row for row in results.rows if identity(row) in done and row["experiment"] == name]
    seconds = [float(row["total_seconds"]) for row in rows if row.get("total_seconds")]
    if seconds and missing:
        # At least a second, because a timedelta says 0:00:00 for less.
        ahead = datetime.timedelta(seconds=max(1, round(statistics.median(seconds) * missing)))
        lines.append(f"about {ahead} (h:mm:ss) of one core, by the median of {len(seconds)} fits in the file")
    return "\n".join(lines)


def _ranges(numbers: list[int]) -> str:
    """Write 0, 1, 2, 5 as 0-2,5."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def _seeds(text: str) -> list[int]:
    try:
        return read_seeds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _setting(text: str) -> tuple[str, list[Any]]:
    """Read ``name=value`` or ``name=value,value``; values are JSON where they can be, else text."""
    name, equals, values = text.partition("=")
    if not (name and equals and values):
        raise argparse.ArgumentTypeError(f"expected name=value or name=value,value; got {text!r}")
    whole = _json(f"[{values}]")  # so that a value may be a list itself
    return name, whole if isinstance(whole, list) else [_json(value) for value in values.split(",")]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
