"""Layers whose cost is measured, all from ``(B, T, K)`` to one vector a step, or one a series for the pooling.

BiLSTM and pooling return it first, beside states and weights.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from tsattn_tutorial.torch import AttentionPooling

LOCAL_WIDTH = 64  # how far a step of the local attention sees, itself included, to either side


class _SelfAttention(nn.Module):
    """One head of scaled scores. The ways to get from queries, keys and values to the output differ."""

    def __init__(self, attend: Callable[[Tensor, Tensor, Tensor], Tensor], width: int) -> None:
        super().__init__()
        self.attend, self.projections = attend, nn.Linear(width, 3 * width)

    def forward(self, x: Tensor) -> Tensor:
        return self.attend(*self.projections(x).chunk(3, dim=2))  # (B, T, K) each


def _explicit(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The weights ``(B, T, T)`` are a matrix in memory, and the backward pass keeps it."""
    return torch.softmax(query @ key.transpose(1, 2) / query.shape[2] ** 0.5, dim=2) @ value


def _fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The same numbers from the kernel of PyTorch, which never holds more than a tile of the weights."""
    # The dimension of heads is not decoration: without it, the kernel is not used, and weights are stored.
    return scaled_dot_product_attention(*(part[:, None] for part in (query, key, value)))[:, 0]


def _local(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Each step sees the steps less than ``LOCAL_WIDTH`` away: blocks of steps, each beside its two neighbours."""
    batch, steps, width = query.shape
    blocks = -(-steps // LOCAL_WIDTH)
    rest = blocks * LOCAL_WIDTH - steps
    query = pad(query, (0, 0, 0, rest)).view(batch, blocks, LOCAL_WIDTH, width)
    key, value = (  # (B, blocks, K, 3 W): a block and its neighbours
        pad(part, (0, 0, LOCAL_WIDTH, LOCAL_WIDTH + rest)).unfold(1, 3 * LOCAL_WIDTH, LOCAL_WIDTH)
        for part in (key, value)
    )
    here = torch.arange(blocks * LOCAL_WIDTH).view(blocks, LOCAL_WIDTH, 1)
    there = torch.arange(-LOCAL_WIDTH, (blocks + 1) * LOCAL_WIDTH).unfold(0, 3 * LOCAL_WIDTH, LOCAL_WIDTH)[:, None]
    # A step of the filling may see itself, else its softmax would be over nothing; it is cut off below.
    seen = ((there >= 0) & (there < steps) & ((here - there).abs() < LOCAL_WIDTH)) | (here == there)
    scores = (query @ key / width**0.5).masked_fill(~seen, -torch.inf)  # (B, blocks, W, 3 W)
    return (torch.softmax(scores, dim=3) @ value.transpose(2, 3)).reshape(batch, -1, width)[:, :steps]


#: Layers by name; each is built from its width K.
LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "BiLSTM": lambda width: nn.LSTM(width, width // 2, batch_first=True, bidirectional=True),
    "additive pooling": lambda width: AttentionPooling(width, width),
    "self-attention, explicit": partial(_SelfAttention, _explicit),
    "self-attention, fused": partial(_SelfAttention, _fused),
    "self-attention, local": partial(_SelfAttention, _local),
}
