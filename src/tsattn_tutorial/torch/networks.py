"""The network of source A, a BiLSTM pooled by attention; what it can be made of; and what it has to beat."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tsattn_tutorial.arguments import check_choice, check_flag, check_number, check_size, require

#: Names of the poolings: attention, and what it has to beat.
Pooling = Literal["attention", "mean", "max", "last"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator of the CPU for the lines inside; afterwards its state is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(check_size("seed", seed, 0))  # torch.manual_seed would seed every GPU too
        yield


def blanked(x: Tensor, mask: Tensor | None, *, in_front: bool = False) -> tuple[Tensor, Tensor]:
    """Return ``x (B, T, K)`` with 0 on padding, for 0 * NaN would be NaN, and the mask, all true where there is none.

    Raises ValueError unless the mask is ``(B, T) bool`` and leaves every series a real step; with ``in_front``, also
    when padding stands before a real step.
    """
    if mask is None:
        return x, x.new_ones(x.shape[:2], dtype=torch.bool)
    fits = mask.dtype == torch.bool and mask.shape == x.shape[:2]
    require(fits, f"mask must be {tuple(x.shape[:2])} bool, got {tuple(mask.shape)} {mask.dtype}")
    lengths = mask.sum(dim=1, keepdim=True)  # (B, 1)
    require(bool(lengths.all()), "mask must leave every series at least one real step, got one of padding only")
    if in_front and (mask != (torch.arange(x.shape[1], device=mask.device) < lengths)).any():
        raise ValueError("mask must have all padding at the end of each series, got real steps behind padding")
    return x.masked_fill(~mask[:, :, None], 0), mask


class _Pooling(nn.Module):
    in_front = False  # whether padding must follow the real steps

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the context ``(B, K)`` and the weights ``(B, T)``, None where the layer has none.

        Weights sum to 1 over the real steps, and are float32 where the states are half as precise.

        Parameters
        ----------
        hidden : Tensor
            ``(B, T, K)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, at least one in every series; else ValueError.
        """
        return self.pool(*blanked(hidden, mask, in_front=self.in_front))


class AttentionPooling(_Pooling):
    """Pool a series into one vector: ``e_t = v^T tanh(W h_t + b) + c``, softmax over time, weighted sum.

    Parameters
    ----------
    features : int
        K, features per time step.
    attention_units : int
        A, features in which steps are scored.

    See Also
    --------
    tsattn_tutorial.reference.attention_pooling : the same in NumPy.
    """

    def __init__(self, features: int, attention_units: int) -> None:
        super().__init__()
        self.projection = nn.Linear(check_size("features", features), check_size("attention_units", attention_units))
        self.query = nn.Linear(self.projection.out_features, 1)

    def pool(self, hidden: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Do what `forward` does, once the mask is known to fit and padding to be 0."""
        scores = self.query(torch.tanh(self.projection(hidden))).squeeze(-1).masked_fill(~real, -torch.inf)  # (B, T)
        weights = torch.softmax(wide(scores), dim=1)
        return _weighted(weights, hidden), weights


class MeanPooling(_Pooling):
    """The mean over the real steps: attention whose weights are all the same."""

    def pool(self, hidden: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Do what `forward` does, once the mask is known to fit and padding to be 0."""
        weights = real.to(wide(hidden).dtype) / real.sum(dim=1, keepdim=True)  # (B, T)
        return _weighted(weights, hidden), weights


class MaxPooling(_Pooling):
    """The largest value of each feature over the real steps. It has no weights."""

    def pool(self, hidden: Tensor, real: Tensor) -> tuple[Tensor, None]:
        """Do what `forward` does, once the mask is known to fit."""
        return hidden.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1), None


class LastState(_Pooling):
    """Where each direction of a recurrent network ends: forwards at the last real step, backwards at the first.

    It has no weights. The features are those of the forward direction, then as many of the backward one.
    """

    in_front = True

    def pool(self, hidden: Tensor, real: Tensor) -> tuple[Tensor, None]:
        """Do what `forward` does, once the mask is known to fit."""
        half, last = hidden.shape[2] // 2, real.sum(dim=1) - 1  # (B,)
        forwards = hidden[torch.arange(len(hidden), device=hidden.device), last, :half]
        return torch.cat([forwards, hidden[:, 0, half:]], dim=1), None


