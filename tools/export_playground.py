"""Train the models of the page "Playground" and write what the page needs.

``python tools/export_playground.py [MODEL ...]``
    Train the models, all or those named; the others are kept as they stand in ``weights.js``. Then write
    ``book/_static/playground/weights.js``, and the two pictures for readers without JavaScript.
``python tools/export_playground.py none``
    Train nothing, and write them again.

All models see the same data. Their seed is the one whose accuracy, in ``book/results/bilstm_attention.csv``, is the
lower median of those trainings of the published setting that have learnt. The published setting takes some ten minutes
on one core, the others seconds. On another CPU the same seed ends elsewhere.

The page cannot load a checkpoint of PyTorch. It gets a script, ``weights.js``, that assigns one object; here it is
written, and read back, so that a test can hold the page against PyTorch with the very numbers that the page has.
"""

import argparse
import base64
import datetime
import json
import platform
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn

from tsattn_tutorial import datasets
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.plotting import plot_attention
from tsattn_tutorial.torch import PUBLISHED, SHARP, BiLSTMAttention, Patches, Recipe, fit
from tsattn_tutorial.torch.networks import seeded

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "book" / "_static" / "playground" / "weights.js"
PICTURE = ROOT / "book" / "images" / "playground.png"
TRAININGS = ROOT / "book" / "results" / "bilstm_attention.csv"

CONFIG = SineConfig.from_json(ROOT / "book" / "config" / "sine_waves.json")
LEARNT = 0.5  # validation loss in nats; guessing costs 0.69
# How the small models of self-attention are trained: at the pace of the sharp recipe, for longer.
PACE = {"epochs": 10, "batch_size": 100, "learning_rate": 2e-2, "patience": None, "schedule": "cosine"}
MOST_NOISE = 1.0  # of the slider, in the unit of the series; the models were trained without any

#: The models of the first panel. The last one differs from the one before in its pooling alone.
RECIPES: dict[str, Recipe] = {"published": PUBLISHED, "sharp": SHARP, "mean": replace(SHARP, pooling="mean")}

#: The models of the second panel, and whether a sigmoid squashes their scores.
SELF_ATTENTION = {"plain": False, "sigmoid": True}

#: All of them.
NAMES = (*RECIPES, *SELF_ATTENTION)

HEAD = """\
// The trained models of the page "Playground". Written by tools/export_playground.py; not to be edited.
// Every array is float32, little-endian, row by row, in base64, under its name in PyTorch.
"""
ASSIGNMENT = "const PLAYGROUND = "


class SelfAttentionClassifier(nn.Module):
    """A small classifier with self-attention: patches, BiLSTM, self-attention, mean, one linear unit.

    The score is that of the layer in "Self-attention has no effect?": of patch j for patch i it is
    ``e_ij = h_i^T W h_j + c``, or the sigmoid of that.

    Parameters
    ----------
    squash : bool
        Whether the sigmoid is there.
    seed : int
        Seed of the initial weights.

    See Also
    --------
    tsattn_tutorial.reference.seq_self_attention : the attention in NumPy.
    """

    def __init__(self, squash: bool, *, seed: int = 0) -> None:
        super().__init__()
        self.options = {"squash": squash, "units": 8, "patch_size": 10, "slope": 100.0}
        self.patches = Patches(10, 100.0, normalise=True)
        with seeded(seed):
            self.lstm = nn.LSTM(self.patches.features(1), 8, batch_first=True, bidirectional=True)
            self.kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(16, 16)))  # W
            self.bias = nn.Parameter(torch.zeros(1))  # c
            self.classifier = nn.Linear(16, 1)

    def forward(self, x: Tensor, mask: None = None) -> tuple[Tensor, Tensor]:
        """Return the logit of class 1, ``(B,)``, and the weights between patches, ``(B, P, P)``."""
        hidden = self.lstm(self.patches(x)[0])[0]  # (B, P, 2H)
        scores = hidden @ self.kernel @ hidden.mT + self.bias  # (B, P, P)
        weights = torch.softmax(torch.sigmoid(scores) if self.options["squash"] else scores, dim=2)
        return self.classifier((weights @ hidden).mean(dim=1)).squeeze(-1), weights


@dataclass(frozen=True, eq=False)
class Exported:
    """A trained model, and what the page says of it.

    Parameters
    ----------
    model : BiLSTMAttention or SelfAttentionClassifier
        In float32, as it was trained.
    seed : int
        Of its data, its initial weights and the order of training.
    epochs : int
        The epoch whose weights it has, counted from 1.
    right, series : int
        How many test series it names rightly, and of how many.
    """

    model: BiLSTMAttention | SelfAttentionClassifier
    seed: int
    epochs: int
    right: int
    series: int


def build(name: str, *, seed: int = 0) -> BiLSTMAttention | SelfAttentionClassifier:
    """Make the model of that name, untrained."""
    if name in RECIPES:
        return RECIPES[name].build(seed=seed)
    return SelfAttentionClassifier(SELF_ATTENTION[name], seed=seed)


