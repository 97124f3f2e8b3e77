"""One training loop for the whole book: early stopping, best weights restored, quiet."""

import math
import time

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.progress import progress_bar
from tsattn_tutorial.training import Epoch, History, Prediction, check_settings

__all__ = ["fit", "predict"]

PREDICTION_BATCH = 256  # series per forward pass without gradients; changes memory, not results


def fit(
    model: nn.Module,
    train: SeriesBatch,
    validation: SeriesBatch,
    *,
    epochs: int = 50,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int | None = 5,
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
        Called as ``logit, weights = model(x, mask)`` with ``x (B, T, D)`` and ``mask (B, T)`` or None.
    train, validation : SeriesBatch
        Labels 0 and 1. Their truth is not looked at.
    epochs : int
        The most passes over the training data.
    batch_size : int
        B, series per step.
    learning_rate : float
        Step size of Adam.
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
        When a number is out of range, a batch is empty, or a label is neither 0 nor 1.
    FloatingPointError
        When a loss is no longer finite. The model then holds the best weights so far.
    """
    check_settings(epochs, batch_size, learning_rate, patience)
    for name, batch in {"train": train, "validation": validation}.items():
        if not len(batch) or not np.isin(batch.y, (0, 1)).all():
            raise ValueError(f"{name} must hold series with labels 0 and 1, got labels {np.unique(batch.y)}")

    model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    order = torch.Generator().manual_seed(seed)
    best = _Best(model)
    rows: list[Epoch] = []
    stopped_by = "epochs"
    steps = epochs * math.ceil(len(train) / batch_size)
    with progress_bar(steps, "step", show=progress) as bar:
        try:
            while len(rows) < epochs and stopped_by == "epochs":
                started = time.perf_counter()
                train_loss = _train_epoch(model, train, optimiser, order, batch_size, bar)
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
        ``probability (N,)`` of class 1 and ``weights (N, T)``.

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
        pieces.append((torch.sigmoid(logit).cpu(), weights.cpu()))
    probability, weights = (torch.cat(part).double().numpy() for part in zip(*pieces, strict=True))
    return Prediction(probability, weights)


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


def _train_epoch(
    model: nn.Module,
    train: SeriesBatch,
    optimiser: torch.optim.Optimizer,
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