PLAIN = {"mean": MeanPooling, "max": MaxPooling, "last": LastState}


def wide(x: Tensor) -> Tensor:
    """Return half precision as float32: a weight of 1e-5 would have one digit left, a sum over time none."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _weighted(weights: Tensor, hidden: Tensor) -> Tensor:
    return (weights[:, None, :] @ wide(hidden)).squeeze(1).to(hidden.dtype)  # (B, 1, T) @ (B, T, K) -> (B, K)


class Patches(nn.Module):
    """Cut series into patches of neighbouring samples, each of which becomes one step of the model (Nie et al. 2023).

    The channels of a sample are its D values and, if asked for, their D first differences, which say how steep the
    series is there. Nothing is learnt here. With the defaults, the series pass as they are.

    Parameters
    ----------
    size : int
        Samples in a patch. Where the last patch is not full, its missing samples are zeros, values and slopes alike: to
        a model that looks for flat stretches they are one. Train on such series, or cut them to whole patches.
    slope : float
        Factor of the first differences ``x_t - x_(t-1)``, a channel beside each value; 0 for none. The first step
        has none before it, and gets 0.
    normalise : bool
        Whether each dimension of each series is first brought to mean 0 and standard deviation 1 over its real
        steps, whatever its unit. A dimension that never varies becomes 0, and passes no gradient.
    """

    def __init__(self, size: int = 1, slope: float = 0.0, normalise: bool = False) -> None:
        super().__init__()
        self.size, self.slope = check_size("size", size), check_number("slope", slope)
        self.normalise = check_flag("normalise", normalise)

    def features(self, dimensions: int) -> int:
        """Count what stands in one patch of series with so many dimensions."""
        return self.size * dimensions * (2 if self.slope else 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the patches ``(B, P, F)`` and which of them hold a real step, ``(B, P) bool``.

        P is T / size, rounded up; F is as `features` says. What stands in padding is not looked at.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first; else ValueError.
        """
        return self.cut(*blanked(x, mask, in_front=True))

    def cut(self, x: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Do what `forward` does, once the mask is known to fit and padding to be 0."""
        x = _normalised(x, real) if self.normalise else x
        if self.slope:  # padded steps have none, not even the first
            x = torch.cat([x, self.slope * x.diff(dim=1, prepend=x[:, :1]) * real[:, :, None]], dim=2)
        patches = pad(x, (0, 0, 0, -x.shape[1] % self.size)).unflatten(1, (-1, self.size)).flatten(2)
        return patches, self._by_patch(real).any(dim=2)

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
        real = self._by_patch(mask)  # (B, P, size)
        share = weights / real.sum(dim=2).clamp(min=1)  # (B, P)
        return (share[:, :, None] * real).flatten(1)[:, : mask.shape[1]]

    def spread_votes(self, weights: Tensor, votes: Tensor, mask: Tensor) -> Tensor:
        """Share weight times vote likewise: ``(B, P)`` and ``(B, P, C)`` -> ``(B, C, T)``."""
        parts = weights[:, :, None] * votes
        return torch.stack([self.spread(part, mask) for part in parts.unbind(dim=2)], dim=1)

    def _by_patch(self, mask: Tensor) -> Tensor:
        return pad(mask, (0, -mask.shape[1] % self.size)).unflatten(1, (-1, self.size))


def _normalised(x: Tensor, real: Tensor) -> Tensor:
    """Bring each series ``(B, T, D)``, 0 on padding, to mean 0 and standard deviation 1; padding stays 0."""
    z, real = wide(x), real[:, :, None]  # (B, T, D), (B, T, 1)

    def mean(values: Tensor) -> Tensor:
        return values.sum(dim=1, keepdim=True) / real.sum(dim=1, keepdim=True)

    varies = ((z != z[:, :1]) & real).any(dim=1, keepdim=True)  # (B, 1, D)
    limits = torch.finfo(z.dtype)
    peak = z.detach().abs().amax(dim=1, keepdim=True).clamp(min=limits.tiny)
    z = z * (4 * torch.frexp(peak).mantissa / peak)  # a power of two: no digit changes, and no square overflows
    z = (z - mean(z)) * real
    drift = mean(z.detach())  # the rounding of the mean; it shows under a large offset, elsewhere no bit is to change
    drift = drift.where(drift.square() > limits.eps * mean(z.detach().square()), 0)
    z = (z - drift) * real
    return (z / mean(z.square()).masked_fill(~varies, 1).sqrt()).masked_fill(~varies, 0).to(x.dtype)


class BiLSTMAttention(nn.Module):
    """Tell classes of series apart: BiLSTM, attention over time, one linear layer.

    With the default options this is the model of Paialunga (2025), 13,250 parameters in the same order,
    except that it returns the logit and leaves the sigmoid to the loss.

    Parameters
    ----------
    dimensions : int
        D, values per time step.
    units : int
        H, LSTM units per direction.
    attention_units : int
        A, features in which steps are scored.
    layers : int
        BiLSTMs on top of each other.
    pooling : {"attention", "mean", "max", "last"}
        What makes one vector of the states: attention, or what it has to beat, which has no parameters.
    patch_size, slope, normalise
        What the LSTM sees of the series: as in `Patches`.
    classes : int
        C, at least 2.
    seed : int
        Seed of the initial weights. The global random state is left as it was.

    Raises
    ------
    ValueError
        When an argument is out of range or of another type; the message names it.
    """

    def __init__(
        self,
        dimensions: int = 1,
        units: int = 32,
        attention_units: int = 64,
        *,
        layers: int = 1,
        pooling: Pooling = "attention",
        patch_size: int = 1,
        slope: float = 0.0,
        normalise: bool = False,
        classes: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"dimensions": dimensions, "units": units, "attention_units": attention_units, "layers": layers}
        #: What the model was built with, but for the seed, as plain numbers and words.
        self.options: dict[str, Any] = {name: check_size(name, size) for name, size in sizes.items()}
        dimensions, units, attention_units, layers = self.options.values()
        self.patches = patches = Patches(check_size("patch_size", patch_size), slope, normalise)
        self.options["pooling"] = check_choice("pooling", pooling, get_args(Pooling))
        self.options |= {"patch_size": patches.size, "slope": patches.slope, "normalise": patches.normalise}
        self.options["classes"] = check_size("classes", classes, 2)
        with seeded(seed):
            self.lstm = nn.LSTM(self.patches.features(dimensions), units, layers, batch_first=True, bidirectional=True)
            # Attention, or what stands for it.
            self.attention = PLAIN[pooling]() if pooling in PLAIN else AttentionPooling(2 * units, attention_units)
            self.classifier = nn.Linear(2 * units, 1 if classes == 2 else self.options["classes"])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits and the weights, ``(B, T)``.

        The logits are ``(B,)``, of class 1, where there are two classes; else ``(B, C)``. The weights of mean pooling
        are even; with the pooling "max" or "last" there are none. The weight of a patch is spread evenly over its real
        steps.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first; the rest is padding. What stands there, and how much
            of it there is, changes nothing; its weights are 0.

        Raises
        ------
        ValueError
            When a shape does not fit, or the mask is not a run of real steps followed by padding.
        """
        _, weights, context, real = self._pooled(x, mask)
        logit = self.classifier(context).squeeze(-1)  # (B, C), or (B,)
        return logit, None if weights is None else self.patches.spread(weights, real)

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the part of each step in the logit of each class, ``(B, C, T)``: weight times vote, 0 on padding.

        The logits are linear in the context and that is a weighted sum, so they are the sum of the votes, each the
        logits that one state alone would give, times the weights.
        """
        hidden, weights, _, real = self._pooled(x, mask)
        return self.patches.spread_votes(weights, by_class(self.classifier(hidden)), real)

    def _pooled(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        size = self.options["dimensions"]
        require(x.ndim == 3 and x.shape[2] == size, f"x must be (B, T, {size}), got {tuple(x.shape)}")
        x, real = blanked(x, mask, in_front=True)  # (B, T, D), (B, T)
        patches, full = self.patches.cut(x, real)  # (B, P, F), (B, P)
        hidden = run_lstm(self.lstm, patches, None if mask is None else full)  # (B, P, 2H)
        pool = getattr(self.attention, "pool", self.attention)  # a layer put in its place may have forward only
        context, weights = pool(hidden, full)  # (B, 2H), (B, P)
        return hidden, weights, context, real


def by_class(logit: Tensor) -> Tensor:
    """Return logits ``(..., C)`` as they are, and one alone, ``(B,)`` or ``(..., 1)``, as those of two classes."""
    logit = logit[:, None] if logit.ndim == 1 else logit
    return torch.cat([-logit, logit], dim=-1) if logit.shape[-1] == 1 else logit


def run_lstm(lstm: nn.LSTM, x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the states ``(B, T, 2H)``; the backward direction starts at the last real step, not in the padding."""
    if mask is None:
        return lstm(x)[0]
    lengths = mask.sum(dim=1).cpu()  # (B,), on the CPU, where packing wants them
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=x.shape[1])[0]


