"""One training loop for the whole book: seeded, quiet, the best weights restored."""

import math
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tsattn_tutorial import history
from tsattn_tutorial.arguments import require
from tsattn_tutorial.datasets.batch import SeriesBatch, shared_classes
from tsattn_tutorial.torch.networks import wide

# Operations that only pick, shape or clip numbers: what a network ends in stands before them.
PASSING = "View|[Ss]queeze|Select|Slice|Alias|Strided|Permute|Transpose|Index|Gather|Split|Unbind|Clone|Copy|Clamp"


def fit(
    model: nn.Module,
    train: SeriesBatch | Callable[[int], SeriesBatch],
    validation: SeriesBatch | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    schedule: history.Schedule = "constant",
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    class_weight: Sequence[float] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> history.History:
    """Train a classifier, where it is, with Adam on the cross-entropy.

    With validation data the model ends with the weights of the epoch with the smallest validation loss, without with
    those of the last epoch; also when Ctrl-C or an error ends the training, which goes on to the caller.

    Parameters
    ----------
    model : nn.Module
        Called as ``logit, weights = model(x, mask)`` with ``x (B, T, D)`` and ``mask (B, T)`` or None. The logits are
        ``(B,)``, of class 1, or ``(B, C)``; the weights may be None.
    train : SeriesBatch, or callable
        Labels 0 to C-1. The truth is not looked at. Where series can be drawn at will, a function that takes the epoch,
        counted from 1, and returns its series, equally many each time; it is called once an epoch.
    validation : SeriesBatch, optional
        Series to choose the epoch.
    epochs : int
        The most passes over the training data.
    batch_size : int
        B, series per update.
    learning_rate : float
        Step size of Adam, the largest where it changes.
    patience : int, optional
        Epochs without a new best validation loss after which training stops; None for never.
    schedule : {"constant", "cosine"}
        How the step size changes: not at all; or up to ``learning_rate`` in the first tenth of all updates,
        and down to 0 along half a cosine (Loshchilov and Hutter 2017).
    weight_decay : float
        Share of the weights by which they shrink in every update, times the step size (AdamW, Loshchilov and Hutter
        2019); biases and the scales of normalisation are spared.
    label_smoothing : float
        Share of every label that is spread over all classes alike (Szegedy et al. 2016), in both losses.
    class_weight : sequence of float, optional
        C factors, one for the loss of the training series of each class.
    seed : int
        Seed of the order of the series.
    progress : bool
        Show a bar while training runs, on standard output; it leaves nothing behind.

    Raises
    ------
    ValueError
        When a setting is out of range, a batch is empty or has labels that the model has no output for, an epoch has
        another number of series than the first, or the model does not return logits.
    FloatingPointError
        When a loss is no longer finite.
    """
    series = train(1) if callable(train) else train
    classes = _classes(model, series)
    history.check_labels("train", series, classes)
    history.check_settings(epochs, batch_size, learning_rate, patience, schedule, weight_decay, label_smoothing, seed)
    history.check_fit(classes, class_weight, patience, validation)
    history.name_classes(model, series, validation)
    updates = epochs * math.ceil(len(series) / batch_size)
    spared, decayed = ([w for w in model.parameters() if (w.ndim > 1) == decays] for decays in (False, True))
    groups = [{"params": spared, "weight_decay": 0.0}, {"params": decayed, "weight_decay": float(weight_decay)}]
    optimiser = torch.optim.AdamW(groups, lr=float(learning_rate))
    pace = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda update: _pace(schedule, update, updates))
    order = torch.Generator().manual_seed(int(seed))
    record = history.Record(lambda: {name: tensor.clone() for name, tensor in model.state_dict().items()}, patience)
    with history.progress_bar(updates, "update", show=progress) as bar:
        try:
            while len(record.rows) < epochs and not record.stopped_by:
                if record.rows:
                    series = history.drawn(train, len(record.rows) + 1, classes, series)
                model.train()
                total = 0.0
                for index in torch.randperm(len(series), generator=order).split(int(batch_size)):
                    x, y, mask = tensors(series, index.numpy(), model)
                    loss = _loss(wide(model(x, mask)[0]), y, label_smoothing, class_weight)
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
                    pace.step()
                    total += loss.item() * len(index)
                    bar.update()
                scores = (None, None) if validation is None else _evaluate(model, validation, label_smoothing)
                record.add(total / len(series), *scores)
                bar.set_description(f"epoch {len(record.rows)}, loss {total / len(series):.4f}", refresh=False)
        finally:
            model.load_state_dict(record.best[2])
    return record.history


