"""Experiments for tests/test_sweep_workers.py, in a module of their own: workers import it, and start sooner so."""

import os
import signal
import threading
import time
from pathlib import Path

from tsattn_tutorial.sweep.workers import ONE_THREAD


def mortal(seed: int, *, folder: str, once: tuple = (), always: tuple = ()):
    """Leave a line for every run; kill the own process in the middle of a fit, once or whenever it is run."""
    runs = Path(folder) / str(seed)
    with runs.open("a") as file:
        file.write("run\n")
    time.sleep(0.1)  # so that the other worker has a fit too
    if seed in always or (seed in once and len(runs.read_text().splitlines()) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"score": seed / 3}


def limits(seed: int):
    return {name: os.environ[name] for name in ONE_THREAD}


GO = threading.Event()


def second_waits(seed: int):
    """For a worker in the process of the test, which says when to go on."""
    if seed == 1 and not GO.wait(60):
        raise TimeoutError
    return {}


def leaves(seed: int):
    raise SystemExit("gone")


def not_for_others(seed: int):
    return {"score": (number for number in range(seed))}  # a generator cannot be sent
