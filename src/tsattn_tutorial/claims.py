"""The table of what was claimed and what we found, held by conditions."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tsattn_tutorial.arguments import check_choice
from tsattn_tutorial.checks import CheckFailed
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.metrics import mean_interval

COLUMNS = ("Source", "Claim", "Scope", "Runs", "Measured", "Verdict", "Section")
# Verdict -> a sign that does not need its colour.
SIGNS = {"holds": "✓", "holds in part": "~", "does not hold": "✗", "not settled": "?"}
FEWEST_RUNS = 5  # with fewer, an interval says little


class Claims:
    """What was said, in which scope, and what we found: a table in a file, held by the conditions of a notebook.

    Words and verdicts stand in the file, written by hand. Its columns ``runs``, ``measured``, ``against`` and
    ``values`` are filled by `settle`. So the table can stand on top of a page, and what it rests on at the end. In a
    notebook it shows with a strip for each statement: the runs, their mean with its 95 % interval, and a mark.

    Parameters
    ----------
    path : str or Path
        A CSV file: ``key``, ``source``, ``url``, ``said``, ``scope``, ``scale`` (the two ends of the strip),
        ``verdict``, ``see`` (a link in Markdown), ``found`` (with braces for figures), and the four that are measured.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        #: Key of a statement -> its row in the file.
        self.rows = {row["key"]: row for row in csv.DictReader(self.path.read_text(encoding="utf-8").splitlines())}
        self._open = set(self.rows)

    def measure(
        self, key: str, because: bool, values: ArrayLike = (), against: ArrayLike = (), *figures: float, runs: int = 0
    ) -> None:
        """Say what was found about a statement, and hold its verdict against it.

        Parameters
        ----------
        key : str
            The statement.
        because : bool
            The condition on the measured values from which its verdict follows.
        values : array_like
            For the strip: one number a run. With fewer than five, they are shown without an interval.
        against : float
            What they are compared with: the mark on the strip.
        *figures : float
            What else was measured: they fill the braces in what the file says was ``found``.
        runs : int
            Number of runs, where ``values`` does not have one for each.

        Raises
        ------
        CheckFailed
            When the condition is false: the verdict no longer follows from what was measured.
        ValueError
            When there is no such verdict.
        """
        row = self.rows[key]
        measured = row["found"].format(*figures)
        check_choice("verdict", row["verdict"], tuple(SIGNS))
        if not because:
            raise CheckFailed(f'the verdict "{row["verdict"]}" does not follow: {row["said"]} (measured: {measured})')
        mark, shown = (" ".join(f"{one:.3f}" for one in np.atleast_1d(numbers)) for numbers in (against, values))
        row |= {"runs": str(runs or len(values)), "measured": measured, "against": mark, "values": shown}
        self._open.discard(key)

    def settle(self) -> None:
        """Hold the file against all that was measured. Where it says otherwise, write it anew and raise.

        Raises
        ------
        CheckFailed
            When a statement was not measured, or the file was out of date: what showed it before has to run again.
        """
        import pandas as pd

        if self._open:
            raise CheckFailed(f"not measured: {', '.join(sorted(self._open))}")
        fresh = pd.DataFrame(self.rows.values()).to_csv(index=False, lineterminator="\n")
        if fresh != self.path.read_text(encoding="utf-8"):
            with written_whole(self.path) as temporary:
                temporary.write_text(fresh, encoding="utf-8")
            raise CheckFailed(f"{self.path.name} was out of date. It is written anew: run the notebook again")

    def __repr__(self) -> str:
        return f"Claims({len(self.rows)} statements)"

    def _repr_markdown_(self) -> str:
        lines = [COLUMNS, ("---",) * len(COLUMNS)]
        for row in self.rows.values():
            said, strip = f"[{row['said']}]({row['url']})", _strip(row) if row["values"] else ""
            kind, sign = row["verdict"].replace(" ", "-"), SIGNS[row["verdict"]]
            verdict = f'<b class="verdict {kind}">{sign} {row["verdict"]}</b>'
            lines.append((row["source"], said, row["scope"], row["runs"], strip + row["measured"], verdict, row["see"]))
        return "\n".join("|" + "|".join(cell.replace("|", "\\|") for cell in line) + "|" for line in lines)


def _strip(row: dict[str, str]) -> str:
    """Draw a row's runs, their mean and its interval, the mark and the scale's ends, in the text's colour."""
    values, ends, mark = (np.array(row[name].split(), dtype=float) for name in ("values", "scale", "against"))

    def bar(top: int, height: int, low: float, high: float) -> str:
        left, right = np.interp((low, high), ends, (1.5, 97.5))
        return f"M{left:.1f},{top}H{right + 1:.1f}v{height}H{left:.1f}z"

    paths = ["".join(bar(2, 5, value, value) for value in values), bar(12, 1, *ends)]
    form = "+.1f" if ends[0] < 0 else ".2f"
    said = ", ".join(f"{value:{form}}" for value in values)
    if values.size >= FEWEST_RUNS:
        e = mean_interval(values)
        paths[1] += bar(9, 2, e.low, e.high) + bar(7, 6, e.value, e.value)
        said = f"{e.value:{form}}\xa0[{e.low:{form}},\xa0{e.high:{form}}]"
    drawn = "".join(f'<path d="{path}"/>' for path in [*paths, *(bar(0, 16, one, one) for one in mark)])
    label = " against ".join(filter(None, (said, row["against"])))
    for end, where in zip(ends, ('x="1"', 'x="99" text-anchor="end"'), strict=True):
        drawn += f'<text {where} y="25" font-size="9">{end:{"+g" if ends[0] < 0 else "g"}}</text>'
    svg = f'<svg width="100" viewBox="0,0,100,27" fill="currentColor" role="img" aria-label="{label}">{drawn}</svg>'
    return f"{svg} {said} "
