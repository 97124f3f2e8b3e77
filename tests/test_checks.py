"""A check prints the same line everywhere, and raises with the value; a verdict follows from one rule."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsattn_tutorial.checks import CheckFailed, check
from tsattn_tutorial.claims import FEWEST_RUNS, SIGNS, Claims, Part, verdict


def test_a_statement_that_holds_prints_one_line_without_the_value(capsys):
    check("two is more than one", np.float64(2) > 1, 2.000001)
    assert capsys.readouterr().out == "✓ two is more than one\n"


@pytest.mark.parametrize("value", [0.5, float("nan"), (), 0, None, ""])
def test_a_statement_that_fails_raises_with_the_value(value, capsys):
    with pytest.raises(CheckFailed, match=rf"^does not hold: mass above 0.9 \(measured: {re.escape(str(value))}\)$"):
        check("mass above 0.9", False, value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("holds", [np.ones(2, bool), 0.3, 1, None])
def test_what_is_no_truth_value_is_not_taken_for_one(holds):
    with pytest.raises(TypeError, match="holds must be one truth value, got"):
        check("it is there", holds)


ORDER = ("does not hold", "not settled", "holds in part", "holds")
numbers = st.integers(-100, 100).map(float)
samples = st.lists(numbers, min_size=1, max_size=9).map(np.array)
parts = st.tuples(samples, numbers).map(lambda two: Part(*two)) | st.booleans().map(lambda fact: Part(fact=fact))


def test_a_part_is_judged_by_where_its_interval_lies():
    runs = [1, 2, 3, 4, 5]  # the mean is 3 [1.04, 4.96]
    ranges = (0, np.inf), (1.1, np.inf), (5, np.inf), (-np.inf, 1), (1, 5), (2, 4), (-1, 1)
    words = "holds", "not settled", "does not hold", "does not hold", "holds", "not settled", "does not hold"
    assert tuple(verdict(Part(runs, *ends)) for ends in ranges) == words
    assert verdict(Part([5] * 5, 5)) == "holds"  # without a spread the mean is all there is
    assert verdict(Part([9] * 4, 0)) == verdict(Part()) == "not settled"  # however much four runs agree


@given(samples, numbers, st.integers(0, 100))
def test_the_verdict_rises_with_the_estimate(values, end, shift):
    """Towards the range it never falls, from below, from above, and into a margin around 0."""
    pairs = (Part(values, end), Part(values + shift, end)), (Part(values, most=-end), Part(values - shift, most=-end))
    for one, other in pairs:
        assert ORDER.index(verdict(one)) <= ORDER.index(verdict(other))
    centred = values - values.mean()
    far, near = (verdict(Part(centred + by, -1, 1)) for by in (shift, shift / 2))
    assert ORDER.index(far) <= ORDER.index(near)


@given(samples, numbers)
def test_fewer_than_five_runs_settle_nothing(values, end):
    few = len(values) < FEWEST_RUNS
    assert (Part(values, end).interval() is None) == few
    assert not few or verdict(Part(values, end)) == "not settled"
    shuffled = Part(np.random.default_rng(0).permutation(values), end)
    assert verdict(shuffled) == verdict(Part(values, end))


@given(st.lists(parts, min_size=1, max_size=4), parts)
def test_a_statement_is_what_its_parts_are(several, one):
    """All hold, some hold, none holds; in any order, and no part that holds makes it worse."""
    each, found = [verdict(part) for part in several], verdict(*several)
    assert (found == "holds") == (set(each) == {"holds"})
    assert (found == "holds in part") == ("holds" in each and len(set(each)) > 1)
    assert (found == "not settled") == (set(each) == {"not settled"})
    assert found == verdict(*reversed(several)) and verdict(one, one) == verdict(one)
    assert ORDER.index(verdict(*several[1:], Part(fact=True))) >= ORDER.index(verdict(*several[1:], one))


@pytest.mark.parametrize("fact", [np.True_, np.False_, True, False])
def test_a_fact_needs_no_runs(fact):
    assert verdict(Part([0.1] * 9, fact=fact)) == ("holds" if fact else "does not hold")


HEAD = "key,source,url,said,scope,scale,see,found,runs,measured,marks,values,interval,verdict\n"
ROWS = """\
a,Paper,https://a.org,accuracy 0.98,sines,0 1,[there](a.ipynb#b),{p[0]:.2f}; {} of {:.0f} reach it,,,,,,
b,Post,https://b.org,p(a|b),noise,-2 2,[here](c.ipynb#d),{p[0]:+.1f} {s[0]}; {p[1]:+.1f} {s[1]},,,,,,
"""


@pytest.fixture
def claims(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    return Claims(path)


def measure(claims):
    claims.measure("a", Part([0.9, 0.94, 0.95, 0.96, 1], least=0.98), figures=(1, 5.0))
    claims.measure("b", Part([-1, 0.5], most=0), Part([1] * 5, -1, 1), runs=7)


def test_a_table_has_a_line_for_each_statement(claims):
    assert claims._repr_markdown_().count("\n") == 3  # before anything is measured, too
    measure(claims)
    assert repr(claims) == "Claims(2 statements)"
    head, rule, first, second = claims._repr_markdown_().splitlines()
    assert head == "|Source|Claim|Scope|Runs|Measured|Verdict|Section|" and rule == "|" + "---|" * 7
    assert first.startswith("|Paper|a [accuracy 0.98](https://a.org)|sines|5|<svg ")
    assert "</svg> 0.95\xa0[0.91,\xa00.99]; 1 of 5 reach it|" in first
    assert first.endswith('|<b class="verdict not-settled">? not settled</b>|[there](a.ipynb#b)|')
    assert second.startswith("|Post|b [p(a\\|b)](https://b.org)|noise|7|<svg ")
    assert "</svg> -1.0, +0.5 ?; +1.0\xa0[+1.0,\xa0+1.0] ✓|" in second  # two runs have no interval
    assert second.endswith('|<b class="verdict holds-in-part">~ holds in part</b>|[here](c.ipynb#d)|')
    assert {row["verdict"] for row in claims.rows.values()} <= SIGNS.keys()


def test_a_strip_shows_runs_mean_interval_and_the_end_of_the_range(claims):
    measure(claims)
    strip = re.search(r"<svg.*</svg>", claims._repr_markdown_())[0]
    assert 'aria-label="0.900, 0.940, 0.950, 0.960, 1.000 against 0.980"' in strip
    assert "#" not in strip and "rgb" not in strip  # colours are those of the text
    runs, mean, mark = re.findall(r'd="(.*?)"', strip)
    lefts = [float(left) for left in re.findall(r"M([\d.]+),", runs)]
    assert lefts == pytest.approx([1.5 + 96 * run for run in (0.9, 0.94, 0.95, 0.96, 1)], abs=0.06)
    axis, interval, value = (tuple(map(float, one)) for one in re.findall(r"M([\d.]+),\d+H([\d.]+)", mean))
    assert axis == (1.5, 98.5) and interval[0] < lefts[0] + 1 < value[0] < interval[1]
    assert float(re.match(r"M([\d.]+)", mark)[1]) == pytest.approx(1.5 + 96 * 0.98, abs=0.06)
    assert [re.findall(r">([^<>]+)</text>", one) for one in re.findall(r"<svg.*?</svg>", claims._repr_markdown_())] == [
        ["0", "1"],
        ["-2", "+2"],
    ]  # the ends of each scale


def test_a_file_that_says_otherwise_is_written_anew_and_stops(claims):
    with pytest.raises(CheckFailed, match="not measured: a, b"):
        claims.settle()
    measure(claims)
    with pytest.raises(CheckFailed, match=r"claims\.csv was out of date"):
        claims.settle()
    again = Claims(claims.path)
    assert again._repr_markdown_() == claims._repr_markdown_()
    measure(again)
    again.settle()
    again.measure("b", Part([-1, 0.501], most=0), Part([1] * 5, -1, 1), runs=7)
    with pytest.raises(CheckFailed, match="out of date"):
        again.settle()


def test_a_verdict_written_by_hand_does_not_stay(claims):
    measure(claims)
    claims.path.write_text(claims.path.read_text(encoding="utf-8").replace("reach it,,,,,,", "reach it,,,,,,holds"))
    with pytest.raises(CheckFailed, match="out of date"):
        claims.settle()
    assert Claims(claims.path).rows["a"]["verdict"] == "not settled"


def test_keys_that_are_unknown_or_stand_twice_are_named(claims):
    with pytest.raises(ValueError, match="key must be one of 'a', 'b'; got 'c'"):
        claims.measure("c", Part(fact=True))
    claims.path.write_text(HEAD + ROWS + ROWS[ROWS.index("b,") :], encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.csv: keys that stand twice: b$"):
        Claims(claims.path)
