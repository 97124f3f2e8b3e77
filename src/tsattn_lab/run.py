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
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pandas as pd

from tsattn_tutorial.arguments import check_size
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.history import progress_bar

if TYPE_CHECKING:
    from distributed import Client

IDENTITY = ("function", "seed", "settings")
CIRCUMSTANCES = ("total_seconds", "error", "command", "date", "python", "versions", "machine", "threads")
DEATHS = 3  # of a worker under the same fit; then the fit has failed
VERSIONS = ("tsattn_tutorial", "numpy", "torch", "tensorflow", "keras", "aeon")

# A fit has one thread, so that fits scale with cores. Libraries read these when they are loaded.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}

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
    client: "Client | None" = None,
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
    client : distributed.Client, optional
        A Dask cluster whose workers have one thread each; ``workers`` then has no meaning.
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
    for worker, threads in client.nthreads().items() if client else ():
        if threads > 1:
            wanted = "one thread each, because a fit needs a process to itself (dask worker --nworkers N --nthreads 1)"
            raise ValueError(f"client: expected workers with {wanted}; got {threads} threads at {worker}")
    with _locked(path):
        rows = read_rows(path)
        missing = {key: fit for key, fit in fits.items() if key not in rows or rows[key]["error"]}
        with (
            progress_bar(len(missing), "fit") as bar,
            contextlib.closing(_run_all(function, missing, client, workers)) as ended,  # stops when writing fails
        ):
            for key, row in ended:
                rows[key] = row | {"command": command}
                _write_rows(path, rows)
                bar.update()
    return pd.read_csv(path, float_precision="round_trip").fillna({"error": ""})


