"""Run a function over many settings: one row a fit, in a CSV file that can be resumed, here or on a Dask cluster."""

import contextlib
import csv
import datetime
import fcntl
import inspect
import json
import logging
import os
import platform
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from tsattn_tutorial.arguments import check_size, require
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.history import progress_bar

IDENTITY = ("function", "seed", "settings")
CIRCUMSTANCES = ("total_seconds", "error", "command", "date", "python", "versions", "machine", "threads")
DEATHS = 3  # of a worker under the same fit; then the fit has failed
DIED = "times, the last time with no other fit running (killed, out of memory, or a crash in compiled code)"
VERSIONS = ("tsattn_tutorial", "numpy", "torch", "tensorflow", "keras", "aeon")

# A fit has one thread, so that fits scale with cores. Libraries read these when they are loaded.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR")}
ONE_THREAD |= {"VECLIB_MAXIMUM_THREADS": "1"}

# Frameworks keep their random state per process: two fits at a time in one process would draw from each other's.
_ONE_AT_A_TIME = threading.Lock()

Function = Callable[..., Mapping[str, Any]]
Key = tuple[str, int, str]  # what tells a fit from all others: the columns of IDENTITY
Row = dict[str, Any]


def run(
    function: Function,
    settings: Iterable[Mapping[str, Any]],
    output: str | os.PathLike[str],
    *,
    client: Any = None,
    workers: int = 1,
    command: str = "",
) -> pd.DataFrame:
    """Call a function with each of many settings; add one row a call to a file.

    What is in the file is not run again. The file is written whole after each fit, so that whoever stops loses the
    running fits at most. A fit that fails has a row whose ``error`` says why, and is tried again by the next call. A
    fit whose worker dies is run again, by itself, and has failed after three deaths.

    Parameters
    ----------
    function : callable
        Takes a seed and named settings, returns a mapping of column to number or text. It has a name, and may be
        defined in a notebook.
    settings : iterable of mapping
        Arguments, each with a ``"seed"``, such as scikit-learn's ``ParameterGrid`` makes; the others are what JSON
        can hold.
    output : str or path
        The CSV file; its folder must exist.
    client : distributed.Client or str, optional
        A Dask cluster whose workers have one thread each, or its address; ``workers`` then has no meaning.
    workers : int
        Processes on this machine, one thread each. A single fit at a time runs in this process, with its threads:
        nothing has to be started, and a debugger gets in.
    command : str
        How this was started; kept in every row.

    Returns
    -------
    pandas.DataFrame
        The whole file; ``error`` is empty text where there was none.

    Raises
    ------
    ValueError
        Before anything is run, when settings or workers are not as above, or the file is none that this function
        has written, or another process writes to it.
    FileNotFoundError
        When the folder of the output does not exist.
    ConnectionError
        When the cluster is lost. What was done is in the file.
    """
    fits, path = list_fits(function, settings), Path(output)
    check_size("workers", workers)
    with _locked(path):
        rows = read_rows(path)
        missing = {key: fit for key, fit in fits.items() if key not in rows or rows[key]["error"]}
        rows_of = ((key, _run_fit(function, key[1], given)) for key, given in missing.items())
        if missing and (client or workers > 1):
            rows_of = _run_on_dask(function, missing, client, min(workers, len(missing)))
        with progress_bar(len(missing), "fit") as bar, contextlib.closing(rows_of) as ended:  # also when writing fails
            for key, row in ended:
                rows[key] = dict(zip(IDENTITY, key, strict=True)) | row | {"command": command}
                _write_rows(path, rows)
                bar.update()
    return pd.read_csv(path, float_precision="round_trip").fillna({"error": ""})


