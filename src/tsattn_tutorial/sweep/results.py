"""The file of a sweep: read, added to, and always whole."""

import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tsattn_tutorial.files import written_whole

__all__ = ["Results", "identity"]


def identity(row: Mapping[str, Any]) -> tuple[str, int, str]:
    """Return what tells the fit of a row from all others, as `Fit.identity` does."""
    return row["experiment"], int(row["seed"]), row["parameters"]


class Results:
    """The rows of a results file.

    Parameters
    ----------
    path : str or path
        The CSV file; its folder must exist.

    Raises
    ------
    FileNotFoundError
        When the folder does not exist.
    ValueError
        When the file is not one that a sweep has written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.rows: list[dict[str, Any]] = _read(self.path)

    def done(self) -> set[tuple[str, int, str]]:
        """Return the identities of the fits that ended well."""
        return {identity(row) for row in self.rows if not row["error"]}

    def failed(self) -> set[tuple[str, int, str]]:
        """Return the identities of the fits whose row says what went wrong."""
        return {identity(row) for row in self.rows if row["error"]}

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows, each in the place of an older row of the same fit, and write the file whole."""
        rows = list(rows)
        replaced = set(map(identity, rows))
        self.rows = [row for row in self.rows if identity(row) not in replaced] + rows
        # An order that does not depend on when the fits were run.
        self.rows.sort(
            key=lambda row: (row["experiment"], row["parameters"] != "{}", row["parameters"], int(row["seed"]))
        )
        whole_first = sorted(self.rows, key=lambda row: bool(row["error"]))  # a failed fit does not know the columns
        columns = list(dict.fromkeys(itertools.chain.from_iterable(whole_first)))
        with written_whole(self.path) as temporary:
            pd.DataFrame(self.rows, columns=columns).astype(object).to_csv(temporary, index=False, lineterminator="\n")

    def table(self) -> pd.DataFrame:
        """Read the file with numbers as numbers; ``error`` is empty text where there was none.

        Raises
        ------
        FileNotFoundError
            When nothing has been written yet.
        """
        return pd.read_csv(self.path, float_precision="round_trip").fillna({"error": ""})


def _read(path: Path) -> list[dict[str, str]]:
    """Read every value as the text it is, so that a row is written back to the letter."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected an existing folder to write to, got {path.parent}")
    if not path.exists():
        return []
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:  # pandas' own errors for an empty or malformed file are ValueErrors
        raise ValueError(f"{path}: expected a results file, got: {error}") from None
    lacking = {"experiment", "seed", "parameters", "error"} - set(table.columns)
    if lacking:
        raise ValueError(f"{path}: expected a results file, got one without the columns {', '.join(sorted(lacking))}")
    return table.to_dict(orient="records")
