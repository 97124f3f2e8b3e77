"""What tables become: which columns and rows count, times, padding, labels, spellings and encodings."""

import numpy as np
import pytest
from csv_files import read, table_text
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn_tutorial.datasets import CsvError, read_csv


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """One file for all examples of a property; each writes it anew."""
    return tmp_path_factory.mktemp("tables") / "table.csv"


@given(
    st.lists(st.sampled_from(["plain", "blank", "quoted", "separators"]), max_size=30), st.sampled_from(["\n", "\r\n"])
)
@settings(deadline=None)
def test_the_line_is_that_of_an_editor(path, kinds, ending):
    lines = {"plain": "1,x,fine", "blank": "", "quoted": f'1,z,"a{ending}{ending}b"', "separators": ", ,"}
    text = ending.join(["a,y,comment", *(lines[kind] for kind in kinds), "spoilt,x,fine"])
    line = next(number for number, content in enumerate(text.split(ending), start=1) if content.startswith("spoilt"))
    with pytest.raises(CsvError, match=rf": line {line}, column 'a': expected a number, got 'spoilt'"):
        read(path, text, columns=["a"])


def test_wide_rows_are_read_step_by_step(path):
    batch = read(path, "y,a,b,c,d\ncalm,1,2,3,4\ngust,5,6,7,8\n", features=2)
    assert batch.x.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    assert batch.classes == ("calm", "gust") and batch.y.tolist() == [0, 1]
    assert read(path, "y,a,b\np,1,2\nq,3,4\n").x.shape == (2, 2, 1)


def test_columns_are_those_named_in_that_order(path):
    text = "id,date,a,y,b,a,\n7,today,1,p,2,?,\n8,later,3,q,4,?,\n"
    assert read(path, text.replace(",a,\n", ",c,\n"), columns=("b", "a")).x[:, :, 0].tolist() == [[2, 1], [4, 3]]
    assert read(path, text, columns=["b"]).x.ravel().tolist() == [2, 4]  # that others repeat a name does not matter
    long = "row,who,t,v,w,y,note\n0,A,0,1,2,p,-\n1,A,1,3,4,p,-\n2,B,0,5,6,q,-\n3,B,1,7,8,q,-\n"
    assert read(path, long, id="who", time="t", columns=["w"]).x[:, :, 0].tolist() == [[2, 4], [6, 8]]


def test_long_rows_are_sorted_by_time_and_series_keep_their_order(path):
    rows = ["B,10,4", "A,2,2", "B,9,3", "A,1,1"]
    text = "who,t,v,y\n" + "".join(f"{row},{row[0]}\n" for row in rows)
    batch = read(path, text, id="who", time="t")
    assert batch.x[:, :, 0].tolist() == [[3, 4], [1, 2]]  # 9 comes before 10: times are no text
    assert [batch.classes[label] for label in batch.y] == ["B", "A"]


def test_times_are_sorted_across_time_zones_and_months(path):
    times = ["2024-01-01T12:00+02:00", "2024-01-01T11:00Z", "2024-01-01T13:00+01:00"]  # 10, 11 and 12 h in UTC
    text = "who,t,v,y\n" + "".join(f"{who},{times[step]},{step},{who}\n" for who in "AB" for step in (2, 0, 1))
    assert read(path, text, id="who", time="t").x[0].ravel().tolist() == [0, 1, 2]
    text = "who,t,v,y\n" + "".join(
        f"{who},2024-{month:02},{month},{who}\n" for who in "AB" for month in range(12, 0, -1)
    )
    assert read(path, text, id="who", time="t", jitter=0.1).x[0].ravel().tolist() == list(range(1, 13))


def spaced(*times: float | str) -> str:
    return "who,t,v,y\n" + "".join(f"{who},{time},1,{who}\n" for who in "AB" for time in times)


