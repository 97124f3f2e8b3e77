"""A check prints the same line everywhere, and raises with the value."""

import numpy as np
import pytest

from tsattn_tutorial.checks import CheckFailed, check


def test_a_statement_that_holds_prints_one_line_without_the_value(capsys):
    check("two is more than one", np.float64(2) > 1, 2.000001)
    assert capsys.readouterr().out == "✓ two is more than one\n"


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_statement_that_fails_raises_with_the_value(value, capsys):
    with pytest.raises(CheckFailed, match=rf"does not hold: mass above 0.9 \(measured: {value}\)"):
        check("mass above 0.9", value > 0.9, value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("value", [(), (0,), (None,), ("",)])
def test_a_false_statement_raises_whatever_its_value(value):
    with pytest.raises(CheckFailed):
        check("never", False, *value)
