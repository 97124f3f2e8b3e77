"""Trained weights on disk: written whole or not at all, and refused when they do not fit."""

import os
from pathlib import Path

import torch

from tsattn_tutorial.files import written_whole
from tsattn_tutorial.torch.models import AttentionClassifier

__all__ = ["CheckpointError", "load_checkpoint", "save_checkpoint"]

FORMAT = "tsattn-tutorial checkpoint 2"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read or does not fit; the message says what was expected and what came."""


def save_checkpoint(model: AttentionClassifier, path: str | os.PathLike[str]) -> None:
    """Write the options and weights of a model. A crash half-way leaves the old file, if any, as it was.

    Parameters
    ----------
    model : AttentionClassifier
        The model.
    path : str or path
        Target; its folder must exist.

    Raises
    ------
    FileNotFoundError
        When the folder does not exist.
    """
    with written_whole(path) as temporary:
        torch.save({"format": FORMAT, "options": model.options, "weights": model.state_dict()}, temporary)


def load_checkpoint(path: str | os.PathLike[str], device: str | torch.device = "cpu") -> AttentionClassifier:
    """Read a model back. Only tensors and plain values are loaded, never code.

    Parameters
    ----------
    path : str or path
        A file written by `save_checkpoint`.
    device : str or torch.device
        Where the model goes.

    Raises
    ------
    CheckpointError
        When the file is missing, is not a checkpoint of this package, or its weights do not fit its options.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: expected a checkpoint file, got none")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is no checkpoint
        raise CheckpointError(f"{path}: expected a checkpoint, got a file that torch cannot load: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{path}: expected format {FORMAT!r}, got {found!r}")
    try:
        model = AttentionClassifier(**content["options"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: expected the options of an AttentionClassifier, got: {error}") from None
    weights = content.get("weights")
    if not isinstance(weights, dict):
        raise CheckpointError(f"{path}: expected weights by name, got {type(weights).__name__}")
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) if torch.is_tensor(tensor) else "no tensor" for name, tensor in weights.items()}
    for name in [*wanted, *(name for name in found if name not in wanted)]:
        if wanted.get(name) != found.get(name):
            raise CheckpointError(
                f"{path}: weight {name}: expected shape {wanted.get(name, 'no such weight')}, "
                f"got {found.get(name, 'none')}"
            )
    model.to(next(iter(weights.values())).dtype).load_state_dict(weights)
    return model.to(device)
