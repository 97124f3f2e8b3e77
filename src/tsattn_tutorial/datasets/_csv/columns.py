"""The header of a CSV file, and which of its columns are what."""

import difflib
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from tsattn_tutorial.datasets._csv.cells import is_number
from tsattn_tutorial.datasets._csv.rows import CsvError, located

SEPARATORS = {";": '";"', "\t": r'"\t"', ",": '","', "|": '"|"'}
# Names that a value hardly has: read as one, the model would be given the time or the row number as a signal.
NO_VALUES = {"id", "index", "time", "timestamp", "date", "datetime"}


def check_header(path: Path, header: list[str], line: int, separator: str) -> None:
    """Refuse a first row that is no header."""
    if not header:
        raise located(path, "expected a header and rows, got an empty file; write a header and a row a series")
    found = next((mark for mark in SEPARATORS if mark != separator and mark in header[0]), None)
    if found is not None and len(header) == 1 and not header[0].startswith("sep="):
        text = f"expected columns separated by {separator!r}, got one column {_short(header[0])}"
        raise located(path, f"{text}; pass separator={SEPARATORS[found]}", line)
    if header[0].startswith(("#", "sep=")):
        text = f"expected the names of the columns, got {_short(header[0])}, which is a comment"
        raise located(path, f"{text}; remove this line", line)
    if all(map(is_number, header)) and _looks_like_values(header):
        raise _no_header(path, header, line)


def find_column(path: Path, header: list[str], line: int, name: str, role: str) -> int:
    """Position of the one column with this name."""
    places = [place for place, other in enumerate(header) if other == name]
    if len(places) == 1:
        return places[0]
    if places:
        text = f"expected one {role} column {name!r}, got {len(places)}; rename all but one"
        raise located(path, text, line, name)
    if _looks_like_values(header):
        raise _no_header(path, header, line)
    article = "an" if role == "id" else "a"
    close = {other.casefold(): other for other in header}
    match = difflib.get_close_matches(name.casefold(), close, n=1)
    listed = ", ".join(map(repr, header[:8])) + (f", ... ({len(header)} in all)" if len(header) > 8 else "")
    argument = "columns" if role == "value" else role
    advice = f"did you mean {close[match[0]]!r}?" if match else f"name one of them in {argument}="
    raise located(path, f"expected {article} {role} column {name!r}, got the columns {listed}; {advice}", line)


def find_values(
    path: Path, header: list[str], line: int, others: list[int], columns: Sequence[str] | None
) -> list[int]:
    """Positions of the value columns: those named, in that order, or all that are nothing else."""
    if columns is not None:
        return [find_column(path, header, line, name, "value") for name in columns]
    places = [place for place in range(len(header)) if place not in others]
    if not places:
        named = ", ".join(repr(header[place]) for place in others)
        raise located(path, f"expected value columns, got only {named}; add columns with the values", line)
    for place in places:
        name = header[place]
        if name == "" or re.fullmatch(r"Unnamed: \d+", name):
            advice = "write the file without the row numbers (pandas: index=False)"
            if place == len(header) - 1:
                advice = "remove the separator at the end of the header and of every row"
            text = f"expected a name for column {place + 1}, got {name!r}; {advice}"
            raise located(path, f"{text}, or name the value columns in columns=", line)
        if header.count(name) > 1:
            text = f"expected columns with different names, got {header.count(name)} of this name; rename all but one"
            raise located(path, text, line, name)
        if name.casefold() in NO_VALUES:
            text = (
                "expected values, got a column that by its name holds none; pass id= and time= if rows are time steps"
            )
            raise located(path, f"{text}, or name the value columns in columns=", line, name)
    return places


def _looks_like_values(header: list[str]) -> bool:
    """Whether most names are numbers, other than 0, 1, 2, ..., which pandas gives columns that have no name."""
    found = [name for name in header if is_number(name)]
    counted = all(re.fullmatch(r"\d+", name) for name in found)
    counted = counted and all(int(name) < int(after) for name, after in itertools.pairwise(found))
    return len(found) > len(header) / 2 and not counted


def _no_header(path: Path, header: list[str], line: int) -> CsvError:
    text = f"expected a header with the names of the columns, got numbers, {_short(', '.join(header))}"
    return located(path, f"{text}; write a line with names in front", line)


def _short(text: str, length: int = 40) -> str:
    return repr(text if len(text) <= length else f"{text[: length - 3]}...")
