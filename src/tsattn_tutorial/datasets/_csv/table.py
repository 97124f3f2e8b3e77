"""The cells of a CSV file, column by column."""

import functools
import itertools
import operator
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsattn_tutorial.datasets._csv.cells import class_names, is_missing, number_labels, numbers
from tsattn_tutorial.datasets._csv.rows import Problems, located

BLOCK = 1 << 18  # cells that are converted at once; as text, all of them would fill the memory


@dataclass
class TextColumn:
    """A column of text: each different text once, and which of them stands in every row."""

    name: str
    texts: list[str]  # in order of first appearance
    codes: np.ndarray  # (R,) int64

    def __getitem__(self, row: int) -> str:
        return self.texts[self.codes[row]]

    @functools.cached_property
    def first(self) -> np.ndarray:
        """The first row with every text."""
        return np.unique(self.codes, return_index=True)[1]

    @functools.cached_property
    def count(self) -> np.ndarray:
        """In how many rows every text stands."""
        return np.bincount(self.codes)


@dataclass
class Table:
    """What a file holds, R rows of V values, and what is wrong in it so far."""

    path: Path
    problems: Problems
    lines: np.ndarray  # (R,) int64, the line on which every row starts
    text: dict[str, TextColumn]  # by role: label, id, time
    names: list[str]  # of the V value columns
    places: list[int]  # of these columns in the file
    values: np.ndarray  # (R, V) float32, NaN where missing
    reread: Callable[[], Iterator[tuple[int, list[str]]]]

    def __len__(self) -> int:
        return len(self.lines)

    def cell(self, row: int, column: int) -> str:
        """The text of a value, for a message; read again, as only numbers are kept."""
        return next(cells[self.places[column]] for line, cells in self.reread() if line == self.lines[row])

    def classes(self, decimal: str) -> tuple[list[str], np.ndarray]:
        """Names of the classes, and the class of every row, ``(R,) int64``."""
        names, classes = class_names(self.text["label"].texts, decimal)
        return names, classes[self.text["label"].codes]

    def add(self, kind: str, row: int, column: str | None, message: str | Callable, *parts: object) -> None:
        """Note a problem in a row."""
        self.problems.add(kind, int(self.lines[row]), column, message, *parts)

    def add_for_text(self, kind: str, role: str, code: int, message: str | Callable, *parts: object) -> None:
        """Note a problem in all rows that hold a text."""
        column = self.text[role]
        line, count = int(self.lines[column.first[code]]), int(column.count[code])
        self.problems.add(kind, line, column.name, message, *parts, count=count)

    def raise_first(self) -> None:
        """Raise for what is wrong so far."""
        self.problems.raise_first(len(self))


def read_table(
    path: Path,
    reread: Callable[[], Iterator[tuple[int, list[str]]]],
    header: list[str],
    roles: dict[str, int],
    values: list[int],
    decimal: str,
) -> Table:
    """Read every row below the header; what is wrong is noted among the problems of the table.

    Parameters
    ----------
    path : Path
        The file, for messages.
    reread : callable
        Gives the lines and rows of the file, from its header.
    header : list of str
        Names of the columns.
    roles : dict
        Positions of the columns ``label`` and, in the long layout, ``id`` and ``time``.
    values : list of int
        Positions of the V value columns.
    decimal : str
        The decimal mark.

    Raises
    ------
    CsvError
        When there is no row at all.
    """
    problems = Problems(path)
    names = [header[place] for place in values]
    lines, pending, blocks = array("q"), [], []
    codes = {role: array("q") for role in roles}
    texts: dict[str, dict[str, int]] = {role: {} for role in roles}
    fields = [(place, codes[role], texts[role]) for role, place in roles.items()]
    # Of one position, itemgetter would give the cell instead of a list; of a slice it gives a list.
    pick = operator.itemgetter(*(values if len(values) > 1 else [slice(values[0], values[0] + 1)]))

    def convert() -> None:
        first = len(lines) - len(pending)

        def refuse(position: int, kind: str, message: Callable, *parts: object) -> None:
            row, column = divmod(int(position), len(names))
            problems.add(kind, lines[first + row], names[column], message, *parts)

        cells = list(itertools.chain.from_iterable(pending))
        blocks.append(numbers(cells, decimal, refuse).reshape(len(pending), len(names)))
        pending.clear()

    for line, row in itertools.islice(reread(), 1, None):
        if len(row) != len(header) or row == header:
            problems.add(*_wrong_row(line, row, header))
            continue
        lines.append(line)
        pending.append(pick(row))
        for place, column, known in fields:
            column.append(known.setdefault(row[place].strip(), len(known)))
        if len(pending) * len(names) >= BLOCK:
            convert()
    if not lines:
        problems.raise_first(0)
        raise located(path, "expected rows below the header, got none; write one row a series or a time step")
    if pending:
        convert()
    text = {
        role: TextColumn(header[place], list(texts[role]), np.array(codes[role], np.int64))
        for role, place in roles.items()
    }
    table = Table(path, problems, np.array(lines, np.int64), text, names, values, np.concatenate(blocks), reread)
    _check_text(table, decimal)
    return table


def _wrong_row(line: int, row: list[str], header: list[str]) -> tuple[str, int, None, str]:
    if row == header:
        return "header", line, None, "expected a row with values, got the header once more; remove this line"
    text = f"expected {len(header)} cells as in the header, got {len(row)}"
    if any("\n" in cell or "\r" in cell for cell in row):
        return "quote", line, None, f"{text}; a quoted cell runs over the end of the line: close its quote"
    if len(row) < len(header):
        return "few", line, None, f"{text}; fill in what is missing (a shorter series keeps its cells, empty)"
    advice = 'put text that holds the separator in quotes, and decimal commas too (with decimal=",")'
    if len(row) == len(header) + 1:
        advice += ", or give the row names a header (R: col.names=NA)"
    return "many", line, None, f"{text}; {advice}"


def _check_text(table: Table, decimal: str) -> None:
    """Note labels, ids and times that are missing, and labels that are no classes."""
    for role, column in table.text.items():
        for code, text in enumerate(column.texts):
            if is_missing(text):
                advice = "write it into every row" + (", or leave the series out" if role == "label" else "")
                message = f"expected {'an' if role == 'id' else 'a'} {role}, got {text!r}; {advice}"
                table.add_for_text(f"no {role}", role, code, message)
    present = [(code, text) for code, text in enumerate(table.text["label"].texts) if not is_missing(text)]
    values = number_labels([text for _, text in present], decimal) or []
    for (code, text), value in zip(present, values, strict=False):
        if value != int(value):
            message = f"expected the label of a class, got the decimal {text!r}, as for a regression; "
            table.add_for_text("decimal", "label", code, message + "turn the target into classes, named in text")
