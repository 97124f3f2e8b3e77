"""How the logit answers to each sample: gradients, and gradients added up along a path from a baseline."""

import numpy as np
import torch
from torch import Tensor, nn

from tsattn_tutorial.arguments import check_size, require
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.history import PREDICTION_BATCH
from tsattn_tutorial.torch.networks import by_class


def input_gradients(model: nn.Module, batch: SeriesBatch, label: np.ndarray | None = None) -> np.ndarray:
    """Differentiate the logit of each series by its samples (Simonyan, Vedaldi and Zisserman 2014).

    Parameters
    ----------
    model : nn.Module
        As for `fit`; used where it is, in the precision it has. Its parameters and their gradients stay as they are.
    batch : SeriesBatch
        N series. What stands in padding is not looked at.
    label : ndarray, optional
        ``(N,)``, of which class the logit is meant. Without it the model must give one logit.

    Returns
    -------
    ndarray
        ``(N, T, D) float64``, in logits per unit of the input; 0 on padding.

    Raises
    ------
    ValueError
        When the batch is empty.
    """
    return _gradients(model, _on_real(batch.x.astype(float), batch.mask), batch.mask, label)


def integrated_gradients(
    model: nn.Module,
    batch: SeriesBatch,
    label: np.ndarray | None = None,
    *,
    baseline: np.ndarray | float,
    steps: int = 50,
) -> np.ndarray:
    """Share out the difference between the logit of a series and that of a baseline (Sundararajan et al. 2017).

    The gradients are averaged along the straight line from the baseline to the series, and multiplied by the distance:
    ``(x - x') mean(gradient at x' + s (x - x'))`` over s between 0 and 1. They sum to ``logit(x) - logit(x')``, as far
    as the steps resolve the line: compare the sums before you trust the shares.

    Parameters
    ----------
    model : nn.Module
        As for `input_gradients`.
    batch, label
        As for `input_gradients`.
    baseline : ndarray or float
        ``x'``: one number, ``(T, D)``, or ``(N, T, D)``, finite. What a series is compared with decides what is
        found, so there is no default.
    steps : int
        Points on the line, each in the middle of a part of the same length. Where the logit turns fast on the way, as
        that of `SHARP` does, 50 are too few.

    Returns
    -------
    ndarray
        ``(N, T, D) float64``, in logits; 0 on padding.

    Raises
    ------
    ValueError
        When the batch is empty, the baseline does not fit or is not finite, or ``steps`` is not a positive integer.
    """
    steps = check_size("steps", steps)
    x = _on_real(batch.x.astype(float), batch.mask)
    start = np.asarray(baseline, dtype=float)
    fits = start.shape in ((), x.shape[1:], x.shape) and bool(np.isfinite(start).all())
    require(fits, f"baseline must be finite: one number, {x.shape[1:]} or {x.shape}; got {start.shape}")
    way = x - start  # (N, T, D)
    middles = ((step + 0.5) / steps for step in range(steps))
    return way * sum(_gradients(model, start + middle * way, batch.mask, label) for middle in middles) / steps


def _on_real(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return values if mask is None else np.where(mask[:, :, None], values, 0.0)


def _gradients(model: nn.Module, x: np.ndarray, mask: np.ndarray | None, label: np.ndarray | None) -> np.ndarray:
    require(len(x) > 0, "batch must hold at least one series, got none")
    model.eval()
    like = next(model.parameters())
    pieces: list[Tensor] = []
    for begin in range(0, len(x), PREDICTION_BATCH):
        part = slice(begin, begin + PREDICTION_BATCH)
        samples = torch.tensor(x[part], dtype=like.dtype, device=like.device, requires_grad=True)
        logit, _ = model(samples, None if mask is None else torch.tensor(mask[part], device=like.device))
        if label is not None:
            logit = by_class(logit).gather(1, torch.tensor(label[part, None], device=like.device))[:, 0]
        shape = tuple(logit.shape)
        require(logit.ndim == 1, f"model must return one logit a series, (B,), or label say which; got {shape}")
        # A logit depends on its own series alone, so the gradient of the sum holds that of each.
        pieces += torch.autograd.grad(logit.sum(), samples)
    return _on_real(torch.cat(pieces).cpu().double().numpy(), mask)
