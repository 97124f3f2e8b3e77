"""Tables that were written come back, bit for bit, whatever they hold and however they are spelt."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from csv_files import read, table_text
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tsattn_tutorial.datasets import read_csv

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
LONG = {"label": "label", "id": "who", "time": "when"}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """One file for all examples of a property; each writes it anew."""
    return tmp_path_factory.mktemp("tables") / "table.csv"


def bits(x: np.ndarray) -> np.ndarray:
    """Values that tell -0.0 from 0.0."""
    return np.ascontiguousarray(x).view(np.uint32)


def is_numeric(text: str) -> bool:
    """Whether a text could be read as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_name(text: str) -> bool:
    """Whether a text can be the name of a class as it stands."""
    signs_for_nothing = {"", "?", "na", "n/a", "nan", "<na>", "#n/a", "nat", "null"}
    return text == text.strip() and text.casefold() not in signs_for_nothing and not is_numeric(text)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=8)
NAMES = (TEXTS | st.sampled_from(["a,b", 'say "a"', "früh; spät", "two\nlines", "a\r\nb", "none", "1 a", "-"])).filter(
    is_name
)


@st.composite
def labelled(draw) -> tuple[np.ndarray, list[str], list[str]]:
    """Series, the labels to write, and the name of the class of each."""
    n, t, d = draw(st.tuples(st.integers(2, 6), st.integers(1, 5), st.integers(1, 3)))
    x = draw(hnp.arrays(np.float32, (n, t, d), elements=FLOATS))
    count = draw(st.integers(2, max(2, n - 1)))
    if draw(st.booleans()):
        names = draw(st.lists(st.integers(-(10**12), 10**12), min_size=count, max_size=count, unique=True))
        spellings = st.sampled_from(["{}", "{}.0", " {} ", "{}.", "{}e0", "{}.000000e+00"])
    else:
        names = draw(st.lists(NAMES, min_size=count, max_size=count, unique=True))
        spellings = st.sampled_from(["{}", " {}", "{}  "])
    order = [*range(count), *draw(st.lists(st.integers(0, count - 1), min_size=n - count, max_size=n - count))]
    written = [draw(spellings).replace("{}", str(names[place])) for place in order]
    return x, written, [str(names[place]) for place in order]


@st.composite
def dialects(draw) -> dict[str, str]:
    separator, decimal = draw(st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("|", ",")]))
    return {"separator": separator, "decimal": decimal}


def number(value: np.float32, decimal: str, short: bool) -> str:
    """A float32 in its own shortest digits, or in those of the float64 that equals it."""
    return (str(value) if short else repr(float(value))).replace(".", decimal)


def spelt(labels: list[str], classes: list[str], decimal: str) -> list[str]:
    """Labels with this decimal mark, if they are numbers."""
    return [label.replace(".", decimal) for label in labels] if all(map(is_numeric, classes)) else labels


def assert_same(batch, x, classes, mask=None) -> None:
    assert batch.x.dtype == np.float32 and batch.x.flags.c_contiguous and np.array_equal(bits(batch.x), bits(x))
    assert batch.y.dtype == np.int64 and [batch.classes[label] for label in batch.y] == classes
    numeric = all(is_numeric(name) for name in batch.classes)
    assert list(batch.classes) == sorted(set(classes), key=int if numeric else None)
    assert batch.truth is None
    assert (batch.mask is None) == (mask is None) and (mask is None or np.array_equal(batch.mask, mask))


@given(labelled(), dialects(), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]), st.randoms())
@settings(deadline=None)
def test_wide_tables_come_back(path, case, dialect, short, ending, random):
    x, labels, classes = case
    n, t, d = x.shape
    place = random.randint(0, t * d)
    rows = [
        [f"v{i}" for i in range(t * d)],
        *([number(v, dialect["decimal"], short) for v in row] for row in x.reshape(n, -1)),
    ]
    for row, label in zip(rows, ["y", *spelt(labels, classes, dialect["decimal"])], strict=True):
        row.insert(place, label)
    text = table_text(rows, dialect["separator"], ending)
    assert_same(read(path, text, features=d, timesteps=t, **dialect), x, classes)


