"""What `read_csv` is called with."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

from tsattn_tutorial.datasets._csv.rows import CsvError, located


def check_arguments(
    path: str | os.PathLike[str],
    names: dict[str, str | None],
    columns: Sequence[str] | None,
    sizes: dict[str, int | None],
    pad: bool,
    jitter: float | None,
    separator: str,
    decimal: str,
    encoding: str,
) -> Path:
    """Refuse arguments that contradict each other or have the wrong type.

    Parameters
    ----------
    path, columns, pad, jitter, separator, decimal, encoding
        As for `read_csv`.
    names : dict
        The arguments ``label``, ``id`` and ``time``.
    sizes : dict
        The arguments ``timesteps`` and ``features``.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    CsvError
        With the argument, what was expected and what came.
    """
    if not isinstance(path, str | os.PathLike):
        raise CsvError(f"path must be the path of a file, got {path!r}")
    path = Path(path)

    def require(condition: bool, text: str) -> None:
        if not condition:
            raise located(path, text)

    for role, name in names.items():
        wanted = "the name of a column" if role == "label" else "the name of a column or None"
        fine = (name is None and role != "label") or (isinstance(name, str) and name.strip() != "")
        require(fine, f"{role} must be {wanted}, got {name!r}")
    given = [name for name in names.values() if name is not None]
    require(len(set(given)) == len(given), f"label, id and time must be different columns, got {given}")
    for role, other in (("id", "time"), ("time", "id")):
        text = f"{role} needs {other} (one row a time step has both, one row a series neither), got {role} only"
        require(names[role] is None or names[other] is not None, text)
    if columns is not None:
        fine = not isinstance(columns, str) and isinstance(columns, Sequence) and len(columns) > 0
        fine = fine and all(isinstance(name, str) for name in columns)
        require(fine, f'columns must be a list of names, such as ["a", "b"], got {columns!r}')
        require(len(set(columns)) == len(columns), f"columns must be different names, got {columns!r}")
        both = [name for name in columns if name in given]
        require(not both, f"columns must be value columns, without label, id and time, got {both}")
    for name, size in sizes.items():
        fine = size is None or (isinstance(size, int) and not isinstance(size, bool) and size > 0)
        require(fine, f"{name} must be a positive integer or None, got {size!r}")
    require(isinstance(pad, bool), f"pad must be True or False, got {pad!r}")
    fine = jitter is None or (isinstance(jitter, int | float) and not isinstance(jitter, bool) and jitter >= 0)
    require(
        fine and (jitter is None or math.isfinite(jitter)), f"jitter must be a number from 0 or None, got {jitter!r}"
    )
    fine = isinstance(separator, str) and len(separator) == 1 and separator not in '"\r\n'
    require(fine, f"separator must be one character other than a quote or a line break, got {separator!r}")
    require(decimal in (".", ","), f'decimal must be "." or ",", got {decimal!r}')
    require(separator != decimal, f"separator and decimal must differ, got {separator!r} for both")
    try:
        "".encode(encoding)
    except (LookupError, TypeError):
        raise located(
            path, f'encoding must be one that Python knows, such as "utf-8" or "cp1252", got {encoding!r}'
        ) from None
    return path
