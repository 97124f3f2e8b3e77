"""The benchmarks compare like with like. How long anything takes is not tested."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import cases
from benchmarks.rounds import Case, compare, in_turn
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves


def test_every_case_runs_once_a_round_and_none_is_always_first(capsys):
    order = []
    some = [Case(name, lambda number, name=name: order.append((name, number))) for name in "abc"]
    rows = in_turn("letters", some, 3)
    assert len(rows) == 9 and not rows[["case", "round"]].duplicated().any()
    assert [name for name, _ in order[::3]] == ["a", "b", "c"]
    assert [number for _, number in order] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert capsys.readouterr().out.count("\n") == 9


def test_a_case_may_time_a_part_and_stand_for_more(capsys):
    rows = in_turn("parts", [Case("part", lambda number: {"seconds": 2.0 + number, "errors": 1}, times=10)], 2)
    assert rows["seconds"].tolist() == [20, 30] and rows["errors"].tolist() == [1, 1]


def test_ratios_are_taken_within_a_round():
    table = {"group": "g", "round": [0, 0, 1, 1, 2, 2], "case": ["a", "b"] * 3, "seconds": [1, 3, 10, 20, 100, 900]}
    (row,) = compare(pd.DataFrame(table), "g", "a").to_dict("records")
    assert (row["case"], row["reference"], row["ratio"], row["rounds"]) == ("b", "a", 3, 3)
    assert row["low"] == 2 and row["high"] == 9
    with pytest.raises(KeyError, match="c"):
        compare(pd.DataFrame(table), "g", "c")


def test_series_drawn_one_by_one_are_the_same():
    config = SineConfig(dataset_size=50, seed=3)
    loop, whole = cases.one_by_one(config), sine_waves(config)
    assert all(np.array_equal(getattr(loop, name), getattr(whole, name)) for name in ("x", "y", "truth"))


@pytest.mark.parametrize("name", cases.METHODS)
def test_methods_are_scored_alike(name, monkeypatch):
    waves = sine_waves(SineConfig(dataset_size=240, seed=1))
    monkeypatch.setattr(cases, "split", lambda number: (waves[:160], waves[160:200], waves[200:]))
    row = cases.fit_and_predict(cases.METHODS[name], 0)
    assert row["seconds"] == pytest.approx(row["fit_seconds"] + row["predict_seconds"])
    assert 0 <= row["errors"] <= 40


def test_the_published_setting_counts_as_often_as_its_seeds_trained():
    rows = pd.read_csv(cases.RESULTS / "bilstm_attention.csv")
    first, _ = cases.published()
    assert first.times == rows.loc[rows["parameters"] == "{}", "epochs_run"].mean()
