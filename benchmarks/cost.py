"""Time and memory of a layer over the length, the number and the width of the series, and where it stops fitting."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import torch

from benchmarks.layers import LAYERS
from benchmarks.rounds import Case, in_turn

__all__ = ["SWEEPS", "cases", "fits", "limits", "measure", "peak_bytes"]

USUAL = {"series": 2, "steps": 512, "width": 64}
#: What is varied, and its values; the other two stay as usual.
SWEEPS = {
    "steps": (128, 256, 512, 1024, 2048, 4096, 8192),
    "series": (1, 2, 4, 8, 16, 32, 64),
    "width": (16, 32, 64, 128, 256, 512),
}
ENOUGH = 0.1  # seconds of passes that make up a measurement
MEMORY = 2 * 2**30  # bytes, what Binder gives
PATIENCE = 60  # CPU seconds a pass may take when the limit is looked for
LONGEST = 2**20  # steps


def measure(rounds: int) -> pd.DataFrame:
    """Time each layer at each point of the sweeps, in turn, and count its memory once.

    Parameters
    ----------
    rounds : int
        How often each is timed.

    Returns
    -------
    pandas.DataFrame
        One row a measurement: as `in_turn` has it, with ``series``, ``steps``, ``width`` and ``bytes``.
    """
    parts = []
    for varied, values in SWEEPS.items():
        for value in values:
            size = USUAL | {varied: value}
            rows = in_turn(f"{varied} {value}", cases(**size), rounds)
            memory = {case.name: peak_bytes(partial(case.run, 0)) for case in cases(**size)}
            parts.append(rows.assign(group=varied, **size, bytes=rows["case"].map(memory)))
    return pd.concat(parts, ignore_index=True)


def cases(*, series: int, steps: int, width: int) -> Iterator[Case]:
    """One forward and backward pass of each layer over data of that size."""
    for name in LAYERS:
        run = _pass(name, series, steps, width)
        run()  # once, so that memory has been fetched
        yield Case(name, lambda number, run=run: {"seconds": _seconds(run)})


def _seconds(run: Callable[[], None]) -> float:
    """Time a pass: the median of as many as fill a tenth of a second, because one of 1 ms is soon disturbed.

    What is taken is CPU time: on one thread the same as time by the clock, but for the waits while others compute.
    """
    taken: list[float] = []
    while sum(taken) < ENOUGH:
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return median(taken)


def _pass(name: str, series: int, steps: int, width: int) -> Callable[[], None]:
    layer = LAYERS[name](width)
    x = torch.randn(series, steps, width, generator=torch.Generator().manual_seed(0))

    def run() -> None:
        layer(x).sum().backward()
        layer.zero_grad()  # at the end, so that the gradients count as memory of this pass

    return run


def peak_bytes(run: Callable[[], Any]) -> int:
    """Count what PyTorch holds at most while a function runs, beside what it held before.

    Parameters
    ----------
    run : callable
        It is called once. Memory that a library fetches without PyTorch's allocator is not seen.

    Returns
    -------
    int
        Bytes. The same on every machine with the same kernels.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler says on stderr when it starts and stops
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    held = most = 0
    memory = (event for event in events if event.get("name") == "[memory]")
    for event in sorted(memory, key=lambda event: (event["ts"], event["args"]["Ev Idx"])):
        held += event["args"]["Bytes"]  # negative when freed
        most = max(most, held)
    return most


def limits() -> pd.DataFrame:
    """Double the length of two series until a pass of a layer no longer fits, each try in a new process.

    Returns
    -------
    pandas.DataFrame
        One row a layer: ``case``, ``steps`` (the greatest length that went well), ``stopped_by`` (``memory`` of 2 GiB,
        ``time`` of a minute, or ``length``, a million steps) and ``seconds`` of the last pass that went well.
    """
    rows = []
    for name in LAYERS:
        steps, seconds, stopped_by = 0, 0.0, ""
        while not stopped_by:
            longer = 2 * steps or min(SWEEPS["steps"])
            if longer > LONGEST:
                stopped_by = "length"
            elif 4 * seconds > PATIENCE:
                stopped_by = "time"  # twice the length may take four times as long
            elif (took := fits(name, longer)) is None:
                stopped_by = "memory"
            else:
                steps, seconds = longer, took
        row = {"group": "limit", "case": name, "steps": steps, "stopped_by": stopped_by, "seconds": seconds}
        rows.append(row | {"series": USUAL["series"], "width": USUAL["width"], "bytes": MEMORY})
        print(f"  limit: {name}, {steps} steps, stopped by {stopped_by}", flush=True)
    return pd.DataFrame(rows)


def fits(name: str, steps: int, memory: int = MEMORY) -> float | None:
    """Try a pass over that many steps in a process that may take only so much memory.

    Parameters
    ----------
    name : str
        A key of ``LAYERS``.
    steps : int
        Length of the two series.
    memory : int
        Bytes that the pass may take beside what Python and PyTorch themselves need.

    Returns
    -------
    float or None
        CPU seconds of the pass; None when memory did not suffice.

    Raises
    ------
    subprocess.CalledProcessError
        When the process failed for another reason.
    """
    command = [sys.executable, "-m", "benchmarks.cost", name, str(steps), str(memory)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return None if said == ["memory"] else float(said[0])


def _try(name: str, steps: int, memory: int) -> str:
    """Say how many seconds a pass took, or ``memory``."""
    torch.set_num_threads(1)
    _pass(name, 1, 2, USUAL["width"])()  # so that everything is loaded before the limit is set
    status = Path("/proc/self/status").read_text().splitlines()
    taken = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize:"))
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    try:
        run = _pass(name, USUAL["series"], steps, USUAL["width"])
        started = time.process_time()
        run()
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        return "memory"
    return str(time.process_time() - started)


if __name__ == "__main__":
    print(_try(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
