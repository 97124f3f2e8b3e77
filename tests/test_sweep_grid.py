"""The grid of a sweep: from Python, from a file, from the command line; and what is said of a wrong one."""

import json

import pandas as pd
import pytest

from tsattn_tutorial import sweep
from tsattn_tutorial.config import ConfigError
from tsattn_tutorial.sweep import SweepGrid

GRID = """\
experiment: sine_models
seeds: 0-2,7
grid:
  model: [majority class, one-line rule]
  noise_std: [0.0, 1e-3]
  dataset_size: [60]
"""


def own(seed: int, *, scale: float = 1.0):
    return {"score": seed * scale}


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # so that what the command sets is undone


def written(folder, text, name="grid.yml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_and_json_say_the_same(tmp_path):
    grid = SweepGrid.read(written(tmp_path, GRID))
    assert (grid.experiment, grid.seeds) == ("sine_models", [0, 1, 2, 7])
    assert grid.grid["noise_std"] == [0.0, 0.001]  # PyYAML alone reads the text "1e-3"
    as_json = json.dumps({"experiment": grid.experiment, "seeds": grid.seeds, "grid": grid.grid})
    assert SweepGrid.read(written(tmp_path, as_json, "grid.json")) == grid
    assert SweepGrid.read(written(tmp_path, as_json)) == grid  # JSON in a file that says YAML


@pytest.mark.parametrize(("seeds", "read"), [("", [0]), ("seeds: 3", [3]), ("seeds: [5, 1]", [5, 1])])
def test_seeds_of_a_file(tmp_path, seeds, read):
    assert SweepGrid.read(written(tmp_path, f"experiment: sine_models\n{seeds}\n")).seeds == read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the keys experiment, seeds and grid; got NoneType"),
        ("[1, 2]", "expected the keys experiment, seeds and grid; got list"),
        ("experiment: [", "expected valid YAML, got: while parsing"),
        ("seeds: 1", "experiment: expected the name of an experiment, got none"),
        ("experiment: sine_wave", "experiment: expected one of bilstm_attention, "),
        ("experiment: 1", "experiment: expected a valid string, got 1"),
        ("experiment: sine_models\nseed: 1", "seed: expected one of experiment, seeds, grid; got an unknown key"),
        ("experiment: sine_models\nseeds: all", "seeds: expected seeds like 0-9 or 1,2,5; got 'all'"),
        ("experiment: sine_models\nseeds: -1", "seeds.0: expected greater than or equal to 0, got -1"),
        ("experiment: sine_models\nseeds: [0, x]", "seeds.1: expected a valid integer, got 'x'"),
        ("experiment: sine_models\nseeds: []", "seeds: expected at least one value, got none"),
        ("experiment: sine_models\ngrid: {noise_std: 0.5}", "grid.noise_std: expected a valid list, got 0.5"),
        ("experiment: sine_models\ngrid: {noise_std: []}", "grid.noise_std: expected at least one value, got none"),
        ("experiment: sine_models\ngrid: {noise: [1]}", "grid.noise: sine_models: expected parameters among model, "),
        ("experiment: sine_models\nexperiment: sine_models", "expected valid YAML, got: the key experiment twice"),
        ("experiment: sine_models\ngrid: {model: [a], model: [b]}", "the key model twice"),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        SweepGrid.read(written(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'grid.yml'}: ") and message in str(caught.value)


def test_a_missing_or_broken_file(tmp_path):
    with pytest.raises(ConfigError, match="expected a readable YAML file, got: No such file"):
        SweepGrid.read(tmp_path / "none.yml")
    with pytest.raises(ConfigError, match="expected valid JSON, got: the key seeds twice"):
        SweepGrid.read(written(tmp_path, '{"seeds": 1, "seeds": 2}', "grid.json"))


def test_a_function_of_ones_own(tmp_path):
    table = sweep.run_sweep(own, [1, 2], tmp_path / "r.csv", {"scale": [1.0, 2]})
    assert table["experiment"].eq("own").all() and table["score"].tolist() == [1, 2, 2, 4]
    assert table["parameters"].tolist() == ["{}"] * 2 + ['{"scale": 2}'] * 2
    with pytest.raises(ValueError, match="own: expected parameters among scale; got 'size'"):
        sweep.run_sweep(own, [1], tmp_path / "r.csv", {"size": [1]})
    with pytest.raises(ValueError, match="expected a name or a function that has one, got <lambda>"):
        sweep.run_sweep(lambda seed: {}, [1], tmp_path / "r.csv")


def test_a_function_cannot_pass_for_an_experiment_of_the_book(tmp_path):
    def sine_models(seed: int):
        return {}

    with pytest.raises(ValueError, match="a name of its own; sine_models is one of the book's"):
        sweep.run_sweep(sine_models, [1], tmp_path / "r.csv")


def test_the_command_runs_a_file_and_says_before_what_it_would_do(tmp_path, capsys):
    path, output = written(tmp_path, GRID), tmp_path / "r.csv"
    command = ["--grid", str(path), "--output", str(output)]
    sweep.main([*command, "--dry-run"])
    assert not output.exists()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"sine_models on loky, 1 at a time: 16 fits, 0 in {output}, 16 to run"
    # What all fits have in common is said once.
    assert said[1] == '  every fit with {"dataset_size": 60}'
    assert '  to run        seeds 0-2,7 {"model": "majority class", "noise_std": 0.001}' in said and len(said) == 6
    sweep.main(["sine_models", "--set", "model=majority class", "--set", "dataset_size=60", "--output", str(output)])
    capsys.readouterr()
    pd.read_csv(output).assign(total_seconds=60.0).to_csv(output, index=False)  # else it is that of this machine
    sweep.main([*command, "--dry-run", "--backend", "dask", "--jobs", "3"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"sine_models on dask, 3 at a time: 16 fits, 1 in {output}, 15 to run"
    assert '  in the file   seeds 0     {"model": "majority class"}' in said
    assert '  to run        seeds 1-2,7 {"model": "majority class"}' in said
    assert said[-1] == "about 0:15:00 (h:mm:ss) of one core, by the median of 1 fits in the file"
    sweep.main(command)
    assert capsys.readouterr().out == f"{output}: 16 fits\n"


def test_failed_fits_are_announced(tmp_path, capsys):
    command = ["sine_models", "--set", "model=nothing", "--output", str(tmp_path / "r.csv")]
    with pytest.raises(SystemExit) as left:
        sweep.main(command)
    assert left.value.code == 1
    capsys.readouterr()
    sweep.main([*command, "--dry-run"])
    assert '  failed, again seeds 0     {"model": "nothing"}' in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected the name of an experiment or --grid FILE, got neither"),
        (["nothing"], "argument EXPERIMENT: invalid choice: 'nothing'"),
        (["sine_models", "--seeds", "a"], "argument --seeds: expected seeds like 0-9 or 1,2,5; got 'a'"),
        (["sine_models", "--set", "model"], "argument --set: expected name=value"),
        (["sine_models", "--set", "noise=1"], "sine_models: expected parameters among model, "),
        (["sine_models", "--grid", "g.yml"], "--grid: expected neither an experiment nor --seeds"),
        (["--grid", "none.yml"], "none.yml: expected a readable YAML file"),
        (["sine_models", "--jobs", "0"], "jobs: expected a number of fits at a time"),
        (["sine_models", "--scheduler", "host:8786"], "backend: expected loky, dask or a scheduler's address"),
        (["sine_models", "--scheduler", "tcp://host:8786", "--jobs", "2"], "--scheduler: expected neither"),
        (["sine_models", "--backend", "spark"], "argument --backend: invalid choice: 'spark'"),
    ],
)
def test_wrong_arguments(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as left:
        sweep.main([*arguments, "--output", str(tmp_path / "r.csv")])
    assert left.value.code == 2 and message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
