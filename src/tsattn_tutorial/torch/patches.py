"""What a model sees of a series: its values as they are, or normalised, with the slope, cut into patches."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

__all__ = ["Patches"]

SMALLEST = 1e-6  # standard deviation by which a series that never varies is divided


class Patches(nn.Module):
    """Cut series into patches of neighbouring samples, each of which becomes one step of the model.

    The channels of a sample are its D values and, if asked for, their D first differences, which say how steep the
    series is there. Nothing is learnt here. With the defaults, the series pass as they are.

    Parameters
    ----------
    size : int
        Samples in a patch. Where the last patch is not full, its missing samples are zeros, values and slopes alike: to
        a model that looks for flat stretches they are one. Train on such series, or cut them to whole patches.
    slope : float
        Factor of the first differences ``x_t - x_(t-1)``, a channel beside each value; 0 for none. The first real
        step has none before it, and gets 0.
    normalise : bool
        Whether each dimension of each series is first brought to mean 0 and standard deviation 1 over its real
        steps. A dimension that never varies becomes 0.

    Notes
    -----
    Patches as steps of a model for time series: Nie et al. (2023).
    """

    def __init__(self, size: int = 1, slope: float = 0.0, normalise: bool = False) -> None:
        super().__init__()
        self.size, self.slope, self.normalise = size, slope, normalise

    def features(self, input_size: int) -> int:
        """Count what stands in one patch of series with ``input_size`` dimensions."""
        return self.size * input_size * (2 if self.slope else 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the patches ``(B, P, F)`` and which of them hold a real step, ``(B, P) bool``; None where all do.

        P is T / size, rounded up; F is as `features` says. What stands in padding is not looked at.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first.
        """
        if mask is not None and (self.normalise or self.slope or self.size > 1):
            x = x.masked_fill(~mask[:, :, None], 0)
        if self.normalise:
            x = _normalised(x, mask)
        if self.slope:
            slope = self.slope * x.diff(dim=1, prepend=x[:, :1])  # (B, T, D)
            if mask is not None:
                slope = slope.masked_fill(~mask[:, :, None], 0)  # else the first padded step would have one
            x = torch.cat([x, slope], dim=2)
        if self.size == 1:
            return x, mask
        missing = -x.shape[1] % self.size
        patches = pad(x, (0, 0, 0, missing)).unflatten(1, (-1, self.size)).flatten(2)
        return patches, None if mask is None else self._cut(mask, missing).any(dim=2)

    def spread(self, weights: Tensor, mask: Tensor) -> Tensor:
        """Share the weight of each patch evenly among its real steps.

        Parameters
        ----------
        weights : Tensor
            ``(B, P)``, 0 on patches of padding.
        mask : Tensor
            ``(B, T) bool``, true on real steps.

        Returns
        -------
        Tensor
            ``(B, T)``; the sums of the rows stay as they were.
        """
        if self.size == 1:
            return weights
        steps = mask.shape[1]
        real = self._cut(mask, -steps % self.size)  # (B, P, size)
        share = weights / real.sum(dim=2).clamp(min=1)  # (B, P)
        return (share[:, :, None] * real).flatten(1)[:, :steps]

    def _cut(self, mask: Tensor, missing: int) -> Tensor:
        return pad(mask, (0, missing)).unflatten(1, (-1, self.size))


def _normalised(x: Tensor, mask: Tensor | None) -> Tensor:
    """Bring each series ``(B, T, D)``, 0 on padding, to mean 0 and standard deviation 1; padding stays 0."""
    real = torch.ones_like(x[:, :, :1]) if mask is None else mask[:, :, None].to(x.dtype)
    count = real.sum(dim=1, keepdim=True)  # (B, 1, 1)
    centred = (x - x.sum(dim=1, keepdim=True) / count) * real
    deviation = (centred.square().sum(dim=1, keepdim=True) / count).sqrt()
    return centred / deviation.clamp(min=SMALLEST)
