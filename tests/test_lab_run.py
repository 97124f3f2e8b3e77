"""Fits run once, their file is always whole, and what is in it is what was run."""

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from lab_fits import mortal
from sklearn.model_selection import ParameterGrid

from tsattn_lab import run
from tsattn_lab.run import CIRCUMSTANCES, IDENTITY, ONE_THREAD, read_rows


@pytest.fixture(autouse=True)
def no_keras(monkeypatch):
    """Else models of other tests are cleared away after every fit, which takes longer than the fit."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)


@pytest.fixture
def cheap():
    """A cheap function that notes what was run."""

    def cheap(seed: int, *, scale: float = 1.0, single: bool = False, layers=()):
        cheap.calls.append((seed, scale))
        if scale == 13:
            raise ValueError("unlucky")
        return {"score": np.float64(seed * scale / 3), "single": single, "nothing": float("nan")}

    cheap.calls = []
    return cheap


def grid(seeds, **values):
    return ParameterGrid({"seed": list(seeds), **values})


def test_one_row_a_fit_with_its_circumstances(cheap, tmp_path):
    table = run(cheap, grid(range(3), scale=[1, 2]), tmp_path / "r.csv", command="how")
    assert sorted(cheap.calls) == [(seed, scale) for seed in range(3) for scale in (1, 2)]
    assert table["settings"].tolist() == ["{}"] * 3 + ['{"scale": 2.0}'] * 3  # 1 is the default
    assert table["function"].eq("cheap").all() and table["seed"].tolist() == [0, 1, 2] * 2
    assert set(table["score"]) == {0, 1 / 3, 2 / 3, 4 / 3} and table["nothing"].isna().all()
    for column in ("command", "date", "python", "versions", "machine", "threads", "total_seconds"):
        assert table[column].astype(str).str.len().gt(0).all()
    assert list(table)[:3] == ["function", "seed", "settings"] and table["command"].eq("how").all()


def test_what_is_in_the_file_is_neither_run_again_nor_changed(cheap, tmp_path):
    path = tmp_path / "r.csv"
    run(cheap, grid([0, 1]), path)
    before = path.read_text().splitlines()
    run(cheap, grid([0, 1, 2]), path)
    assert cheap.calls == [(0, 1.0), (1, 1.0), (2, 1.0)]
    run(cheap, grid([0], scale=[13]), path)
    assert path.read_text().splitlines()[:3] == before  # a failed fit changes neither digits nor columns
    assert {item.name for item in tmp_path.iterdir()} == {"r.csv", ".r.csv.lock"}


def test_what_is_asked_for_twice_runs_once_and_types_count(cheap, tmp_path):
    seeds = (seed for seed in np.array([0, 1, 1]))
    run(cheap, grid(seeds, scale=[1, 1.0, np.float32(2), 2]), tmp_path / "r.csv")
    assert sorted(cheap.calls) == [(0, 1.0), (0, 2), (1, 1.0), (1, 2)]
    kinds = [False, True, 0, 1, "False"]  # none of them is another
    table = run(cheap, grid([0], single=kinds), tmp_path / "s.csv")
    assert {json.loads(text).get("single", False).__repr__() for text in table["settings"]} == set(map(repr, kinds))


def test_a_failed_fit_says_why_and_is_tried_again(cheap, tmp_path):
    table = run(cheap, grid([0], scale=[13, 2]), tmp_path / "r.csv")
    errors = dict(zip(table["settings"], table["error"], strict=True))
    assert errors == {'{"scale": 2.0}': "", '{"scale": 13.0}': "ValueError: unlucky"}
    assert len(run(cheap, grid([0], scale=[13]), tmp_path / "r.csv")) == 2
    assert cheap.calls == [(0, 13), (0, 2), (0, 13)]


def test_an_interrupt_propagates_and_what_is_done_is_there(tmp_path):
    path, calls, stopped = tmp_path / "r.csv", [], [True]

    def stopped_at_two(seed: int):
        if seed == 2 and stopped.pop():
            raise KeyboardInterrupt
        calls.append(seed)
        return {"score": seed}

    with pytest.raises(KeyboardInterrupt):
        run(stopped_at_two, grid(range(4)), path)
    assert pd.read_csv(path)["seed"].tolist() == [0, 1]
    stopped.append(False)
    run(stopped_at_two, grid(range(4)), path)
    assert calls == [0, 1, 2, 3]


@pytest.mark.parametrize("name", [*IDENTITY, *CIRCUMSTANCES])
def test_a_result_cannot_take_the_place_of_the_identity_or_the_circumstances(tmp_path, name):
    def own(seed: int, *, dropout: float = 0.1):
        return {"accuracy": dropout, name: 7}

    table = run(own, grid([0], dropout=[0.1, 0.2, 0.3]), tmp_path / "r.csv")
    assert table["error"].tolist() == 3 * [f"ValueError: result '{name}': the name is taken, expected another"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "at least one, got none"),
        ({"seed": [0]}, "settings.0.: expected a dict with a seed, got 'seed'"),
        ([{"scale": 1}], "expected a dict with a seed"),
        ([{"seed": 0}, {"seed": 0, "scales": 1}], "settings.1.: .*scales.*; cheap takes seed, scale"),
        *(([{"seed": seed}], "seed must be 0 or a positive integer") for seed in (-1, 1.0, "1", True, None)),
        *(
            ([{"seed": 0, "layers": value}], "layers: expected what JSON can hold")
            for value in ((1, 2), [float("nan")], float("inf"), {1: 2}, [np.int64(1)], np.zeros(2), object())
        ),
    ],
)
def test_settings_that_cannot_be_kept_are_refused_before_anything_runs(cheap, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        run(cheap, settings, tmp_path / "r.csv")
    assert not cheap.calls and not list(tmp_path.iterdir())


def test_functions_need_a_name(tmp_path):
    with pytest.raises(ValueError, match="expected one with a name, got <function"):
        run(lambda seed: {}, grid([0]), tmp_path / "r.csv")


def written(cheap, path):
    run(cheap, grid(range(3), scale=[1, 2]), path)
    return path.read_text()


def test_a_row_that_was_cut_off_anywhere_is_found_out(cheap, tmp_path):
    path = tmp_path / "r.csv"
    *whole, last = written(cheap, path).splitlines()
    for length in range(1, len(last)):
        path.write_text("\n".join([*whole, last[:length]]))
        with pytest.raises(ValueError, match=r"r.csv, line 7: .*mend the line, or delete it"):
            read_rows(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n", "\n<<<<<<< HEAD\n", "line 2: expected 14 cells, got 1 that are not empty"),
        ("cheap,0,{}", "cheap,zero,{}", "line 2: invalid literal for int.* 'zero'; mend the line"),
        ("cheap,1,{}", "cheap,0,{}", "line 3: expected each fit once"),
        ("cheap,0,{}", "cheap,0,-", "line 2: Expecting value"),
        ("settings", "parameters", "line 1: expected a results file, got one without the columns settings;"),
        ("function,seed", "function;seed", "line 1: expected a results file"),
    ],
)
def test_a_file_that_was_changed_names_the_line_and_is_left_alone(cheap, tmp_path, old, new, message):
    path = tmp_path / "r.csv"
    path.write_text(written(cheap, path).replace(old, new, 1))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"r.csv, {message}"):
        run(cheap, grid([5]), path)
    assert path.read_bytes() == before and len(cheap.calls) == 6


def test_a_second_writer_is_refused_until_the_first_one_dies(cheap, tmp_path):
    path = tmp_path / "r.csv"
    code = "import time\nfrom tsattn_lab import run\ndef slow(seed):\n  print('go', flush=True)\n  time.sleep(60)\n"
    code += f"run(slow, [{{'seed': 0}}], {str(path)!r})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "go\n"
        with pytest.raises(ValueError, match="another process is writing to it"):
            run(cheap, grid([0]), path)
        first.kill()
    assert len(run(cheap, grid([0]), path)) == 1 and cheap.calls == [(0, 1.0)]


def test_workers_write_what_one_process_writes_and_one_may_die(tmp_path, monkeypatch):
    """One of the first fits kills its worker once, the last one whenever it is run; others fail in other ways."""
    monkeypatch.setitem(run.__globals__, "DEATHS", 2)  # so that the test is short
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # what the environment says does not count
    folder = tmp_path / "runs"
    folder.mkdir()
    settings = grid(range(6), folder=[str(folder)], once=[[1]], always=[[5]], leaves=[[3]], strange=[[4]])
    table = run(mortal, settings, tmp_path / "r.csv", workers=2)
    assert table["seed"].tolist() == list(range(6)) and table["threads"].eq(1).all()
    good = table[table["error"] == ""]
    assert good["seed"].tolist() == [0, 1, 2] and good["score"].tolist() == [seed / 3 for seed in range(3)]
    assert good[list(ONE_THREAD)].eq(1).all(axis=None)
    gone, strange, died = table["error"][3:]
    assert gone == "SystemExit: gone" and strange.startswith("ValueError: result 'score': expected a number or text")
    assert died.startswith("WorkerDied: 2 times, the last time with no other fit running (killed, out of memory, or a")
    runs = {int(file.name): len(file.read_text().splitlines()) for file in folder.iterdir()}
    assert set(runs) == set(range(6)) and runs[1] == runs[5] == 2
    assert sum(runs.values()) <= 6 + 2 * 2  # two deaths in company, with two fits running
    again = run(mortal, grid(range(3), folder=[str(folder)]), tmp_path / "one.csv")
    assert again["score"].tolist() == good["score"].tolist()


def test_a_client_of_ones_own(cheap, tmp_path):
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        table = run(cheap, grid(range(3)), tmp_path / "r.csv", client=client)
        assert table["error"].eq("").all() and len(table) == 3
        deadline = time.monotonic() + 10
        while cluster.scheduler.tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not cluster.scheduler.tasks  # results that are here are forgotten there
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(ValueError, match=r"expected workers with one thread each.*--nthreads 1\); got 2 threads at"),
    ):
        run(cheap, grid([0]), tmp_path / "s.csv", client=client)
    assert not (tmp_path / "s.csv").exists()