def typical_seed() -> int:
    """Return the seed of the published setting with the lower median accuracy of those that have learnt."""
    rows = pd.read_csv(TRAININGS)
    rows = rows[(rows["settings"] == "{}") & rows["error"].isna() & (rows["validation_loss"] < LEARNT)]
    middle = rows["accuracy"].quantile(interpolation="lower")
    return int(rows["seed"][rows["accuracy"] == middle].min())


def train(name: str, seed: int) -> Exported:
    """Train one model on the data of a seed, which is that of its initial weights, too."""
    training, validation, test = datasets.train_validation_test_split(datasets.sine_waves(CONFIG, seed), seed=seed)
    setting = RECIPES[name].training if name in RECIPES else PACE
    model = build(name, seed=seed)
    history = fit(model, training, validation, seed=seed, **setting)
    print(f"{name}, seed {seed}\n{history}", flush=True)
    logit, _ = apply(model, test)
    right = int(((logit > 0) == (test.y == 1)).sum())
    return Exported(model, seed, history.best_epoch, right, len(test))


@torch.no_grad()
def apply(model: torch.nn.Module, waves: datasets.SeriesBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return logits ``(N,)`` and weights, in the precision of the model, 256 series at a time."""
    kind = next(model.parameters()).dtype
    pieces = [model(torch.tensor(waves.x[i : i + 256], dtype=kind)) for i in range(0, len(waves), 256)]
    return tuple(torch.cat(part).numpy() for part in zip(*pieces, strict=True))


def settings() -> dict:
    """Say what the page has to know of the generator: the values from which it draws."""
    drawn = {"frequency": CONFIG.frequencies, "amplitude": CONFIG.amplitudes}
    drawn |= {"start": CONFIG.starts, "length": CONFIG.lengths}
    ends = {name: {"min": v[0], "max": v[-1], "step": v[1] - v[0]} for name, v in drawn.items()}
    ranges = {name: {end: round(float(value), 6) for end, value in e.items()} for name, e in ends.items()}
    return {"steps": CONFIG.num_points, "ranges": ranges | {"noise": {"min": 0, "max": MOST_NOISE, "step": 0.01}}}


def write_script(path: Path, settings: dict[str, Any], models: dict[str, Exported]) -> None:
    """Write the script that assigns settings and models, whole or not at all.

    Parameters
    ----------
    path : Path
        Target; its folder must exist.
    settings : dict
        What else the page has to know, as JSON can say it.
    models : dict
        The models by name.
    """
    content = settings | {"models": {name: _plain(exported) for name, exported in models.items()}}
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}"
    head = f"{HEAD}// Written on {datetime.date.today()} with {versions}.\n"
    with written_whole(path) as temporary:
        temporary.write_text(f"{head}{ASSIGNMENT}{json.dumps(content, indent=1)};\n", encoding="utf-8")


def read_script(path: Path) -> tuple[dict[str, Any], dict[str, Exported]]:
    """Read the script back: settings, and models that compute what those of the page compute.

    Raises
    ------
    ValueError
        When the file is not of `write_script`, or its weights do not fit the models as they are built today.
    """
    settings = json.loads(path.read_text(encoding="utf-8").partition(ASSIGNMENT)[2].rstrip().removesuffix(";"))
    models = {}
    for name, values in settings.pop("models").items():
        model = build(name)
        options = values.pop("options")
        if options != _options(model):
            raise ValueError(f"{path.name}: {name} has options {options}, expected {_options(model)}")
        model.load_state_dict({key: _tensor(value) for key, value in values.pop("weights").items()})
        models[name] = Exported(model.eval(), **values)
    return settings, models


def _options(model: nn.Module) -> dict[str, Any]:
    return {name: value for name, value in model.options.items() if name != "classes"}


def _plain(exported: Exported) -> dict[str, Any]:
    said = {key: getattr(exported, key) for key in ("seed", "epochs", "right", "series")}
    weights = {key: _encoded(tensor) for key, tensor in exported.model.state_dict().items()}
    return {"options": _options(exported.model), **said, "weights": weights}


def _encoded(tensor: Tensor) -> dict[str, Any]:
    data = base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode("ascii")
    return {"shape": list(tensor.shape), "float32": data}


def _tensor(value: dict[str, Any]) -> Tensor:
    numbers = np.frombuffer(base64.b64decode(value["float32"]), "<f4").reshape(value["shape"])
    return torch.tensor(numbers.astype(np.float32))


def picture(exported: Exported) -> None:
    """Draw one wave with the attention of a model: what readers see where no script runs."""
    one = np.ones(1, int)
    drawn = datasets.SineParameters(one == 1, one * 2.0, one * 5.0, one * 200, one * 100)
    waves = datasets.render_sine_waves(drawn, CONFIG.num_points)
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
    command = ["node", ROOT / "tests" / "data" / "run_attention.cjs", SCRIPT.parent]
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
    kept = {} if {*NAMES} <= {*wanted} else read_script(SCRIPT)[1]
    seed = typical_seed()
    models = {name: train(name, seed) if name in wanted else kept[name] for name in NAMES}
    write_script(SCRIPT, settings(), models)
    picture(models["published"])
    learning_picture()
    for name, exported in models.items():
        print(f"{name}: {exported.right} of {exported.series} test series, epoch {exported.epochs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
