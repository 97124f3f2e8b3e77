"""Which steps a prediction rests on, said in seven ways; and how the logit answers to each sample."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from tsattn_tutorial.arguments import check_choice, check_size, require
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.history import PREDICTION_BATCH
from tsattn_tutorial.torch.fit import in_parts
from tsattn_tutorial.torch.networks import by_class

#: Ways to say which steps a prediction rests on.
Method = Literal[
    "attention", "evidence", "gradient", "gradient times input", "integrated gradients", "occlusion", "rollout"
]


def explain(network: nn.Module, batch: SeriesBatch, method: Method = "evidence") -> np.ndarray:
    """Say how much the logit of a class rests on each step.

    Parameters
    ----------
    network : nn.Module
        As for `fit`; for attention and evidence it must have weights. A network with one logit counts as one of two
        classes, whose log-odds are that logit and its negative.
    batch : SeriesBatch
        N series, as the network takes them; the labels say which class is meant.
    method : str
        ``"attention"``, the weights; ``"rollout"``, the weights led back through self-attention (Abnar and Zuidema
        2020); ``"evidence"``, weight times vote; ``"gradient"`` (its size),
        ``"gradient times input"`` and ``"integrated gradients"`` (from 0), summed over channels; ``"occlusion"``, by
        how much the logit falls when a window around the step is set to 0: a twentieth of the steps, in the mean over
        the windows that hold it.

    Returns
    -------
    ndarray
        ``(N, T)``; NaN on padding.
    """
    check_choice("method", method, get_args(Method))
    if method == "attention":
        values = say(network, batch, lambda network, x, mask: network(x, mask)[1])
    elif method in ("rollout", "evidence"):
        values = say(network, batch, lambda network, x, mask: getattr(network, method)(x, mask))
        values = values[np.arange(len(batch)), batch.y] if method == "evidence" else values
    elif method == "occlusion":
        values = _occlusion(network, batch)
    elif method == "integrated gradients":
        values = integrated_gradients(network, batch, batch.y, baseline=0.0).sum(axis=2)
    else:
        values = input_gradients(network, batch, batch.y)
        values = (np.abs(values) if method == "gradient" else values * batch.x).sum(axis=2)
    return blank(values, batch.mask)


@torch.no_grad()
def say(network: nn.Module, batch: SeriesBatch, what: Callable[..., Tensor] | None = None) -> np.ndarray:
    """Return the logits of all classes ``(N, C)``, or what a function of network, series and mask returns."""
    pieces = []
    network.eval()
    for x, _, mask in in_parts(batch, network):
        pieces.append(by_class(network(x, mask)[0]) if what is None else what(network, x, mask))
    return torch.cat(pieces).double().cpu().numpy()


def blank(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Put NaN on padding of ``(N, ..., T)``."""
    real = True if mask is None else mask[(slice(None), *[None] * (values.ndim - 2))]
    return np.where(real, values, np.nan)


def _occlusion(network: nn.Module, batch: SeriesBatch) -> np.ndarray:
    steps, rows = batch.x.shape[1], np.arange(len(batch))
    width = math.ceil(steps / 20)
    whole = say(network, batch)[rows, batch.y]
    falls, windows = np.zeros(batch.x.shape[:2]), np.zeros(steps)
    for begin in range(0, steps, math.ceil(width / 2)):
        window = slice(begin, begin + width)
        hidden = batch.x.copy()
        hidden[:, window] = 0
        falls[:, window] += (whole - say(network, replace(batch, x=hidden))[rows, batch.y])[:, None]
        windows[window] += 1
    return falls / windows


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
