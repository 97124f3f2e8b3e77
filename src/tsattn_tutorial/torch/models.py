"""The attention classifier of source A: a bidirectional LSTM, pooled by additive attention."""

from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

__all__ = ["AdditiveAttention", "AttentionClassifier"]


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
            _check_mask(mask, hidden)
        scores = self.query(torch.tanh(self.projection(hidden))).squeeze(-1)  # (B, T)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
            hidden = hidden.masked_fill(~mask[:, :, None], 0)  # 0 * NaN would be NaN
        weights = torch.softmax(scores, dim=1)  # (B, T)
        context = (weights[:, None, :] @ hidden).squeeze(1)  # (B, 1, T) @ (B, T, K) -> (B, K)
        return context, weights


class AttentionClassifier(nn.Module):
    """Tell two classes of series apart: BiLSTM, additive attention over time, one linear unit.

    With the default sizes this is the model of Paialunga (2025), 13,250 parameters in the same order,
    except that it returns the logit and leaves the sigmoid to the loss.

    Parameters
    ----------
    input_size : int
        D, values per time step.
    hidden_size : int
        H, LSTM units per direction.
    attention_size : int
        A, features in which steps are scored.
    seed : int
        Seed of the initial weights. The global random state is left as it was.

    Raises
    ------
    ValueError
        When a size is not a positive integer.
    """

    def __init__(self, input_size: int = 1, hidden_size: int = 32, attention_size: int = 64, *, seed: int = 0) -> None:
        super().__init__()
        self.sizes = {"input_size": input_size, "hidden_size": hidden_size, "attention_size": attention_size}
        for name, size in self.sizes.items():
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(f"{name} must be a positive integer, got {size!r}")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU too
            self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True, bidirectional=True)
            self.attention = AdditiveAttention(2 * hidden_size, attention_size)
            self.classifier = nn.Linear(2 * hidden_size, 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the logit of class 1, ``(B,)``, and the attention weights, ``(B, T)``.

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
        size = self.sizes["input_size"]
        if x.ndim != 3 or x.shape[2] != size:
            raise ValueError(f"x must be (B, T, {size}), got {tuple(x.shape)}")
        hidden = self._encode(x, mask)  # (B, T, 2H)
        context, weights = self.attention(hidden, mask)  # (B, 2H), (B, T)
        return self.classifier(context).squeeze(-1), weights  # (B,), (B, T)

    def _encode(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return self.lstm(x)[0]
        lengths = _lengths(x, mask)
        # The backward direction must start at the last real step, not in the padding.
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])[0]


def _lengths(x: Tensor, mask: Tensor) -> Tensor:
    """Count the real steps of each series, ``(B,)`` on the CPU, where packing wants them."""
    _check_mask(mask, x)
    lengths = mask.sum(dim=1)  # (B,)
    if (mask != (torch.arange(x.shape[1], device=mask.device) < lengths[:, None])).any():
        raise ValueError("mask must have all padding at the end of each series, got real steps behind padding")
    return lengths.cpu()


def _check_mask(mask: Tensor, x: Tensor) -> None:
    if mask.dtype != torch.bool or mask.shape != x.shape[:2]:
        raise ValueError(f"mask must be {tuple(x.shape[:2])} bool, got {tuple(mask.shape)} {mask.dtype}")
    if not mask.any(dim=1).all():
        raise ValueError("mask must leave every series at least one real step, got one of padding only")
