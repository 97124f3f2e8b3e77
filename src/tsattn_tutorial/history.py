"""What training shares in both frameworks: its settings, its record, and what the trained model says."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from tqdm import tqdm

from tsattn_tutorial.arguments import check_choice, check_number, check_size, require
from tsattn_tutorial.datasets.batch import SeriesBatch, shared_classes

#: How the step size changes in a training.
Schedule = Literal["constant", "cosine"]
WARM_UP = 0.1  # share of the updates in which the step size grows
PREDICTION_BATCH = 256  # series per forward pass without gradients; changes memory, not results


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
        The epoch, counted from 1, whose weights the model holds.
    stopped_by : str
        ``"patience"`` or ``"epochs"``.
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


class Record:
    """A training while it runs: its rows, its best weights, and whether to go on.

    Parameters
    ----------
    copy : callable
        Returns a copy of the weights that the model has now.
    patience : int or None
        Epochs without a new best validation loss after which training stops.
    """

    def __init__(self, copy: Callable[[], Any], patience: int | None) -> None:
        self.copy, self.patience = copy, patience
        self.rows: list[Epoch] = []
        self.best = 0, math.inf, copy()  # epoch, loss, weights; the initial ones until there is any
        self.stopped_by = ""
        self.started = time.perf_counter()

    def add(self, train_loss: float, validation_loss: float | None, validation_accuracy: float | None) -> None:
        """End an epoch; the two validation figures are None where there is no validation data.

        Raises
        ------
        FloatingPointError
            When a loss is not finite.
        """
        validated = validation_loss is not None
        if not math.isfinite(train_loss) or (validated and not math.isfinite(validation_loss)):
            raise FloatingPointError(
                f"training loss is {train_loss}, validation loss {validation_loss}; try a smaller learning_rate"
            )
        now = time.perf_counter()
        scores = (validation_loss, validation_accuracy) if validated else (math.nan, math.nan)
        self.rows.append(Epoch(len(self.rows) + 1, train_loss, *scores, now - self.started))
        self.started = now
        if not validated or validation_loss < self.best[1]:
            self.best = len(self.rows), validation_loss or 0.0, self.copy()
        if self.patience is not None and len(self.rows) - self.best[0] >= self.patience:
            self.stopped_by = "patience"

    @property
    def history(self) -> History:
        """How training went."""
        return History(tuple(self.rows), self.best[0], self.stopped_by or "epochs")


def check_settings(
    epochs: int,
    batch_size: int,
    learning_rate: float,
    patience: int | None,
    schedule: Schedule,
    weight_decay: float,
    label_smoothing: float,
    seed: int,
) -> None:
    """Raise ValueError for settings that no training can use; `fit` says what they mean."""
    sizes = {"epochs": epochs, "batch_size": batch_size, "patience": 1 if patience is None else patience}
    for name, size in sizes.items():
        check_size(name, size)
    require(check_number("learning_rate", learning_rate, 0) > 0, "learning_rate must be positive, got 0")
    check_choice("schedule", schedule, get_args(Schedule))
    check_number("weight_decay", weight_decay, 0)
    require(check_number("label_smoothing", label_smoothing, 0, 1) < 1, "label_smoothing must be below 1, got 1")
    check_size("seed", seed, 0)


def check_fit(
    classes: int, class_weight: Sequence[float] | None, patience: int | None, validation: SeriesBatch | None
) -> None:
    """Raise ValueError for what does not go with a model of so many classes, or with each other."""
    fine = class_weight is None or (len(class_weight) == classes and all(weight >= 0 for weight in class_weight))
    require(fine, f"class_weight must be {classes} numbers, none negative, got {class_weight!r}")
    require(patience is None or validation is not None, "patience needs validation data to look at, got none")
    if validation is not None:
        check_labels("validation", validation, classes)


def check_labels(name: str, batch: SeriesBatch, classes: int) -> None:
    """Raise ValueError unless the batch has series, and only labels that a model of so many classes tells apart."""
    fine = len(batch) and np.isin(batch.y, range(classes)).all()
    require(fine, f"{name} must hold series with labels 0 to {classes - 1}, got labels {np.unique(batch.y)}")


def name_classes(model: Any, *batches: SeriesBatch | None) -> None:
    """Note on a model what its classes are called; raise ValueError when a batch, or an earlier one, has others."""
    names = [batch.classes for batch in batches if batch is not None]
    model.class_names = shared_classes(getattr(model, "class_names", None), *names)


def drawn(train: SeriesBatch | Callable[[int], SeriesBatch], epoch: int, classes: int, like: SeriesBatch | None = None):
    """Return the series of an epoch, drawn anew where ``train`` is a function; each time as many as in ``like``."""
    series = train(epoch) if callable(train) else train
    check_labels("train", series, classes)
    if like is not None and len(series) != len(like):
        raise ValueError(f"train must return equally many series each time, got {len(like)}, then {len(series)}")
    return series


def progress_bar(total: int, unit: str, *, show: bool = True) -> tqdm:
    """Make a bar on standard output that leaves nothing behind.

    It shows in a terminal and in a running notebook, and stays silent where output goes to a file. A notebook would
    store what stands on standard error.
    """
    ipython = sys.modules.get("IPython")
    watched = sys.stdout.isatty() or (ipython is not None and ipython.get_ipython() is not None)
    return tqdm(
        total=total, unit=unit, leave=False, disable=not (show and watched), file=sys.stdout, ncols=78, mininterval=1
    )
