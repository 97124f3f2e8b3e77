"""A table of claims shows what it was given, and refuses a verdict that does not follow."""

import numpy as np
import pytest

from tsattn_tutorial.checks import CheckFailed, Claims


def test_a_table_has_a_line_for_each_statement():
    claims = Claims()
    claims.add("accuracy 0.9775", "median 0.95", "does not hold", np.float64(0.95) < 0.9775, "[there](a.ipynb#b)")
    claims.add("p(a|b)", "yes", "holds", True, "here")
    assert str(claims) == claims._repr_markdown_()
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