def list_fits(function: Function, settings: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Return what `run` would run on an empty file: the key of each fit, and the settings that are not the defaults."""
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise ValueError(f"function: expected one with a name, got {function!r}")
    signature = inspect.signature(function)
    defaults = {parameter.name: parameter.default for parameter in signature.parameters.values()}
    fits = {}
    for number, given in enumerate(settings):
        try:
            if not isinstance(given, Mapping) or "seed" not in given:
                raise ValueError(f"expected a dict with a seed, got {given!r}")
            seed = check_size("seed", given["seed"], 0)
            rest = {name: _plain(name, value) for name, value in given.items() if name != "seed"}
            signature.bind(seed, **rest)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"settings[{number}]: {problem}; {name} takes {', '.join(defaults)}") from None
        for key, value in rest.items():  # a whole number is meant as a float where the default is one
            rest[key] = float(value) if isinstance(defaults.get(key), float) and type(value) is int else value
        different = {
            key: value
            for key, value in rest.items()
            if _json(value) != _json(defaults.get(key, inspect.Parameter.empty))
        }
        fits[name, seed, _json(different)] = different
    if not fits:
        raise ValueError("settings: expected at least one, got none")
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
            if lacking := [name for name in (*IDENTITY, *CIRCUMSTANCES) if header.count(name) != 1]:
                raise ValueError(f"expected a results file, got one without the columns {', '.join(lacking)}")
            for cells in filter(None, reader):
                row = dict(zip(header, cells, strict=False))
                # What stands last is never empty, so that a row that was cut off anywhere is found out.
                if len(cells) != len(header) or not row["threads"]:
                    raise ValueError(f"expected {len(header)} cells, got {sum(map(bool, cells))} that are not empty")
                if not re.fullmatch(r"\d+(\.0*)?", row["seed"]):  # pandas and spreadsheets make 0.0 of 0
                    raise ValueError(f"seed: expected a whole number, got {row['seed']!r}")
                row["seed"] = int(row["seed"].partition(".")[0])
                key = row["function"], row["seed"], _json(json.loads(row["settings"]))
                if key in rows:
                    raise ValueError(f"expected each fit once, got {key} again")
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


def _plain(name: str, value: Any) -> Any:
    """Return a setting that JSON gives back as it is; a number of NumPy becomes one of Python."""
    value = value.item() if isinstance(value, np.generic) else value
    try:
        kept = repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value)
    except (TypeError, ValueError):
        kept = False
    if not kept:
        raise ValueError(f"{name}: expected what JSON can hold, such as a list for a tuple, got {value!r}")
    return value


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
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(file.fileno()), lock.stat())  # else it was deleted before it was mine
        except OSError:
            mine = False
        if not mine:
            raise ValueError(f"{path}: another process is writing to it; wait for it, or write to a file of your own")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _run_all(
    function: Function, fits: Mapping[Key, dict[str, Any]], client: "Client | None", workers: int
) -> Iterator[tuple[Key, Row]]:
    """Run fits; yield their rows as they end."""
    if client or (fits and workers > 1):
        with contextlib.nullcontext(client) if client else _cluster(min(workers, len(fits))) as there:
            yield from _run_on_dask(function, fits, there)
    else:
        for key, settings in fits.items():
            yield key, _run_fit(function, key, settings)


def _run_fit(function: Function, key: Key, settings: dict[str, Any]) -> Row:
    """Run one fit, in whatever process this is; return its row, also when the fit fails."""
    with _ONE_AT_A_TIME:
        started, cells, error = time.perf_counter(), {}, ""
        try:
            for name, value in dict(function(key[1], **settings)).items():
                if name in (*IDENTITY, *CIRCUMSTANCES):
                    raise ValueError(f"result {name!r}: the name is taken, expected another")
                value = value.item() if isinstance(value, np.generic) else value
                if not isinstance(name, str) or not isinstance(value, bool | int | float | str | None):
                    raise TypeError(f"result {name!r}: expected a number or text, got {type(value).__name__}")
                cells[name] = "" if value != value else value  # NaN is an empty cell
        except (Exception, SystemExit) as problem:  # one failed fit must not take the others with it
            cells, error = {}, f"{type(problem).__name__}: {problem}"
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()  # else every model stays in memory
        return _row(key, cells, time.perf_counter() - started, error)


def _row(key: Key, cells: Row, seconds: float | str, error: str) -> Row:
    identity = dict(zip(IDENTITY, key, strict=True))
    return identity | cells | {"total_seconds": seconds, "error": error} | circumstances()


@contextlib.contextmanager
def _cluster(workers: int) -> Iterator["Client"]:
    """Start a cluster on this machine, one process and one thread a worker; it restarts workers that die."""
    import dask
    from distributed import Client, LocalCluster

    # No worker is stopped for its memory but by the system; one that dies is our business, and is told in the row.
    options = {"memory_limit": None, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),  # deaths are counted here, fit by fit
        mock.patch.dict(os.environ, ONE_THREAD),  # for workers that are restarted too
        LocalCluster(n_workers=workers, threads_per_worker=1, **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _run_on_dask(function: Function, fits: Mapping[Key, dict[str, Any]], client: "Client") -> Iterator[tuple[Key, Row]]:
    """Run fits on a cluster. Its scheduler keeps the queue, and may ask for workers.

    Dask says of every fit that a dead worker had, running or waiting, that it killed the worker. So these wait until
    all others are done; then each has the cluster to itself, and whoever kills a worker now does it alone.
    """
    from distributed import CancelledError, KilledWorker, wait

    def start(key: Key) -> None:
        running[client.submit(_run_fit, function, key, fits[key], pure=False)] = key

    running: dict[Any, Key] = {}
    suspects: list[Key] = []
    deaths: Counter[Key] = Counter()
    for key in fits:
        start(key)
    try:
        while running:
            with client.as_current():
                ended = wait(list(running), return_when="FIRST_COMPLETED").done
            for future in ended:
                key, problem = running.pop(future), future.exception()
                died = isinstance(problem, KilledWorker)
                deaths[key] += died
                if died and deaths[key] < DEATHS:
                    suspects.append(key)
                    continue
                row = future.result() if problem is None else None
                future.release()  # else the result stays on its worker, and is computed anew when that one dies
                why = f"{DEATHS} times, the last time with no other fit running (killed, out of memory, or a crash)"
                error = f"WorkerDied: {why}" if died else f"{type(problem).__name__}: {problem}"
                yield key, row or _row(key, {}, "", error) | {"threads": 1}  # of the worker, not of this process
            if suspects and not running:
                start(suspects.pop(0))
    except CancelledError:
        raise ConnectionError("lost the scheduler; what is done is in the file, run it again") from None
    finally:
        client.cancel(list(running))