@given(labelled(), dialects(), st.booleans(), st.data())
@settings(deadline=None)
def test_wide_tables_of_uneven_length_come_back_with_a_mask(path, case, dialect, short, data):
    x, labels, classes = case
    n, t, d = x.shape
    lengths = data.draw(st.lists(st.integers(1, t), min_size=n, max_size=n))
    mask = np.arange(t) < np.array(lengths)[:, None]
    empty = data.draw(st.sampled_from(["", " ", "NA", "nan", "?"]))
    rows = [["y", *(f"v{i}" for i in range(t * d))]]
    for series, length, label in zip(x, lengths, spelt(labels, classes, dialect["decimal"]), strict=True):
        cells = [number(v, dialect["decimal"], short) for v in series[:length].ravel()]
        rows.append([label, *cells, *[empty] * ((t - length) * d)])
    batch = read(path, table_text(rows, dialect["separator"]), features=d, pad=True, **dialect)
    assert_same(batch, np.where(mask[:, :, None], x, 0), classes, mask)


def stamps(kind: str, start: int, length: int) -> list[str]:
    match kind:
        case "whole numbers":
            return [str(start + 3 * step) for step in range(length)]
        case "decimals":
            return [repr(start + 0.1 * step) for step in range(length)]
        case "days":
            return [f"{datetime(2000, 1, 1) + timedelta(days=start + step):%Y-%m-%d}" for step in range(length)]
        case "minutes":
            return [(datetime(2000, 1, 1) + timedelta(minutes=start + 15 * step)).isoformat() for step in range(length)]
        case "instants":
            first = datetime.fromisoformat("2000-01-01T00:00+02:00") + timedelta(days=start)
            return [str(first + timedelta(microseconds=step)) for step in range(length)]


@given(
    labelled(),
    dialects(),
    st.sampled_from(["whole numbers", "decimals", "days", "minutes", "instants"]),
    st.booleans(),
    st.booleans(),
    st.data(),
)
@settings(deadline=None)
def test_long_tables_come_back_from_rows_in_any_order(path, case, dialect, kind, short, ragged, data):
    x, labels, classes = case
    n, t, d = x.shape
    lengths = data.draw(st.lists(st.integers(1, t), min_size=n, max_size=n)) if ragged else [t] * n
    ids = data.draw(st.lists(NAMES, min_size=n, max_size=n, unique=True))
    labels, rows = spelt(labels, classes, dialect["decimal"]), []
    for series, (length, name, label) in enumerate(zip(lengths, ids, labels, strict=True)):
        times = stamps(kind, data.draw(st.integers(-1000, 1000)), length)
        times = [time.replace(".", dialect["decimal"]) if kind == "decimals" else time for time in times]
        for step, time in enumerate(times):
            values = [number(v, dialect["decimal"], short) for v in x[series, step]]
            rows.append((series, [time, *values[:1], name, label, *values[1:]]))
    rows = data.draw(st.permutations(rows))
    header = ["when", "v0", "who", "label", *(f"v{i}" for i in range(1, d))]
    text = table_text([header, *(row for _, row in rows)], dialect["separator"])
    order = list(dict.fromkeys(series for series, _ in rows))  # of first appearance
    longest = max(lengths)
    mask = (np.arange(longest) < np.array(lengths)[:, None])[order]
    values = np.where(mask[:, :, None], x[order, :longest], 0)
    batch = read(path, text, features=d, timesteps=longest, pad=ragged, **LONG, **dialect)
    assert_same(batch, values, [classes[series] for series in order], mask if ragged else None)


@given(labelled(), st.booleans())
@settings(deadline=None)
def test_what_pandas_writes_comes_back(path, case, long):
    x, labels, classes = case
    n, t, d = x.shape
    if long:
        frame = pd.DataFrame(x.reshape(n * t, d), columns=[f"v{i}" for i in range(d)])
        frame["who"] = np.repeat(np.arange(n), t)
        frame["when"] = np.tile(pd.date_range("2024-03-01", periods=t, freq="h"), n)
        frame["label"] = np.repeat(labels, t)
        frame.to_csv(path, index=False)
        assert_same(read_csv(path, **LONG), x, classes)
    else:
        frame = pd.DataFrame(x.reshape(n, t * d))
        frame["label"] = labels
        frame.to_csv(path, index=False)
        assert_same(read_csv(path, label="label", features=d), x, classes)


def test_any_float32_comes_back(path):
    """A million bit patterns, in the digits of float32: they are rounded twice, to float64 and to float32."""
    patterns = np.random.default_rng(0).integers(0, 2**32, 1_000_000, np.uint32)
    x = patterns.view(np.float32)
    x = np.resize(x[np.isfinite(x)], (10_000, 90, 1))
    pd.DataFrame(x[:, :, 0]).assign(y=np.arange(len(x)) % 2).to_csv(path, index=False)
    assert np.array_equal(bits(read_csv(path, label="y").x), bits(x))
