"""A statement of the book that is tested whenever its chapter runs, and a table of what was claimed and found."""

from typing import Any, Literal, get_args

import numpy as np

from tsattn_tutorial.arguments import check_choice

Verdict = Literal["holds", "holds in part", "does not hold", "not settled"]
COLUMNS = ("said", "measured", "verdict", "see")


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


class Claims:
    """Statements of one source, a line each. In a notebook it shows as a table."""

    def __init__(self) -> None:
        #: One row a statement: said, measured, verdict, see.
        self.rows: list[tuple[str, str, str, str]] = []

    def add(self, said: str, measured: str, verdict: Verdict, because: bool, see: str) -> None:
        """Add a statement.

        Parameters
        ----------
        said, measured : str
            What the source says, and what we found, with the figures.
        verdict : {"holds", "holds in part", "does not hold", "not settled"}
            What follows.
        because : bool
            The condition on the measured values from which it follows.
        see : str
            A link to where it was measured, in Markdown.

        Raises
        ------
        CheckFailed
            When the condition is false: the verdict no longer follows from what was measured.
        ValueError
            When there is no such verdict.
        """
        check_choice("verdict", verdict, get_args(Verdict))
        if not because:
            raise CheckFailed(f'the verdict "{verdict}" does not follow: {said} (measured: {measured})')
        self.rows.append((said, measured, f"**{verdict}**", see))

    def __repr__(self) -> str:
        return f"Claims({len(self.rows)} statements)"

    def __str__(self) -> str:
        lines = [COLUMNS, ("---",) * len(COLUMNS), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

    def _repr_markdown_(self) -> str:
        return str(self)
