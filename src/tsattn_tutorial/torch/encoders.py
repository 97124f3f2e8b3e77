"""Networks for series of any kind: an encoder, a pooling and a linear layer, so that a logit is a sum over steps."""

import math
from dataclasses import replace
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad, relu

from tsattn_tutorial.arguments import check_choice, check_flag, check_size, require
from tsattn_tutorial.datasets.batch import SeriesBatch, rolled
from tsattn_tutorial.history import History
from tsattn_tutorial.torch.fit import fit, in_parts, tensors
from tsattn_tutorial.torch.networks import PLAIN, AttentionPooling, Patches, blanked, run_lstm, seeded, wide

#: Names of the encoders of `SeriesNetwork`.
Encoder = Literal["kernels", "inception", "transformer", "bilstm"]
#: Names of its poolings. "layer" is a mean after one more layer, with as many parameters as attention's scores need.
Pooling = Literal["attention", "mean", "layer", "max", "last"]
MOST_PATCHES = {"kernels": 64, "inception": 200, "transformer": 64, "bilstm": 64}  # longer series have wider patches
MOST_NUMBERS = 2**28  # in the patches of all training series, 1 GB; beyond, they are cut anew in each update


class SeriesNetwork(nn.Module):
    """Encode the steps of a series, pool them, and read the logits of C classes from the pooled vector.

    Parameters
    ----------
    dimensions, classes : int
        D, values per time step, and C, at least 2.
    encoder : {"kernels", "inception", "transformer", "bilstm"}
        Fixed convolutions as in MiniRocket (Dempster et al. 2021) and one layer; four residual Inception blocks
        (Ismail Fawaz et al. 2020); two blocks of self-attention over patches (after Nie et al. 2023); or the BiLSTM of
        source A.
    pooling : {"attention", "mean", "layer", "max", "last"}
        What makes one vector of the steps. Attention starts from the plain mean. "last" is for the BiLSTM alone.
    units : int
        K, features of an encoded step; a multiple of 4.
    steps : int
        T of the longest series. It decides how many steps are encoded together, as in `Patches`, and what the widest
        of the fixed convolutions see.
    seed : int
        Seed of the initial weights.
    """

    def __init__(
        self,
        dimensions: int,
        classes: int,
        *,
        encoder: Encoder = "kernels",
        pooling: Pooling = "attention",
        units: int = 64,
        steps: int,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_choice("encoder", encoder, get_args(Encoder))
        check_choice("pooling", pooling, get_args(Pooling))
        require(check_size("units", units) % 4 == 0, f"units must be a multiple of 4, got {units}")
        require(pooling != "last" or encoder == "bilstm", f'pooling="last" needs encoder="bilstm", got {encoder!r}')
        size = math.ceil(check_size("steps", steps) / MOST_PATCHES[encoder])
        with seeded(seed):
            #: What is not learnt, and turns series into patches of features.
            self.patches = KernelPatches(size, dimensions, steps) if encoder == "kernels" else Patches(size)
            #: What is learnt.
            self.head = _Head(self.patches.features(dimensions), classes, encoder, pooling, units)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits ``(B, C)`` and the weights ``(B, T)``, None from max and last; 0 on padding.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first.
        """
        x, real = blanked(x, mask, in_front=True)
        logits, weights = self.head(*self.patches.cut(x, real))
        return logits, None if weights is None else self.patches.spread(weights, real)

    def train_on(self, train: SeriesBatch, held: SeriesBatch | None, *, seed: int, roll: bool, **options) -> History:
        """Train, in place, as `fit` does with such options. Patches are not learnt, so they are cut once.

        With ``roll``, series are turned in a circle before each pass, and cut anew.
        """
        with seeded(seed):  # thresholds, dropout
            self.settle(train)
            n, steps, dimensions = train.x.shape
            turns = np.random.default_rng(seed)
            series = (lambda epoch: rolled(train, turns)) if check_flag("roll", roll) else train
            if roll or n * math.ceil(steps / self.patches.size) * self.patches.features(dimensions) > MOST_NUMBERS:
                return fit(self, series, held, **options, seed=seed)
            return fit(self.head, self.cut(train), held and self.cut(held), **options, seed=seed)

    @torch.no_grad()
    def settle(self, batch: SeriesBatch) -> None:
        """Set what is not learnt and yet not known beforehand, the thresholds of the kernels, by training series."""
        if isinstance(self.patches, KernelPatches):
            x, _, mask = tensors(batch, slice(None), self)
            self.patches.settle(*blanked(x, mask, in_front=True))

    @torch.no_grad()
    def cut(self, batch: SeriesBatch) -> SeriesBatch:
        """Return the patches of N series, for `head`: ``x (N, P, F)``. Nothing is learnt on the way to them."""
        some = [self.patches(x, mask) for x, _, mask in in_parts(batch, self)]
        x, real = (torch.cat(one).cpu().numpy() for one in zip(*some, strict=True))
        return replace(batch, x=x, mask=None if real.all() else real)

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the part of each step in each logit, ``(B, C, T)``; they add up to the logit, and are 0 on padding.

        The logits are linear in the pooled vector and that is a weighted sum, so a step's part is its weight times
        the logits that it alone would give.
        """
        x, real = blanked(x, mask, in_front=True)
        return self.patches.spread_votes(*self.head.votes(*self.patches.cut(x, real)), real)

    def rollout(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the weights ``(B, T)`` led back through self-attention to the steps (Abnar and Zuidema 2020).

        In every block a patch keeps half of its share and hands on the other half by its row of attention, the mean
        over the heads. With an encoder without self-attention, a ValueError.
        """
        require(hasattr(self.head.encoder, "maps"), 'rollout needs encoder="transformer"')
        x, real = blanked(x, mask, in_front=True)
        patches, full = self.patches.cut(x, real)
        shares = self.head(patches, full)[1]  # (B, P)
        for rows in reversed(self.head.encoder.maps(patches, full)):
            shares = (shares + (shares[:, None] @ rows)[:, 0]) / 2
        return self.patches.spread(shares, real)


class Ensemble(nn.ModuleList):
    """Several networks `SeriesNetwork` as one: their logits and evidence are averaged, and the scores behind weights.

    So the weights are the geometric mean of those of the members, scaled to sum to 1: large where all of them look.
    """

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits ``(B, C)`` and the weights ``(B, T)``, as a member does."""
        logits, weights = zip(*(member(x, mask) for member in self), strict=True)
        return torch.stack(logits).mean(dim=0), None if weights[0] is None else _geometric(weights)

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the part of each step in each logit, ``(B, C, T)``, as a member does."""
        return torch.stack([member.evidence(x, mask) for member in self]).mean(dim=0)

    def rollout(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the weights led back to the steps, ``(B, T)``, as a member does."""
        return _geometric([member.rollout(x, mask) for member in self])


def _geometric(weights: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    product = torch.stack(weights).clamp(min=1e-30).log().mean(dim=0).exp() * (sum(weights) > 0)  # padding has 0
    return product / product.sum(dim=1, keepdim=True)


class KernelPatches(Patches):
    """In which share of the steps of a patch each of some thousand fixed kernels answers; and the patch's mean.

    Nothing is learnt here. Each of the 84 ways to set nine weights to 2, 2, 2, -1, ..., -1 is a kernel. It spans 9, 17,
    33, ... steps of random mixtures of the channels. Its weights sum to 0, so it does not see the level: the means do.
    In wide patches, four to seven answers are asked for, evenly spread. `settle` sets the thresholds.

    Parameters
    ----------
    size : int
        Samples in a patch.
    dimensions, steps : int
        D of the series, and T of the longest one.
    """

    MIXTURES = 4  # of the channels
    LOUDNESS = 12  # of a mean beside a share, of which there are hundreds
    GOLDEN = 0.618034  # whose multiples, less whole numbers, fill the line between 0 and 1 evenly
    MOST_SERIES, MOST_STEPS, BATCH = 100, 5000, 16  # that decide the thresholds, and series at a time

    def __init__(self, size: int, dimensions: int, steps: int) -> None:
        self.stride = max(1, size // 4)
        super().__init__(math.ceil(size / self.stride) * self.stride)
        kernels = torch.tensor([[3.0 * (at in three) - 1 for at in range(9)] for three in combinations(range(9), 3)])
        mixtures = torch.randn(max(1, ((steps - 1) // 8).bit_length()), self.MIXTURES, dimensions)  # of L spans
        weight = torch.einsum("lmd,kt->ldtmk", mixtures, kernels).flatten(3).flatten(1, 2)
        self.register_buffer("weight", weight)  # (L, 9 D, F)
        self.register_buffer("bias", torch.zeros(len(weight), weight.shape[2]))
        self.register_buffer("mean", torch.zeros(self.bias.numel() + dimensions))
        self.register_buffer("scale", torch.ones_like(self.mean))

    def features(self, dimensions: int) -> int:
        """Count the kernels, with their spans and mixtures, and the channels."""
        return self.mean.numel()

    def cut(self, x: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Return shares and means, scaled, ``(B, P, L F + D)``, and which patches hold a real step, ``(B, P) bool``."""
        shares, full = self._shares(x, real)
        return (shares - self.mean) / self.scale * full[:, :, None], full

    @torch.no_grad()
    def settle(self, x: Tensor, real: Tensor) -> None:
        """Spread the thresholds over the answers to training series, and scale the shares by them."""
        places = torch.arange(1.0, 1 + self.bias.numel()).view_as(self.bias) * self.GOLDEN % 1
        some = torch.randperm(len(x))[: self.MOST_SERIES].to(x.device)
        x, real = x[some], real[some]
        steps = real[:, :: self.stride].nonzero()  # (R, 2)
        steps = steps[torch.randperm(len(steps))[: self.MOST_STEPS].to(x.device)]
        for level, place in enumerate(places):
            answers = self._windows(x, level)[tuple(steps.T)].flatten(1) @ self.weight[level]  # (R, F)
            ramp = answers.abs().mean(dim=0).clamp(min=1e-6) / 8  # in place of a jump, which has no gradient
            rank = (place * len(answers)).long().to(x.device)
            self.bias[level] = 0.5 - answers.sort(dim=0).values.gather(0, rank[None])[0] / ramp
            self.weight[level] /= ramp
        few = zip(x.split(self.BATCH), real.split(self.BATCH), strict=True)
        means = torch.cat([PLAIN["mean"]().pool(*self._shares(*some))[0] for some in few])
        self.mean[:], self.scale[:] = means.mean(dim=0), means.std(dim=0, correction=0) + 1e-3
        self.scale[self.bias.numel() :] = 1 / self.LOUDNESS  # of channels with a standard deviation of 1

    def _windows(self, x: Tensor, level: int) -> Tensor:
        """Return the nine steps that the kernels of a span see around each step that is asked, ``(B, S, D, 9)``."""
        reach = 4 * 2**level
        return pad(x, (0, 0, reach, reach)).unfold(1, 2 * reach + 1, self.stride)[..., :: 2**level]

    def _shares(self, x: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        asked, shares = real[:, :: self.stride, None], []  # (B, S, 1)

        def mean(values: Tensor, there: Tensor, size: int) -> Tensor:
            """Average ``(B, S, F)``, 0 where there is no step, over each ``size`` of the S steps: ``(B, P, F)``."""
            pairs = (pad(one, (0, 0, 0, -one.shape[1] % size)) for one in (values, there.to(x.dtype)))
            total, count = (one.unflatten(1, (-1, size)).sum(dim=2) for one in pairs)
            return total / count.clamp(min=1)

        for level, (weight, bias) in enumerate(zip(self.weight, self.bias, strict=True)):
            answers = (self._windows(x, level).flatten(2) @ weight + bias).clamp(0, 1) * asked  # (B, S, F)
            shares.append(mean(answers, asked, self.size // self.stride))
        shares.append(mean(x, real[:, :, None], self.size))  # (B, P, D)
        return torch.cat(shares, dim=2), self._by_patch(real).any(dim=2)


class _Head(nn.Module):
    """What is learnt: from patches ``(B, P, F)``, of which some are real, to the logits and the patches' weights."""

    def __init__(self, features: int, classes: int, encoder: Encoder, pooling: Pooling, units: int) -> None:
        super().__init__()
        kinds = {"kernels": _Layer, "inception": _Inception, "transformer": _Transformer, "bilstm": _BiLSTM}
        self.encoder = kinds[encoder](features, units)
        if pooling == "attention":
            self.pooling = AttentionPooling(units, units)
            nn.init.zeros_(self.pooling.query.weight)  # it starts from the plain mean
        else:
            self.pooling = PLAIN["mean" if pooling == "layer" else pooling]()
        self.layer = nn.Sequential(nn.Linear(units, units), nn.Tanh()) if pooling == "layer" else nn.Identity()
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(units, classes)

    def forward(self, patches: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        context, weights = self.pooling(*self._encoded(patches, real))
        return self.classifier(self.dropout(context)), weights

    def votes(self, patches: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the weights ``(B, P)`` and the logits that each patch alone would give, ``(B, P, C)``."""
        hidden, real = self._encoded(patches, real)
        return self.pooling(hidden, real)[1], self.classifier(wide(hidden))

    def _encoded(self, patches: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
        real = patches.new_ones(patches.shape[:2], dtype=torch.bool) if real is None else real
        return self.layer(self.encoder(patches, real)), real


class _Layer(nn.Linear):
    def forward(self, patches: Tensor, real: Tensor) -> Tensor:
        return relu(super().forward(patches))


class _Inception(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.stem, self.norm = nn.Linear(features, units), _RealNorm(units)
        self.blocks = nn.ModuleList([_Block(units) for _ in range(4)])

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
        sizes = [(1, 9), (1, 19), (1, 39)]
        self.wide = nn.ModuleList([nn.Conv2d(part, part, size, padding="same", bias=False) for size in sizes])
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


class _Transformer(nn.Module):
    """Two blocks of self-attention with four heads, the norm before each part; sines tell the patches apart."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.stem = nn.Linear(features, units)
        form = {"activation": "gelu", "batch_first": True, "norm_first": True}
        self.blocks = nn.ModuleList([nn.TransformerEncoderLayer(units, 4, 2 * units, **form) for _ in range(2)])

    def forward(self, patches: Tensor, real: Tensor) -> Tensor:
        hidden = self._placed(patches)
        for block in self.blocks:
            hidden = block(hidden, src_key_padding_mask=~real)
        return hidden * real[:, :, None]

    def maps(self, patches: Tensor, real: Tensor) -> list[Tensor]:
        """Return the attention of each block, ``(B, P, P)``, the mean over its heads; rows sum to 1."""
        hidden, rows = self._placed(patches), []
        for block in self.blocks:
            normed = block.norm1(hidden)
            rows.append(block.self_attn(normed, normed, normed, key_padding_mask=~real)[1])
            hidden = block(hidden, src_key_padding_mask=~real)
        return rows

    def _placed(self, patches: Tensor) -> Tensor:
        hidden = self.stem(patches)  # (B, P, K)
        at = torch.arange(hidden.shape[1], dtype=hidden.dtype, device=hidden.device)[:, None]
        angles = at / 1000 ** torch.linspace(0, 1, hidden.shape[2] // 2, dtype=hidden.dtype, device=hidden.device)
        return hidden + torch.cat([angles.sin(), angles.cos()], dim=1)


class _BiLSTM(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units // 2, batch_first=True, bidirectional=True)

    def forward(self, patches: Tensor, real: Tensor) -> Tensor:
        return run_lstm(self.lstm, patches, real)
