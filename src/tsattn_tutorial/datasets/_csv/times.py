"""From the text of cells to times that can be subtracted."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from tsattn_tutorial.datasets._csv.cells import Refuse, convert, is_number

FINER_THAN_MICROSECONDS = re.compile(r"[.,]\d{6}\d*[1-9]")


def times(texts: Sequence[str], decimal: str, refuse: Refuse) -> tuple[np.ndarray, str]:
    """Times that can be subtracted, and whether they are a "number" or a "date".

    Parameters
    ----------
    texts : sequence of str
        n cells.
    decimal : str
        The decimal mark.
    refuse : callable
        Called as by `numbers` for every cell that is no time, or not of the kind of the first.

    Returns
    -------
    ndarray
        ``(n,)``, int64 for whole numbers and, in microseconds, for dates; else float64.
    str
        Which of the two.
    """
    for kind, dtype in ((int, np.int64), (float, np.float64)):
        values = convert(texts, kind, dtype, decimal)
        if values is None or not np.isfinite(values).all():
            continue
        if kind is float or (values.min() > -(2**62) and values.max() < 2**62):  # else differences would overflow
            return values, "number"
    try:
        stamps = [datetime.fromisoformat(text) for text in texts]
        if not any(map(FINER_THAN_MICROSECONDS.search, texts)) and len({not stamp.tzinfo for stamp in stamps}) == 1:
            return _microseconds(stamps), "date"
    except (ValueError, OverflowError):
        pass  # a month, or something that is no time
    parsed = [_time_value(text, decimal) for text in texts]
    wanted = next((kind for kind, _ in parsed if kind != "neither"), "neither")
    aware = None
    for place, (kind, value) in enumerate(parsed):
        if kind == "neither":
            refuse(place, "no time", _no_time, texts[place])
        elif kind != wanted:
            refuse(place, "other time", _other_time, texts[place], kind, wanted)
        elif kind == "date":
            aware = value.tzinfo is not None if aware is None else aware
            if aware != (value.tzinfo is not None):
                refuse(place, "time zone", _other_zone, texts[place], aware)
    fine = [value for kind, value in parsed if kind == wanted]
    if len(fine) < len(parsed):  # refused above
        return np.zeros(len(parsed)), wanted
    return (_microseconds(fine) if wanted == "date" else np.array(fine)), wanted


def _microseconds(stamps: list[datetime]) -> np.ndarray:
    utc = [stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo else stamp for stamp in stamps]
    return np.array(utc, "datetime64[us]").astype(np.int64)


def _time_value(text: str, decimal: str) -> tuple[str, float | datetime | None]:
    """The kind of a time, "number", "date" or "neither", and its value."""
    text = text.strip()
    if is_number(text, decimal) and np.isfinite(float(text.replace(decimal, "."))):
        return "number", float(text.replace(decimal, "."))
    month = re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII)
    try:
        value = datetime.fromisoformat(f"{text}-01" if month else text)
        if value.tzinfo is not None:
            value.astimezone(UTC)  # may leave the years that exist
    except (ValueError, OverflowError):
        return "neither", None
    # Python would cut off what is finer, and times that differ would be one.
    return ("neither", None) if FINER_THAN_MICROSECONDS.search(text) else ("date", value)


def _no_time(text: str) -> str:
    expected = f"expected a number or an ISO date such as 2024-01-31 or 2024-01-31T12:00, got {text.strip()[:40]!r}"
    if FINER_THAN_MICROSECONDS.search(text):
        return f"{expected}; cut it to microseconds, or number the steps"
    if re.match(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text.strip()):
        return f"{expected}; write the year first (01/02/2024 could be two days)"
    return f"{expected}; correct it, or number the steps"


def _other_time(text: str, kind: str, wanted: str) -> str:
    return f"expected a {wanted} like the first time, got the {kind} {text.strip()!r}; write all of them in one way"


def _other_zone(text: str, aware: bool) -> str:
    wanted = "with" if aware else "without"
    return f"expected a time {wanted} time zone like the first, got {text.strip()!r}; write all of them in one way"


def step_text(step: float, kind: str) -> str:
    """A step between two times, for people."""
    if kind == "number":
        return f"{step:.10g}"
    days = step / 86_400_000_000
    if days >= 1 and days == int(days):
        return f"{days:g} day{'s' if days > 1 else ''}"
    return f"{step / 1_000_000:.10g} s"
