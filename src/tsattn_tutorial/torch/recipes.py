"""Settings with a name: what the model sees, how large it is, and how it is trained."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from tsattn_tutorial.history import Schedule
from tsattn_tutorial.torch.networks import BiLSTMAttention, Pooling

TRAINING = ("epochs", "batch_size", "learning_rate", "patience", "schedule")


@dataclass(frozen=True)
class Recipe:
    """Everything that is settled before the data come, but the seed. The defaults are the setting of Paialunga (2025).

    `dataclasses.replace` makes a recipe that differs in one point. What cannot be is refused when the recipe is used.

    Parameters
    ----------
    units, attention_units, layers, pooling, patch_size, slope, normalise
        As in `BiLSTMAttention`.
    epochs, batch_size, learning_rate, patience, schedule
        As in `fit`.
    """

    units: int = 32
    attention_units: int = 64
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
    def training(self) -> dict[str, Any]:
        """Arguments of `fit`."""
        return {name: getattr(self, name) for name in TRAINING}

    def build(self, dimensions: int = 1, *, classes: int = 2, seed: int = 0) -> BiLSTMAttention:
        """Make the model, untrained."""
        options = {name: value for name, value in asdict(self).items() if name not in TRAINING}
        return BiLSTMAttention(dimensions, **options, classes=classes, seed=seed)


#: The setting of the source.
PUBLISHED = Recipe()

#: A first step away from it: normalised patches of ten samples, and a faster pace.
PATCHES = Recipe(
    patch_size=10, normalise=True, epochs=25, batch_size=64, learning_rate=1e-2, patience=None, schedule="cosine"
)

#: What leads from the published setting to the sharp one, in this order, each change on top of those before.
SINE_CHANGES: dict[str, dict[str, Any]] = {
    "published": {},
    "normalised": {"normalise": True},
    "paced": {"epochs": 4, "batch_size": 100, "learning_rate": 2e-2, "patience": None, "schedule": "cosine"},
    "slope": {"slope": 300.0},
    "patches": {"patch_size": 20},
    "smaller": {"units": 16, "attention_units": 32},
}

#: All of them together: for series without noise; trained in seconds, more accurate, and with more of its attention on
#: the flat stretch. Noise drowns its slope channel.
SHARP = replace(PUBLISHED, **{name: value for change in SINE_CHANGES.values() for name, value in change.items()})