def predict(model: nn.Module, batch: SeriesBatch) -> history.Prediction:
    """Apply a trained classifier, as for `fit`, where it is and in the precision it has.

    Raises ValueError when there are no series, their classes have other names than those of the training, or the model
    does not return logits.
    """
    _classes(model, batch)
    shared_classes(getattr(model, "class_names", None), batch.classes)
    logits, weights, _ = zip(*_applied(model, batch), strict=True)
    logit = torch.cat(logits)  # (N,) or (N, C)
    probability = torch.sigmoid(logit) if logit.ndim == 1 else torch.softmax(logit, dim=1)
    parts = None if weights[0] is None else torch.cat(weights).cpu().double().numpy()
    return history.Prediction(probability.cpu().double().numpy(), parts)


def _classes(model: nn.Module, batch: SeriesBatch) -> int:
    """Return how many classes the model tells apart, by what it says of one series; refuse what are no logits."""
    require(len(batch) > 0, "batch must hold at least one series, got none")
    model.eval()
    x, _, mask = tensors(batch, slice(1), model)
    with torch.enable_grad():
        logit = model(x.requires_grad_().clone(), mask)[0]
    shape = tuple(logit.shape)
    fits = shape == (1,) or (len(shape) == 2 and shape[0] == 1 and shape[1] >= 2)
    require(fits, f"model must return logits (B,) or (B, C) with C at least 2, then weights; got {shape} for B = 1")
    node = logit.grad_fn
    while node is not None and re.search(PASSING, node.name()):
        node = node.next_functions[0][0]
    end = "" if node is None else node.name().removesuffix("Backward0")
    require(not re.search("igmoid|oftmax", end), f"model must return logits, got the output of a {end}: leave that out")
    return shape[1] if len(shape) == 2 else 2


def _loss(logit: Tensor, y: Tensor, label_smoothing: float, class_weight: Sequence[float] | None = None) -> Tensor:
    reduction = "mean" if class_weight is None else "none"
    if logit.ndim == 2:
        loss = functional.cross_entropy(logit, y, label_smoothing=float(label_smoothing), reduction=reduction)
    else:
        target = y.to(logit.dtype) * (1 - label_smoothing) + label_smoothing / 2
        loss = functional.binary_cross_entropy_with_logits(logit, target, reduction=reduction)
    return loss if class_weight is None else (logit.new_tensor(class_weight)[y] * loss).mean()


def _pace(schedule: history.Schedule, update: int, updates: int) -> float:
    """Return the share of the step size that an update takes."""
    warm_up = max(1, round(history.WARM_UP * updates))
    fall = math.pi * (update - warm_up) / max(1, updates - warm_up)
    return 1.0 if schedule == "constant" else min(update / warm_up, (1 + math.cos(fall)) / 2)


def _evaluate(model: nn.Module, batch: SeriesBatch, label_smoothing: float) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    loss = correct = 0.0
    for logit, _, y in _applied(model, batch):
        loss += _loss(logit, y, label_smoothing).item() * len(y)
        correct += ((logit > 0 if logit.ndim == 1 else logit.argmax(dim=1)) == y).sum().item()
    return loss / len(batch), correct / len(batch)


@torch.no_grad()
def _applied(model: nn.Module, batch: SeriesBatch) -> Iterator[tuple[Tensor, Tensor | None, Tensor]]:
    """Yield logits, weights and labels, some series at a time."""
    model.eval()
    for x, y, mask in in_parts(batch, model):
        logit, weights = model(x, mask)
        yield wide(logit), weights, y


def in_parts(batch: SeriesBatch, model: nn.Module) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """Yield what `tensors` returns, for as many series at a time as fit into memory without gradients."""
    for begin in range(0, len(batch), history.PREDICTION_BATCH):
        yield tensors(batch, slice(begin, begin + history.PREDICTION_BATCH), model)


def tensors(batch: SeriesBatch, index: slice | np.ndarray, model: nn.Module) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return some series as ``x (B, T, D)``, ``y (B,)`` and mask ``(B, T)``, where and as precise as the model is."""
    like = next(model.parameters())
    x = torch.tensor(batch.x[index], dtype=like.dtype, device=like.device)
    y = torch.tensor(batch.y[index], dtype=torch.int64, device=like.device)
    return x, y, None if batch.mask is None else torch.tensor(batch.mask[index], device=like.device)
