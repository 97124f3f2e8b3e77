"""One fit, in whatever process it runs, and its row."""

import datetime
import os
import pickle
import platform
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tsattn_tutorial.sweep.grid import Fit

__all__ = ["circumstances", "failed_row", "run_fit"]

VERSIONS = ("tsattn_tutorial", "numpy", "torch", "tensorflow", "keras", "aeon")

# Frameworks keep their random state per process: two fits at a time in one process would draw from each other's.
_ONE_AT_A_TIME = threading.Lock()


def run_fit(fit: Fit, command: str) -> dict[str, Any]:
    """Run one fit; return its row, also when the fit fails.

    Parameters
    ----------
    fit : Fit
        What to run.
    command : str
        How the sweep was started.

    Returns
    -------
    dict
        What the experiment returned, ``total_seconds`` of the whole fit, ``error`` (empty, or what went wrong),
        the command, and the `circumstances`.
    """
    with _ONE_AT_A_TIME:
        started = time.perf_counter()
        try:
            result, error = dict(fit.function(fit.seed, **fit.parameters)), ""
            pickle.dumps(result)  # what cannot be sent would keep Dask waiting for ever
        except (Exception, SystemExit) as problem:  # one failed fit must not take the others with it
            result, error = {}, f"{type(problem).__name__}: {problem}"
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()  # else every model of the sweep stays in memory
        return _row(fit, result, time.perf_counter() - started, error, command)


def failed_row(fit: Fit, error: str, command: str) -> dict[str, Any]:
    """Return the row of a fit that could not say itself what went wrong; how long it took is unknown."""
    return _row(fit, {}, float("nan"), error, command) | {"threads": 1}  # of the worker, not of this process


def _row(fit: Fit, result: dict[str, Any], seconds: float, error: str, command: str) -> dict[str, Any]:
    return fit.key() | result | {"total_seconds": seconds, "error": error, "command": command} | circumstances()


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
