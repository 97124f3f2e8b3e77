"""A check prints the same line everywhere, and raises with the value; so does a verdict that does not follow."""

import re

import numpy as np
import pytest

from tsattn_tutorial.checks import CheckFailed, Claims, check


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


def test_a_table_has_a_line_for_each_statement():
    claims = Claims()
    claims.add("accuracy 0.9775", "median 0.95", "does not hold", np.float64(0.95) < 0.9775, "[there](a.ipynb#b)")
    claims.add("p(a|b)", "yes", "holds", True, "here")
    assert str(claims) == claims._repr_markdown_() and repr(claims) == "Claims(2 statements)"
    assert str(claims).splitlines() == [
        "| said | measured | verdict | see |",
        "| --- | --- | --- | --- |",
        "| accuracy 0.9775 | median 0.95 | **does not hold** | [there](a.ipynb#b) |",
        "| p(a\\|b) | yes | **holds** | here |",
    ]


def test_a_verdict_that_does_not_follow_raises_and_adds_nothing():
    claims = Claims()
    with pytest.raises(CheckFailed, match=r'"holds" does not follow: it works \(measured: 3 of 20\)'):
        claims.add("it works", "3 of 20", "holds", 3 > 10, "here")
    with pytest.raises(ValueError, match=r"verdict must be one of 'holds', .*; got 'maybe'"):
        claims.add("it works", "3 of 20", "maybe", True, "here")
    assert not claims.rows
