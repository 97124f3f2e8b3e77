"""What is timed: the published setting and the sharp recipe, other methods, and the data."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rounds import Case
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import (
    SeriesBatch,
    SineParameters,
    Split,
    draw_sine_parameters,
    render_sine_waves,
    sine_waves,
    train_validation_test_split,
)
from tsattn_tutorial.torch import PUBLISHED, SHARP, Recipe, fit, predict

__all__ = [
    "METHODS",
    "RESULTS",
    "cold",
    "data",
    "fit_and_predict",
    "prediction",
    "published",
    "warm",
]

RESULTS = Path(__file__).parents[1] / "book" / "results"
SEEDS = 1_000_000  # from here on: no series of a benchmark is one that the book has judged a model by


@cache
def split(number: int) -> Split:
    """Draw the data of a round."""
    return train_validation_test_split(sine_waves(SineConfig(seed=SEEDS + number)), seed=SEEDS + number)


# The published setting and the sharp recipe


def published() -> Iterator[Case]:
    """Training: one epoch of the published setting, times its mean number of epochs, and the whole of the recipe."""
    rows = pd.read_csv(RESULTS / "bilstm_attention.csv")
    epochs = rows.loc[rows["parameters"] == "{}", "epochs_run"].mean()
    yield Case("published setting", lambda number: _fit_recipe(PUBLISHED, number, epochs=1), times=epochs)
    yield Case("sharp recipe", lambda number: _fit_recipe(SHARP, number, epochs=SHARP.epochs))


def prediction() -> Iterator[Case]:
    """Prediction of 2000 series by the two models. What the weights are does not matter to the time."""
    for name, recipe in {"published setting": PUBLISHED, "sharp recipe": SHARP}.items():
        model = recipe.build()
        yield Case(name, lambda number, model=model: _nothing(predict(model, split(number).test)))


def _fit_recipe(recipe: Recipe, number: int, epochs: int) -> dict[str, Any]:
    train, validation, test = split(number)
    started = time.perf_counter()
    model = recipe.build(seed=number)
    fit(model, train, validation, **recipe.training | {"epochs": epochs}, seed=number, progress=False)
    seconds = time.perf_counter() - started
    if epochs < recipe.epochs:
        return {"seconds": seconds}
    return {"seconds": seconds, "errors": _errors(predict(model, test).probability, test)}


# The sharp recipe and other methods


def _sharp(train: SeriesBatch, validation: SeriesBatch, seed: int) -> Callable[[SeriesBatch], np.ndarray]:
    model, _ = SHARP.fit(train, validation, seed=seed, progress=False)
    return lambda batch: predict(model, batch).probability


def _minirocket(train: SeriesBatch, validation: SeriesBatch, seed: int) -> Callable[[SeriesBatch], np.ndarray]:
    from aeon.classification.convolution_based import MiniRocketClassifier

    classifier = MiniRocketClassifier(random_state=seed, n_jobs=1).fit(train.x.swapaxes(1, 2), train.y)
    return lambda batch: classifier.predict(batch.x.swapaxes(1, 2))


def _quant(train: SeriesBatch, validation: SeriesBatch, seed: int) -> Callable[[SeriesBatch], np.ndarray]:
    from aeon.classification.interval_based import QUANTClassifier

    classifier = QUANTClassifier(random_state=seed).fit(train.x.swapaxes(1, 2), train.y)
    return lambda batch: classifier.predict(batch.x.swapaxes(1, 2))


#: Methods by name: each takes training series, validation series and a seed, and returns what predicts.
METHODS = {"sharp recipe": _sharp, "MiniRocket": _minirocket, "QUANT": _quant}


def warm() -> Iterator[Case]:
    """Training and prediction where everything has been imported and compiled: a small fit goes before."""
    train, validation, _ = split(0)
    for name, method in METHODS.items():
        method(train[:200], validation[:50], 0)(validation[:50])
        yield Case(name, lambda number, method=method: fit_and_predict(method, number))


def cold() -> Iterator[Case]:
    """The same in a new process each time, with its imports and compilation."""
    for name in METHODS:
        yield Case(name, lambda number, name=name: _in_new_process(name, number))


def fit_and_predict(method: Callable, number: int) -> dict[str, Any]:
    """Fit a method on the data of a round, predict the test series, count the errors."""
    train, validation, test = split(number)
    started = time.perf_counter()
    predictor = method(train, validation, number)
    fitted = time.perf_counter()
    probability = predictor(test)
    done = time.perf_counter()
    return {
        "seconds": done - started,
        "fit_seconds": fitted - started,
        "predict_seconds": done - fitted,
        "errors": _errors(probability, test),
    }


def _in_new_process(name: str, number: int) -> None:
    with tempfile.TemporaryDirectory() as empty:  # else Numba would find on disk what it compiled before
        environment = os.environ | {"NUMBA_CACHE_DIR": empty}
        subprocess.run([sys.executable, "-m", "benchmarks.once", name, str(number)], check=True, env=environment)


# The data


def data() -> Iterator[Case]:
    """Draw 10,000 series at once, and one by one."""
    yield Case("all at once", lambda number: _nothing(sine_waves(SineConfig(seed=SEEDS + number))))
    yield Case("one by one", lambda number: _nothing(one_by_one(SineConfig(seed=SEEDS + number))))


def one_by_one(config: SineConfig) -> SeriesBatch:
    """Draw the series of `sine_waves` in a loop over series, as the source does."""
    drawn = draw_sine_parameters(config)
    batches = []
    for i in range(config.dataset_size):
        one = SineParameters(*(getattr(drawn, name)[i : i + 1] for name in SineParameters.__dataclass_fields__))
        batches.append(render_sine_waves(one, config.num_points))
    parts = (np.concatenate([getattr(batch, name) for batch in batches]) for name in ("x", "y", "truth"))
    return SeriesBatch(*parts)


def _errors(probability: np.ndarray, test: SeriesBatch) -> int:
    return int(((probability >= 0.5) != test.y).sum())


def _nothing(_: Any) -> None:
    """Drop what was computed."""
