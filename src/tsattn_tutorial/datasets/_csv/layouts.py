"""The two layouts of a table of series: one row a series, or one row a time step."""

from pathlib import Path

import numpy as np

from tsattn_tutorial.datasets._csv.rows import located
from tsattn_tutorial.datasets._csv.table import Table
from tsattn_tutorial.datasets._csv.times import step_text, times


def wide_shape(path: Path, names: list[str], timesteps: int | None, features: int | None) -> tuple[int, int]:
    """Time steps T and features D of V value columns."""
    count, d = len(names), features or 1
    found = f"got {count}, {names[0]!r} to {names[-1]!r}" if count > 1 else f"got 1, {names[0]!r}"
    advice = "name the value columns in columns="
    if timesteps is None:
        if count % d:
            raise located(path, f"expected a multiple of features = {d} value columns, {found}; {advice}")
        return count // d, d
    if count != timesteps * d:
        if features is None and count % timesteps == 0:
            advice = f"pass features={count // timesteps} if every step has {count // timesteps} values, or {advice}"
        elif count % d == 0:
            advice = f"pass timesteps={count // d}, or {advice}"
        text = f"expected {timesteps} x {d} = {timesteps * d} value columns (timesteps x features), {found}"
        raise located(path, f"{text}; {advice}")
    return timesteps, d


def long_shape(path: Path, names: list[str], features: int | None) -> None:
    """Refuse another number of features than was asked for."""
    if features not in (None, len(names)):
        listed = ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
        text = f"expected features = {features} value columns, got {len(names)}: {listed}"
        raise located(path, f"{text}; pass features={len(names)}, or name the value columns in columns=")


