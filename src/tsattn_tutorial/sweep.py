"""Run an experiment over seeds and parameters, one row a fit, into a CSV file that can be resumed.

::

    python -m tsattn_tutorial.sweep bilstm_attention --seeds 0-9 --jobs 2 --output book/results/bilstm_attention.csv
"""

import argparse
import datetime
import itertools
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from tsattn_tutorial.experiments import EXPERIMENTS, different_parameters, run_experiment
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.progress import progress_bar

__all__ = ["circumstances", "main", "run_sweep"]

VERSIONS = ("tsattn_tutorial", "numpy", "torch", "tensorflow", "keras", "aeon")


def run_sweep(
    experiment: str,
    seeds: Iterable[int],
    output: str | os.PathLike[str],
    grid: Mapping[str, Iterable[Any]] | None = None,
    *,
    jobs: int = 1,
    command: str = "",
) -> pd.DataFrame:
    """Run every combination of the grid with every seed; add one row a fit to the file.

    Fits whose row is in the file already are not run again. The file is rewritten whole after each fit,
    so a sweep that is stopped loses the running fits at most. A fit that fails leaves a row whose
    ``error`` says why; the next sweep tries it again. Run one sweep on a file at a time.

    Parameters
    ----------
    experiment : str
        A key of `tsattn_tutorial.experiments.EXPERIMENTS`.
    seeds : iterable of int
        Seeds, one fit each.
    output : str or path
        The CSV file; its folder must exist.
    grid : mapping, optional
        Parameter name to the values it takes.
    jobs : int
        Fits at a time. With more than one, each has a process and one thread to itself.
    command : str
        How the sweep was started; kept in every row.

    Returns
    -------
    pandas.DataFrame
        The whole file.

    Raises
    ------
    ValueError
        When there is no such experiment, it takes no such parameter, there is no fit to run, or the file is
        not one that a sweep has written.
    FileNotFoundError
        When the folder of ``output`` does not exist.
    """
    seeds = [int(seed) for seed in seeds]
    grid = {name: list(values) for name, values in (grid or {}).items()}
    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    # By identity, so that what is asked for twice runs once.
    wanted = {
        _identity(_key(experiment, seed, different)): (seed, different)
        for different in (different_parameters(experiment, parameters) for parameters in combinations)
        for seed in seeds
    }
    if not wanted:
        raise ValueError("expected at least one seed and one value for each parameter, got none")

    output = Path(output)
    rows = _read_rows(output)
    done = {_identity(row) for row in rows if not row["error"]}
    missing = [fit for identity, fit in wanted.items() if identity not in done]
    with parallel_config("loky", inner_max_num_threads=1), progress_bar(len(missing), "fit") as bar:
        fits = Parallel(n_jobs=jobs, return_as="generator_unordered")(
            delayed(_run_fit)(experiment, seed, parameters, command) for seed, parameters in missing
        )
        for row in fits:
            rows = [old for old in rows if _identity(old) != _identity(row)] + [row]
            _write_rows(output, rows)
            bar.update()
    return pd.read_csv(output, float_precision="round_trip").fillna({"error": ""})


def _key(experiment: str, seed: int, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"experiment": experiment, "seed": seed, "parameters": json.dumps(dict(parameters), sort_keys=True)}


def _identity(row: Mapping[str, Any]) -> tuple[str, int, str]:
    return row["experiment"], int(row["seed"]), row["parameters"]


def _read_rows(output: Path) -> list[dict[str, str]]:
    """Read every value as the text it is, so that a row is written back to the letter."""
    if not output.parent.is_dir():
        raise FileNotFoundError(f"{output}: expected an existing folder to write to, got {output.parent}")
    if not output.exists():
        return []
    try:
        table = pd.read_csv(output, dtype=str, keep_default_na=False)
    except ValueError as error:  # pandas' own errors for an empty or malformed file are ValueErrors
        raise ValueError(f"{output}: expected a results file, got: {error}") from None
    lacking = {"experiment", "seed", "parameters", "error"} - set(table.columns)
    if lacking:
        raise ValueError(f"{output}: expected a results file, got one without the columns {', '.join(sorted(lacking))}")
    return table.to_dict(orient="records")


def _write_rows(output: Path, rows: list[dict[str, Any]]) -> None:
    """Write all rows, in an order that does not depend on when they were run."""
    rows.sort(key=lambda row: (row["experiment"], row["parameters"] != "{}", row["parameters"], int(row["seed"])))
    whole_first = sorted(rows, key=lambda row: bool(row["error"]))  # a failed fit does not know the columns
    columns = list(dict.fromkeys(itertools.chain.from_iterable(whole_first)))
    with written_whole(output) as temporary:
        pd.DataFrame(rows, columns=columns).astype(object).to_csv(temporary, index=False, lineterminator="\n")


def _run_fit(experiment: str, seed: int, parameters: Mapping[str, Any], command: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        result, error = run_experiment(experiment, seed, **parameters), ""
    except Exception as problem:  # one failed fit must not take the others with it
        result, error = {}, f"{type(problem).__name__}: {problem}"
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()  # else every model of the sweep stays in memory
    return (
        _key(experiment, seed, parameters)
        | result
        | {"total_seconds": time.perf_counter() - started, "error": error, "command": command}
        | circumstances()
    )


def circumstances() -> dict[str, Any]:
    """Say when, with what and on what something was measured.

    Returns
    -------
    dict
        ``date``, ``python``, ``versions`` of the libraries that are loaded, ``machine``, and ``threads`` of a fit.
    """
    torch = sys.modules.get("torch")
    loaded = {name: sys.modules[name].__version__ for name in VERSIONS if name in sys.modules}
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "versions": " ".join(f"{name}={version}" for name, version in loaded.items()),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads() if torch else int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count(),
    }


def _processor() -> str:
    """Name the CPU, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _seeds(text: str) -> list[int]:
    """Read ``0-9`` or ``1,2,5`` or both mixed."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


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


def main(arguments: list[str] | None = None) -> None:
    """Run the command line of this module; leave with status 1 when the file holds failed fits."""
    parser = argparse.ArgumentParser(prog="python -m tsattn_tutorial.sweep", description=__doc__.partition("\n")[0])
    parser.add_argument("experiment", choices=sorted(EXPERIMENTS))
    parser.add_argument("--seeds", type=_seeds, default=[0], metavar="0-9", help="seeds to run (default: 0)")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE[,VALUE]",
        dest="settings",
        help="a parameter of the experiment and the values it takes; may be repeated",
    )
    parser.add_argument("--output", required=True, metavar="FILE.csv", help="results; fits in it are not run again")
    parser.add_argument("--jobs", type=int, default=1, help="fits at a time, one thread each (default: 1)")
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by a framework when its first experiment loads it
    table = run_sweep(
        chosen.experiment,
        chosen.seeds,
        chosen.output,
        dict(chosen.settings),
        jobs=chosen.jobs,
        command=shlex.join(["python", "-m", "tsattn_tutorial.sweep", *arguments]),
    )
    failed = int((table["error"] != "").sum())
    print(f"{chosen.output}: {len(table)} fits" + (f", {failed} failed: see the column error" if failed else ""))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
