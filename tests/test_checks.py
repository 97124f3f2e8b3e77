"""A check prints the same line everywhere, and raises with the value; so does a verdict that does not follow."""

import re

import numpy as np
import pytest

from tsattn_tutorial.checks import CheckFailed, check
from tsattn_tutorial.claims import Claims


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


HEAD = "key,source,url,said,scope,scale,verdict,see,found,runs,measured,against,values\n"
ROWS = """\
a,Paper,https://a.org,accuracy 0.98,sines,0 1,does not hold,[there](a.ipynb#b),{} of {:.0f} reach it,,,,
b,Post,https://b.org,p(a|b),noise,-2 2,holds,[here](c.ipynb#d),,,,,
"""


@pytest.fixture
def claims(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    return Claims(path)


def measure(claims):
    claims.measure("a", np.float64(0.95) < 0.98, [0.9, 0.94, 0.95, 0.96, 1], 0.98, 1, 5.0)
    claims.measure("b", True, [-1, 0.5], runs=7)


def test_a_table_has_a_line_for_each_statement(claims):
    measure(claims)
    assert repr(claims) == "Claims(2 statements)"
    head, rule, first, second = claims._repr_markdown_().splitlines()
    assert head == "|Source|Claim|Scope|Runs|Measured|Verdict|Section|" and rule == "|" + "---|" * 7
    assert first.startswith("|Paper|[accuracy 0.98](https://a.org)|sines|5|<svg ")
    assert " 0.95\xa0[0.91,\xa00.99] 1 of 5 reach it|" in first
    assert first.endswith('|<b class="verdict does-not-hold">✗ does not hold</b>|[there](a.ipynb#b)|')
    assert second.startswith("|Post|[p(a\\|b)](https://b.org)|noise|7|<svg ")
    assert 'aria-label="-1.0, +0.5"' in second  # two runs have no interval
    assert second.endswith('</svg> -1.0, +0.5 |<b class="verdict holds">✓ holds</b>|[here](c.ipynb#d)|')


def test_a_strip_shows_runs_mean_interval_and_mark(claims):
    measure(claims)
    strip = re.search(r"<svg.*</svg>", claims._repr_markdown_())[0]
    assert 'aria-label="0.95\xa0[0.91,\xa00.99] against 0.980"' in strip
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
    again.measure("b", True, [-1, 0.501], runs=7)
    with pytest.raises(CheckFailed, match="out of date"):
        again.settle()


def test_a_verdict_that_does_not_follow_raises_and_changes_nothing(claims):
    with pytest.raises(CheckFailed, match=r'"does not hold" does not follow: accuracy 0.98 \(measured: 5 of 5 reach'):
        claims.measure("a", 5 < 3, [1] * 5, 0.98, 5, 5)
    claims.rows["b"]["verdict"] = "maybe"
    with pytest.raises(ValueError, match=r"verdict must be one of 'holds', .*; got 'maybe'"):
        claims.measure("b", True)
    assert not any(row["runs"] for row in claims.rows.values())
