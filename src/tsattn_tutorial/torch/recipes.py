"""Settings with a name: what the model sees, how large it is, and how it is trained."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.torch.models import AttentionClassifier
from tsattn_tutorial.torch.pooling import Pooling
from tsattn_tutorial.torch.training import fit
from tsattn_tutorial.training import History, Schedule

__all__ = ["PATCHES", "PUBLISHED", "SHARP", "Recipe"]

TRAINING = ("epochs", "batch_size", "learning_rate", "patience", "schedule")


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before the data come, but the seed. The defaults are the setting of Paialunga (2025).

    `dataclasses.replace` makes a recipe that differs in one point. What cannot be is refused when the recipe is used.

    Parameters
    ----------
    hidden_size, attention_size, layers, pooling, patch_size, slope, normalise
        As in `AttentionClassifier`.
    epochs, batch_size, learning_rate, patience, schedule
        As in `fit`.
    """

    hidden_size: int = 32
    attention_size: int = 64
    layers: int = 1
    pooling: Pooling = "attention"
    patch_size: int = 1
    slope: float = 0.0
    normalise: bool = False
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 1e-3
    patience: int | None = 5
    schedule: Schedule = "constant"

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `AttentionClassifier`."""
        return {name: value for name, value in asdict(self).items() if name not in TRAINING}

    @property
    def training(self) -> dict[str, Any]:
        """Arguments of `fit`."""
        return {name: getattr(self, name) for name in TRAINING}

    def build(self, input_size: int = 1, *, seed: int = 0) -> AttentionClassifier:
        """Make the model, untrained.

        Parameters
        ----------
        input_size : int
            D, values per time step.
        seed : int
            Seed of the initial weights.

        Raises
        ------
        ValueError
            When an option is out of range.
        """
        return AttentionClassifier(input_size, **self.options, seed=seed)

    def fit(
        self,
        train: SeriesBatch | Callable[[int], SeriesBatch],
        validation: SeriesBatch,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        progress: bool = True,
    ) -> tuple[AttentionClassifier, History]:
        """Make the model and train it.

        Parameters
        ----------
        train, validation, device, progress
            As in `fit`.
        seed : int
            Seed of the initial weights and of the order of the series.

        Returns
        -------
        tuple of AttentionClassifier and History
            The trained model, and how training went.

        Raises
        ------
        ValueError
            When an option is out of range, or `fit` cannot use the data.
        """
        model = self.build(validation.x.shape[2], seed=seed)
        history = fit(model, train, validation, **self.training, seed=seed, device=device, progress=progress)
        return model, history


#: The setting of the source.
PUBLISHED = Recipe()

#: A first step away from it: normalised patches of ten samples, and a faster pace.
PATCHES = Recipe(
    patch_size=10,
    normalise=True,
    epochs=25,
    batch_size=64,
    learning_rate=1e-2,
    patience=None,
    schedule="cosine",
)

#: The same idea for series without noise: trained in seconds, more accurate, and with more of its attention on the flat
#: stretch. Noise drowns its slope channel.
SHARP = Recipe(
    hidden_size=16,
    attention_size=32,
    patch_size=20,
    slope=300.0,
    normalise=True,
    epochs=4,
    batch_size=100,
    learning_rate=2e-2,
    patience=None,
    schedule="cosine",
)
