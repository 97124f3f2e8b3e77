"""Fits on worker processes: of this machine (loky), or of a Dask cluster. Workers may die.

Both backends are executors here: they take a call and give a future. joblib's ``Parallel`` would hide the futures, and
with them which fits a dead worker took along: on loky it gives up everything that was under way, and on Dask (joblib
1.6, distributed 2026.8) it waits for ever for a fit that the scheduler has given up.
"""

import contextlib
import logging
import os
import queue
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any
from unittest import mock

from joblib import effective_n_jobs
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tsattn_tutorial.sweep.fit import failed_row, run_fit
from tsattn_tutorial.sweep.grid import Fit

__all__ = ["BACKENDS", "DEATHS", "check_backend", "run_fits"]

BACKENDS = ("loky", "dask")
DEATHS = 3  # of a worker under the same fit; then the fit has failed

# A fit has one thread, so that fits scale with cores. Libraries read these when they are loaded.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}


def check_backend(backend: str, jobs: int) -> None:
    """Raise ValueError unless this is ``loky``, ``dask`` or the address of a Dask scheduler, and some jobs."""
    if backend not in BACKENDS and "://" not in backend:
        raise ValueError(
            f"backend: expected loky, dask or a scheduler's address such as tcp://host:8786; got {backend!r}"
        )
    if jobs == 0:
        raise ValueError("jobs: expected a number of fits at a time, or -1 for one a core; got 0")


def run_fits(fits: Sequence[Fit], command: str, backend: str, jobs: int) -> Iterator[list[dict[str, Any]]]:
    """Run fits; yield the rows of those that are done, a few at a time, in no order.

    When a worker dies, the fits that it may have been running wait until all others are done. Then each has the
    workers to itself: whoever kills a worker now does it alone. After ``DEATHS`` deaths its row says so.

    Parameters
    ----------
    fits : sequence of Fit
        What to run.
    command : str
        How the sweep was started.
    backend : str
        As `run_sweep` takes it.
    jobs : int
        As `run_sweep` takes it.

    Raises
    ------
    ValueError
        When a worker of the cluster runs several fits in one process.
    OSError
        When there is no scheduler at the address.
    ConnectionError
        When the scheduler is lost.
    KeyboardInterrupt
        When a fit was interrupted.
    """
    if not fits:
        return
    jobs = effective_n_jobs(jobs)
    if backend == "loky" and jobs == 1:
        for fit in fits:
            yield [run_fit(fit, command)]
        return
    if backend == "loky":
        opened, at_once = _Loky(jobs), jobs
    elif backend == "dask":
        opened, at_once = _dask_here(jobs), jobs
    else:
        opened, at_once = _dask_at(backend), len(fits)  # the scheduler keeps the queue, and may ask for workers
    with opened as executor:
        yield from _in_turn(executor, fits, command, at_once)


def _in_turn(executor: Executor, fits: Sequence[Fit], command: str, at_once: int) -> Iterator[list[dict[str, Any]]]:
    waiting, suspects = deque(fits), deque()
    deaths: Counter[tuple[str, int, str]] = Counter()
    running: dict[Future, Fit] = {}
    ended: queue.SimpleQueue[Future] = queue.SimpleQueue()

    def start(fit: Fit) -> None:
        future = executor.submit(run_fit, fit, command)
        running[future] = fit
        future.add_done_callback(ended.put)

    def start_more() -> None:
        while waiting and len(running) < at_once:
            start(waiting.popleft())
        if suspects and not running:
            start(suspects.popleft())

    def row_of(future: Future) -> dict[str, Any] | None:
        """The row of a fit that has ended; None when it will be run again."""
        fit = running.pop(future)
        if future.cancelled():
            raise ConnectionError("lost the scheduler; what is done is in the file, run the sweep again")
        problem = future.exception()
        if problem is None:
            return future.result()
        if not isinstance(problem, Exception):  # KeyboardInterrupt
            raise problem
        if not _died(problem):  # it never ran, because it could not be sent, say
            return failed_row(fit, f"{type(problem).__name__}: {problem}", command)
        deaths[fit.identity] += 1
        if deaths[fit.identity] == DEATHS:
            return failed_row(fit, f"WorkerDied: {DEATHS} times, {_reason(problem)}", command)
        suspects.append(fit)
        return None

    start_more()
    while running:
        # No name is given to the futures here: whose future is held, its result stays on a worker of Dask, and is
        # computed anew when that worker dies.
        rows = [row for row in map(row_of, _all_of(ended)) if row is not None]
        start_more()  # before the rows are written: no worker waits for the disk
        if rows:
            yield rows


def _all_of(ended: "queue.SimpleQueue[Future]") -> list[Future]:
    """Wait for one, and take whatever else is there."""
    futures = [ended.get()]
    with contextlib.suppress(queue.Empty):
        while True:
            futures.append(ended.get_nowait())
    return futures


def _died(problem: Exception) -> bool:
    # By name, because distributed may not be installed.
    return isinstance(problem, BrokenExecutor) or type(problem).__name__ == "KilledWorker"


def _reason(problem: Exception) -> str:
    if isinstance(problem, BrokenExecutor) and not isinstance(problem, TerminatedWorkerError):
        return f"the last time alone: {problem}"  # the fit, or its result, could not be read
    return "the last time with no other fit running (killed, out of memory, or a crash in compiled code)"


class _Loky:
    """An executor of loky that starts again after a worker has died: loky itself gives up the whole pool."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def __enter__(self) -> "_Loky":
        self._start()
        return self

    def _start(self) -> None:
        self.pool = ProcessPoolExecutor(self.jobs, env=ONE_THREAD)

    def submit(self, *call: Any) -> Future:
        try:
            return self.pool.submit(*call)
        except BrokenExecutor:
            self.pool.shutdown(kill_workers=True)
            self._start()
            return self.pool.submit(*call)

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        self.pool.shutdown(kill_workers=kind is not None)


@contextlib.contextmanager
def _dask_here(jobs: int) -> Iterator[Executor]:
    """Start a cluster on this machine, one process and one thread a worker; it restarts workers that die."""
    import dask
    from distributed import Client, LocalCluster

    settings = {
        # Deaths are counted here, as on loky. Dask's own count would blame a fit for its neighbour.
        "distributed.scheduler.allowed-failures": 0,
        "distributed.nanny.pre-spawn-environ": ONE_THREAD,
    }
    with (
        dask.config.set(settings),
        mock.patch.dict(os.environ, ONE_THREAD),  # which Dask puts above its own settings
        LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            memory_limit=None,  # as on loky: no worker is stopped for its memory but by the system
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,  # a worker that dies is our business, and is told in the row
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        _executor_of(client) as executor,
    ):
        yield executor


@contextlib.contextmanager
def _dask_at(address: str) -> Iterator[Executor]:
    """Connect to a cluster that is there."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        threads = client.nthreads()
        several = sorted(worker for worker, count in threads.items() if count > 1)
        if several:
            raise ValueError(
                f"{address}: expected workers with one thread each, because a fit needs a process to itself "
                f"(dask worker --nworkers N --nthreads 1); got {threads[several[0]]} threads at {several[0]}"
            )
        with _executor_of(client) as executor:
            yield executor


@contextlib.contextmanager
def _executor_of(client: Any) -> Iterator[Executor]:
    """Give the client's executor; afterwards, cancel what it has not begun."""
    executor = client.get_executor(pure=False)  # as a context of its own it would wait for everything, also at Ctrl-C
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)
