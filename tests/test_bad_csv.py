"""What people's CSV files get wrong: each has an error of its own, with the place, what came, and a way out."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsattn_tutorial.datasets import CsvError, read_csv

LONG = {"label": "y", "id": "who", "time": "t"}


@dataclass
class Bad:
    """One kind of bad file, the arguments it is read with, the place of the error, and words it must contain."""

    text: str | bytes
    place: str
    message: str
    arguments: dict[str, Any] = field(default_factory=dict)


def wide(text: str | bytes, place: str, message: str, **arguments) -> Bad:
    return Bad(text, place, message, {"label": "y"} | arguments)


def long(text: str, place: str, message: str, **arguments) -> Bad:
    return Bad(text, place, message, LONG | arguments)


# A table in order, to be spoilt: three series of three steps.
GOOD = "a,b,c,y\n1,2,3,calm\n4,5,6,gust\n7,8,9,calm\n"
ROWS = "who,t,v,y\nA,0,1,calm\nA,1,2,calm\nA,2,3,calm\nA,3,4,calm\nB,0,5,gust\nB,1,6,gust\nB,2,7,gust\nB,3,8,gust\n"
SIZES = {"timesteps": 2, "features": 2}

FILES = {
    "empty": wide("", "", "expected a header and rows, got an empty file"),
    "blank lines only": wide("\n  \n,,,\n", "", "expected a header and rows, got an empty file"),
    "header only": wide("a,b,y\n", "", "expected rows below the header, got none"),
    "Excel workbook": wide(b"PK\x03\x04\x14\x00\x06\x00", "", "got an Excel workbook or a zip archive; save it as CSV"),
    "old Excel workbook": wide(b"\xd0\xcf\x11\xe0\xa1\xb1", "", "got an old Excel workbook; save it as CSV"),
    "gzip archive": wide(b"\x1f\x8b\x08\x00", "", "got a gzip archive; unpack it"),
    "NumPy array": wide(b"\x93NUMPY\x01\x00", "", "got a NumPy array; load it with numpy.load"),
    "Parquet file": wide(b"PAR1\x15\x04", "", "got a Parquet file; convert it to CSV"),
    "other binary data": wide(b"a,y\n\0\1,2\n", "", "expected a text file, got binary data"),
    "web page": wide("\n<!DOCTYPE html><html>", "", "got a web page; download the file itself"),
    "not UTF-8": wide(
        "a,y\n1,x\n2,x\n3,früh\n".encode("cp1252"),
        "line 4",
        'expected text in utf-8, got the byte 0xfc; pass its encoding, perhaps encoding="cp1252"',
    ),
    "not UTF-8, nor anything Excel writes": wide(b"a,y\n1,\x81\n", "line 2", 'perhaps encoding="latin-1"'),
    "not ASCII, but UTF-8": wide(
        "a,y\r\n1,x\r\n1,früh\r\n",
        "line 3",
        'text in ascii, got the byte 0xc3; pass its encoding, perhaps encoding="utf-8"',
        encoding="ascii",
    ),
    "UTF-16": wide("a,y\n1,x\n".encode("utf-16"), "", 'expected text in utf-8, got UTF-16; pass encoding="utf-16"'),
    "UTF-8 after all": wide(b"\xef\xbb\xbfa,y\n1,x\n", "", 'got UTF-8; pass encoding="utf-8"', encoding="cp1252"),
    "UTF-16 expected": wide(b"a,y\n1,x\n2", "line 1", "expected text in utf-16", encoding="utf-16"),
}

HEADERS = {
    "label column missing": wide(
        GOOD.replace("y", "label"),
        "line 1",
        "expected a label column 'y', got the columns 'a', 'b', 'c', 'label'; name one of them in label=",
    ),
    "label column misspelt": wide(GOOD, "line 1", "; did you mean 'y'?", label="Y"),
    "long header": wide(",".join(f"v{i}" for i in range(20)) + "\n", "line 1", "'v7', ... (20 in all);"),
    "label column missing beside names that are numbers": wide(
        "a,b,0.5,0.25,c\n", "line 1", "expected a label column 'y', got the columns 'a', 'b', '0.5', '0.25', 'c'"
    ),
    "id column missing": long(
        ROWS.replace("who", "whose"),
        "line 1",
        "expected an id column 'who', got the columns 'whose', 't', 'v', 'y'; did",
    ),
    "time column missing": long(ROWS.replace(",t,", ",step,"), "line 1", "expected a time column 't'"),
    "value column missing": wide(
        GOOD, "line 1", "expected a value column 'd', got the columns 'a', 'b', 'c', 'y'; ", columns=["a", "d"]
    ),
    "semicolons": wide(GOOD.replace(",", ";"), "line 1", "got one column 'a;b;c;y'; pass separator=\";\""),
    "tabs": wide(GOOD.replace(",", "\t"), "line 1", 'pass separator="\\t"'),
    "commas after all": wide(
        GOOD, "line 1", "separated by ';', got one column 'a,b,c,y'; pass separator=\",\"", separator=";"
    ),
    "no header": wide("0.5,0.7,1\n0.2,0.1,2\n", "line 1", "names of the columns, got numbers, '0.5, 0.7, 1'"),
    "no header, labels in text": wide("0.5,0.7,calm\n", "line 1", "write a line with names in front"),
    "no header, a label that is a name": wide("1,0.7,0.2\n2,0.3,0.1\n", "line 1", "got numbers", label="1"),
    "no header, whole numbers": wide("7,3,5,1\n", "line 1", "got numbers", label="1"),
    "comment in front": wide(f"# from the lab\n{GOOD}", "line 1", "got '# from the lab', which is a comment; remove"),
    "Excel's separator line": wide("sep=;\na;y\n1;x\n", "line 1", "got 'sep=;', which is a comment"),
    "repeated name": wide("a,a,y\n1,2,x\n", "line 1, column 'a'", "got 2 of this name; rename all but one"),
    "repeated label": wide("a,y,y\n1,2,x\n", "line 1, column 'y'", "expected one label column 'y', got 2"),
    "index of pandas": wide(",a,y\n0,1,x\n", "line 1", "expected a name for column 1, got ''; write the file without"),
    "index of pandas, read and written": wide(
        "Unnamed: 0,a,y\n0,1,x\n", "line 1", "got 'Unnamed: 0'; write the file without the row numbers"
    ),
    "separator at the end": wide("a,y,\n1,x,\n", "line 1", "for column 3, got ''; remove the separator at the end"),
    "time as a value": wide(
        "a,Date,y\n1,2,x\n",
        "line 1, column 'Date'",
        "by its name holds none; pass id= and time= if rows are time steps",
    ),
    "no value column": wide("y\nx\nz\n", "line 1", "expected value columns, got only 'y'; add columns"),
    "no feature column": long("who,t,y\nA,0,x\n", "line 1", "expected value columns, got only 'y', 'who', 't'"),
}

SHAPES = {
    "one value column short": wide(
        ",".join(f"v{i}" for i in range(23)) + ",y\n",
        "",
        "expected 24 x 1 = 24 value columns (timesteps x features), got 23, 'v0' to 'v22'; pass timesteps=23, or name",
        timesteps=24,
    ),
    "features forgotten": wide("a,b,c,d,y\n", "", "expected 2 x 1 = 2 value columns", timesteps=2),
    "features do not divide": wide(GOOD, "", "expected a multiple of features = 2 value columns, got 3", features=2),
    "too many features": wide(GOOD, "", "expected 3 x 2 = 6 value columns", timesteps=3, features=2),
    "one value column": wide("a,y\n", "", "got 1, 'a'", timesteps=2),
    "other features in the long layout": long(
        ROWS, "", "expected features = 2 value columns, got 1: 'v'; pass features=1", features=2
    ),
    "other time steps in the long layout": long(
        ROWS, "line 2", "expected timesteps = 5 steps, got 4 in series 'A'; pass pad=True", timesteps=5
    ),
    "more time steps than to pad to": long(
        ROWS, "line 2", "expected at most timesteps = 3 steps, got 4 in series 'A'; raise", timesteps=3, pad=True
    ),
}

ROW_ERRORS = {
    "too few cells": wide(
        GOOD.replace("4,5,6,", "4,5,"), "line 3", "expected 4 cells as in the header, got 3; fill in"
    ),
    "too many cells": wide(GOOD.replace("4,5", "4,5,5,5"), "line 3", "got 6; put text that holds the separator in"),
    "decimal commas cut apart": wide("a,y\n0,5,x\n0,7,z\n", "line 2", "and decimal commas too"),
    "row names of R": wide(
        "a,y\n1,0.5,x\n2,0.7,z\n", "line 2", "or give the row names a header (R: col.names=NA) (1 more"
    ),
    "open quote": wide('a,y\n1,"x\n2,z\n', "line 2", "expected every quote to be closed"),
    "text behind a quote": wide('a,y\n1,z\n1,"x"z\n2,z\n', "line 3", "expected every quote to be closed"),
    "open quote over much text": wide('a,y\n1,"x' + "z" * 200_000, "line 2", "expected every quote to be closed"),
    "quote closed too late": wide('a,y\n1,"x\n2,z\n3,x"\n4\n', "line 5", "expected 2 cells as in the header, got 1"),
    "quote closed on another line": wide(
        'a,b,y\n1,"2,x\n3,4",z,z,z\n', "line 2", "got 5; a quoted cell runs over the end of the line: close its quote"
    ),
    "header once more": wide(GOOD + GOOD, "line 5", "got the header once more; remove this line"),
    "behind blank lines": wide("\n\na,y\n\n1,x\n\n \nq,z\n", "line 8, column 'a'", "got 'q'"),
    "behind a quoted line break": wide('a,y\r\n1,"x\r\ny"\r\nq,z\r\n', "line 4, column 'a'", "got 'q'"),
}

VALUES = {
    "text": wide(
        GOOD.replace("5", "five"),
        "line 3, column 'b'",
        "expected a number, got 'five'; correct it, or leave the column",
    ),
    "three times": wide(
        GOOD.replace("5", "x").replace("8", "x").replace("9", "x"), "line 3, column 'b'", "columns= (2 more like it)"
    ),
    "a column of text": wide(
        "a,b,y\n1,p,x\n2,q,z\n", "line 2, column 'b'", "columns= (every row of this column has it)"
    ),
    "a date": wide("a,b,y\n2024-01-31,1,x\n", "line 2, column 'a'", "a date is no value: leave the column out with"),
    "decimal comma": wide("a;y\n1,5;x\n", "line 2, column 'a'", "got '1,5'; pass decimal=\",\"", separator=";"),
    "decimal point": wide("a;y\n1.5;x\n", "line 2, column 'a'", 'pass decimal="."', separator=";", decimal=","),
    "one comma of either kind": wide(
        'a,y\n"1,234",x\n', "line 2, column 'a'", "else write it without thousands separators"
    ),
    "thousands separators": wide('a,y\n"1,234.5",x\n', "line 2, column 'a'", "; write it without thousands separators"),
    "millions": wide('a,y\n"1,234,567",x\n', "line 2, column 'a'", "; write it without thousands separators"),
    "spaces between thousands": wide("a,y\n1 234,x\n", "line 2, column 'a'", "; write it without thousands separators"),
    "underscores between thousands": wide(
        "a,y\n1_234,x\n", "line 2, column 'a'", "got '1_234'; write it without thousands"
    ),
    "per cent": wide("a,y\n12%,x\n", "line 2, column 'a'", "got '12%'; write the number without the percent sign"),
    "unit": wide("a,y\n12 kg,x\n", "line 2, column 'a'", "got '12 kg'; write the number without its unit"),
    "currency": wide("a,y\n$12.50,x\n", "line 2, column 'a'", "write the number without its unit"),
    "typographic minus": wide("a,y\n\u221212,x\n", "line 2, column 'a'", "write the minus sign as a plain hyphen"),
    "truth values": wide("a,y\nTrue,x\n", "line 2, column 'a'", "got 'True'; write 1 and 0"),
    "error of the spreadsheet": wide(
        "a,y\n#DIV/0!,x\n", "line 2, column 'a'", "an error of the spreadsheet: correct it there"
    ),
    "digits of another script": wide(
        "a,y\n\u0661\u0662,x\n", "line 2, column 'a'", "expected a number, got '\u0661\u0662'"
    ),
    "infinity": wide("a,y\n1,x\n-inf,x\n", "line 3, column 'a'", "expected a finite number, got '-inf'; correct it"),
    "infinity among text": wide(
        "a,b,y\n1,Infinity,x\n?,t,x\n", "line 2, column 'b'", "a finite number, got 'Infinity'"
    ),
    "beyond float32": wide("a,y\n1,x\n1e39,x\n", "line 3, column 'a'", "below 3.4e38, got '1e39'; scale the values"),
    "beyond float64": wide("a,y\n1e999,x\n", "line 2, column 'a'", "expected a number that fits float32"),
}

MISSING = {
    f"gap written {sign!r}": wide(
        GOOD.replace("5", sign), "line 3, column 'b'", f"got {sign!r}, a missing value; fill it in, interpolate, or"
    )
    for sign in ("", "NA", "nan", "NaN", "null", "?", "N/A", "#N/A", "None", "-", ".")
} | {
    "gaps in two rows": wide(
        GOOD.replace("5", "").replace("7", "NA"),
        "line 3, column 'b'",
        "a missing value; fill it in, interpolate, or leave the series out (1 more like it)",
    ),
    "gap in a step of two features": wide(
        "a,b,c,d,y\n1,2,3,,x\n", "line 2, column 'd'", "a missing value", **SIZES, pad=True
    ),
    "gap before the padding": wide(GOOD.replace("4,5,6", ",5,"), "line 3, column 'a'", "a missing value", pad=True),
    "gap in the long layout": long(
        ROWS.replace("B,1,6", "B,1,"), "line 7, column 'v'", "got '', a missing value; fill"
    ),
    "gap at the end of a long series": long(
        ROWS.replace("B,3,8", "B,3,NA"), "line 9, column 'v'", "got 'NA', a missing value", pad=True
    ),
    "early end": wide(
        GOOD.replace("5,6", ","),
        "line 3, column 'b'",
        "expected a series of 3 steps, got its end after 1; pass pad=True to pad short series at their end",
    ),
    "early end of two features": wide(
        "a,b,c,d,e,f,y\n1,2,3,4,,,x\n", "line 2, column 'e'", "a series of 3 steps, got its end after 2", features=2
    ),
    "early end of three": wide(
        "a,b,y\n1,,x\n2,,x\n3,4,z\n5,,z\n", "line 2, column 'b'", "fill in what is missing (2 more like it)"
    ),
    "row without values": wide(GOOD.replace("4,5,6", ",,"), "line 3", "got a row without a value", pad=True),
    "no label": wide(
        GOOD.replace("gust", ""), "line 3, column 'y'", "expected a label, got ''; write it into every row"
    ),
    "label NA, twice": wide(
        GOOD.replace("calm", "NA"),
        "line 2, column 'y'",
        "got 'NA'; write it into every row, or leave the series out (1 more",
    ),
    "label on the first row only": long(ROWS.replace("2,calm", "2,"), "line 3, column 'y'", "expected a label, got ''"),
    "no id": long(ROWS.replace("B,1", ",1"), "line 7, column 'who'", "expected an id, got ''; write it into every row"),
    "no time": long(
        ROWS.replace("B,1", "B,"), "line 7, column 't'", "expected a time, got ''; write it into every row"
    ),
}

LABELS = {
    "a regression": wide(
        "a,y\n1,0.25\n2,1\n3,0.75\n",
        "line 2, column 'y'",
        "expected the label of a class, got the decimal '0.25', as for a regression; turn the target into classes",
    ),
    "all different": wide(
        "a,y\n1,p\n2,q\n3,r\n", "column 'y'", "expected classes that series share, got a label of its own for each of 3"
    ),
    "one class": wide("a,y\n1,p\n2,p\n", "column 'y'", "expected at least two classes, got 'p' in all 2 series"),
    "one class in two spellings": wide("a,y\n1,1\n2,1.0\n", "column 'y'", "got '1' in all 2 series"),
    "one series": wide("a,y\n1,p\n", "column 'y'", "got 'p' in the only series; add series of another class"),
    "two labels in a series": long(
        ROWS.replace("6,gust", "6,calm"),
        "line 7, column 'y'",
        "expected the label 'gust' that series 'B' has on line 6, got 'calm'; give a series one label, or",
    ),
}


def dated(*dates: str) -> str:
    """One series of each of two classes, at these times."""
    return "who,t,v,y\n" + "".join(f"{who},{date},1,{who}\n" for who in "AB" for date in dates)


TIMES = {
    "no time at all": long(
        ROWS.replace("B,1", "B,noon"), "line 7, column 't'", "got 'noon'; correct it, or number the"
    ),
    "two readings of a date": long(
        dated("01/02/2024", "02/02/2024"),
        "line 2, column 't'",
        "got '01/02/2024'; write the year first (01/02/2024 could",
    ),
    "no such day": long(dated("2024-02-29", "2024-02-30"), "line 3, column 't'", "got '2024-02-30'"),
    "finer than microseconds": long(
        dated("2024-01-01T00:00:00.0000001", "2024-01-01T00:00:00.0000002"),
        "line 2, column 't'",
        "cut it to microseconds",
    ),
    "not a number": long(dated("0", "inf"), "line 3, column 't'", "expected a number or an ISO date such as"),
    "numbers and dates": long(
        dated("0", "2024-01-01"), "line 3, column 't'", "number like the first time, got the date"
    ),
    "dates and numbers": long(
        dated("2024-01-01", "7"), "line 3, column 't'", "date like the first time, got the number '7'"
    ),
    "with and without time zone": long(
        dated("2024-01-01T00:00Z", "2024-01-01T01:00"), "line 3, column 't'", "expected a time with time zone like the"
    ),
    "without and with time zone": long(
        dated("2024-01-01T00:00", "2024-01-01T01:00Z"), "line 3, column 't'", "expected a time without time zone like"
    ),
    "a time twice": long(
        ROWS.replace("B,1,6", "B,2.0,6"),
        "line 8, column 't'",
        "expected every time once in series 'B', got '2' on line 7 and here on line 8; remove one row, or",
    ),
    "one instant in two time zones": long(
        dated("2024-01-01T00:00Z", "2024-01-01T01:00+01:00"), "line 3, column 't'", "on line 2 and here on line 3"
    ),
    "a time stamp missing": long(
        dated("0", "1", "3", "4"),
        "line 4, column 't'",
        "expected steps of 1 in series 'A', got a gap after '1': 2 to '3'; fill in the missing rows, or pass a larger",
    ),
    "a day missing": long(
        dated("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"),
        "line 5, column 't'",
        "expected steps of 1 day in series 'A', got a gap after '2024-01-03': 3 days to '2024-01-06'",
    ),
    "half an hour too early": long(
        dated("2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00", "2024-01-01T02:30"),
        "line 5, column 't'",
        "steps of 3600 s in series 'A', got a short step after '2024-01-01T02:00': 1800 s to",
    ),
    "months without jitter": long(
        dated("2024-01", "2024-02", "2024-03"), "line 3, column 't'", "(0.1 suits months, None takes"
    ),
    "a month missing": long(
        dated("2024-01", "2024-02", "2024-03", "2024-05"),
        "line 5, column 't'",
        "got a gap after '2024-03': 61 days",
        jitter=0.1,
    ),
    "dates without hyphens": long(
        dated("20240130", "20240131", "20240201"),
        "line 4, column 't'",
        "write dates as 2024-01-31 (20240131 is read as a number)",
    ),
    "series of two lengths": long(
        ROWS.replace("B,3,8,gust\n", "C,0,1,gust\nC,1,1,gust\nC,2,1,gust\nC,3,1,gust\n"),
        "line 6",
        "expected 4 steps as in series 'A', got 3 in series 'B'; pass pad=True to pad",
    ),
    "series of many lengths": long(
        "who,t,v,y\nA,0,1,p\nB,0,1,q\nB,1,1,q\nC,0,1,q\nC,1,1,q\nD,0,1,p\nD,1,1,p\nD,2,1,p\n",
        "line 2",
        "expected 2 steps as in series 'B', got 1 in series 'A'; pass pad=True to pad short series at their end and "
        "get a mask, or fill in what is missing (1 more like it)",
    ),
    "two series of two lengths": long(
        "who,t,v,y\nA,0,1,p\nB,0,1,q\nB,1,1,q\n", "line 2", "expected 2 steps as in series 'B', got 1 in series 'A'"
    ),
}

ARGUMENTS = {
    "label as a number": Bad(GOOD, "", "label must be the name of a column, got 3", {"label": 3}),
    "label without a name": Bad(GOOD, "", "label must be the name of a column, got ''", {"label": ""}),
    "id as a number": long(ROWS, "", "id must be the name of a column or None, got 0", id=0),
    "id only": wide(GOOD, "", "id needs time (one row a time step has both", id="a"),
    "time only": wide(GOOD, "", "time needs id (one row a time step has both", time="a"),
    "id is the label": wide(ROWS, "", "label, id and time must be different columns", id="y", time="t"),
    "time is the label": wide(ROWS, "", "got ['y', 'who', 'y']", id="who", time="y"),
    "one column as text": wide(GOOD, "", 'columns must be a list of names, such as ["a", "b"], got \'a\'', columns="a"),
    "no columns": wide(GOOD, "", "columns must be a list of names", columns=[]),
    "columns by number": wide(GOOD, "", "columns must be a list of names", columns=[0, 1]),
    "a column twice": wide(GOOD, "", "columns must be different names", columns=["a", "a"]),
    "label among the columns": wide(
        GOOD, "", "columns must be value columns, without label, id and time, got ['y']", columns=["a", "y"]
    ),
    "no time steps": wide(GOOD, "", "timesteps must be a positive integer or None, got 0", timesteps=0),
    "features as text": wide(GOOD, "", "features must be a positive integer or None, got '2'", features="2"),
    "features as a truth value": wide(GOOD, "", "features must be a positive integer or None, got True", features=True),
    "pad as a number": wide(GOOD, "", "pad must be True or False, got 1", pad=1),
    "negative jitter": long(ROWS, "", "jitter must be a number from 0 or None, got -1", jitter=-1),
    "jitter as a truth value": long(ROWS, "", "jitter must be a number from 0 or None, got True", jitter=True),
    "jitter without end": long(ROWS, "", "jitter must be a number from 0 or None, got inf", jitter=float("inf")),
    "two separators": wide(GOOD, "", "or a line break, got ', '", separator=", "),
    "quote as separator": wide(GOOD, "", "separator must be one character other than a quote", separator='"'),
    "decimal mark": wide(GOOD, "", 'decimal must be "." or ",", got \';\'', decimal=";"),
    "two meanings of a comma": wide(GOOD, "", "separator and decimal must differ, got ',' for both", decimal=","),
    "unknown encoding": wide(GOOD, "", 'such as "utf-8" or "cp1252", got \'utf-9\'', encoding="utf-9"),
    "no text encoding": wide(GOOD, "", "encoding must be one that Python knows", encoding="base64"),
}

TABLE = FILES | HEADERS | SHAPES | ROW_ERRORS | VALUES | MISSING | LABELS | TIMES | ARGUMENTS


def written(path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def error_of(path, **arguments) -> str:
    with pytest.raises(CsvError) as caught:
        read_csv(path, **arguments)
    return str(caught.value)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=name) for name, bad in TABLE.items()])
def test_each_malformation_has_its_error(tmp_path, bad):
    path = tmp_path / "waves.csv"
    written(path, bad.text)
    message = error_of(path, **bad.arguments)
    assert message.startswith(f"{path}: {bad.place}: " if bad.place else f"{path}: ")
    assert bad.place or not re.match(r"(line \d|column ')", message.removeprefix(f"{path}: "))
    assert bad.message in message
    assert "\n" not in message and "np." not in message


def test_names_are_kept_apart():
    """A name that stands in two tables would hide one of its cases."""
    tables = (FILES, HEADERS, SHAPES, ROW_ERRORS, VALUES, MISSING, LABELS, TIMES, ARGUMENTS)
    assert len(TABLE) == sum(map(len, tables))


def test_missing_files(tmp_path, monkeypatch):
    (tmp_path / "waves.csv").write_text(GOOD)
    assert "got: No such file or directory; did you mean 'waves.csv'?" in error_of(tmp_path / "wave.csv", label="y")
    assert f"looked in {tmp_path}" in error_of(tmp_path / "other.txt", label="y")
    assert f"there is no folder {tmp_path / 'data'}" in error_of(tmp_path / "data" / "waves.csv", label="y")
    assert "got: Is a directory; name a file in this folder" in error_of(tmp_path, label="y")
    assert "download the file first" in error_of("https://example.org/waves.csv", label="y")
    assert "path must be the path of a file, got 3" in error_of(3, label="y")
    monkeypatch.chdir(tmp_path)
    assert error_of("wave.csv", label="y").startswith("wave.csv: expected a readable CSV file")


def test_the_first_problem_is_reported(tmp_path):
    path = tmp_path / "waves.csv"
    written(path, "a,b,y\n1,2,x\n3,oops,x\n5,6\n7,8,\n9,inf,z\n")
    assert "line 3, column 'b': expected a number, got 'oops'" in error_of(path, label="y")
    written(path, "a,b,y\n1,2,x\n3,4,x\n5,6\n7,8,\n9,oops,z\n")
    assert "line 4: expected 3 cells" in error_of(path, label="y")
    written(path, "a,b,y\n1,2,x\n3,4,x\n5,6,z\n7,8,\n9,oops,z\n")
    assert "line 5, column 'y': expected a label" in error_of(path, label="y")
    # In the file, not in the order of the series.
    written(path, "who,t,v,y\nA,1,1,p\nB,2,1,q\nB,2,1,q\nA,1,1,p\n")
    assert "line 4, column 't': expected every time once in series 'B'" in error_of(path, **LONG)


def test_only_problems_of_one_kind_are_counted_together(tmp_path):
    path = tmp_path / "waves.csv"
    written(path, "a,b,y\n,1,x\noops,2,x\n3,4,z\n")
    assert error_of(path, label="y").endswith("a missing value; fill it in, interpolate, or leave the series out")
    written(path, "a,b,y\n,1,x\n2,oops,x\n,4,z\n3,?,z\n")
    assert error_of(path, label="y").endswith("(1 more like it)")


def test_the_line_is_right_behind_many_blocks(tmp_path, monkeypatch):
    """Cells are converted in blocks, and the place in a block is not the place in the file."""
    monkeypatch.setattr("tsattn_tutorial.datasets._csv.table.BLOCK", 8)
    path = tmp_path / "waves.csv"
    lines = ["a,b,c,y", *(f"1,2,3,{row % 2}" for row in range(100))]
    for line, column in ((2, 0), (50, 1), (101, 2)):
        cells = lines[line - 1].split(",")
        spoilt = ",".join([*cells[:column], "x", *cells[column + 1 :]])
        written(path, "\n".join([*lines[: line - 1], spoilt, *lines[line:]]))
        assert f"line {line}, column {'abc'[column]!r}: expected a number, got 'x'" in error_of(path, label="y")


TOKENS = [",", ",", ",", "\n", "\n", "\r", '"', " ", "1", "2", "0.5", "-3", "1e400", "nan", "NA", "inf", "p", "q", "_"]
TOKENS += [
    "who",
    "t",
    "v",
    "y",
    "2024-01",
    "2024-01-31",
    "9" * 40,
    "\u0661",
    "\u2028",
    "\x85",
    "\0",
    ";",
    "#",
    "1970-01-01T00Z",
]
HEADS = st.sampled_from(["", "who,t,v,y\n", "v,w,x,y\n", "y,v\n", "t,y,who,v,w\n"])
REQUESTS = st.fixed_dictionaries(
    {"label": st.sampled_from(["y", "v"])},
    optional={
        "pad": st.booleans(),
        "columns": st.sampled_from([["v"], ["v", "w"]]),
        "timesteps": st.integers(1, 3),
        "features": st.integers(1, 3),
        "jitter": st.sampled_from([None, 0, 0.5]),
        "encoding": st.sampled_from(["utf-8", "ascii", "utf-16", "cp1252"]),
    },
)


@given(HEADS, st.lists(st.sampled_from(TOKENS), max_size=40).map("".join) | st.text(), REQUESTS, st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, head, text, request, in_rows):
    """No file makes another error than ours, and no batch is without what it promises."""
    path = tmp_path / "waves.csv"
    path.write_bytes((head + text).encode("utf-8", "surrogatepass"))
    try:
        batch = read_csv(path, **request, **({"id": "who", "time": "t"} if in_rows else {}))
    except CsvError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert len(batch.classes) > 1 and set(batch.y) == set(range(len(batch.classes)))
        assert (batch.mask is not None) == request.get("pad", False)
        assert batch.x.shape[1] == request.get("timesteps", batch.x.shape[1])
        assert batch.x.shape[2] == request.get("features", batch.x.shape[2] if in_rows else 1)


def test_a_column_full_of_text_is_refused_quickly(tmp_path):
    path = tmp_path / "waves.csv"
    written(path, "a,b,y\n" + "".join(f"1,word {row},{row % 2}\n" for row in range(50_000)))
    start = time.perf_counter()
    assert "line 2, column 'b'" in error_of(path, label="y")
    assert time.perf_counter() - start < 20  # a message for each of them would take longer than anyone waits
