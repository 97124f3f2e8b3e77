"""Files of comma-separated values, as several tests write and read them."""

import csv
import io

from tsattn_tutorial.datasets import read_csv


def read(path, text: str, **arguments):
    """What a file with this text holds."""
    path.write_text(text, encoding="utf-8", newline="")
    return read_csv(path, **{"label": "y"} | arguments)


def table_text(rows: list[list[str]], separator: str, ending: str = "\n") -> str:
    text = io.StringIO(newline="")
    # Python's writer leaves a line break without quotes if rows end in another one.
    quoting = csv.QUOTE_ALL if ending == "\r" else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=separator, lineterminator=ending, quoting=quoting).writerows(rows)
    return text.getvalue()
