"""How long the published setting and the sharp recipe take, and other methods; how much sooner two workers are done."""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from tsattn_lab.bench.rounds import compare, in_turn
from tsattn_lab.experiments import sine
from tsattn_lab.run import ONE_THREAD
from tsattn_lab.sweeps import RESULTS
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves
from tsattn_tutorial.torch import PUBLISHED, SHARP, Recipe, predict

SEEDS = 1_000_000  # from here on: no series of a benchmark is one that the book has judged a model by
METHODS = {"sharp recipe": "patches and slope, attention", "MiniRocket": "MiniRocket", "QUANT": "QUANT"}

#: Two kinds of fits for two workers: how many a round has, and their setting.
KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    # Under a second each. Large arrays go through memory that the workers share.
    "linear model, 10,000 waves": (50, {"model": "logistic regression", "noise_std": 0.5}),
    # About two seconds each. What a small network works on fits into the cache of a core.
    "attention, 600 waves": (60, {"model": "patches, attention", "noise_std": 0.5, "dataset_size": 600}),
}


def models(more: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time the sharp recipe beside other settings and methods; return all measurements, and the ratios."""
    rows = pd.read_csv(RESULTS / "bilstm_attention.csv")
    epochs = rows.loc[rows["settings"] == "{}", "epochs_run"].mean()  # an epoch stands for so many
    fits = {
        "published setting": lambda number: {"seconds": fit(number, recipe={"epochs": 1})["fit_seconds"] * epochs},
        "sharp recipe": partial(fit, model=METHODS["sharp recipe"]),
    }
    test = sine_waves(SineConfig(dataset_size=2000, seed=SEEDS))
    predictions = {name: _prediction(r, test) for name, r in zip(fits, (PUBLISHED, SHARP), strict=True)}
    for model in METHODS.values():
        fit(0, model=model, dataset_size=250)  # everything has been imported and compiled
    parts = [
        in_turn("fit", fits, 5 * more),
        in_turn("predict", predictions, 5 * more),
        in_turn(
            "fit and predict, warmed up", {m: partial(fit, model=METHODS[m], whole=True) for m in METHODS}, 3 * more
        ),
        in_turn("fit and predict, cold", {m: partial(_cold, METHODS[m]) for m in METHODS}, 2 * more),
    ]
    return pd.concat(parts, ignore_index=True), compare(pd.concat(parts), "sharp recipe")


def fit(number: int, *, whole: bool = False, **settings: Any) -> dict[str, Any]:
    """Fit a model of `sine` on the data of a round; return its seconds and its errors."""
    row = sine(SEEDS + number, **settings)
    seconds = row["fit_seconds"] + row["predict_seconds"] * whole
    return {"seconds": seconds} | {name: row[name] for name in ("errors", "fit_seconds", "predict_seconds")}


def _prediction(recipe: Recipe, test: SeriesBatch) -> Any:
    network = recipe.build()  # what its weights are does not matter to the time
    return lambda number: predict(network, test) and None


def _cold(model: str, number: int) -> None:
    """Fit and predict in a new process, with all imports and compilation."""
    with tempfile.TemporaryDirectory() as empty:  # else Numba would find on disk what it compiled before
        _python(
            f"from tsattn_lab.experiments import sine; sine({SEEDS + number}, model={model!r})", NUMBA_CACHE_DIR=empty
        )


def sweeps(more: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time one worker and two on fits whose rows are not there yet, imports and the start of the workers included."""
    parts = [
        in_turn(kind, {"1 worker": partial(_sweep, kind, 1), "2 workers": partial(_sweep, kind, 2)}, 3 * more)
        for kind in KINDS
    ]
    return pd.concat(parts, ignore_index=True), compare(pd.concat(parts), "2 workers")


def _sweep(kind: str, workers: int, number: int) -> dict[str, Any]:
    fits, setting = KINDS[kind]
    settings = [{"seed": seed, **setting} for seed in range(number * fits, (number + 1) * fits)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "results.csv")
        todo = f"{json.dumps(settings)}, {str(output)!r}, workers={workers}"
        _python(f"from tsattn_lab import run; from tsattn_lab.experiments import sine; run(sine, {todo})")
        rows = pd.read_csv(output)
    # The time of a fit tells whether the workers slow each other down.
    return {"workers": workers, "fits": len(rows), "seconds_a_fit": rows["total_seconds"].median()}


def _python(code: str, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | ONE_THREAD | environment)
