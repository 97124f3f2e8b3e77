"""The attention classifier of source A: a bidirectional LSTM, pooled by additive attention."""

import math
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tsattn_tutorial.torch.patches import Patches
from tsattn_tutorial.torch.pooling import Pooling, check_mask, make_pooling
from tsattn_tutorial.torch.seeding import seeded

__all__ = ["AttentionClassifier"]


class AttentionClassifier(nn.Module):
    """Tell two classes of series apart: BiLSTM, additive attention over time, one linear unit.

    With the default options this is the model of Paialunga (2025), 13,250 parameters in the same order,
    except that it returns the logit and leaves the sigmoid to the loss.

    Parameters
    ----------
    input_size : int
        D, values per time step.
    hidden_size : int
        H, LSTM units per direction.
    attention_size : int
        A, features in which steps are scored.
    layers : int
        BiLSTMs on top of each other.
    pooling : {"attention", "mean", "max", "last"}
        What makes one vector of the states: attention, or what it has to beat, which has no parameters.
    patch_size, slope, normalise
        What the LSTM sees of the series: as in `Patches`.
    seed : int
        Seed of the initial weights. The global random state is left as it was.

    Raises
    ------
    ValueError
        When a size is not a positive integer, the slope is not finite, or there is no such pooling.
    """

    def __init__(
        self,
        input_size: int = 1,
        hidden_size: int = 32,
        attention_size: int = 64,
        *,
        layers: int = 1,
        pooling: Pooling = "attention",
        patch_size: int = 1,
        slope: float = 0.0,
        normalise: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "attention_size": attention_size}
        for name, size in {**sizes, "layers": layers, "patch_size": patch_size}.items():
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(f"{name} must be a positive integer, got {size!r}")
        if not math.isfinite(slope):
            raise ValueError(f"slope must be a finite number, got {slope!r}")
        #: What the model was built with, but for the seed.
        self.options = sizes | {"layers": layers, "pooling": pooling}
        self.options |= {"patch_size": patch_size, "slope": slope, "normalise": normalise}
        self.patches = Patches(patch_size, slope, normalise)
        with seeded(seed):
            features = self.patches.features(input_size)
            self.lstm = nn.LSTM(features, hidden_size, layers, batch_first=True, bidirectional=True)
            self.attention = make_pooling(pooling, 2 * hidden_size, attention_size)  # attention, or what stands for it
            self.classifier = nn.Linear(2 * hidden_size, 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logit of class 1, ``(B,)``, and the weights, ``(B, T)``.

        The weights of mean pooling are even; with the pooling "max" or "last" there are none. The weight of a patch is
        spread evenly over its real steps.

        Parameters
        ----------
        x : Tensor
            ``(B, T, D)``.
        mask : Tensor, optional
            ``(B, T) bool``, true on real steps, which come first; the rest is padding. What stands
            there, and how much of it there is, changes nothing; its weights are 0.

        Raises
        ------
        ValueError
            When a shape does not fit, or the mask is not a run of real steps followed by padding.
        """
        size = self.options["input_size"]
        if x.ndim != 3 or x.shape[2] != size:
            raise ValueError(f"x must be (B, T, {size}), got {tuple(x.shape)}")
        if mask is not None:
            _check_order(mask, x)
        patches, patch_mask = self.patches(x, mask)  # (B, P, F), (B, P)
        hidden = self._encode(patches, patch_mask)  # (B, P, 2H)
        context, weights = self.attention(hidden, patch_mask)  # (B, 2H), (B, P)
        if weights is not None:
            weights = self.patches.spread(weights, x.new_ones(x.shape[:2], dtype=torch.bool) if mask is None else mask)
        return self.classifier(context).squeeze(-1), weights  # (B,), (B, T)

    def _encode(self, patches: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return self.lstm(patches)[0]
        lengths = mask.sum(dim=1).cpu()  # (B,), on the CPU, where packing wants them
        # The backward direction must start at the last real step, not in the padding.
        packed = pack_padded_sequence(patches, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=patches.shape[1])[0]


def _check_order(mask: Tensor, x: Tensor) -> None:
    check_mask(mask, x)
    lengths = mask.sum(dim=1, keepdim=True)  # (B, 1)
    if (mask != (torch.arange(x.shape[1], device=mask.device) < lengths)).any():
        raise ValueError("mask must have all padding at the end of each series, got real steps behind padding")
