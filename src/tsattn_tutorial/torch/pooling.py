"""Ways to make one vector of the states of all time steps. Attention is one of them."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

__all__ = ["AdditiveAttention", "LastState", "MaxPooling", "MeanPooling", "Pooling", "check_mask", "make_pooling"]

#: Names of the poolings: attention, and what it has to beat.
Pooling = Literal["attention", "mean", "max", "last"]


class AdditiveAttention(nn.Module):
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    Parameters
    ----------
    input_size : int
        K, features per time step.
    attention_size : int
        A, features in which steps are scored.

    See Also
    --------
    tsattn_tutorial.reference.additive_attention_pooling : the same in NumPy.
    """

    def __init__(self, input_size: int, attention_size: int) -> None:
        super().__init__()
        self.projection = nn.Linear(input_size, attention_size)
        self.query = nn.Linear(attention_size, 1)

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the context ``(B, K)`` and the weights ``(B, T)``, which sum to 1 over the real steps.

        Parameters
        ----------
        hidden : Tensor
            ``(B, T, K)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, at least one in every series.

        Raises
        ------
        ValueError
            When the mask does not fit or leaves a series without a step to attend to.
        """
        if mask is not None:
            check_mask(mask, hidden)
        scores = self.query(torch.tanh(self.projection(hidden))).squeeze(-1)  # (B, T)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
            hidden = hidden.masked_fill(~mask[:, :, None], 0)  # 0 * NaN would be NaN
        weights = torch.softmax(scores, dim=1)  # (B, T)
        context = (weights[:, None, :] @ hidden).squeeze(1)  # (B, 1, T) @ (B, T, K) -> (B, K)
        return context, weights


class MeanPooling(nn.Module):
    """The mean over the real steps: attention whose weights are all the same. Arguments as `AdditiveAttention`."""

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the context ``(B, K)`` and the even weights ``(B, T)``."""
        real = _real(hidden, mask)
        weights = real.to(hidden.dtype) / real.sum(dim=1, keepdim=True)  # (B, T)
        return (weights[:, None, :] @ hidden.masked_fill(~real[:, :, None], 0)).squeeze(1), weights


class MaxPooling(nn.Module):
    """The largest value of each feature over the real steps. It has no weights. Arguments as `AdditiveAttention`."""

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
        """Return the context ``(B, K)``, and None."""
        return hidden.masked_fill(~_real(hidden, mask)[:, :, None], -torch.inf).amax(dim=1), None


class LastState(nn.Module):
    """Where each direction of a recurrent network ends: forwards at the last real step, backwards at the first.

    It has no weights. Arguments as `AdditiveAttention`; the features are those of the forward direction, then as many
    of the backward one.
    """

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
        """Return the context ``(B, K)``, and None."""
        half = hidden.shape[2] // 2
        last = _real(hidden, mask).sum(dim=1) - 1  # (B,)
        forwards = hidden[torch.arange(len(hidden), device=hidden.device), last, :half]
        return torch.cat([forwards, hidden[:, 0, half:]], dim=1), None


def make_pooling(name: Pooling, input_size: int, attention_size: int) -> nn.Module:
    """Make the pooling of that name; only attention looks at the sizes, which are those of `AdditiveAttention`.

    Raises
    ------
    ValueError
        When there is no such pooling.
    """
    if name not in get_args(Pooling):
        raise ValueError(f"pooling must be one of {', '.join(get_args(Pooling))}; got {name!r}")
    if name == "attention":
        return AdditiveAttention(input_size, attention_size)
    return {"mean": MeanPooling, "max": MaxPooling, "last": LastState}[name]()


def check_mask(mask: Tensor, x: Tensor) -> None:
    """Raise ValueError unless the mask ``(B, T) bool`` fits ``x (B, T, ...)`` and leaves each series a real step."""
    if mask.dtype != torch.bool or mask.shape != x.shape[:2]:
        raise ValueError(f"mask must be {tuple(x.shape[:2])} bool, got {tuple(mask.shape)} {mask.dtype}")
    if not mask.any(dim=1).all():
        raise ValueError("mask must leave every series at least one real step, got one of padding only")


def _real(hidden: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return torch.ones(hidden.shape[:2], dtype=torch.bool, device=hidden.device)
    check_mask(mask, hidden)
    return mask