def test_jitter_is_a_share_of_the_usual_step(path):
    arguments = {"id": "who", "time": "t"}
    for jitter, fine in (
        (0.01, (0, 1, 2, 3.0099)),
        (0.1, (0, 1, 2, 3.0999, 4.001)),
        (None, (0, 1, 7, 7.5)),
        (0, (0, 1, 2)),
    ):
        assert read(path, spaced(*fine), jitter=jitter, **arguments).x.shape == (2, len(fine), 1)
    for jitter, spoilt in (
        (0.01, (0, 1, 2, 3.0101)),
        (0.1, (0, 1, 2, 2.89)),
        (0.9, (0, 1, 2, 4)),
        (0, (0, 10, 20, 31)),
    ):
        with pytest.raises(CsvError, match=r"expected steps of 10? in series 'A'"):
            read(path, spaced(*spoilt), jitter=jitter, **arguments)


def test_large_whole_times_are_exact(path):
    """Nanoseconds since 1970 are beyond what float64 tells apart."""
    start = 1_700_000_000_000_000_000
    assert read(path, spaced(*range(start, start + 5)), id="who", time="t").x.shape == (2, 5, 1)
    with pytest.raises(CsvError, match="got a gap after '1700000000000000001': 2 to"):
        read(path, spaced(start, start + 1, start + 3, start + 4), id="who", time="t")
    assert read(path, spaced(-9 * 10**18, 9 * 10**18), id="who", time="t").x.shape == (2, 2, 1)
    assert read(path, spaced(10**25, 2 * 10**25), id="who", time="t").x.shape == (2, 2, 1)


def test_decimal_times_forgive_rounding_only(path):
    times = [repr(1_700_000_000 + 0.1 * step) for step in range(50)]
    assert read(path, spaced(*times), id="who", time="t", jitter=0).x.shape == (2, 50, 1)


def test_series_may_have_steps_of_their_own(path):
    text = "who,t,v,y\nA,0,1,p\nA,1,1,p\nA,2,1,p\nB,0,1,q\nB,7,1,q\nB,14,1,q\n"
    assert read(path, text, id="who", time="t").x.shape == (2, 3, 1)


def test_padding_reaches_the_time_steps_asked_for(path):
    text = "who,t,v,y\nA,0,1,p\nA,1,2,p\nB,0,3,q\n"
    batch = read(path, text, id="who", time="t", pad=True)
    assert batch.x[:, :, 0].tolist() == [[1, 2], [3, 0]] and batch.mask.tolist() == [[True, True], [True, False]]
    batch = read(path, text, id="who", time="t", pad=True, timesteps=4)
    assert batch.x.shape == (2, 4, 1) and batch.mask.sum(axis=1).tolist() == [2, 1]


def test_there_is_a_mask_exactly_when_padding_is_allowed(path):
    text = "a,b,y\n1,2,p\n3,4,q\n"
    assert read(path, text).mask is None
    assert read(path, text, pad=True).mask.tolist() == [[True, True], [True, True]]


@pytest.mark.parametrize(
    ("labels", "classes", "y"),
    [
        (["10", "9", "10.0", "09"], ("9", "10"), [1, 0, 1, 0]),
        (["1", "1.0", "+1", "-2"], ("-2", "1"), [1, 1, 1, 0]),
        (["0.000e+00", "1.000e+00", "1.000e+00"], ("0", "1"), [0, 1, 1]),  # numpy.savetxt
        (["1e2", "100", "7"], ("7", "100"), [1, 1, 0]),
        (
            ["9007199254740993", "9007199254740992", "9007199254740993"],
            ("9007199254740992", "9007199254740993"),
            [1, 0, 1],
        ),
        (["1", "1.0", "noise", "1"], ("1", "1.0", "noise"), [0, 1, 2, 0]),  # one text makes all of them text
        (["True", "False", "True"], ("False", "True"), [1, 0, 1]),
        (["walk ", " walk", "sit"], ("sit", "walk"), [1, 1, 0]),
        (["Walk", "walk", "walk"], ("Walk", "walk"), [0, 1, 1]),
        (["none", "mild", "none"], ("mild", "none"), [1, 0, 1]),
        (["1_0", "1_1", "1_1"], ("1_0", "1_1"), [0, 1, 1]),
        (["1e99999", "1e99998", "1e99998"], ("1e99998", "1e99999"), [1, 0, 0]),
        (["p", "q"], ("p", "q"), [0, 1]),  # two series may differ
        (["p", "q", "q"], ("p", "q"), [0, 1, 1]),  # one series of a class is enough
    ],
)
def test_labels_become_classes(path, labels, classes, y):
    batch = read(path, "y,a\n" + "".join(f"{label},1\n" for label in labels))
    assert batch.classes == classes and batch.y.tolist() == y


