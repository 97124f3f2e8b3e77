"""Which steps a prediction rests on, said in seven ways."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from tsattn_tutorial.arguments import check_choice
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.history import PREDICTION_BATCH
from tsattn_tutorial.torch.fit import tensors
from tsattn_tutorial.torch.gradients import input_gradients, integrated_gradients
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
    elif method == "rollout":
        values = say(network, batch, lambda network, x, mask: network.rollout(x, mask))
    elif method == "evidence":
        values = say(network, batch, lambda network, x, mask: network.evidence(x, mask))
        values = values[np.arange(len(batch)), batch.y]
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
    for begin in range(0, len(batch), PREDICTION_BATCH):
        x, _, mask = tensors(batch, slice(begin, begin + PREDICTION_BATCH), network)
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
