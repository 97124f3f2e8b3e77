"""A statement of the book that is tested whenever its chapter runs."""

from typing import Any

import numpy as np


class CheckFailed(AssertionError):
    """A statement of the book that does not hold here; the message carries the value."""


def check(statement: str, holds: bool, value: Any = None) -> None:
    """Print a statement that holds; raise when it does not.

    The line depends on nothing but the statement, so it is the same on every machine.

    Parameters
    ----------
    statement : str
        What holds, in words, with the margin that is tested.
    holds : bool
        Whether it does. One truth value: reduce arrays with ``.all()`` first.
    value : object, optional
        What was measured; shown only when the statement fails.

    Raises
    ------
    CheckFailed
        When the statement does not hold.
    TypeError
        When ``holds`` is not a single truth value.
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(f"holds must be one truth value, got {holds!r}")
    if not holds:
        raise CheckFailed(f"does not hold: {statement} (measured: {value})")
    print(f"✓ {statement}")
