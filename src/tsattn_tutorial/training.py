"""What the two training loops share: their settings, how a training went, what the trained model says."""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, NamedTuple

import numpy as np

__all__ = ["Epoch", "History", "Prediction", "Schedule", "check_settings"]

#: How the step size changes in a training.
Schedule = Literal["constant", "cosine"]
WARM_UP = 0.1  # share of the steps in which the step size grows


class Epoch(NamedTuple):
    """What one pass over the training data gave."""

    #: Counted from 1.
    epoch: int
    #: Mean cross-entropy of the series as they were met, in nats.
    train_loss: float
    #: Mean cross-entropy after the epoch, in nats; NaN without validation data.
    validation_loss: float
    #: Share of right labels after the epoch; NaN without validation data.
    validation_accuracy: float
    #: Wall time.
    seconds: float


@dataclass(frozen=True)
class History:
    """The epochs of one training. Printing it shows a short table.

    Parameters
    ----------
    epochs : tuple of Epoch
        In order.
    best_epoch : int
        The epoch, counted from 1, whose weights the model holds; 0 when none was finished.
    stopped_by : str
        ``"patience"``, ``"epochs"`` or ``"interrupt"``.
    """

    epochs: tuple[Epoch, ...]
    best_epoch: int
    stopped_by: str

    @property
    def seconds(self) -> float:
        """Wall time of all epochs."""
        return sum(row.seconds for row in self.epochs)

    def __str__(self) -> str:
        """Return at most nine rows: the first, the best, the last and some between."""
        last = len(self.epochs)
        validated = any(math.isfinite(row.validation_loss) for row in self.epochs)
        lines = ["epoch  train loss" + "  validation loss  validation accuracy" * validated]
        shown = {1, self.best_epoch, last} | set(range(0, last, max(1, math.ceil(last / 6))))
        for row in self.epochs:
            if row.epoch in shown:
                line = f"{row.epoch:5d}  {row.train_loss:10.4f}"
                if validated:
                    mark = "  best" if row.epoch == self.best_epoch else ""
                    line += f"  {row.validation_loss:15.4f}  {row.validation_accuracy:19.4f}{mark}"
                lines.append(line)
        return "\n".join(lines)


class Prediction(NamedTuple):
    """What a trained model says of N series, as float64 NumPy arrays."""

    #: ``(N,)``, of class 1; with more than two classes ``(N, C)``, each row sums to 1.
    probability: np.ndarray
    #: ``(N, T)``, each row sums to 1; other layers of attention document other shapes. None from a model without any.
    weights: np.ndarray | None


def check_settings(epochs: int, batch_size: int, learning_rate: float, patience: int | None) -> None:
    """Refuse settings that no training can use.

    Parameters
    ----------
    epochs, batch_size : int
        Positive.
    learning_rate : float
        Positive and finite.
    patience : int or None
        Positive, or None for no early stopping.

    Raises
    ------
    ValueError
        When one is out of range or of another type.
    """
    for name, value in {"epochs": epochs, "batch_size": batch_size, "patience": patience}.items():
        optional = name == "patience" and value is None
        if not optional and (not isinstance(value, Integral) or isinstance(value, bool) or value < 1):
            raise ValueError(f"{name} must be a positive integer, got {value!r}")
    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate!r}")
