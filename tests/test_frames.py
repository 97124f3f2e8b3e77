"""Series from tables: what comes back, what is refused, and where the error points."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tsattn_tutorial.datasets import read_csv, series_from_frame

WIDE = {"label": "y"}
LONG = {"label": "y", "id": "who", "time": "t"}
ROWS = "who,t,v,y\nA,0,1,calm\nA,1,2,calm\nA,2,3,calm\nA,3,4,calm\nB,0,5,gust\nB,1,6,gust\nB,2,7,gust\nB,3,8,gust\n"
GOOD = "a,b,c,y\n1,2,3,calm\n4,5,6,gust\n7,8,9,calm\n"


def dated(*times: object) -> str:
    """Two series, one of each class, at these times."""
    return "who,t,v,y\n" + "".join(f"{who},{time},1,{who}\n" for who in "AB" for time in times)


# What the file holds, how it is read, and words of the error, in their order.
BAD = {
    "empty": ("", WIDE, "expected a header and rows, got an empty file"),
    "header only": ("a,b,y\n", WIDE, "expected a DataFrame with rows"),
    "Excel workbook": (b"PK\x03\x04\x14\x00\x06\x00", WIDE, "expected text, got binary data; .*series_from_frame"),
    "UTF-16": ("a,y\n1,x\n".encode("utf-16"), WIDE, 'pass encoding="utf-16"'),
    "not UTF-8": ("a,y\n1,x\n2,x\n3,früh\n".encode("cp1252"), WIDE, "line 4: byte 0xfc is not utf-8; .*cp1252"),
    "not ASCII": ("a,y\r\n1,früh\r\n", WIDE | {"encoding": "ascii"}, "line 2: byte 0xc3 is not ascii"),
    "semicolons": (GOOD.replace(",", ";"), WIDE, "'a;b;c;y' holds no ','; pass sep=';'"),
    "commas": (GOOD, WIDE | {"sep": ";"}, "pass sep=','"),
    "open quote": ('a,y\n1,"x\n2,z\n', WIDE, "EOF inside string.*close quotes"),
    "too many cells": (GOOD.replace("4,5", "4,5,5,5"), WIDE, "Expected 4 fields in line 3, saw 6.*quote cells"),
    "too few cells": (GOOD.replace("5,6,", "5,"), WIDE, "line 3 .*column 'c': expected a number, got 'gust'"),
    "no label column": (GOOD, {"label": "state"}, r"expected one column 'state', got \['a', 'b', 'c', 'y'\]"),
    "no id column": (ROWS, LONG | {"id": "run"}, "expected one column 'run'"),
    "no such value column": (GOOD, WIDE | {"columns": ["a", "d"]}, "expected one column 'd'"),
    "value column twice": ("a,a,y\n1,2,x\n", WIDE, r"expected one column 'a', got \['a', 'a', 'y'\]"),
    "label among the columns": (GOOD, WIDE | {"columns": ["a", "y"]}, "expected id, time, label and different"),
    "id is the label": (ROWS, LONG | {"id": "y", "columns": ["v"]}, "expected id, time, label and different values"),
    "time without id": (ROWS, {"label": "y", "time": "t"}, "time needs id"),
    "id that repeats, no time": (ROWS, WIDE | {"id": "who", "columns": ["v"]}, "line 3 .*each id once, got 'A' again"),
    "index of pandas": (",a,y\n0,1,x\n", WIDE, r"expected values, got \[''\]"),
    "time as a value": ("Date,a,y\n1,2,x\n", WIDE, "expected values, got .'Date'.*time="),
    "patient id as a value": ("patient_id,y,t0\n1,a,1\n2,b,1\n", WIDE, "expected values, got .'patient_id'"),
    "label left when predicting": (ROWS.replace("y\n", "label\n"), LONG | {"label": None}, "values, got .'label'"),
    "steps as text sorts them": ("y,t0,t1,t10,t2\na,0,1,2,3\n", WIDE, "step after step, got .'t0', 't1', 't10'"),
    "axis after axis": ("y,x1_0,x1_1,x1_2,x2_0,x2_1,x2_2\na,0,1,2,3,4,5\n", WIDE | {"features": 2}, "step after step"),
    "features forgotten": ("y,ax_0,ay_0,ax_1,ay_1\na,0,1,2,3\n", WIDE, "pass features="),
    "no header": ("0.5,0.7,0.2\n0.2,0.1,3\n", {"label": None}, "step after step.*write a header"),
    "features do not divide": (GOOD, WIDE | {"features": 2}, "features = 2, timesteps = 1; got 3 value columns"),
    "other time steps": (GOOD, WIDE | {"timesteps": 24}, "timesteps = 24; got 3"),
    "longer than timesteps": (ROWS, LONG | {"timesteps": 3}, r"line 2 \(row 0\): expected 3 steps, got 4"),
    "lengths, unpadded": (ROWS[:-11], LONG | {"pad": False, "timesteps": 4}, "line 6 .*expected 4 steps, got 3"),
    "no time steps": (GOOD, WIDE | {"timesteps": 0}, "timesteps must be a positive integer, got 0"),
    "text": (GOOD.replace("5", "five"), WIDE, r"line 3 \(row 1\), column 'b': expected a number, got 'five'"),
    "text, often": (GOOD.replace("5", "x").replace("8", "x"), WIDE, r"line 3 .*\(1 more like it\)"),
    "text behind a line break": ('a,y\r\n1,"x\r\ny"\r\n\r\nq,z\r\n', WIDE, r"line 5 \(row 1\), column 'a': .*'q'"),
    "date": ("a,y\n2024-01-31,x\n2,z\n", WIDE, "line 2 .*got '2024-01-31'.*time="),
    "decimal comma": ("a;y\n1,5;x\n2,0;z\n", WIDE | {"sep": ";"}, "got '1,5'.*decimal="),
    # Thousands, underscores, per cent, a typographic minus, truth values, digits of another script.
    **{
        f"no number: {text}": (f'a,y\n"{text}",x\n', WIDE, f"got '{text}'")
        for text in ("1,234.5", "1_234", "12%", "\u221212", "True", "\u0661")
    },
    "infinity": ("a,y\n1,x\n-inf,x\n", WIDE, "line 3 .*got '-inf'"),
    "beyond float32": ("a,y\n1,x\n1e39,x\n", WIDE, "line 3 .*got '1e39'.*float32 ends at"),
    "gap": (GOOD.replace("5", "NA"), WIDE, r"line 3 \(row 1\), column 'b': expected a number, got 'NA'; fill it in"),
    "gap before the padding": (GOOD.replace("4,5,6", ",5,"), WIDE | {"pad": True}, "line 3 .*column 'a'"),
    "gap in the long layout": (ROWS.replace("B,1,6", "B,1,"), LONG, "line 7 .*column 'v': expected a number, got ''"),
    "code of a gap": (GOOD.replace("5", "-999.0"), WIDE | {"na_values": -999}, "line 3 .*got '-999.0'; fill it in"),
    "early end": (GOOD.replace("5,6", ","), WIDE, "line 3 .*column 'b': expected 3 steps, got ''; .*pad=True"),
    "row without values": (GOOD.replace("4,5,6", ",,"), WIDE | {"pad": True}, "line 3 .*expected a number"),
    "no label": (GOOD.replace("gust", ""), WIDE, "line 3 .*column 'y': expected a value for label=, got ''"),
    "label on first rows only": (ROWS.replace("2,calm", "2,"), LONG, "line 3 .*column 'y'"),
    "no id": (ROWS.replace("B,1", ",1"), LONG, "line 7 .*column 'who': expected a value for id="),
    "a regression": ("a,y\n1,0.25\n2,1\n", WIDE, "line 2 .*'y': expected a class, got '0.25': a regression"),
    "all different": ("a,y\n1,p\n2,q\n3,r\n", WIDE, r"expected classes in 'y', got one each \(id\? regression\?\)"),
    "one class": ("a,y\n1,1\n2,1.0\n", WIDE, r"expected classes in 'y', got \['1'\]; pass classes="),
    "two labels in a series": (ROWS.replace("6,gust", "6,calm"), LONG, "line 7 .*one label a series, got 'calm'"),
    "unknown class": (GOOD, WIDE | {"classes": ("calm", "storm")}, r"line 3 .*one of \['calm', 'storm'\], got 'gust'"),
    "no time at all": (ROWS.replace("B,1", "B,noon"), LONG, "line 7 .*'t': expected times of one kind, got 'noon'"),
    "two readings of a date": (dated("01/02/2024", "02/02/2024"), LONG, "line 2 .*2024-01-31T12:00"),
    "no such day": (dated("2024-02-29", "2024-02-30"), LONG, "line 3 .*got '2024-02-30'"),
    "numbers and dates": (dated("0", "2024-01-01"), LONG, "line 3 .*got '2024-01-01'"),
    "mixed time zones": (dated("2024-01-01T00:00Z", "2024-01-01T01:00"), LONG, "line 3 .*zones in all"),
    "a time twice": (ROWS.replace("B,1,6", "B,2.0,6"), LONG, "line 8 .*a time once in a series, got '2' again"),
    "a row missing": (dated(0, 1, 3, 4), LONG, "line 4 .*expected steps of 1, got 2 before '3'; fill in rows"),
    "too early": (dated(0, 1, 2, 2.5), LONG, "line 5 .*steps of 1, got 0.5"),
    "months without jitter": (dated("2024-01", "2024-02", "2024-03"), LONG, r"0.1 suits months, None takes any"),
    "a month missing": (dated("2024-01", "2024-02", "2024-03", "2024-05"), LONG | {"jitter": 0.1}, "line 5 .*61 days"),
    "dates without hyphens": (dated(20240130, 20240131, 20240201), LONG, "line 4 .*write dates as 2024-01-31"),
    "nanoseconds": (dated(*(17 * 10**17 + k for k in (0, 1, 3))), LONG, "line 4 .*steps of 1, got 2"),
}


def written(path, content: str | bytes):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", BAD)
def test_each_malformation_has_its_error(tmp_path, name):
    content, arguments, words = BAD[name]
    path = written(tmp_path / "waves.csv", content)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}|must be|needs id") as caught:
        read_csv(path, **arguments)
    assert re.search(words, str(caught.value)), caught.value
    assert "np." not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "features"),
    [([123456789 + 0.5 * step for step in range(6)], {}), ([1.7e9 + 10 * step for step in range(6)], {"w": range(12)})],
    ids=["a meter's counter", "seconds since 1970"],
)
def test_values_that_float32_cannot_tell_apart_are_refused(column, features):
    frame = pd.DataFrame({"who": [0] * 6 + [1] * 6, "t": [*range(6)] * 2, "v": column * 2, "y": ["a"] * 6 + ["b"] * 6})
    with pytest.raises(ValueError, match=r"^the table: float32 merges values of 'v'; subtract a constant$"):
        series_from_frame(frame.assign(**features), **LONG)
    shifted = frame.assign(v=frame["v"] - frame["v"][0])
    assert len(np.unique(series_from_frame(shifted, **LONG).x)) == 6
    noise = frame.assign(v=[0.1 + 0.2, 0.3] * 6)  # differs in the last digit of float64
    assert np.ptp(series_from_frame(noise, **LONG).x) == 0


def test_a_frame_speaks_of_its_rows_and_index():
    frame = pd.DataFrame({"a": [1.0, None], "y": [0, 1]}, index=["first", "second"])
    said = r"^the table: index second \(row 1\), column 'a': expected a number, got 'nan'"
    with pytest.raises(ValueError, match=said):
        series_from_frame(frame, "y")
    with pytest.raises(ValueError, match=r"^lab: expected a DataFrame with rows"):
        series_from_frame(frame.to_dict(), "y", source="lab")


def test_tables_to_predict_and_tables_that_lack_a_class_are_numbered_by_name(tmp_path):
    train = read_csv(written(tmp_path / "train.csv", ROWS), **LONG)
    unlabelled = written(tmp_path / "new.csv", ROWS.replace(",calm", "").replace(",gust", "").replace(",y", ""))
    blind = read_csv(unlabelled, **LONG | {"label": None}, classes=train.classes, timesteps=6)
    assert blind.x.shape == (2, 6, 1) and set(blind.y) == {-1} and blind.classes == train.classes == ("calm", "gust")
    assert blind[[1, 0]].ids == ("B", "A") and read_csv(unlabelled, **LONG | {"label": None}).classes is None
    only = written(tmp_path / "gusts.csv", ROWS[:10] + ROWS[ROWS.index("B") :])
    gusts = read_csv(only, **LONG, classes=train.classes)
    assert gusts.y.tolist() == [1] and gusts.ids == ("B",)


def read(path, text: str, **arguments):
    return read_csv(written(path / "table.csv", text), **({"label": "y"} | arguments))


@pytest.mark.parametrize(
    ("labels", "classes", "y"),
    [
        (["10", "9", "10.0", "09"], ("9", "10"), [1, 0, 1, 0]),
        (["0.000e+00", "1.000e+00", "1.000e+00"], ("0", "1"), [0, 1, 1]),  # numpy.savetxt
        (["9007199254740993", "9007199254740992"], ("9007199254740992", "9007199254740993"), [1, 0]),
        (["1", "1.0", "noise", "1"], ("1", "1.0", "noise"), [0, 1, 2, 0]),  # one text makes all of them text
        (["walk ", " walk", "sit"], ("sit", "walk"), [1, 1, 0]),
        (["1_0", "1_1", "1_1"], ("1_0", "1_1"), [0, 1, 1]),
        (["1e99999", "1e99998", "1e99998"], ("1e99998", "1e99999"), [1, 0, 0]),
        (["none", "True", "none"], ("True", "none"), [1, 0, 1]),
    ],
)
def test_labels_become_classes(tmp_path, labels, classes, y):
    batch = read(tmp_path, "y,a\n" + "".join(f"{label},1\n" for label in labels))
    assert batch.classes == classes and batch.y.tolist() == y
    again = read(tmp_path, f"y,a\n{labels[1]},1\n", classes=classes)
    assert again.classes == classes and again.y.tolist() == y[1:2]


def test_tables_in_order_are_read(tmp_path):
    batch = read(tmp_path, ' a , "b", y\n\n 1 ,"2", "p, q"\n , ,\n"3",\t4, r\n')
    assert batch.x[:, :, 0].tolist() == [[1, 2], [3, 4]] and batch.classes == ("p, q", "r") and batch.ids is None
    assert read(tmp_path, "a b y\n1  2 p\n3 4   q", sep=" ").x[:, :, 0].tolist() == [[1, 2], [3, 4]]
    assert read(tmp_path, "a;y\n1,5;p\n2,5;q\n", sep=";", decimal=",").x.ravel().tolist() == [1.5, 2.5]
    chosen = read(tmp_path, "id,date,b,a,y\n7,-,1,2,p\n8,-,3,4,q\n", columns=["a", "b"])
    assert chosen.x[:, :, 0].tolist() == [[2, 1], [4, 3]]
    named = read(tmp_path, "id,a,y\nk7,1,p\nk8,3,q\n", id="id")
    assert named.ids == ("k7", "k8") and named.x.shape == (2, 1, 1)
    ended = read(tmp_path, "a,b,c,d,y\n1,2,,,p\n3,4,5,6,q\n", features=2, pad=True)
    assert ended.mask.tolist() == [[True, False], [True, True]] and ended.x[0].tolist() == [[1, 2], [0, 0]]
    ended = read(tmp_path, "a,b,y\n1,-9,p\n3,4,q\n", na_values=[-9], pad=True)
    assert ended.mask.sum() == 3 and read(tmp_path, GOOD, pad=True).mask.all() and read(tmp_path, GOOD).mask is None


@pytest.mark.parametrize(
    ("names", "features"),
    [
        ("t0 t1 t2 t10", 1),
        ("9.5 10.0 10.5 11.0", 1),
        ("12:00 12:05 13:00 13:05", 1),
        ("2024-01-30 2024-01-31 2024-02-01 2024-02-02", 1),
        ("ax_0 ay_0 ax_1 ay_1", 2),
        ("t0_x1 t0_x2 t1_x1 t1_x2", 2),
        ("v1 v2 v3 v4", 2),
        ("acc1 acc1b t2m t2n", 4),
        ("first second third fourth", 1),
    ],
)
def test_headers_that_contradict_nothing_are_read(tmp_path, names, features):
    text = f"{names.replace(' ', ',')},y\n1,2,3,4,p\n5,6,7,8,q\n"
    assert read(tmp_path, text, features=features).x.ravel().tolist() == list(range(1, 9))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    path = written(tmp_path / "table.csv", "Größe,y\n1,früh\n2,spät\n".encode(encoding))
    given = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read_csv(str(path), "y", columns=["Größe"], encoding=given).classes == ("früh", "spät")


@pytest.mark.parametrize(
    ("times", "jitter"),
    [
        (["2024-01-01T12:00+02:00", "2024-01-01T11:00Z", "2024-01-01T13:00+01:00"], 0.01),
        ([f"2024-{month:02}" for month in range(1, 13)], 0.1),
        ([repr(1_700_000_000 + 0.1 * step) for step in range(50)], 0),
        ([17 * 10**17 + step for step in range(5)], 0),
        ([9, 10, 11, 12.0099], 0.01),
        ([0, 1, 7, 7.5], None),
    ],
    ids=["zones", "months", "decimals", "nanoseconds", "rounding", "any step"],
)
def test_times_are_sorted(tmp_path, times, jitter):
    """And a series of a single step, in front, has no step to judge."""
    rows = [f"{who},{time},{step},{who}\n" for who in "AB" for step, time in enumerate(times)]
    text = "who,t,v,y\n" + f"C,{times[0]},0,A\n" + "".join(rows[::-1])
    assert read(tmp_path, text, **LONG, jitter=jitter).x[1].ravel().tolist() == list(range(len(times)))


@st.composite
def tables(draw) -> tuple[np.ndarray, np.ndarray, list[str], pd.DataFrame, pd.DataFrame]:
    """Series, their lengths and labels, and the tables that pandas makes of them: wide, and long in any order."""
    n, t, d = draw(st.tuples(st.integers(2, 6), st.integers(1, 5), st.integers(1, 3)))
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
    x = draw(hnp.arrays(np.float32, (n, t, d), elements=floats))
    lengths = np.array(draw(st.lists(st.integers(1, t), min_size=n, max_size=n)))
    names = st.sampled_from([["a,b", 'say "a"'], ["früh; spät", "two\nlines"], ["-3", "12"], ["none", "1 a"]])
    labels = draw(st.permutations([*(pair := draw(names)), *(pair[:1] * (n - 2))]))
    x[np.arange(t) >= lengths[:, None]] = 0
    real = np.repeat(np.arange(t) < lengths[:, None], d, axis=1)
    wide = pd.DataFrame(x.reshape(n, t * d)).where(real).assign(y=labels)
    kinds = [pd.date_range("2024-03-01", periods=t, freq="h"), np.arange(t), 0.1 * np.arange(t)]
    steps = kinds[draw(st.integers(0, 2))]
    long = pd.DataFrame(x.reshape(n * t, d), columns=[f"v{k}" for k in range(d)])
    long = long.assign(who=np.repeat(np.arange(n), t), t=np.tile(steps, n), y=np.repeat(labels, t))
    rows = draw(st.permutations(np.flatnonzero(real[:, ::d].ravel()).tolist()))
    return x, lengths, labels, wide, long.iloc[rows]


@given(tables(), st.booleans(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_pandas_writes_comes_back_bit_for_bit(tmp_path, table, on_disk, sep, ending):
    x, lengths, labels, wide, long = table
    for frame, arguments in ((wide, {"label": "y", "features": x.shape[2], "pad": True}), (long, LONG)):
        order = dict.fromkeys(long["who"]) if frame is long else range(len(x))
        kept = x[list(order), : lengths.max()] if frame is long else x
        if on_disk:
            frame.to_csv(tmp_path / "table.csv", index=False, sep=sep, lineterminator=ending)
            batch = read_csv(tmp_path / "table.csv", sep=sep, **arguments)
        else:
            batch = series_from_frame(frame, **arguments)
        assert batch.x.dtype == np.float32 and np.array_equal(batch.x.view(np.uint32), kept.view(np.uint32))
        real = np.ones(kept.shape[:2], bool) if batch.mask is None else batch.mask
        assert np.array_equal(real.sum(axis=1), lengths[list(order)])
        assert [batch.classes[label] for label in batch.y] == [labels[series] for series in order]
        assert batch.ids == (tuple(map(str, order)) if frame is long else None)
        assert list(batch.classes) == sorted(set(labels), key=int if "12" in labels else str)


TOKENS = [*',,,\n\n\r" 12pq_;#\0\x85', "0.5", "-3", "1e400", "1e-9", "9" * 40, "\u0661", "\u2028", "nan", "NA", "inf"]
TOKENS += ["who", "t", "v", "y", "2024-01", "2024-01-31", "1970-01-01T00Z", "now"]
REQUESTS = st.fixed_dictionaries(
    {"label": st.sampled_from(["y", "v", None])},
    optional={
        "pad": st.booleans(),
        "columns": st.sampled_from([["v"], ["v", "w"]]),
        "timesteps": st.integers(1, 3),
        "features": st.integers(1, 3),
        "jitter": st.sampled_from([None, 0, 0.5]),
        "encoding": st.sampled_from(["ascii", "utf-16", "cp1252"]),
        "na_values": st.sampled_from([[1], "p"]),
    },
)


@given(
    st.sampled_from(["", "who,t,v,y\n", "v,w,x,y\n", "y,v\n", "t,y,who,v,w\n"]),
    st.lists(st.sampled_from(TOKENS), max_size=40).map("".join) | st.text(),
    REQUESTS,
    st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, head, text, request, in_rows):
    """No file makes another error than ours, and no batch is without what it promises."""
    path = written(tmp_path / "waves.csv", (head + text).encode("utf-8", "surrogatepass"))
    try:
        batch = read_csv(path, **request, **({"id": "who", "time": "t"} if in_rows else {}))
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert batch.x.shape[2] == request.get("features", batch.x.shape[2] if in_rows else 1)
        assert batch.x.shape[1] == request.get("timesteps", batch.x.shape[1])
        assert (batch.ids is not None) == in_rows
        assert set(batch.y) == ({-1} if request["label"] is None else set(range(len(batch.classes))))
