"""Labelled series from a table: any pandas DataFrame, or a CSV file."""

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tsattn_tutorial.arguments import check_number, check_size, require
from tsattn_tutorial.datasets.batch import SeriesBatch

# `float` would also take 1_000, nan and digits of other scripts.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = {"", "?", "na", "n/a", "nan", "<na>", "#n/a", "nat", "null"}
# Names that a value hardly has: read as one, a model would be given the answer, the person or the row as a signal.
NO_VALUE = re.compile(r"(?i)(.*[\W_])?id|index|(date)?time(stamp)?|date|row|(subject|patient).*|label|class|unnamed.*|")
BREAK = re.compile("\r\n|\r|\n")


def series_from_frame(
    frame: Any,
    label: str | None,
    *,
    id: str | None = None,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    features: int | None = None,
    classes: Sequence[str] | None = None,
    timesteps: int | None = None,
    pad: bool | None = None,
    jitter: float | None = 0.01,
    na_values: Sequence[str | float] | None = None,
    decimal: str = ".",
    source: str = "the table",
) -> SeriesBatch:
    """Make series of a table.

    In the *long* layout (``id`` and ``time`` given) a row is a time step of a series, in any order: series keep the
    order in which they first appear, their steps are sorted by time. In the *wide* layout a row is a series: its
    values stand step after step; with D features, all features of the first step come first.

    Parameters
    ----------
    frame : DataFrame
        The table.
    label : str or None
        Column of the labels, whole numbers or text. None for series to predict.
    id, time : str, optional
        Columns that say to which series a row belongs, and when it was: numbers, or ISO dates and times. ``id``
        alone names the series of the wide layout.
    columns : sequence of str, optional
        The value columns, in the order that is wanted. Left out, these are all others.
    features : int, optional
        D. The wide layout needs it unless it is 1.
    classes : sequence of str, optional
        Names of the labels 0, 1, ..., such as ``train.classes``. Left out, they are those of the table, in order.
    timesteps : int, optional
        T: that of the table in the wide layout, and what long series are padded to.
    pad : bool, optional
        Whether series may end early, and are padded with 0. Left out, they may in the long layout. In the wide one,
        with True, a series ends where the rest of its row is empty.
    jitter : float, optional
        How far a step between two times may differ from the median step of its series, as a share of it. 0.1 suits
        calendar months; None takes any step.
    na_values : sequence, optional
        Further signs and numbers that stand for a missing value, such as -999.
    decimal : str
        The decimal mark of numbers that stand there as text.
    source : str
        What errors call the table.

    Returns
    -------
    SeriesBatch
        ``x (N, T, D) float32``; ``y``, -1 without labels; ``mask`` if a series was padded or ``pad`` is True;
        ``classes``; ``ids``, if ``id`` is given.

    Raises
    ------
    ValueError
        With the place, what was expected, what came and what to do. Rows are counted from 0.
    """
    import pandas as pd

    require(isinstance(frame, pd.DataFrame) and len(frame) > 0, f"{source}: expected a DataFrame with rows, got none")
    require(time is None or id is not None, "time needs id: rows that are time steps have both")
    table = _Table(frame, source, decimal)
    who, when, what = (None if name is None else table.place(name) for name in (id, time, label))
    places = table.value_places([who, when, what], columns)
    d = check_size("features", features if features is not None else len(places) if when is not None else 1)
    t = check_size("timesteps", timesteps if timesteps is not None else len(places) // d or 1)
    fine = len(places) == (d if when is not None else t * d)
    require(fine, f"{source}: expected features = {d}, timesteps = {t}; got {len(places)} value columns, name columns=")
    if when is None and columns is None:
        table.check_order(places, d)
    values = table.values(places, na_values)
    y, names = (np.full(len(frame), -1), classes) if what is None else table.classes(what, classes)
    ids = np.arange(len(frame)) if who is None else np.array(table.cells(who, "id"), object)
    owner = pd.factorize(ids)[0]  # (R,), the series of each row, in order of first appearance
    first = np.unique(owner, return_index=True)[1]
    gone = np.isnan(values)
    lengths = -(-np.where(gone.all(axis=1), 0, len(places) - np.argmin(gone[:, ::-1], axis=1)) // d)
    inside = gone & ((np.arange(len(places)) < d * lengths[:, None]) | (lengths[:, None] == 0))
    table.refuse(inside, "expected a number, got {}; fill it in, or leave the series out", places)
    table.refuse(gone & (not pad), f"expected {t} steps, got {{}}; fill it in, or pass pad=True for an end", places)
    x = values.reshape(len(values), -1, d)
    if when is None:
        table.refuse(first[owner] != np.arange(len(frame)), "expected each id once, got {} again; pass time=", [who])
    else:
        table.refuse(y != y[first[owner]], "expected one label a series, got {} after another; correct it", [what])
        x, lengths = table.long(values, owner, when, timesteps, pad, jitter)
    if label is not None and classes is None:
        require(len(names) > 1, f"{source}: expected classes in {label!r}, got {names}; pass classes=train.classes")
        require(len(names) < max(len(x), 3), f"{source}: expected classes in {label!r}, got one each (id? regression?)")
    real = np.arange(x.shape[1]) < lengths[:, None]  # (N, T)
    x, mask = table.single(x, places), real if pad or not real.all() else None
    ids, names = None if who is None else tuple(ids[first]), None if names is None else tuple(map(str, names))
    return SeriesBatch(x, y[first], mask=mask, classes=names, ids=ids)


def read_csv(path: str | Path, label: str | None, *, sep: str = ",", encoding: str = "utf-8", **others) -> SeriesBatch:
    """Read series from a CSV file whose first row names the columns.

    ``sep`` and ``encoding`` are those of `pandas.read_csv`; all others (``id``, ``time``, ``classes``, ``decimal``,
    ...) those of `series_from_frame`. Spaces around a cell do not count, rows without text are passed over, a byte
    order mark does no harm. Errors also name the line, as an editor counts it. What was written from float32 comes
    back bit for bit.
    """
    import pandas as pd

    data = Path(path).read_bytes()
    text = f'{path}: expected text, got binary data; pass encoding="utf-16", or let pandas read it: series_from_frame'
    require(b"\0" not in data[:4096] or re.search("16|32", encoding), text)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = len(BREAK.findall(data[: error.start].decode(encoding, "ignore"))) + 1
        byte = f"byte 0x{data[error.start]:02x} is not {encoding}"
        raise ValueError(f'{path}: line {line}: {byte}; pass its encoding=, perhaps "cp1252" or "latin-1"') from None
    blank, head = re.match(r"((?:\W*[\r\n])?)([^\r\n]*)", text).groups()
    lead, other = len(BREAK.findall(blank)), next((mark for mark in ",;\t|" if mark in head), sep)
    require(re.search(r"\w", head) is not None, f"{path}: expected a header and rows, got an empty file")
    require(len(sep) > 1 or sep in head or other == sep, f"{path}: {head[:40]!r} holds no {sep!r}; pass sep={other!r}")
    try:
        options = {"header": None, "dtype": str, "na_filter": False, "skip_blank_lines": False, "skiprows": lead}
        cells = pd.read_csv(io.StringIO(text), sep=sep, skipinitialspace=True, **options)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: {str(error).strip()}; close quotes, and quote cells that hold {sep!r}") from None
    breaks = cells.apply(lambda column: column.str.count(BREAK.pattern)).sum(axis=1)
    cells.index = pd.Index(lead + 1 + np.arange(len(cells)) + breaks.cumsum() - breaks, name="line")
    cells = cells[cells.apply(lambda column: column.str.strip() != "").any(axis=1)]
    frame = cells[1:].set_axis(cells.iloc[0].str.strip().tolist(), axis=1)
    return series_from_frame(frame, label, source=str(path), **others)


class _Table(NamedTuple):
    """A frame, how to speak of it, and how its numbers are written."""

    frame: Any
    source: str
    decimal: str

    def refuse(self, bad: Sequence[bool], text: str, places: Sequence[int] = ()) -> None:
        """Raise for the first row, or cell of these columns, that is bad; what it holds stands in the text for {}."""
        bad = np.reshape(bad, (len(self.frame), -1))
        for row, number in np.argwhere(bad)[:1]:
            where = f"{self.source}: {self.frame.index.name or 'index'} {self.frame.index[row]} (row {row})"
            for place in places[number : number + 1]:
                where += f", column {self.frame.columns[place]!r}"
                text = text.replace("{}", repr(str(self.frame.iloc[row, place]).strip()[:40]))
            raise ValueError(f"{where}: {text}" + (f" ({bad.sum() - 1:,} more like it)" if bad.sum() > 1 else ""))

    def place(self, name: str) -> int:
        """Return the position of the one column with this name."""
        names = list(self.frame.columns)
        require(names.count(name) == 1, f"{self.source}: expected one column {name!r}, got {names[:9]}; name another")
        return names.index(name)

    def value_places(self, taken: list[int | None], columns: Sequence[str] | None) -> list[int]:
        """Return the positions of the columns named, or of all others if their names may be those of values."""
        others = [name for place, name in enumerate(self.frame.columns) if place not in taken]
        places = [self.place(name) for name in (others if columns is None else columns)]
        used = [place for place in [*taken, *places] if place is not None]
        fine = places and len({*used}) == len(used)
        require(fine, f"{self.source}: expected id, time, label and different values, got {columns or others}")
        odd = [name for name in others if columns is None and NO_VALUE.fullmatch(str(name).strip())]
        require(not odd, f"{self.source}: expected values, got {odd}; pass id= or time=, drop it, or pass columns=")
        return places

    def check_order(self, places: list[int], d: int) -> None:
        """Refuse wide columns whose names hold numbers that do not rise from step to step, such as t0, t1, t10, t2."""
        found = [re.findall(r"\d+(?:\.\d+)?", str(self.frame.columns[place])) for place in places]
        if found[0] and len(set(map(len, found))) == 1:
            numbers = np.array(found, float).reshape(len(places) // d, d, -1)  # (T, D, numbers in a name)
            shared = numbers[:, 0, (numbers == numbers[:, :1]).all(axis=(0, 1))]  # by all features of a step
            ways = [shared, numbers.reshape(len(places), -1)][: 1 + (numbers.shape[2] == 1)]
            rising = any(way.tolist() == np.unique(way, axis=0).tolist() for way in ways)
            text = f"{self.source}: expected columns step after step, got {list(self.frame.columns[places[:9]])}"
            advice = "name them in order in columns=, pass features= if a step has several, or write a header"
            require(rising or (numbers == numbers[0, 0]).all(), f"{text}; {advice}")

    def cells(self, place: int, role: str | None = None) -> list[str]:
        """Return a column as text, "" where nothing is; with a role, refuse signs for a missing value."""
        column = self.frame.iloc[:, place]
        cells = ["" if gone else str(cell).strip() for cell, gone in zip(column, column.isna(), strict=True)]
        text = f"expected a value for {role}=, got {{}}; write it into every row, or leave the series out"
        self.refuse([role is not None and cell.casefold() in MISSING for cell in cells], text, [place])
        return cells

    def number(self, cell: str) -> str | None:
        """Return the text of a number with a decimal point, None for all else."""
        plain = cell if self.decimal == "." else cell.replace(".", "x").replace(self.decimal, ".")
        return plain if NUMBER.fullmatch(plain) else None

    def values(self, places: list[int], na_values: Any) -> np.ndarray:
        """Return columns of numbers, ``(R, V) float64``, NaN where one is missing; refuse all that is no number."""
        signs = MISSING | {str(sign).strip().casefold() for sign in np.ravel(() if na_values is None else na_values)}
        values = np.empty((len(self.frame), len(places)))
        for number, place in enumerate(places):
            column = self.frame.iloc[:, place]
            cells = () if column.dtype.kind in "biuf" else self.cells(place)
            texts = ["nan" if cell.casefold() in signs else self.number(cell) or "inf" for cell in cells]
            values[:, number] = list(map(float, texts)) if texts else column.to_numpy(float, na_value=np.nan)
        text = "expected a number, got {}; correct it, leave it out with columns=, or pass decimal= for a comma, id= "
        text += "and time= for dates, na_values= for what stands for a missing value; float32 ends at 3.4e38"
        self.refuse(np.abs(values) >= 2.0**128 - 2.0**103, text, places)  # float32 would be infinite
        values[np.isin(values, [float(sign) for sign in signs if NUMBER.fullmatch(sign)])] = np.nan
        return values

    def times(self, place: int) -> tuple[np.ndarray, str]:
        """Return times that can be subtracted, ``(R,)``, and the unit of their differences, "" for numbers."""
        import pandas as pd

        cells = self.cells(place, "time")
        plain = list(map(self.number, cells))
        text = "expected times of one kind, got {}; write numbers, or ISO dates (2024-01-31T12:00), zones in all or no"
        if any(plain):
            self.refuse([cell is None for cell in plain], text, [place])
            kind = int if all(re.fullmatch(r"[+-]?\d{1,18}|[1-4]\d{18}", cell) for cell in plain) else float
            return np.array([kind(cell) for cell in plain]), ""
        dated = pd.to_datetime(pd.Index(cells, dtype=object), format="ISO8601", utc=True, errors="coerce")
        zoned = np.array([re.search(r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$", cell) is not None for cell in cells])
        self.refuse(dated.isna() | (zoned != zoned[0]), text, [place])
        return dated.asi8, dated.unit

    def classes(self, place: int, known: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
        """Return the class of each row, ``(R,) int64``, and the names: text in alphabetical, numbers in their order."""
        cells = self.cells(place, "label")
        names = {cell: cell for cell in sorted(set(cells))}
        exact = {cell: Decimal(self.number(cell) or "Infinity") for cell in names}
        # A code such as 12e4567 is text, not a number of many digits.
        if not set(names) <= set(known or ()) and max(map(abs, exact.values())) < 1e27:
            self.refuse([exact[cell] % 1 != 0 for cell in cells], "expected a class, got {}: a regression?", [place])
            names = {cell: str(int(exact[cell])) for cell in sorted(exact, key=exact.get)}
        index = {str(name): k for k, name in enumerate(known or dict.fromkeys(names.values()))}
        self.refuse([names[cell] not in index for cell in cells], f"expected one of {list(index)}, got {{}}", [place])
        return np.array([index[names[cell]] for cell in cells]), list(index)

    def long(self, values, owner, place, t, pad, jitter) -> tuple[np.ndarray, np.ndarray]:
        """Return series of one row a step, ``(N, T, D)``, NaN behind their end, and their lengths ``(N,)``."""
        import pandas as pd

        stamps, unit = self.times(place)
        order = np.lexsort((stamps, owner))
        series, back = owner[order], np.argsort(order)
        later, step = np.append(False, np.diff(series) == 0), np.append(0, np.diff(stamps[order]))
        self.refuse((later & (step == 0))[back], "expected a time once in a series, got {} again; remove one", [place])
        if jitter is not None and later.any():
            usual = pd.Series(step).where(later).groupby(series).quantile(0.5, interpolation="lower").to_numpy()[series]
            slack = 1e-15 * np.abs(stamps).max() * (stamps.dtype == float)  # what a difference loses
            uneven = later & ~(np.abs(step - usual) <= check_number("jitter", jitter, 0) * usual + slack)
            k = back[np.argmax(uneven[back])]
            was, came = (pd.Timedelta(size, unit) if unit else f"{size:.10g}" for size in (usual[k], step[k]))
            text = f"expected steps of {was}, got {came} before {{}}; fill in rows, write dates as 2024-01-31, or pass"
            self.refuse(uneven[back], f"{text} a larger jitter= (0.1 suits months, None takes any)", [place])
        lengths = np.bincount(owner)
        longest = t or (np.argmax(np.bincount(lengths)) if pad is False else lengths.max())
        wrong = ((lengths > longest) | ((pad is False) & (lengths < longest)))[owner]
        text = f"expected {longest} steps, got {lengths[owner[np.argmax(wrong)]]}; pass another timesteps=, or pad=True"
        self.refuse(wrong, text)
        x = np.full((len(lengths), longest, values.shape[1]), np.nan)
        x[series, np.arange(len(order)) - np.searchsorted(series, series)] = values[order]
        return x, lengths

    def single(self, x: np.ndarray, places: list[int]) -> np.ndarray:
        """Return series in float32, 0 behind their end; refuse what varies, and no longer in float32."""
        for k in range(x.shape[2]):
            feature, rounded = x[:, :, k], x[:, :, k].astype(np.float32)  # (N, T)
            size = (np.nanmax(feature, axis=1) - np.nanmin(feature, axis=1)).max() or np.ptp(feature[:, 0])
            # What varies by less than 1e-12 of its size is rounding of float64.
            lost = np.nanmax(np.abs(rounded - feature)) > size / 100 and size > 1e-12 * np.nanmax(np.abs(feature))
            text = f"{self.source}: float32 merges values of {self.frame.columns[places[k]]!r}; subtract a constant"
            require(not lost or len(np.unique(rounded)) == len(np.unique(feature)), text)
        return np.nan_to_num(x.astype(np.float32))
