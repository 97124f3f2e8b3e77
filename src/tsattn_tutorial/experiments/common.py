"""What the experiments share: seeds of data, and clear words about a choice."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

__all__ = ["one_of", "stream_seed"]

Choice = TypeVar("Choice")


def stream_seed(seed: int, stream: int) -> int:
    """Return a seed for one of several data sets of a fit; none is shared between seeds."""
    return int(np.random.SeedSequence((seed, stream)).generate_state(1)[0])


def one_of(name: str, value: str, choices: Mapping[str, Choice]) -> Choice:
    """Return the choice of that name; raise ValueError when there is none."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return choices[value]
