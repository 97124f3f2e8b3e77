"""Worker processes of both backends: the same rows, one thread a fit, and nothing lost when a worker dies."""

import threading
import time
from concurrent.futures import BrokenExecutor, Future

import pandas as pd
import pytest
from distributed import LocalCluster
from worker_fits import GO, leaves, limits, mortal, not_for_others, second_waits

from tsattn_tutorial import sweep
from tsattn_tutorial.sweep import workers
from tsattn_tutorial.sweep.grid import list_fits

BACKENDS = pytest.mark.parametrize("backend", ["loky", "dask"])


def test_both_backends_write_the_same_rows(tmp_path):
    grid = {
        "model": ["logistic regression", "majority class", "BiLSTM"],
        "noise_std": [0.0, 0.5],
        "dataset_size": [60],
    }
    tables = {
        backend: sweep.run_sweep("sine_models", range(2), tmp_path / f"{backend}.csv", grid, jobs=2, backend=backend)
        for backend in ("loky", "dask")
    }
    times = ["date", "total_seconds", "fit_seconds", "predict_seconds"]
    pd.testing.assert_frame_equal(*(table.drop(columns=times) for table in tables.values()), check_exact=True)
    table = tables["dask"]
    assert len(table) == 12 and table["threads"].eq(1).all()
    failed = table["parameters"].str.contains("BiLSTM")
    assert table.loc[failed, "error"].str.startswith("ValueError: model must be one of majority class").all()
    assert table.loc[~failed, "error"].eq("").all() and table.loc[~failed, "accuracy"].notna().all()


@BACKENDS
def test_a_dead_worker_loses_the_running_fits_at_most(tmp_path, backend, monkeypatch):
    """One of the first fits kills its worker once, the last one whenever it is run."""
    monkeypatch.setattr(workers, "DEATHS", 2)  # so that the test is short
    path, folder = tmp_path / "r.csv", tmp_path / "runs"
    folder.mkdir()
    grid = {"folder": [str(folder)], "once": [[1]], "always": [[7]]}
    table = sweep.run_sweep(mortal, range(8), path, grid, jobs=2, backend=backend)
    assert table["seed"].tolist() == list(range(8))
    assert table["score"].tolist()[:7] == [seed / 3 for seed in range(7)]
    reason = "WorkerDied: 2 times, the last time with no other fit running (killed, out of memory, or a crash"
    assert [error[: len(reason)] for error in table["error"]] == [""] * 7 + [reason]
    runs = {int(file.name): len(file.read_text().splitlines()) for file in folder.iterdir()}
    assert set(runs) == set(range(8)) and runs[1] == runs[7] == 2
    assert sum(runs.values()) <= 8 + 2 * 2  # two deaths in company, with two fits running
    assert {item.name for item in tmp_path.iterdir()} == {"r.csv", "runs"}


def test_the_cluster_forgets_a_result_that_is_here():
    """Else Dask computes it once more when the worker that holds it dies."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster:
        rows = workers.run_fits(list_fits(second_waits, [0, 1], None), "", cluster.scheduler_address, 1)
        assert [row["seed"] for row in next(rows)] == [0]
        deadline = time.monotonic() + 10
        while len(kept := list(cluster.scheduler.tasks)) > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        GO.set()
        assert [row["seed"] for batch in rows for row in batch] == [1]
    assert len(kept) == 1


@BACKENDS
def test_workers_are_limited_and_say_what_went_wrong(backend, monkeypatch):
    """One start of the workers for three experiments."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # what the environment says does not count
    experiments = (limits, leaves, not_for_others)
    fits = [fit for experiment in experiments for fit in list_fits(experiment, [0, 1], None)]
    rows = {}
    for done in workers.run_fits(fits, "", backend, 2):
        rows |= {(row["experiment"], row["seed"]): row for row in done}
    assert len(rows) == 6
    for seed in (0, 1):
        row = rows["limits", seed]
        assert row["error"] == "" and row["threads"] == 1
        assert {row[name] for name in workers.ONE_THREAD} == {"1"}
        assert rows["leaves", seed]["error"] == "SystemExit: gone"
        assert rows["not_for_others", seed]["error"] == "TypeError: cannot pickle 'generator' object"


def test_a_cluster_by_its_address(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # so that what the command sets is undone
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster:
        arguments = ["sine_models", "--set", "model=majority class", "--seeds", "0-4", "--set", "dataset_size=60"]
        output = str(tmp_path / "r.csv")
        sweep.main([*arguments, "--scheduler", cluster.scheduler_address, "--output", output])
        assert capsys.readouterr().out == f"{output}: 5 fits\n"
        sweep.main([*arguments, "--output", str(tmp_path / "here.csv")])
    # This worker is a thread of the test, and PyTorch may count its threads otherwise than in the main one.
    differ = ["date", "total_seconds", "predict_seconds", "command", "threads"]
    tables = [pd.read_csv(path).drop(columns=differ) for path in tmp_path.iterdir()]
    assert len(tables) == 2
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_workers_with_several_threads_are_refused(tmp_path):
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        pytest.raises(ValueError, match=r"expected workers with one thread each.*--nthreads 1\); got 2 threads at"),
    ):
        sweep.run_sweep("sine_models", [0], tmp_path / "r.csv", backend=cluster.scheduler_address)
    assert not list(tmp_path.iterdir())


def test_what_is_under_way_alone_is_alone(monkeypatch):
    """A fit whose worker has died waits for the others, and then runs with none beside it."""
    fits = list_fits(leaves, range(5), None)
    sent: list[tuple[int, Future]] = []

    class Pool:
        def submit(self, function, fit, command):
            sent.append((fit.seed, Future()))
            return sent[-1][1]

    rows = workers._in_turn(Pool(), fits, "", 2)
    order = []

    def answer(number, result):
        order.append([seed for seed, future in sent if not future.done()])
        future = sent[number][1]
        future.set_exception(result) if isinstance(result, Exception) else future.set_result(result)

    collected = []
    thread = threading.Thread(target=lambda: collected.extend(row for batch in rows for row in batch), daemon=True)
    thread.start()
    for number in range(8):
        deadline = time.monotonic() + 20
        while len(sent) <= number:
            assert time.monotonic() < deadline, f"{sent} were sent, and no more"
            time.sleep(0.001)
        time.sleep(0.01)  # a second one may follow
        dies = number in (0, 1) or (sent[number][0] == 0)
        answer(number, BrokenExecutor() if dies else {"seed": sent[number][0]})
    thread.join(10)
    assert order == [[0, 1], [1, 2], [2, 3], [3, 4], [4], [0], [1], [0]]
    assert [row["seed"] for row in collected] == [2, 3, 4, 1, 0]
    assert collected[-1]["error"].startswith("WorkerDied: 3 times")
