"""A table of what was claimed, what was measured, and the verdict, which is tested."""

from typing import Literal, get_args

from tsattn_tutorial.checks import CheckFailed

__all__ = ["Claims", "Verdict"]

Verdict = Literal["holds", "holds in part", "does not hold", "not settled"]
COLUMNS = ("said", "measured", "verdict", "see")


class Claims:
    """Statements of one source, a line each. In a notebook it shows as a table.

    Its text follows from the measured values alone, so it is the same wherever the results are the same.
    """

    def __init__(self) -> None:
        #: One row a statement: said, measured, verdict, see.
        self.rows: list[tuple[str, str, str, str]] = []

    def add(self, said: str, measured: str, verdict: Verdict, because: bool, see: str) -> None:
        """Add a statement.

        Parameters
        ----------
        said : str
            What the source says, in few words.
        measured : str
            What we found, with the figures.
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
        if verdict not in get_args(Verdict):
            raise ValueError(f"verdict must be one of {', '.join(get_args(Verdict))}; got {verdict!r}")
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
