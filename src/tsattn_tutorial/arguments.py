"""What arguments may be, in one set of words, and the random numbers that follow from a seed.

Every check returns the value as a plain Python one: NumPy's numbers are welcome, and what is stored can be saved.
"""

import math
from collections.abc import Iterable, Iterator
from numbers import Integral, Real
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")


def require(condition: bool, message: str) -> None:
    """Raise ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def check_size(name: str, value: int, least: int = 1) -> int:
    """Return a whole number of at least ``least`` as an int; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        wanted = {0: "0 or a positive integer", 1: "a positive integer"}.get(least, f"an integer, at least {least}")
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return int(value)


def check_number(name: str, value: float, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite number in [low, high] as a float; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not (math.isfinite(value) and low <= value <= high):
        bounds = f" in [{low:g}, {high:g}]" if math.isfinite(high) else f", at least {low:g}" * math.isfinite(low)
        raise ValueError(f"{name} must be a finite number{bounds}, got {value!r}")
    return float(value)


def check_flag(name: str, value: bool) -> bool:
    """Return True or False; raise ValueError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_choice(name: str, value: Choice, choices: Iterable[Choice]) -> Choice:
    """Return a value that is among the choices; raise ValueError, which lists them, for anything else."""
    choices = list(choices)
    value = str(value) if isinstance(value, np.str_) else value
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")
    return value


def generators(seed: int, count: int) -> list[np.random.Generator]:
    """Return independent generators, the children of a seed, one for each thing that is drawn."""
    children = np.random.SeedSequence(check_size("seed", seed, 0)).spawn(count)
    return [np.random.default_rng(child) for child in children]


def child_seed(seed: int, stream: int) -> int:
    """Return the seed of one of several data sets or parts that belong to a seed; no two seeds share one."""
    entropy = check_size("seed", seed, 0), check_size("stream", stream, 0)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def layer_seeds(seed: int) -> Iterator[int]:
    """Return a seed for each layer of a model, 256 at most."""
    return iter(np.random.SeedSequence(check_size("seed", seed, 0)).generate_state(256).tolist())
