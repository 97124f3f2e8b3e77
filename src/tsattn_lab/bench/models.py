"""How long the published setting and the sharp recipe take, and other methods."""

import os
import subprocess
import sys
import tempfile
from functools import partial
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


def models() -> tuple[pd.DataFrame, pd.DataFrame]:
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
    warm = {name: partial(fit, model=model, whole=True) for name, model in METHODS.items()}
    parts = [
        in_turn("fit", fits, 5),
        in_turn("predict", predictions, 5),
        in_turn("fit and predict, warmed up", warm, 3),
        in_turn("fit and predict, cold", {name: partial(_cold, model) for name, model in METHODS.items()}, 2),
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
    code = f"from tsattn_lab.experiments import sine; sine({SEEDS + number}, model={model!r})"
    with tempfile.TemporaryDirectory() as empty:  # else Numba would find on disk what it compiled before
        environment = os.environ | ONE_THREAD | {"NUMBA_CACHE_DIR": empty}
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
