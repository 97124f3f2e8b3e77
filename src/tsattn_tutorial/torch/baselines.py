"""Simpler networks, of which source A says that they would do worse than attention."""

from collections.abc import Sequence
from numbers import Integral
from typing import Literal

from torch import Tensor, nn

from tsattn_tutorial.torch.seeding import seeded

__all__ = ["ConvolutionClassifier", "FeedForwardClassifier"]


class FeedForwardClassifier(nn.Module):
    """Tell two classes apart by a feed-forward network that takes each time step as a feature of its own.

    Parameters
    ----------
    steps : int
        T, the length of the series.
    hidden_sizes : sequence of int
        Units of the hidden layers, with a ReLU behind each.
    seed : int
        Seed of the initial weights. The global random state is left as it was.

    Raises
    ------
    ValueError
        When a size is not a positive integer.
    """

    def __init__(self, steps: int, hidden_sizes: Sequence[int] = (64, 64), *, seed: int = 0) -> None:
        super().__init__()
        _check_sizes(steps, *hidden_sizes)
        self.steps = steps
        with seeded(seed):
            layers: list[nn.Module] = []
            for before, after in zip((steps, *hidden_sizes), hidden_sizes, strict=False):
                layers += [nn.Linear(before, after), nn.ReLU()]
            self.layers = nn.Sequential(*layers, nn.Linear((steps, *hidden_sizes)[-1], 1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
        """Return the logit of class 1, ``(B,)``, and None: there are no weights.

        Parameters
        ----------
        x : Tensor
            ``(B, T, 1)`` with the T of the model.
        mask : None
            Padded series are refused: every step has a weight of its own.

        Raises
        ------
        ValueError
            When the shape does not fit, or there is a mask.
        """
        _check_input(x, mask, self.steps)
        return self.layers(x.squeeze(-1)).squeeze(-1), None


class ConvolutionClassifier(nn.Module):
    """Tell two classes apart by convolutions over time and global pooling.

    The network of Wang, Yan and Oates (2017) with a quarter of their channels: three convolutions over 7, 5 and 3
    steps (theirs start with 8, which has no middle), each with batch normalisation and a ReLU, then one number a
    channel, then a linear unit.

    Parameters
    ----------
    channels : sequence of int
        Channels of the three convolutions.
    pooling : {"mean", "max"}
        What is taken of each channel over time; theirs is the mean.
    seed : int
        Seed of the initial weights. The global random state is left as it was.

    Raises
    ------
    ValueError
        When there are not three positive numbers of channels, or there is no such pooling.
    """

    KERNELS = (7, 5, 3)

    def __init__(
        self, channels: Sequence[int] = (32, 64, 32), *, pooling: Literal["mean", "max"] = "mean", seed: int = 0
    ) -> None:
        super().__init__()
        _check_sizes(*channels)
        if len(channels) != len(self.KERNELS):
            raise ValueError(f"channels must be {len(self.KERNELS)} numbers, got {tuple(channels)}")
        if pooling not in ("mean", "max"):
            raise ValueError(f'pooling must be "mean" or "max", got {pooling!r}')
        self.pooling = pooling
        with seeded(seed):
            layers: list[nn.Module] = []
            for before, after, kernel in zip((1, *channels), channels, self.KERNELS, strict=False):
                layers += [nn.Conv1d(before, after, kernel, padding="same"), nn.BatchNorm1d(after), nn.ReLU()]
            self.layers = nn.Sequential(*layers)
            self.classifier = nn.Linear(channels[-1], 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
        """Return the logit of class 1, ``(B,)``, and None: there are no weights.

        Parameters
        ----------
        x : Tensor
            ``(B, T, 1)``, of any length.
        mask : None
            Padded series are refused: batch normalisation would take its statistics of padding too.

        Raises
        ------
        ValueError
            When the shape does not fit, or there is a mask.
        """
        _check_input(x, mask)
        hidden = self.layers(x.transpose(1, 2))  # (B, K, T)
        pooled = hidden.mean(dim=2) if self.pooling == "mean" else hidden.amax(dim=2)  # (B, K)
        return self.classifier(pooled).squeeze(-1), None


def _check_sizes(*sizes: int) -> None:
    if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
        raise ValueError(f"sizes must be positive integers, got {sizes!r}")


def _check_input(x: Tensor, mask: Tensor | None, steps: int | None = None) -> None:
    if x.ndim != 3 or x.shape[2] != 1 or steps not in (None, x.shape[1]):
        raise ValueError(f"x must be (B, {steps or 'T'}, 1), got {tuple(x.shape)}")
    if mask is not None:
        raise ValueError("mask: this network takes series without padding only, got a mask")