def wide_series(table: Table, shape: tuple[int, int], pad: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Series of a table with one row each.

    Parameters
    ----------
    table : Table
        N rows of V values.
    shape : tuple of int
        Time steps T and features D, with ``T * D == V``.
    pad : bool
        Whether a series may end before the last step.

    Returns
    -------
    x : ndarray
        ``(N, T, D) float32``, 0 on padding.
    mask : ndarray
        ``(N, T) bool``, true on real steps.
    first : ndarray
        ``(N,) int64``, the row on which every series begins.

    Raises
    ------
    CsvError
        For what is wrong in the table, a gap, or a series that ends early without ``pad``.
    """
    t, d = shape
    missing = np.isnan(table.values)  # (N, V)
    # Up to its last value, a series is real; what is missing behind it is its end, in whole steps.
    filled = np.where(missing.all(axis=1), 0, missing.shape[1] - np.argmin(missing[:, ::-1], axis=1))  # (N,)
    lengths = -(-filled // d)
    real = np.arange(t) < lengths[:, None]  # (N, T)
    for row in np.flatnonzero(lengths == 0):
        table.add("no value", row, None, "expected a series, got a row without a value; fill it in, or remove it")
    for row, place in np.argwhere(missing & np.repeat(real, d, axis=1)):
        table.add("gap", row, table.names[place], _gap, table, row, place)
    if not pad:
        for row in np.flatnonzero((lengths > 0) & (lengths < t)):
            table.add("ragged", row, table.names[lengths[row] * d], _early, lengths[row], t)
    table.raise_first()
    return np.where(missing, np.float32(0), table.values).reshape(-1, t, d), real, np.arange(len(table))


def long_series(
    table: Table, timesteps: int | None, pad: bool, jitter: float | None, decimal: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Series of a table with one row a time step.

    Parameters
    ----------
    table : Table
        R rows of D values, with ids and times.
    timesteps : int, optional
        Time steps T that every series must have or, with ``pad``, is padded to.
    pad : bool
        Whether series may differ in length.
    jitter : float, optional
        How far a step between two times may differ from the median step of its series, as a share of it.
    decimal : str
        The decimal mark.

    Returns
    -------
    x : ndarray
        ``(N, T, D) float32``, 0 on padding.
    mask : ndarray
        ``(N, T) bool``, true on real steps.
    first : ndarray
        ``(N,) int64``, the row on which every series begins.

    Raises
    ------
    CsvError
        For what is wrong in the table, a missing value or time, a time that stands twice, a series with two
        labels, or series of different lengths without ``pad``.
    """
    series, time = table.text["id"], table.text["time"]
    for row, place in np.argwhere(np.isnan(table.values)):
        table.add("gap", row, table.names[place], _gap, table, row, place)
    if "no time" not in table.problems.count:
        stamps, kind = times(
            time.texts, decimal, lambda code, kind, *message: table.add_for_text(kind, "time", code, *message)
        )
    table.raise_first()
    y = table.classes(decimal)[1]  # (R,)
    first = series.first  # (N,)
    for row in np.flatnonzero(y != y[first[series.codes]]):
        table.add("label", row, table.text["label"].name, _other_label, table, row, first[series.codes[row]])
    table.raise_first()
    stamps = stamps[time.codes]  # (R,)
    order = np.lexsort((stamps, series.codes))  # stable: rows of equal time stay in the order of the file
    owner = series.codes[order]
    follows, step = owner[1:] == owner[:-1], np.diff(stamps[order])  # (R - 1,)
    for place in np.flatnonzero(follows & (step == 0)):
        table.add("twice", order[place + 1], time.name, _twice, table, order[place], order[place + 1])
    table.raise_first()
    if jitter is not None:
        usual = _median_steps(owner[1:][follows], step[follows], len(first))[owner[1:]]
        # What float64 loses in a difference; whole numbers lose nothing.
        slack = 4 * np.finfo(float).eps * np.abs(stamps).max() if stamps.dtype == np.float64 else 0
        for place in np.flatnonzero(follows & (np.abs(step - usual) > jitter * usual + slack)):
            pair = order[place], order[place + 1]
            table.add("step", pair[1], time.name, _uneven, table, pair, step[place], usual[place], kind)
    lengths = np.bincount(owner)  # (N,)
    _check_lengths(table, lengths, first, timesteps, pad)
    table.raise_first()
    t = timesteps or int(lengths.max())
    start = np.cumsum(lengths) - lengths
    x = np.zeros((len(first), t, len(table.names)), np.float32)
    x[owner, np.arange(len(table)) - start[owner]] = table.values[order]
    return x, np.arange(t) < lengths[:, None], first


def _median_steps(owner: np.ndarray, step: np.ndarray, n: int) -> np.ndarray:
    """Median step of every series, ``(n,)``, the lower one of two: a gap among few steps does not move it."""
    ranked = step[np.lexsort((step, owner))]
    counts = np.bincount(owner, minlength=n)
    place = np.cumsum(counts) - counts + np.maximum(counts - 1, 0) // 2
    return np.append(ranked, 0)[np.where(counts > 0, place, len(ranked))].astype(float)


def _check_lengths(table: Table, lengths: np.ndarray, first: np.ndarray, timesteps: int | None, pad: bool) -> None:
    counts = np.bincount(lengths)
    usual = int(len(counts) - 1 - np.argmax(counts[::-1]))  # the longest of the most frequent lengths
    wanted = timesteps or usual
    wrong = lengths > (timesteps or np.inf) if pad else lengths != wanted
    model = first[np.argmax(lengths == usual)]  # a series to compare with
    for number in np.flatnonzero(wrong):
        row, length = first[number], lengths[number]
        table.add("length", row, None, _length, table, row, length, wanted, None if timesteps else model, pad)


def _gap(table: Table, row: int, column: int) -> str:
    advice = "fill it in, interpolate, or leave the series out"
    return f"expected a number, got {table.cell(row, column)!r}, a missing value; {advice}"


def _early(length: int, t: int) -> str:
    return (
        f"expected a series of {t} steps, got its end after {length}; pass pad=True to pad short series at their "
        "end and get a mask, or fill in what is missing"
    )


def _other_label(table: Table, row: int, first: int) -> str:
    series, label = table.text["id"], table.text["label"]
    return (
        f"expected the label {label[first]!r} that series {series[row]!r} has on line {table.lines[first]}, "
        f"got {label[row]!r}; give a series one label, or its parts ids of their own"
    )


def _twice(table: Table, before: int, row: int) -> str:
    series, time = table.text["id"], table.text["time"]
    return (
        f"expected every time once in series {series[row]!r}, got {time[row]!r} on line {table.lines[before]} and "
        f"here on line {table.lines[row]}; remove one row, or give the series ids of their own"
    )


def _uneven(table: Table, pair: tuple[int, int], step: float, usual: float, kind: str) -> str:
    series, time = table.text["id"], table.text["time"]
    what = "a gap" if step > usual else "a short step"
    advice = "fill in the missing rows" if step > usual else "correct the times"
    if all(len(time[row]) == 8 and time[row].isdigit() for row in pair):
        advice = f"write dates as 2024-01-31 ({time[pair[0]]} is read as a number)"
    return (
        f"expected steps of {step_text(usual, kind)} in series {series[pair[0]]!r}, got {what} after "
        f"{time[pair[0]]!r}: {step_text(step, kind)} to {time[pair[1]]!r}; {advice}, or pass a larger jitter= "
        "(0.1 suits months, None takes any step)"
    )


def _length(table: Table, row: int, length: int, wanted: int, model: int | None, pad: bool) -> str:
    ids = table.text["id"]
    series = ids[row]
    if pad:
        return f"expected at most timesteps = {wanted} steps, got {length} in series {series!r}; raise timesteps"
    why = f"timesteps = {wanted} steps" if model is None else f"{wanted} steps as in series {ids[model]!r}"
    advice = "pass pad=True to pad short series at their end and get a mask, or fill in what is missing"
    return f"expected {why}, got {length} in series {series!r}; {advice}"
