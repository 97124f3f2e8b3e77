"""The sweeps of the book are what is in its files, and the command runs them."""

import os
import sys

import pandas as pd
import pytest

from tsattn_lab import __main__ as command
from tsattn_lab.run import _write_rows, list_fits, read_rows
from tsattn_lab.sweeps import SWEEPS


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # so that what the command sets is undone
    monkeypatch.delitem(sys.modules, "keras", raising=False)  # else models of other tests are cleared after every fit


@pytest.fixture
def tiny(monkeypatch):
    """A sweep of six fits, one of which fails."""

    def tiny(seed: int, *, scale: float = 1.0):
        if seed == scale:
            raise ValueError("unlucky")
        return {"score": seed * scale}

    settings = [{"seed": seed, "scale": scale} for scale in (0.5, 2.0) for seed in range(3)]
    monkeypatch.setitem(SWEEPS, "tiny", (tiny, settings))


@pytest.mark.parametrize("name", SWEEPS)
def test_the_files_hold_the_sweeps_and_nothing_else(book, tmp_path, name):
    path = book / "results" / f"{name}.csv"
    rows = read_rows(path)
    assert set(rows) == set(list_fits(*SWEEPS[name]))
    assert {row["command"] for row in rows.values()} == {f"python -m tsattn_lab {name}"}
    assert not any(row["error"] for row in rows.values())
    _write_rows(tmp_path / "r.csv", rows)
    assert (tmp_path / "r.csv").read_bytes() == path.read_bytes()  # whoever adds a row changes no other


@pytest.mark.usefixtures("tiny")
def test_the_command_says_what_it_would_do_does_it_and_records_itself(tmp_path, capsys):
    output = tmp_path / "r.csv"
    arguments = ["tiny", "--output", str(output)]
    with pytest.raises(SystemExit) as left:
        command.main([*arguments, "--seeds", "2"])
    assert left.value.code == 0 and capsys.readouterr().out.strip() == f"{output}: 4 fits"
    table = pd.read_csv(output)
    assert table["command"].eq(f"python -m tsattn_lab tiny --output {output} --seeds 2").all()
    table.assign(total_seconds=60.0).to_csv(output, index=False)  # else it is that of this machine
    before = output.read_bytes()
    command.main([*arguments, "--dry-run"])
    assert capsys.readouterr().out.splitlines() == [
        f"6 fits, 4 of them in {output}, 2 to run",
        '  to run: seed 2  {"scale": 0.5}',
        '  to run: seed 2  {"scale": 2.0}',
        "about 0:02:00 (h:mm:ss) of one core, by the median of 4 fits in the file",
    ]
    assert output.read_bytes() == before
    with pytest.raises(SystemExit) as left:
        command.main(arguments)
    assert left.value.code == 1 and capsys.readouterr().out.strip().endswith("6 fits, 1 failed: see the column error")
    command.main([*arguments, "--dry-run"])
    assert '  failed, again: seed 2  {"scale": 2.0}' in capsys.readouterr().out.splitlines()


def test_the_command_runs_the_book_and_leaves_its_files_alone(book, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(book.parent)
    before = {path: path.read_bytes() for path in (book / "results").glob("*.csv")}
    with pytest.raises(SystemExit) as left:
        command.main(["sine_recipe"])
    assert left.value.code == 0 and "book/results/sine_recipe.csv: 285 fits" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in (book / "results").glob("*.csv")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: SWEEP"),
        (["nothing"], "invalid choice: 'nothing' (choose from 'bilstm_attention', 'sine_models'"),
        (["tiny", "--seeds", "0"], "--seeds must be a positive integer, got 0"),
        (["tiny", "--workers", "0"], "workers must be a positive integer, got 0"),
        (["tiny", "--workers", "2", "--scheduler", "tcp://host:8786"], "not allowed with argument --workers"),
        (["tiny", "--output", os.path.join("none", "r.csv")], "expected an existing folder to write to"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_wrong_arguments(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        command.main(arguments)
    assert left.value.code == 2 and message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
