"""Networks for series of any kind: an encoder, a pooling and a linear layer, so that a logit is a sum over steps."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from tsattn_tutorial.arguments import check_choice, check_size
from tsattn_tutorial.torch.networks import (
    AttentionPooling,
    MaxPooling,
    MeanPooling,
    Patches,
    blanked,
    run_lstm,
    seeded,
    wide,
)

#: Names of the encoders of `SeriesNetwork`.
Encoder = Literal["convolution", "bilstm"]
KERNELS = 9, 19, 39  # steps that the convolutions of a block see
BLOCKS = 3


class SeriesNetwork(nn.Module):
    """Encode the steps of a series, pool them, and read the logits of C classes from the pooled vector.

    Parameters
    ----------
    dimensions, classes : int
        D, values per time step, and C, at least 2.
    encoder : {"convolution", "bilstm"}
        Three residual Inception blocks (Ismail Fawaz et al. 2020), or the BiLSTM of source A.
    pooling : {"attention", "mean", "max"}
        What makes one vector of the steps.
    units : int
        K, features of an encoded step; a multiple of 4.
    patch_size : int
        Steps that are encoded together, as in `Patches`.
    dropout : float
        Share of the pooled features that are dropped in training.
    seed : int
        Seed of the initial weights.
    """

    def __init__(
        self,
        dimensions: int,
        classes: int,
        *,
        encoder: Encoder = "convolution",
        pooling: Literal["attention", "mean", "max"] = "attention",
        units: int = 64,
        patch_size: int = 1,
        dropout: float = 0.2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_choice("encoder", encoder, get_args(Encoder))
        check_choice("pooling", pooling, ("attention", "mean", "max"))
        if check_size("units", units) % 4:
            raise ValueError(f"units must be a multiple of 4, got {units}")
        self.patches = Patches(patch_size)
        features = self.patches.features(dimensions)
        with seeded(seed):
            self.encoder = (_Convolutions if encoder == "convolution" else _BiLSTM)(features, units)
            kinds = {"attention": lambda: AttentionPooling(units, units), "mean": MeanPooling, "max": MaxPooling}
            self.pooling = kinds[pooling]()
            self.dropout = nn.Dropout(dropout)
            self.classifier = nn.Linear(units, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits ``(B, C)`` and the weights ``(B, T)``, None from max pooling; 0 on padding.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first.
        """
        _, weights, context, real = self._pooled(x, mask)
        return self.classifier(self.dropout(context)), None if weights is None else self.patches.spread(weights, real)

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the part of each step in each logit, ``(B, C, T)``; they add up to the logit, and are 0 on padding.

        The logits are linear in the pooled vector and that is a weighted sum, so a step's part is its weight times
        the logits that it alone would give.
        """
        hidden, weights, _, real = self._pooled(x, mask)
        return self.patches.spread_votes(weights, self.classifier(wide(hidden)), real)

    def _pooled(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        x, real = blanked(x, mask, in_front=True)
        patches, full = self.patches.cut(x, real)  # (B, P, F), (B, P)
        hidden = self.encoder(patches, full)  # (B, P, K)
        context, weights = self.pooling(hidden, full)
        return hidden, weights, context, real


class Ensemble(nn.ModuleList):
    """Several networks `SeriesNetwork` as one: their logits, weights and evidence are averaged."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits ``(B, C)`` and the weights ``(B, T)``, as a member does."""
        logits, weights = zip(*(member(x, mask) for member in self), strict=True)
        return torch.stack(logits).mean(dim=0), None if weights[0] is None else torch.stack(weights).mean(dim=0)

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the part of each step in each logit, ``(B, C, T)``, as a member does."""
        return torch.stack([member.evidence(x, mask) for member in self]).mean(dim=0)


class _Convolutions(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.stem, self.norm = nn.Linear(features, units), _RealNorm(units)
        self.blocks = nn.ModuleList([_Block(units) for _ in range(BLOCKS)])

    def forward(self, patches: Tensor, real: Tensor) -> Tensor:
        # Never negative from here on, so that 0 on padding does not raise the peak of the steps beside it.
        hidden = relu(self.norm(self.stem(patches), real)) * real[:, :, None]  # (B, P, K)
        for block in self.blocks:
            hidden = block(hidden, real) * real[:, :, None]
        return hidden


class _Block(nn.Module):
    """Convolutions of several widths side by side, behind a bottleneck, and the input added."""

    def __init__(self, units: int) -> None:
        super().__init__()
        part = units // 4
        self.bottleneck, self.peak = (nn.Linear(units, part, bias=False) for _ in range(2))
        # In two dimensions, with channels last as (B, P, K) has them, they take a third of the time of Conv1d.
        self.wide = nn.ModuleList([nn.Conv2d(part, part, (1, size), padding="same", bias=False) for size in KERNELS])
        self.wide.to(memory_format=torch.channels_last)
        self.norm = _RealNorm(units)

    def forward(self, hidden: Tensor, real: Tensor) -> Tensor:
        narrow, around = (part.transpose(1, 2)[:, :, None] for part in (self.bottleneck(hidden), hidden))
        peaks = max_pool2d(around, (1, 3), stride=1, padding=(0, 1))[:, :, 0].transpose(1, 2)  # (B, P, K)
        convolved = [convolution(narrow)[:, :, 0].transpose(1, 2) for convolution in self.wide]  # (B, P, K / 4) each
        return relu(hidden + self.norm(torch.cat([*convolved, self.peak(peaks)], dim=2), real))


class _RealNorm(nn.BatchNorm1d):
    """Batch normalisation over the real steps ``real (B, P) bool`` of ``hidden (B, P, K)``."""

    def forward(self, hidden: Tensor, real: Tensor) -> Tensor:
        if real.all():
            return super().forward(hidden.flatten(0, 1)).view_as(hidden)
        result = torch.zeros_like(hidden)
        result[real] = super().forward(hidden[real])  # (R, K)
        return result


class _BiLSTM(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units // 2, batch_first=True, bidirectional=True)

    def forward(self, patches: Tensor, real: Tensor) -> Tensor:
        return run_lstm(self.lstm, patches, real)
