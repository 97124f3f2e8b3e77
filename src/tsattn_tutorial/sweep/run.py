"""A sweep from Python: what is missing in the file is run, and added to it."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from tsattn_tutorial.progress import progress_bar
from tsattn_tutorial.sweep.grid import Experiment, list_fits
from tsattn_tutorial.sweep.results import Results
from tsattn_tutorial.sweep.workers import check_backend, run_fits

__all__ = ["run_sweep"]


def run_sweep(
    experiment: Experiment,
    seeds: Iterable[int],
    output: str | os.PathLike[str],
    grid: Mapping[str, Iterable[Any]] | None = None,
    *,
    jobs: int = 1,
    backend: str = "loky",
    command: str = "",
) -> pd.DataFrame:
    """Run every combination of the grid with every seed; add one row a fit to the file.

    Fits whose row is in the file already are not run again. The file is rewritten whole whenever a fit is
    done, so a sweep that is stopped loses the running fits at most. A fit that fails leaves a row whose
    ``error`` says why; the next sweep tries it again. When a worker dies, its fit is run again, by itself;
    after three deaths its row says so. Run one sweep on a file at a time.

    Parameters
    ----------
    experiment : str or callable
        A key of ``tsattn_tutorial.experiments.EXPERIMENTS``, or a function of your own with a name that is not
        among them: it takes a seed and named parameters, and returns a mapping, one value a column.
    seeds : iterable of int
        Seeds, one fit each.
    output : str or path
        The CSV file; its folder must exist.
    grid : mapping, optional
        Parameter name to the values it takes.
    jobs : int
        Fits at a time, each in a process and on one thread of its own; -1 for one a core. One job on loky
        runs in this process, and with its threads. Without meaning where a scheduler is named: its workers decide.
    backend : str
        ``"loky"`` for processes on this machine, ``"dask"`` for a Dask cluster that is started on it, or the
        address of a Dask scheduler such as ``"tcp://host:8786"``. The rows are the same but for times and machine.
    command : str
        How the sweep was started; kept in every row.

    Returns
    -------
    pandas.DataFrame
        The whole file.

    Raises
    ------
    ValueError
        When there is no such experiment or backend, the experiment takes no such parameter, there is no fit to
        run, the file is not one that a sweep has written, or a worker of the cluster has several threads.
    OSError
        When the folder of ``output`` does not exist, there is no scheduler at the address, or it is lost.
    ImportError
        When the backend needs ``distributed`` and it is not installed.
    """
    check_backend(backend, jobs)
    fits = list_fits(experiment, seeds, grid)
    results = Results(output)
    done = results.done()
    missing = [fit for fit in fits if fit.identity not in done]
    with (
        progress_bar(len(missing), "fit") as bar,
        contextlib.closing(run_fits(missing, command, backend, jobs)) as ended,  # workers stop when writing fails
    ):
        for rows in ended:
            results.add(rows)
            bar.update(len(rows))
    return results.table()
