"""Labelled series from a CSV file."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tsattn_tutorial.datasets._csv.arguments import check_arguments
from tsattn_tutorial.datasets._csv.columns import check_header, find_column, find_values
from tsattn_tutorial.datasets._csv.layouts import long_series, long_shape, wide_series, wide_shape
from tsattn_tutorial.datasets._csv.rows import located, rows_of
from tsattn_tutorial.datasets._csv.table import read_table
from tsattn_tutorial.datasets.batch import SeriesBatch


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str,
    id: str | None = None,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    timesteps: int | None = None,
    features: int | None = None,
    pad: bool = False,
    jitter: float | None = 0.01,
    separator: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
) -> SeriesBatch:
    """Read labelled series from a CSV file.

    Two layouts are read. In the *wide* layout (``id`` and ``time`` left out) a row is a series: one column holds
    its label, all others its values, step after step; with D features, all features of the first step come first.
    In the *long* layout (``id`` and ``time`` given) a row is one time step of a series: columns hold the id of
    the series, the time and the label, which is the same on every row of a series, and all others are features.
    The rows may come in any order. Series keep the order in which they first appear, their steps are sorted by
    time.

    Nothing is guessed and nothing is left out in silence: what cannot be read is an error that says where it
    stands and what to do. Spaces around a cell do not count. Rows without any text are passed over.

    Parameters
    ----------
    path : str or path
        The file. Its first row names the columns.
    label : str
        Name of the label column. Its labels are whole numbers or text, of at least two classes.
    id : str, optional
        Name of the column that says to which series a row belongs. Ids are compared as text.
    time : str, optional
        Name of the column with the times: numbers, or ISO dates and times such as ``2024-01``, ``2024-01-31`` or
        ``2024-01-31T12:00:00+01:00``, down to microseconds.
    columns : sequence of str, optional
        Names of the value columns, in the order in which they are wanted. Left out, these are all columns that
        are nothing else, in the order of the file.
    timesteps : int, optional
        T that the file must have. In the long layout with ``pad``, the T to which series are padded: so a test
        set becomes as long as the training set.
    features : int, optional
        D that the file must have. The wide layout needs it unless it is 1.
    pad : bool
        Whether series may end early. They are padded at their end with 0, and the batch has a mask, even if
        nothing had to be padded. In the wide layout, a series ends where the rest of its row is empty.
    jitter : float, optional
        How far a step between two times may differ from the median step of its series, as a share of it; a step
        that differs more is an error, for time steps are missing there. The default forgives rounding. 0.1 suits
        calendar months, of 28 to 31 days, and still finds one that is missing. None takes any step, as for
        working days. Different series may have different steps.
    separator : str
        What stands between two cells, one character.
    decimal : str
        The decimal mark, ``"."`` or ``","``.
    encoding : str
        Encoding of the text. A byte order mark does no harm.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D) float32``; ``y (N,) int64``, the place of the label among ``classes``, which holds the
        names, numbers in numerical and text in alphabetical order (1, 1.0 and 01 are one class, ``"1"``, where all
        labels are numbers); ``mask (N, T) bool`` with ``pad``, else None; no truth.

    Raises
    ------
    CsvError
        When the file cannot be read so, or an argument is wrong. The message starts with the path, then the line,
        counted as in an editor, and the column; it says what was expected, what came and what to do about it.
        It reports the first problem, and how many more there are of its kind.

    Notes
    -----
    Values are rounded to float32; what was written from float32 comes back bit for bit. An empty cell, ``NA``,
    ``nan``, ``null``, ``none``, ``?``, ``-``, ``.`` and their like are missing values. A class may have a single
    series, but three or more series that all differ in their label are an error.
    """
    path = check_arguments(
        path,
        {"label": label, "id": id, "time": time},
        columns,
        {"timesteps": timesteps, "features": features},
        pad,
        jitter,
        separator,
        decimal,
        encoding,
    )
    reread = functools.partial(rows_of, path, separator, encoding)
    line, header = next(reread(), (1, []))
    header = [name.strip() for name in header]
    check_header(path, header, line, separator)
    asked = {"label": label, "id": id, "time": time}
    roles = {role: find_column(path, header, line, name, role) for role, name in asked.items() if name is not None}
    places = find_values(path, header, line, list(roles.values()), columns)
    names = [header[place] for place in places]
    if id is None:
        shape = wide_shape(path, names, timesteps, features)
        table = read_table(path, reread, header, roles, places, decimal)
        x, mask, first = wide_series(table, shape, pad)
    else:
        long_shape(path, names, features)
        table = read_table(path, reread, header, roles, places, decimal)
        x, mask, first = long_series(table, timesteps, pad, jitter, decimal)
    classes, rows = table.classes(decimal)
    y = rows[first]
    _check_classes(path, label, classes, y)
    return SeriesBatch(x, y, mask=mask if pad else None, classes=tuple(classes))


def _check_classes(path: Path, label: str, classes: list[str], y: np.ndarray) -> None:
    """Refuse labels from which nothing could be learned."""
    n, c = len(y), len(classes)
    if c == 1:
        text = f"expected at least two classes, got {classes[0]!r} in {'the only' if n == 1 else f'all {n:,}'} series"
        raise located(path, f"{text}; add series of another class, or name another column in label=", column=label)
    if c == n > 2:
        text = f"expected classes that series share, got a label of its own for each of {n:,} series"
        raise located(path, f"{text}; is this the id, or the target of a regression?", column=label)