class FeedForwardClassifier(nn.Module):
    """Tell two classes apart by a feed-forward network that takes each time step as a feature of its own.

    It has two hidden layers of 64 units with a ReLU behind each.

    Parameters
    ----------
    steps : int
        T, the length of the series.
    seed : int
        Seed of the initial weights. The global random state is left as it was.
    """

    def __init__(self, steps: int, *, seed: int = 0) -> None:
        super().__init__()
        self.steps = check_size("steps", steps)
        with seeded(seed):
            hidden = nn.Linear(self.steps, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
            self.layers = nn.Sequential(*hidden, nn.Linear(64, 1))

    def forward(self, x: Tensor, mask: None = None) -> tuple[Tensor, None]:
        """Return the logit of class 1, ``(B,)``, of ``x (B, T, 1)``, and None: there are no weights.

        Raises ValueError for another T, and for a mask: every step has a weight of its own.
        """
        _check_unpadded(x, mask, self.steps)
        return self.layers(x.squeeze(-1)).squeeze(-1), None


class ConvolutionClassifier(nn.Module):
    """Tell two classes apart by convolutions over time and global pooling.

    The network of Wang, Yan and Oates (2017) with a quarter of their channels: three convolutions over 7, 5 and 3
    steps (theirs start with 8, which has no middle), each with batch normalisation and a ReLU, then one number a
    channel, then a linear unit.

    Parameters
    ----------
    pooling : {"mean", "max"}
        What is taken of each channel over time; theirs is the mean.
    seed : int
        Seed of the initial weights. The global random state is left as it was.
    """

    def __init__(self, *, pooling: Literal["mean", "max"] = "mean", seed: int = 0) -> None:
        super().__init__()
        self.pooling = check_choice("pooling", pooling, ("mean", "max"))
        layers: list[nn.Module] = []
        with seeded(seed):
            for before, after, kernel_size in ((1, 32, 7), (32, 64, 5), (64, 32, 3)):
                layers += [nn.Conv1d(before, after, kernel_size, padding="same"), nn.BatchNorm1d(after), nn.ReLU()]
            self.layers, self.classifier = nn.Sequential(*layers), nn.Linear(32, 1)

    def forward(self, x: Tensor, mask: None = None) -> tuple[Tensor, None]:
        """Return the logit of class 1, ``(B,)``, of ``x (B, T, 1)``, and None: there are no weights.

        Raises ValueError for a mask: batch normalisation would take its statistics of padding too.
        """
        _check_unpadded(x, mask)
        hidden = self.layers(x.transpose(1, 2))  # (B, K, T)
        pooled = hidden.mean(dim=2) if self.pooling == "mean" else hidden.amax(dim=2)  # (B, K)
        return self.classifier(pooled).squeeze(-1), None


def _check_unpadded(x: Tensor, mask: Tensor | None, steps: int | None = None) -> None:
    fits = x.ndim == 3 and x.shape[2] == 1 and steps in (None, x.shape[1])
    require(fits, f"x must be (B, {steps or 'T'}, 1), got {tuple(x.shape)}")
    require(mask is None, "mask: this network takes series without padding only, got a mask")
