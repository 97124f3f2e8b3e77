"""The rows of a CSV file with the line each starts on, and errors that say where something is wrong."""

import codecs
import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

# How files begin that people take for CSV files.
BEGINNINGS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save it as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\xfd7zXZ": "an xz archive; unpack it",
    b"PAR1\x15": "a Parquet file; convert it to CSV",
    b"\x93NUMPY": "a NumPy array; load it with numpy.load",
}


class CsvError(ValueError):
    """A CSV file that cannot be read as labelled series.

    The message names the file, the line as an editor counts it (the first is line 1) and the column as far as
    they are known, what was expected, what came, and what to do about it.
    """

    __module__ = "tsattn_tutorial.datasets"  # where it is imported from, and what a traceback should show


def located(path: Path, text: str, line: int | None = None, column: str | None = None) -> CsvError:
    """An error whose message starts with the place."""
    place = [f"line {line}"] if line is not None else []
    place += [f"column {column!r}"] if column is not None else []
    return CsvError(": ".join([str(path), *([", ".join(place)] if place else []), text]))


class Problems:
    """Collects what is wrong in a file: the first problem of every kind, and how often each kind occurs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: dict[str, tuple[int, str | None, str]] = {}  # kind -> line, column, message
        self.count: Counter[str] = Counter()
        self.columns: Counter[tuple[str, str | None]] = Counter()

    def add(
        self, kind: str, line: int, column: str | None, message: str | Callable, *parts: object, count: int = 1
    ) -> None:
        """Note a problem. A message that is a function is called for the first only: there may be millions."""
        self.count[kind] += count
        self.columns[kind, column] += count
        if kind not in self.first or line < self.first[kind][0]:
            self.first[kind] = (line, column, message if isinstance(message, str) else message(*parts))

    def raise_first(self, rows: int) -> None:
        """Raise for the problem that stands first in the file of ``rows`` rows, if there is one."""
        if not self.first:
            return
        kind = min(self.first, key=lambda kind: self.first[kind][0])
        line, column, text = self.first[kind]
        more = self.count[kind] - 1
        if column is not None and rows > 1 and self.columns[kind, column] == rows:
            text += " (every row of this column has it)"
        elif more:
            text += f" ({more:,} more like it)"
        raise located(self.path, text, line, column)


def rows_of(path: Path, separator: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that holds something, with the line on which it starts.

    Rows without any text (empty lines, and lines of separators, as spreadsheets leave them) are passed over.
    Lines are counted as an editor does: a quoted line break starts a new one.
    """
    _refuse_other_formats(path, encoding)
    # utf-8-sig is UTF-8 that passes over the byte order mark, which Excel writes.
    codec = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    with path.open(newline="", encoding=codec) as file:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
        line = 1
        try:
            for row in reader:
                if any(row):
                    yield line, row
                line = reader.line_num + 1
        except csv.Error:  # in strict mode: a quote that is left open, or text behind a closing one
            raise located(
                path,
                'expected every quote to be closed, got one that stays open or has text behind it; add the missing ", '
                'or double a " that belongs to the text',
                line,
            ) from None
        except UnicodeError:
            raise _undecodable(path, encoding) from None


def _refuse_other_formats(path: Path, encoding: str) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        text = f"expected a readable CSV file, got: {error.strerror}"
        raise located(path, f"{text}; {_where_else(path)}") from None
    for beginning, what in BEGINNINGS.items():
        if head.startswith(beginning):
            raise located(path, f"expected a text file, got {what}")
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not wide:
        raise located(path, f'expected text in {encoding}, got UTF-16; pass encoding="utf-16"')
    if head.startswith(codecs.BOM_UTF8) and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
        raise located(path, f'expected text in {encoding}, got UTF-8; pass encoding="utf-8"')
    if b"\0" in head and not wide:
        raise located(path, "expected a text file, got binary data; save or export it as CSV")
    if re.match(rb"\s*<(!doctype|html|\?xml)", head, re.IGNORECASE):
        raise located(path, "expected a CSV file, got a web page; download the file itself")


def _where_else(path: Path) -> str:
    """What to do about a file that cannot be opened."""
    if re.match("https?:", str(path)):
        return "download the file first"
    if path.is_dir():
        return "name a file in this folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent.absolute()}"
    close = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
    return f"did you mean {close[0]!r}?" if close else f"looked in {path.parent.absolute()}"


def _undecodable(path: Path, encoding: str) -> CsvError:
    content = path.read_bytes()
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        start, before = error.start, content[: error.start].decode(encoding, "ignore")
    else:  # a mark in front that this encoding does not allow
        start, before = 0, ""
    guess = "cp1252"  # what Excel writes in western Europe and America
    for candidate in ("utf-8", guess, "latin-1"):
        try:
            content.decode(candidate)
        except UnicodeDecodeError:
            continue
        guess = candidate
        break
    line = len(re.findall("\r\n|\r|\n", before)) + 1
    text = f"expected text in {encoding}, got the byte 0x{content[start]:02x}"
    return located(path, f'{text}; pass its encoding, perhaps encoding="{guess}"', line)
