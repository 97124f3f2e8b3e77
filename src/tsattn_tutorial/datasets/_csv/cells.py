"""From the text of cells to numbers and classes: fast where all is well, exact about what is not."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = {"", "?", "na", "n/a", "nan", "<na>", "#n/a", "nat", "null"}
# These may well be the name of a class, or of a series; as a value they stand for none.
MISSING_VALUES = MISSING | {"-", "--", ".", "none", "missing"}
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)

Refuse = Callable[..., None]  # position, kind, function that makes the message, its arguments


def is_missing(text: str, *, value: bool = False) -> bool:
    """Whether a cell holds nothing, or one of the usual signs for nothing."""
    return text.strip().casefold() in (MISSING_VALUES if value else MISSING)


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell is a plain number: `float` would also take 1_000, nan and digits of other scripts."""
    text = text.strip()
    if decimal != ".":
        text = text.replace(".", "x").replace(decimal, ".")
    return NUMBER.fullmatch(text) is not None


def numbers(cells: Sequence[str], decimal: str, refuse: Refuse) -> np.ndarray:
    """Values of cells, ``(n,) float32``, NaN where one is missing.

    The text is rounded to float64 and then to float32, so that whatever float32 was written, as float32 or as
    float64, comes back bit for bit.

    Parameters
    ----------
    cells : sequence of str
        Their text.
    decimal : str
        The decimal mark.
    refuse : callable
        Called for every cell that is no finite float32, with its position, the kind of problem, and a function
        with its arguments that makes the message.
    """
    values = convert(cells, float, np.float64, decimal)
    if values is None:
        present = ["nan" if is_missing(cell, value=True) else cell for cell in cells]
        values = convert(present, float, np.float64, decimal)
    if values is None:
        values = np.array([_number(cell, decimal, place, refuse) for place, cell in enumerate(cells)])
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    for place in np.flatnonzero(np.isinf(single)):
        cell = cells[place]
        message = _too_large if is_number(cell, decimal) else _infinite
        refuse(place, message.__name__, message, cell)
    return single


def convert(cells: Sequence[str], kind: type, dtype: type, decimal: str) -> np.ndarray | None:
    """All cells at once, or None where that would fail, or would take something for a number that is none."""
    text = "".join(cells)
    if "_" in text or not text.isascii():
        return None
    if decimal != ".":
        if "." in text:
            return None
        cells = [cell.replace(decimal, ".") for cell in cells]
    try:
        return np.fromiter(map(kind, cells), dtype, len(cells))
    except (ValueError, OverflowError):
        return None


def _number(cell: str, decimal: str, place: int, refuse: Refuse) -> float:
    text = cell.strip()
    if is_missing(text, value=True):
        return np.nan
    if is_number(text, decimal):
        return float(text.replace(decimal, "."))
    if INFINITE.fullmatch(text):
        return np.inf
    refuse(place, "no number", _no_number, text, decimal)
    return 0.0


def _too_large(cell: str) -> str:
    return f"expected a number that fits float32, below 3.4e38, got {cell.strip()!r}; scale the values"


def _infinite(cell: str) -> str:
    return f"expected a finite number, got {cell.strip()!r}; correct it, or leave the series out"


def _no_number(text: str, decimal: str) -> str:
    return f"expected a number, got {text[:40]!r}; {_advice(text, decimal)}"


def _advice(text: str, decimal: str) -> str:
    """What to do about a cell that should be a number, by what it looks like."""
    if re.match(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}:\d{2}", text):
        return "a date is no value: leave the column out with columns=, or pass id= and time= if rows are time steps"
    other = "," if decimal == "." else "."
    grouped = re.fullmatch(rf"[+-]?\d{{1,3}}([{other} '\u2019\u00a0\u202f_]\d{{3}})+([.,]\d+)?", text)
    if grouped and (grouped[1][0] != other or grouped[2] or text.count(other) > 1):
        return "write it without thousands separators"
    if is_number(text, other):
        return f'pass decimal="{other}" if {other!r} is the decimal mark, else write it without thousands separators'
    if text.endswith("%"):
        return "write the number without the percent sign"
    if re.match("[\u2212\u2013]\\d", text):
        return "write the minus sign as a plain hyphen"
    if text.startswith("#"):
        return "an error of the spreadsheet: correct it there"
    if text.casefold() in ("true", "false"):
        return "write 1 and 0"
    if re.fullmatch(r"[$€£]\s*[\d.,]+|[+-]?[\d.,]+\s*[^\d\s.,]+", text):
        return "write the number without its unit"
    return "correct it, or leave the column out with columns="


def number_labels(texts: Sequence[str], decimal: str) -> list[Decimal] | None:
    """Labels as exact numbers if all of them are numbers, else None."""
    if not all(is_number(text, decimal) for text in texts):
        return None
    values = [Decimal(text.replace(decimal, ".")) for text in texts]
    # A code such as 12e4567 is text, not a number with thousands of digits.
    return None if any(value.adjusted() > 30 for value in values) else values


def class_names(texts: Sequence[str], decimal: str) -> tuple[list[str], np.ndarray]:
    """Names of the classes, sorted, and the class of every text.

    Parameters
    ----------
    texts : sequence of str
        The different labels of a column, n of them: all of them whole numbers (in any spelling), or text.
    decimal : str
        The decimal mark.

    Returns
    -------
    list of str
        The C names, numbers in numerical and text in alphabetical order.
    ndarray
        ``(n,) int64``, the class of every text.
    """
    values = number_labels(texts, decimal)
    keys = list(texts) if values is None else [int(value) for value in values]
    ordered = sorted(set(keys))
    place = {key: number for number, key in enumerate(ordered)}
    return [str(key) for key in ordered], np.array([place[key] for key in keys], np.int64)