def list_fits(function: Function, settings: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Return what `run` would run on an empty file: the key of each fit, and the settings that are not the defaults."""
    name = getattr(function, "__name__", "")
    require(name.isidentifier(), f"function: expected one with a name, got {function!r}")
    signature = inspect.signature(function)
    defaults = {parameter.name: parameter.default for parameter in signature.parameters.values()}
    usual, fits = {key: _json(default) for key, default in defaults.items()}, {}
    for number, given in enumerate(settings):
        try:
            require(isinstance(given, Mapping) and "seed" in given, f"expected a dict with a seed, got {given!r}")
            seed = check_size("seed", given["seed"], 0)
            rest = {key: _plain(key, value, defaults.get(key)) for key, value in given.items() if key != "seed"}
            signature.bind(seed, **rest)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"settings[{number}]: {problem}; {name} takes {', '.join(defaults)}") from None
        different = {key: value for key, value in rest.items() if _json(value) != usual.get(key)}
        fits[name, seed, _json(different)] = different
    require(len(fits) > 0, "settings: expected at least one, got none")
    return fits


def read_rows(path: Path) -> dict[Key, Row]:
    """Read the rows of a file by their keys, every value as the text it is; none where there is no file.

    Raises
    ------
    ValueError
        When a line is not one that `run` has written; with its number.
    """
    rows: dict[Key, Row] = {}
    if not path.exists():
        return rows
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            lacking = [name for name in (*IDENTITY, *CIRCUMSTANCES) if header.count(name) != 1]
            require(not lacking, f"expected a results file, got one without the columns {', '.join(lacking)}")
            for cells in filter(None, reader):
                row = dict(zip(header, cells, strict=False))
                # What stands last is never empty, so that a row that was cut off anywhere is found out.
                whole = len(cells) == len(header) and row["threads"]
                require(whole, f"expected {len(header)} cells, got {sum(map(bool, cells))} that are not empty")
                row["seed"] = int(row["seed"])
                key = row["function"], row["seed"], _json(json.loads(row["settings"]))
                require(key not in rows, f"expected each fit once, got {key} again")
                rows[key] = row
        except (csv.Error, ValueError) as problem:
            what = f"{path}, line {reader.line_num}: {problem}"
            raise ValueError(f"{what}; mend the line, or delete it and its fit is run again") from None
    return rows


def circumstances() -> Row:
    """Say when, with what and on what something was measured: date, versions of what is loaded, machine, threads."""
    torch, cpus = sys.modules.get("torch"), Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", cpus.read_text()) if cpus.exists() else None
    loaded = {name: sys.modules[name].__version__ for name in VERSIONS if name in sys.modules}
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "versions": " ".join(f"{name}={version}" for name, version in loaded.items()),
        "machine": f"{named[1].strip() if named else platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads() if torch else int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count(),
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _plain(name: str, value: Any, default: Any) -> Any:
    """Return a setting that JSON gives back as it is.

    A number of NumPy becomes one of Python, a whole number a float where the default is one.
    """
    value = value.item() if isinstance(value, np.generic) else value
    value = float(value) if isinstance(default, float) and type(value) is int else value
    with contextlib.suppress(TypeError, ValueError):
        if repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value):
            return value
    raise ValueError(f"{name}: expected what JSON can hold, such as a list for a tuple, got {value!r}")


def _write_rows(path: Path, rows: Mapping[Key, Row]) -> None:
    """Write the file whole, in an order that does not depend on when the fits were run."""
    results = dict.fromkeys(name for row in rows.values() for name in row if name not in (*IDENTITY, *CIRCUMSTANCES))
    ordered = sorted(rows, key=lambda key: (key[0], key[2] != "{}", key[2], key[1]))
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*IDENTITY, *results, *CIRCUMSTANCES], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in ordered)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing to the file; the system takes the lock away when this one dies."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected an existing folder to write to, got {path.parent}")
    with path.with_name(f".{path.name}.lock").open("a") as file:  # it stays: a lock on a file that was deleted is none
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{path}: another process is writing to it; wait, or take another file") from None
        yield


def _run_fit(function: Function, seed: int, settings: dict[str, Any]) -> Row:
    """Run one fit, in whatever process this is; return its row, also when the fit fails."""
    with _ONE_AT_A_TIME:
        started, cells, error = time.perf_counter(), {}, ""
        try:
            for name, value in dict(function(seed, **settings)).items():
                free = name not in (*IDENTITY, *CIRCUMSTANCES)
                require(free, f"result {name!r}: the name is taken, expected another")
                value = value.item() if isinstance(value, np.generic) else value
                fine = isinstance(name, str) and isinstance(value, bool | int | float | str | None)
                require(fine, f"result {name!r}: expected a number or text, got {type(value).__name__}")
                cells[name] = "" if value != value else value  # NaN is an empty cell
        except (Exception, SystemExit) as problem:  # one failed fit must not take the others with it
            cells, error = {}, f"{type(problem).__name__}: {problem}"
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()  # else every model stays in memory
        return cells | {"total_seconds": time.perf_counter() - started, "error": error} | circumstances()


def _cluster(workers: int) -> Any:
    """Start a cluster on this machine, one process and one thread a worker; it restarts workers that die."""
    import dask
    from distributed import Client

    # No worker is stopped for its memory but by the system; one that dies is our business, and is told in the row.
    options = {"memory_limit": None, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):  # deaths are counted here, fit by fit
        return Client(n_workers=workers, threads_per_worker=1, set_as_default=False, **options)


def _run_on_dask(
    function: Function, fits: Mapping[Key, dict[str, Any]], client: Any, workers: int
) -> Iterator[tuple[Key, Row]]:
    """Run fits on a cluster. Its scheduler keeps the queue, and may ask for workers.

    Dask says of every fit that a dead worker had, running or waiting, that it killed the worker. So these wait until
    all others are done; then each has the cluster to itself, and whoever kills a worker now does it alone.
    """
    from distributed import CancelledError, Client, KilledWorker, wait

    opened = Client(client, set_as_default=False) if isinstance(client, str) else contextlib.nullcontext(client)
    waiting, suspects, running, deaths = list(fits), [], {}, Counter()
    # The environment is there for workers that are restarted, too.
    with mock.patch.dict(os.environ, {} if client else ONE_THREAD), opened if client else _cluster(workers) as client:
        for worker, threads in client.nthreads().items():
            wanted = "one thread each, for a fit needs a process to itself (dask worker --nworkers N --nthreads 1)"
            require(threads == 1, f"client: expected workers with {wanted}; got {threads} threads at {worker}")
        try:
            while waiting or running:
                running |= {client.submit(_run_fit, function, k[1], fits[k], pure=False): k for k in waiting}
                with client.as_current():
                    ended = wait(list(running), return_when="FIRST_COMPLETED").done
                for future in ended:
                    key, problem = running.pop(future), future.exception()
                    died = isinstance(problem, KilledWorker)
                    deaths[key] += died
                    if died and deaths[key] < DEATHS:
                        suspects.append(key)
                        continue
                    error = f"WorkerDied: {DEATHS} {DIED}" if died else f"{type(problem).__name__}: {problem}"
                    failed = {"total_seconds": "", "error": error} | circumstances() | {"threads": 1}  # of the worker
                    row = failed if problem else future.result()
                    future.release()  # else the result stays on its worker, and is computed anew when that one dies
                    yield key, row
                waiting, suspects = ([], suspects) if running else (suspects[:1], suspects[1:])
        except CancelledError:
            raise ConnectionError("lost the scheduler; what is done is in the file, run it again") from None
        finally:
            client.cancel(list(running))
