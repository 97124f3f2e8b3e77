"""The models of the page "Playground": how they are trained, and how they get into a script and back.

The page cannot load a checkpoint of PyTorch. It gets a script, ``weights.js``, that assigns one object; here it is
written, and read back, so that a test can hold the page against PyTorch with the very numbers that the page has.
"""

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tsattn_tutorial.files import written_whole
from tsattn_tutorial.torch import PUBLISHED, SHARP, BiLSTMAttention, Patches, Recipe
from tsattn_tutorial.torch.networks import seeded

#: The models of the first panel. The last one differs from the one before in its pooling alone.
RECIPES: dict[str, Recipe] = {"published": PUBLISHED, "sharp": SHARP, "mean": replace(SHARP, pooling="mean")}

#: The models of the second panel, and whether a sigmoid squashes their scores.
SELF_ATTENTION = {"plain": False, "sigmoid": True}

#: All of them.
NAMES = (*RECIPES, *SELF_ATTENTION)

ASSIGNMENT = "const PLAYGROUND = "
# Options that have another name on the page.
ON_PAGE = {"dimensions": "input_size", "units": "hidden_size", "attention_units": "attention_size"}


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
    units, patch_size, slope
        As in `BiLSTMAttention`. Each series is normalised.

    See Also
    --------
    tsattn_tutorial.reference.seq_self_attention : the attention in NumPy.
    """

    def __init__(
        self, squash: bool, *, seed: int = 0, units: int = 8, patch_size: int = 10, slope: float = 100.0
    ) -> None:
        super().__init__()
        self.options = {"squash": squash, "units": units, "patch_size": patch_size, "slope": slope}
        self.patches = Patches(patch_size, slope, normalise=True)
        with seeded(seed):
            self.lstm = nn.LSTM(self.patches.features(1), units, batch_first=True, bidirectional=True)
            self.kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * units, 2 * units)))  # W
            self.bias = nn.Parameter(torch.zeros(1))  # c
            self.classifier = nn.Linear(2 * units, 1)

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


def write_script(path: Path, comment: str, settings: dict[str, Any], models: dict[str, Exported]) -> None:
    """Write the script that assigns settings and models, whole or not at all.

    Parameters
    ----------
    path : Path
        Target; its folder must exist.
    comment : str
        Lines for its head: what it is and how it was made.
    settings : dict
        What else the page has to know, as JSON can say it.
    models : dict
        The models by name.
    """
    content = settings | {"models": {name: _plain(exported) for name, exported in models.items()}}
    head = "".join(f"// {line}".rstrip() + "\n" for line in comment.splitlines())
    with written_whole(path) as temporary:
        temporary.write_text(f"{head}{ASSIGNMENT}{json.dumps(content, indent=1)};\n", encoding="utf-8")


def read_script(path: Path) -> tuple[dict[str, Any], dict[str, Exported]]:
    """Read the script back: settings, and models that compute what those of the page compute.

    Raises
    ------
    ValueError
        When the file is not of `write_script`, or its weights do not fit the models as they are built today.
    """
    _, found, text = path.read_text(encoding="utf-8").partition(ASSIGNMENT)
    if not found:
        raise ValueError(f"{path.name}: expected a line that starts with {ASSIGNMENT!r}, got none")
    settings = json.loads(text.rstrip().removesuffix(";"))
    models = {}
    for name, values in settings.pop("models").items():
        model = build(name)
        if values["options"] != _options(model):
            raise ValueError(f"{path.name}: {name} has options {values['options']}, expected {_options(model)}")
        model.load_state_dict({key: _tensor(value) for key, value in values.pop("weights").items()})
        del values["options"]
        models[name] = Exported(model.eval(), **values)
    return settings, models


def _options(model: nn.Module) -> dict[str, Any]:
    return {ON_PAGE.get(name, name): value for name, value in model.options.items() if name != "classes"}


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