def test_labels_follow_the_decimal_mark(path):
    assert read(path, "y;a\n1,0;2,5\n2,0;3,5\n", separator=";", decimal=",").classes == ("1", "2")


def test_one_class_in_two_spellings_is_one_label_of_a_series(path):
    text = "who,t,v,y\nA,0,1,1\nA,1,2,1.0\nB,0,3,2\nB,1,4,2\n"
    assert read(path, text, id="who", time="t").classes == ("1", "2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(path, encoding):
    path.write_bytes("Größe,y\n1,früh\n2,spät\n".encode(encoding))
    given = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read_csv(path, label="y", columns=["Größe"], encoding=given).classes == ("früh", "spät")
    assert read_csv(str(path), label="y", encoding=encoding).x.ravel().tolist() == [1, 2]


def test_spaces_and_quotes_do_not_count(path):
    batch = read(path, ' a , "b", y\n 1 ,"2", "p, q"\n\n"3",\t4, r\n')
    assert batch.x[:, :, 0].tolist() == [[1, 2], [3, 4]] and batch.classes == ("p, q", "r")
    assert read(path, "a b y\n1  2 p\n3 4   q", separator=" ").x[:, :, 0].tolist() == [[1, 2], [3, 4]]


def test_numbers_in_every_usual_spelling(path):
    cells = ["1", "-1", "+1", "1.", ".5", "-.5e1", "1E3", "1e-50", "\u00a07"]
    batch = read(path, "y," + ",".join(f"v{i}" for i in range(9)) + f"\np,{','.join(cells)}\nq,{','.join(cells)}\n")
    assert batch.x[0].ravel().tolist() == [1, -1, 1, 1, 0.5, -5, 1000, 0, 7]


def test_rows_without_text_are_passed_over(path):
    assert read(path, "\n,,\na,b,y\n\n1,2,p\n , ,\n3,4,q\n,,\n").x.shape == (2, 2, 1)


def test_names_that_are_numbers_are_names(path):
    """A frame without names is written with the header 0, 1, 2, ..."""
    assert read(path, "0,1,2\n0.5,0.7,3\n0.1,0.2,4\n", label="2").classes == ("3", "4")
    assert read(path, "1990,1991,y\n1,2,p\n3,4,q\n").x.shape == (2, 2, 1)


def test_blocks_fit_together(path, monkeypatch):
    x = np.arange(2 * 3 * 50, dtype=np.float32).reshape(50, 3, 2)
    rows = [["y", *"abcdef"], *([str(i % 2), *map(str, row)] for i, row in enumerate(x.reshape(50, 6)))]
    for block in (1, 12, 13, 299, 300, 10_000):
        monkeypatch.setattr("tsattn_tutorial.datasets._csv.table.BLOCK", block)
        assert np.array_equal(read(path, table_text(rows, ","), features=2).x, x)


def test_a_split_keeps_what_was_read(path):
    batch = read(path, "a,b,y\n" + "".join(f"{i},,{'pq'[i % 2]}\n" for i in range(10)), pad=True)
    part = batch[batch.y == 1]
    assert part.classes == ("p", "q") and part.x[:, 0, 0].tolist() == [1, 3, 5, 7, 9]
    assert not part.mask[:, 1].any()
