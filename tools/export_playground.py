"""Train the models of the page "Playground" and write what the page and its tests need.

``python tools/export_playground.py [MODEL ...]``
    Train the models, all or those named; the others are kept as they stand in ``weights.js``. Then write
    ``book/_static/playground/weights.js``, the test vectors ``tests/data/playground_vectors.json``, and the two
    pictures for readers without JavaScript.
``python tools/export_playground.py none``
    Train nothing, and write all of them again.

All models see the same data. Their seed is the one whose accuracy, in ``book/results/bilstm_attention.csv``, is the
lower median of those trainings of the published setting that have learnt. The published setting takes some ten minutes
on one core, the others seconds. On another CPU the same seed ends elsewhere.
"""

import argparse
import csv
import datetime
import json
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib import pyplot as plt

from playground_models import NAMES, RECIPES, SELF_ATTENTION, Exported, build, read_script, write_script
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import (
    SeriesBatch,
    SineParameters,
    render_sine_waves,
    sine_waves,
    train_validation_test_split,
)
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.plotting import plot_attention
from tsattn_tutorial.torch import fit

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "book" / "_static" / "playground" / "weights.js"
VECTORS = ROOT / "tests" / "data" / "playground_vectors.json"
PICTURE = ROOT / "book" / "images" / "playground.png"
TRAININGS = ROOT / "book" / "results" / "bilstm_attention.csv"

CONFIG = SineConfig.from_json(ROOT / "book" / "config" / "sine_waves.json")
LEARNT = 0.5  # validation loss in nats; guessing costs 0.69
# How the small models of self-attention are trained: at the pace of the sharp recipe, for longer.
PACE = {"epochs": 10, "batch_size": 100, "learning_rate": 2e-2, "patience": None, "schedule": "cosine"}
MOST_NOISE = 1.0  # of the slider, in the unit of the series; the models were trained without any

TEST_SEED = 2026
TEST_WAVES = {0.0: 120, 0.3: 120}  # noise -> how many
EVERY = 20  # of the weights over 500 steps, every so many go into the vectors


def typical_seed(path: Path = TRAININGS) -> int:
    """Return the seed of the published setting with the lower median accuracy of those that have learnt."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["settings"] == "{}" and not row["error"]]
    accuracy = {int(row["seed"]): float(row["accuracy"]) for row in rows if float(row["validation_loss"]) < LEARNT}
    middle = statistics.median_low(accuracy.values())
    return min(seed for seed, value in accuracy.items() if value == middle)


def train(name: str, seed: int) -> Exported:
    """Train one model on the data of a seed, which is that of its initial weights, too."""
    training, validation, test = train_validation_test_split(sine_waves(CONFIG, seed), seed=seed)
    setting = RECIPES[name].training if name in RECIPES else PACE
    model = build(name, seed=seed)
    history = fit(model, training, validation, seed=seed, **setting)
    print(f"{name}, seed {seed}\n{history}", flush=True)
    logit, _ = apply(model, test)
    right = int(((logit > 0) == (test.y == 1)).sum())
    return Exported(model, seed, history.best_epoch, right, len(test))


@torch.no_grad()
def apply(model: torch.nn.Module, waves: SeriesBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return logits ``(N,)`` and weights, in the precision of the model, 256 series at a time."""
    kind = next(model.parameters()).dtype
    pieces = [model(torch.tensor(waves.x[i : i + 256], dtype=kind)) for i in range(0, len(waves), 256)]
    return tuple(torch.cat(part).numpy() for part in zip(*pieces, strict=True))


def vector_waves() -> SeriesBatch:
    """Return the waves of the test vectors, without noise and with it."""
    parts = [
        sine_waves(CONFIG.replace(dataset_size=number, noise_std=noise), TEST_SEED + i)
        for i, (noise, number) in enumerate(TEST_WAVES.items())
    ]
    return SeriesBatch(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "truth")))


