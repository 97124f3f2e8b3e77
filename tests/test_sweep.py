"""A sweep runs what is missing, once, and its file is always whole."""

import contextlib

import numpy as np
import pandas as pd
import pytest

import tsattn_tutorial.torch.training
from tsattn_tutorial import sweep
from tsattn_tutorial.experiments import registry
from tsattn_tutorial.sweep.command import _setting


@pytest.fixture
def calls(monkeypatch):
    """A cheap experiment in the registry; the list of what was run."""
    made = []

    def cheap(seed: int, *, scale: float = 1.0):
        made.append((seed, scale))
        if scale == 13:
            raise ValueError("unlucky")
        return {"score": seed * scale / 3}

    monkeypatch.setattr(registry, "EXPERIMENTS", {"cheap": cheap, "other": lambda seed: {"score": -1.5}})
    return made


def test_one_row_a_fit_with_its_circumstances(calls, tmp_path):
    table = sweep.run_sweep("cheap", range(3), tmp_path / "r.csv", {"scale": [1, 2]}, command="how")
    assert calls == [(seed, scale) for scale in (1, 2) for seed in range(3)]
    assert table["parameters"].tolist() == ["{}"] * 3 + ['{"scale": 2}'] * 3  # 1 is the default
    assert set(table["score"]) == {0, 1 / 3, 2 / 3, 4 / 3}
    for column in ("command", "date", "python", "versions", "machine", "threads", "total_seconds"):
        assert table[column].astype(str).str.len().gt(0).all()
    assert table["command"].eq("how").all()


def test_what_is_in_the_file_is_neither_run_again_nor_changed(calls, tmp_path):
    path = tmp_path / "r.csv"
    sweep.run_sweep("cheap", [0, 1], path)
    before = path.read_text().splitlines()
    sweep.run_sweep("cheap", [0, 1, 2], path)
    assert calls == [(0, 1.0), (1, 1.0), (2, 1.0)]
    assert path.read_text().splitlines()[:3] == before
    with contextlib.suppress(SystemExit):
        sweep.main(["cheap", "--seeds", "0", "--set", "scale=13", "--output", str(path)])
    assert path.read_text().splitlines()[:3] == before  # a failed fit changes neither digits nor columns


def test_what_is_asked_for_twice_runs_once(calls, tmp_path):
    seeds = (seed for seed in np.array([0, 1, 1]))
    sweep.run_sweep("cheap", seeds, tmp_path / "r.csv", {"scale": [1, 1.0, 2]})
    assert calls == [(0, 1.0), (1, 1.0), (0, 2), (1, 2)]


def test_two_experiments_share_a_file(calls, tmp_path):
    sweep.run_sweep("cheap", [0], tmp_path / "r.csv")
    table = sweep.run_sweep("other", [0], tmp_path / "r.csv")
    assert table["experiment"].tolist() == ["cheap", "other"] and table["score"].tolist() == [0, -1.5]


def test_a_stopped_sweep_keeps_its_finished_fits(tmp_path):
    path, calls, stopped = tmp_path / "r.csv", [], [True]

    def stopped_at_two(seed: int):
        if seed == 2 and stopped.pop():
            raise KeyboardInterrupt
        calls.append(seed)
        return {"score": seed}

    with pytest.raises(KeyboardInterrupt):
        sweep.run_sweep(stopped_at_two, range(4), path)
    assert pd.read_csv(path)["seed"].tolist() == [0, 1]
    stopped.append(False)
    sweep.run_sweep(stopped_at_two, range(4), path)
    assert calls == [0, 1, 2, 3] and list(tmp_path.iterdir()) == [path]


def test_a_failed_fit_says_why_and_is_tried_again(calls, tmp_path):
    path = tmp_path / "r.csv"
    table = sweep.run_sweep("cheap", [0], path, {"scale": [13, 2]})
    assert dict(zip(table["parameters"], table["error"], strict=True)) == {
        '{"scale": 2}': "",
        '{"scale": 13}': "ValueError: unlucky",
    }
    sweep.run_sweep("cheap", [0], path, {"scale": [13]})
    assert calls == [(0, 13), (0, 2), (0, 13)] and len(pd.read_csv(path)) == 2


def test_two_workers_write_what_one_writes(tmp_path):
    # The real experiment, tiny: workers are processes of their own, where a patched registry does not reach.
    grid = {"dataset_size": [40], "epochs": [1]}
    tables = [sweep.run_sweep("bilstm_attention", [0, 1], tmp_path / f"{n}.csv", grid, jobs=n) for n in (1, 2)]
    same = ["experiment", "seed", "parameters", "tn", "fp", "fn", "tp", "epochs_run", "error"]
    assert tables[0][same].equals(tables[1][same])
    assert tables[1]["threads"].eq(1).all()  # workers share the cores
    assert tables[0]["mass"].to_numpy() == pytest.approx(tables[1]["mass"].to_numpy(), rel=1e-3)


def test_ctrl_c_in_a_training_leaves_no_row(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tsattn_tutorial.torch.training, "_evaluate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep.run_sweep("bilstm_attention", [0, 1], tmp_path / "r.csv", {"dataset_size": [40]})
    assert not list(tmp_path.iterdir())


def test_the_command_line_runs_and_records_itself(calls, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # so that what the command sets is undone
    output = str(tmp_path / "r.csv")
    sweep.main(["cheap", "--seeds", "0-1,5", "--set", "scale=1,2.5", "--output", output])
    assert sorted(calls) == [(0, 1), (0, 2.5), (1, 1), (1, 2.5), (5, 1), (5, 2.5)]
    assert capsys.readouterr().out.strip() == f"{output}: 6 fits"
    command = pd.read_csv(output)["command"][0]
    assert command.startswith("python -m tsattn_tutorial.sweep cheap --seeds 0-1,5 --set scale=1,2.5")


@pytest.mark.parametrize(
    ("text", "values"),
    [("1,2.5", [1, 2.5]), ("before,after", ["before", "after"]), ("true,x", [True, "x"]), ('10,[5,15],"random"', None)],
)
def test_values_on_the_command_line(text, values):
    assert _setting(f"place={text}") == ("place", values or [10, [5, 15], "random"])
