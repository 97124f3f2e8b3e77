"""One training loop for the whole book: early stopping, best weights restored, quiet."""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.progress import progress_bar
from tsattn_tutorial.training import WARM_UP, Epoch, History, Prediction, Schedule, check_settings

__all__ = ["fit", "predict"]

PREDICTION_BATCH = 256  # series per forward pass without gradients; changes memory, not results


def fit(
    model: nn.Module,
    train: SeriesBatch | Callable[[int], SeriesBatch],
    validation: SeriesBatch,
    *,
    epochs: int = 50,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int | None = 5,
    schedule: Schedule = "constant",
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> History:
    """Train a binary classifier with Adam on the cross-entropy; stop when validation no longer improves.

    The model is trained in place and ends with the weights of the epoch with the smallest validation
    loss. Ctrl-C ends the training early and keeps the best weights so far. The defaults are the setting
    of Paialunga (2025).

    Parameters
    ----------
    model : nn.Module
        Called as ``logit, weights = model(x, mask)`` with ``x (B, T, D)`` and ``mask (B, T)`` or None; the weights may
        be None.
    train : SeriesBatch, or callable
        Labels 0 and 1. The truth is not looked at. Where series can be drawn at will, a function that takes the epoch,
        counted from 1, and returns its series, equally many each time; it is called once an epoch.
    validation : SeriesBatch
        The same, to choose the epoch.
    epochs : int
        The most passes over the training data.
    batch_size : int
        B, series per step.
    learning_rate : float
        Step size of Adam, the largest where it changes.
    schedule : {"constant", "cosine"}
        How the step size changes: not at all; or up to ``learning_rate`` in the first tenth of all steps,
        and down to 0 along half a cosine (Loshchilov and Hutter 2017).
    patience : int, optional
        Epochs without a new best validation loss after which training stops; None for never.
    seed : int
        Seed of the order of the series.
    device : str or torch.device
        Where to train; the model stays there.
    progress : bool
        Show a bar while training runs, on standard output; it leaves nothing behind.

    Returns
    -------
    History
        One row an epoch.

    Raises
    ------
    ValueError
        When a number is out of range, a batch is empty, a label is neither 0 nor 1, an epoch has another number of
        series than the first, or there is no such schedule.
    FloatingPointError
        When a loss is no longer finite. The model then holds the best weights so far.
    """
    check_settings(epochs, batch_size, learning_rate, patience)
    series = train(1) if callable(train) else train
    _check_labels("train", series)
    _check_labels("validation", validation)
    steps = epochs * math.ceil(len(series) / batch_size)

    model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    pace = torch.optim.lr_scheduler.LambdaLR(optimiser, _pace(schedule, steps))
    order = torch.Generator().manual_seed(seed)
    best = _Best(model)
    rows: list[Epoch] = []
    stopped_by = "epochs"
    with progress_bar(steps, "step", show=progress) as bar:
        try:
            while len(rows) < epochs and stopped_by == "epochs":
                started = time.perf_counter()
                if rows and callable(train):
                    series = _next(train, len(rows) + 1, len(series))
                train_loss = _train_epoch(model, series, optimiser, pace, order, batch_size, bar)
                loss, accuracy = _evaluate(model, validation)
                if not math.isfinite(loss):
                    raise FloatingPointError(f"validation loss is {loss}; try a smaller learning_rate")
                rows.append(Epoch(len(rows) + 1, train_loss, loss, accuracy, time.perf_counter() - started))
                best.offer(len(rows), loss)
                if patience is not None and len(rows) - best.epoch >= patience:
                    stopped_by = "patience"
                bar.set_description(
                    f"epoch {len(rows)}, validation loss {loss:.4f}, best {best.loss:.4f}", refresh=False
                )
        except KeyboardInterrupt:
            stopped_by = "interrupt"
        finally:
            best.restore()
    return History(tuple(rows), best.epoch, stopped_by)


@torch.no_grad()
def predict(model: nn.Module, batch: SeriesBatch) -> Prediction:
    """Apply a trained classifier.

    Parameters
    ----------
    model : nn.Module
        As for `fit`; used where it is, in the precision it has.
    batch : SeriesBatch
        N series.

    Returns
    -------
    Prediction
        ``probability (N,)`` of class 1 and ``weights (N, T)``; None where the model has none.

    Raises
    ------
    ValueError
        When the batch is empty.
    """
    if not len(batch):
        raise ValueError("batch must hold at least one series, got none")
    model.eval()
    pieces = []
    for begin in range(0, len(batch), PREDICTION_BATCH):
        x, _, mask = _tensors(batch, slice(begin, begin + PREDICTION_BATCH), model)
        logit, weights = model(x, mask)
        pieces.append((torch.sigmoid(logit), weights))
    probability, weights = zip(*pieces, strict=True)
    return Prediction(_array(probability), None if weights[0] is None else _array(weights))


def _array(pieces: tuple[Tensor, ...]) -> np.ndarray:
    return torch.cat(pieces).cpu().double().numpy()


class _Best:
    """The weights with the smallest validation loss so far; the initial ones until there is any."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.epoch, self.loss, self.weights = 0, math.inf, self._copy()

    def _copy(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def offer(self, epoch: int, loss: float) -> None:
        if loss < self.loss:
            weights = self._copy()  # first, so that Ctrl-C meanwhile leaves the old three together
            self.epoch, self.loss, self.weights = epoch, loss, weights

    def restore(self) -> None:
        self.model.load_state_dict(self.weights)


def _check_labels(name: str, batch: SeriesBatch) -> None:
    if not len(batch) or not np.isin(batch.y, (0, 1)).all():
        raise ValueError(f"{name} must hold series with labels 0 and 1, got labels {np.unique(batch.y)}")


def _next(train: Callable[[int], SeriesBatch], epoch: int, size: int) -> SeriesBatch:
    series = train(epoch)
    _check_labels("train", series)
    if len(series) != size:
        raise ValueError(f"train must return equally many series each time, got {size}, then {len(series)}")
    return series


def _pace(schedule: Schedule, steps: int) -> Callable[[int], float]:
    """Return the share of the step size that each of so many steps takes."""
    match schedule:
        case "constant":
            return lambda step: 1.0
        case "cosine":
            warm_up = max(1, round(WARM_UP * steps))
            falling = max(1, steps - warm_up)
            return lambda step: min(step / warm_up, (1 + math.cos(math.pi * (step - warm_up) / falling)) / 2)
        case _:
            raise ValueError(f'schedule must be "constant" or "cosine", got {schedule!r}')


def _train_epoch(
    model: nn.Module,
    train: SeriesBatch,
    optimiser: torch.optim.Optimizer,
    pace: torch.optim.lr_scheduler.LRScheduler,
    order: torch.Generator,
    batch_size: int,
    bar: tqdm,
) -> float:
    """Take one step per batch, in a new order; return the mean loss of the series as they were met."""
    model.train()
    total = 0.0
    for index in torch.randperm(len(train), generator=order).split(batch_size):
        x, y, mask = _tensors(train, index.numpy(), model)
        loss = nn.functional.binary_cross_entropy_with_logits(model(x, mask)[0], y)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"training loss is {loss.item()}; try a smaller learning_rate")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        pace.step()
        total += loss.item() * len(index)
        bar.update()
    return total / len(train)


@torch.no_grad()
def _evaluate(model: nn.Module, batch: SeriesBatch) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    model.eval()
    loss = correct = 0.0
    for begin in range(0, len(batch), PREDICTION_BATCH):
        x, y, mask = _tensors(batch, slice(begin, begin + PREDICTION_BATCH), model)
        logit = model(x, mask)[0]
        loss += nn.functional.binary_cross_entropy_with_logits(logit, y, reduction="sum").item()
        correct += ((logit > 0) == (y > 0.5)).sum().item()
    return loss / len(batch), correct / len(batch)


def _tensors(batch: SeriesBatch, index: slice | np.ndarray, model: nn.Module) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return some series as ``x (B, T, D)``, ``y (B,)`` and mask ``(B, T)``, where and as precise as the model is."""
    like = next(model.parameters())
    x = torch.tensor(batch.x[index], dtype=like.dtype, device=like.device)
    y = torch.tensor(batch.y[index], dtype=like.dtype, device=like.device)
    mask = None if batch.mask is None else torch.tensor(batch.mask[index], device=like.device)
    return x, y, mask