def vectors(models: dict[str, Exported]) -> dict:
    """Compute what PyTorch says of the test waves, in float64, from the weights as they are exported."""
    waves = vector_waves()
    content = {"made": made(), "every": EVERY, "models": {}}
    for name, exported in models.items():
        logit, weights = apply(exported.model.double(), waves)
        exported.model.float()
        if name in SELF_ATTENTION:  # one row a wave, another one each time
            row = np.arange(len(weights)) % weights.shape[1]
            weights = weights[np.arange(len(weights)), row]
        else:
            weights = weights[:, ::EVERY]
        content["models"][name] = {
            "logit": [round(float(value), 7) for value in logit],
            "weights": [[float(f"{value:.7f}") for value in line] for line in weights],
        }
    return content


def settings() -> dict:
    """Say what the page has to know of the generator: the values from which it draws."""
    drawn = {"frequency": CONFIG.frequencies, "amplitude": CONFIG.amplitudes}
    drawn |= {"start": CONFIG.starts, "length": CONFIG.lengths}
    ranges = {
        name: {"min": round(float(values[0]), 6), "max": round(float(values[-1]), 6)}
        | {"step": round(float(values[1] - values[0]), 6)}
        for name, values in drawn.items()
    }
    return {"steps": CONFIG.num_points, "ranges": ranges | {"noise": {"min": 0, "max": MOST_NOISE, "step": 0.01}}}


def made() -> str:
    """Say when and with what."""
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}"
    return f"{datetime.date.today()}, {versions}"


def picture(exported: Exported) -> None:
    """Draw one wave with the attention of a model: what readers see where no script runs."""
    one = np.ones(1, int)
    waves = render_sine_waves(SineParameters(one == 1, one * 2.0, one * 5.0, one * 200, one * 100), CONFIG.num_points)
    _, weights = apply(exported.model, waves)
    with plt.rc_context(fname=ROOT / "book" / "matplotlibrc"):
        fig, ax = plt.subplots()
        right = plot_attention(ax, waves.x[0], weights[0], waves.truth[0])
        lines = [handle for axes in (ax, right) for handle in axes.get_legend_handles_labels()[0]]
        fig.legend(handles=lines, loc="outside upper left", ncols=2)
        fig.savefig(PICTURE, metadata={"Software": None})
        plt.close(fig)


def learning_picture() -> None:
    """Draw what the classifier of the panel "Watch it learn" learns, for readers without scripts."""
    kinds = {"attention": "-", "mean": "--"}
    runs = [{"pooling": kind, "seed": 1, "updates": 160} for kind in kinds]
    question = {"parameters": [], "samples": "", "settings": [], "states": []}
    question["trainings"] = [run | {"noise": 0, "slope": False, "rate": 0.01} for run in runs]
    command = ["node", VECTORS.parent / "run_attention.cjs", SCRIPT.parent]
    said = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, check=True)
    with plt.rc_context(fname=ROOT / "book" / "matplotlibrc"):
        fig, ax = plt.subplots()
        for run, accuracies in zip(runs, json.loads(said.stdout)["learnt"], strict=True):
            ax.plot(range(10, 161, 10), accuracies, kinds[run["pooling"]], label=run["pooling"])
        ax.set(xlabel="updates", ylabel="held-out accuracy")
        ax.legend()
        fig.savefig(PICTURE.with_name("playground_learn.png"), metadata={"Software": None})
        plt.close(fig)


def main(arguments: list[str] | None = None) -> int:
    """Train what is asked for and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", choices=[*NAMES, "none", []], help="models to train; all by default")
    wanted = parser.parse_args(arguments).models or NAMES
    torch.set_num_threads(1)
    plt.switch_backend("agg")
    seed = typical_seed()
    kept = read_script(SCRIPT)[1] if SCRIPT.exists() else {}
    models = {}
    for name in NAMES:
        if name in wanted:
            models[name] = train(name, seed)
        elif name in kept:
            models[name] = kept[name]
    comment = "\n".join(
        [
            'The trained models of the page "Playground". Written by tools/export_playground.py; not to be edited.',
            f"{made()}; data and weights of seed {seed}.",
            "Every array is float32, little-endian, row by row, in base64, under its name in PyTorch.",
        ]
    )
    write_script(SCRIPT, comment, settings(), models)
    with written_whole(VECTORS) as temporary:
        temporary.write_text(json.dumps(vectors(models)) + "\n", encoding="utf-8")
    picture(models["sharp" if "published" not in models else "published"])
    learning_picture()
    for name, exported in models.items():
        print(f"{name}: {exported.right} of {exported.series} test series, epoch {exported.epochs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
