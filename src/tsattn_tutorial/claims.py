"""The table of what was claimed and what we found: verdicts from one rule."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tsattn_tutorial.arguments import check_choice, require
from tsattn_tutorial.checks import CheckFailed
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.metrics import Estimate, mean_interval

COLUMNS = ("Source", "Claim", "Scope", "Runs", "Measured", "Verdict", "Section")
# Verdict -> a sign that does not need its colour.
SIGNS = {"holds": "✓", "holds in part": "~", "does not hold": "✗", "not settled": "?"}
FEWEST_RUNS = 5  # with fewer, an interval says little


class Part(NamedTuple):
    """A part of a statement: a mean over independent runs lies in a range. Formatted, it shows what was measured."""

    #: One number a run; where two models are compared, their difference on each seed that both have.
    values: ArrayLike = ()
    #: The lower end of the range.
    least: float = -math.inf
    #: Its upper end.
    most: float = math.inf
    #: Where chance has no say: whether the part is true.
    fact: bool | None = None

    def interval(self) -> Estimate | None:
        """Return the mean with its 95 % t interval; None with fewer than five runs."""
        return None if np.size(self.values) < FEWEST_RUNS else mean_interval(self.values)

    def __format__(self, form: str) -> str:
        if e := self.interval():
            return f"{e.value:{form}}\xa0[{e.low:{form}},\xa0{e.high:{form}}]"
        return ", ".join(f"{run:{form}}" for run in self.values)


def verdict(*parts: Part) -> str:
    """Return what follows for a statement from its parts.

    A part *holds* when its interval lies in the range, *does not hold* when it lies outside, and else is *not settled*,
    as with fewer than five runs. A statement holds when all its parts do, and *holds in part* when some do. When none
    does, it does not hold if one of them does not, and else is not settled.
    """
    if len(parts) > 1:
        found = {verdict(part) for part in parts}
        return found.pop() if len(found) == 1 else "holds in part" if "holds" in found else "does not hold"
    (part,) = parts
    holds, fails = part.fact, part.fact is not None and not part.fact
    if part.fact is None and (e := part.interval()):
        holds, fails = part.least <= e.low and e.high <= part.most, e.high < part.least or e.low > part.most
    return "holds" if holds else "does not hold" if fails else "not settled"


class Claims:
    """What was said, in which scope, and what we found: a table in a file, filled by a notebook.

    So it can stand on top of a page, and what it rests on at the end. It shows with a strip for each statement.

    Parameters
    ----------
    path : str or Path
        A CSV file. Written by hand: ``key``, ``source``, ``url``, ``said``, ``scope``, ``scale`` (the two ends of the
        strip), ``see`` (a link in Markdown) and ``found`` (with braces for figures). What is measured follows.

    Raises
    ------
    ValueError
        When a key stands twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        rows = list(csv.DictReader(self.path.read_text(encoding="utf-8").splitlines()))
        #: Key of a statement -> its row in the file.
        self.rows = {row["key"]: row for row in rows}
        twice = [row["key"] for row in rows if self.rows[row["key"]] is not row]
        require(not twice, f"{self.path.name}: keys that stand twice: {', '.join(twice)}")
        self._open = set(self.rows)

    def measure(self, key: str, *parts: Part, figures: tuple[float, ...] = (), runs: int = 0) -> None:
        """Say what was found about a statement. Its verdict follows.

        Parameters
        ----------
        key : str
            The statement.
        *parts : Part
            Its parts, the first for the strip. What the file says was ``found`` may name them, as ``{p[0]:.2f}``, and
            the signs of their verdicts, as ``{s[0]}``.
        figures : tuple of float
            What else was measured, for empty braces.
        runs : int
            Number of runs, where the first part does not have a value for each.
        """
        row, (values, *ends, _) = self.rows[check_choice("key", key, self.rows)], parts[0]
        shown = {"values": values, "marks": filter(math.isfinite, ends), "interval": parts[0].interval() or ()}
        row |= {name: " ".join(f"{one:.3f}" for one in numbers) for name, numbers in shown.items()}
        row["measured"] = row["found"].format(*figures, p=parts, s=[SIGNS[verdict(part)] for part in parts])
        row |= {"runs": str(runs or len(values)), "verdict": verdict(*parts)}
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
        for key, row in self.rows.items():
            said, strip = f"{key} [{row['said']}]({row['url']})", _strip(row) if row["values"] else ""
            kind, sign = row["verdict"].replace(" ", "-"), SIGNS.get(row["verdict"], "")
            word = f'<b class="verdict {kind}">{sign} {row["verdict"]}</b>'
            lines.append((row["source"], said, row["scope"], row["runs"], strip + row["measured"], word, row["see"]))
        return "\n".join("|" + "|".join(cell.replace("|", "\\|") for cell in line) + "|" for line in lines)


def _strip(row: dict[str, str]) -> str:
    """Draw a row's runs, the mean and its interval, the ends of the range and of the scale, in the text's colour."""
    numbers = (np.array(row[name].split(), dtype=float) for name in ("values", "scale", "marks", "interval"))
    values, ends, marks, interval = numbers

    def bar(top: int, height: int, low: float, high: float) -> str:
        left, right = np.interp((low, high), ends, (1.5, 97.5))
        return f"M{left:.1f},{top}H{right + 1:.1f}v{height}H{left:.1f}z"

    paths = ["".join(bar(2, 5, value, value) for value in values), bar(12, 1, *ends)]
    if interval.size:
        paths[1] += bar(9, 2, *interval[1:]) + bar(7, 6, *interval[[0, 0]])
    drawn = "".join(f'<path d="{path}"/>' for path in [*paths, *(bar(0, 16, one, one) for one in marks)])
    label = " against ".join(", ".join(row[name].split()) for name in ("values", "marks") if row[name])
    for end, where in zip(ends, ('x="1"', 'x="99" text-anchor="end"'), strict=True):
        drawn += f'<text {where} y="25" font-size="9">{end:{"+g" if ends[0] < 0 else "g"}}</text>'
    return f'<svg width="100" viewBox="0,0,100,27" fill="currentColor" role="img" aria-label="{label}">{drawn}</svg> '
