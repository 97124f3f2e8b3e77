"""Every attention of the book in plain NumPy, a few lines each: the oracle that the layers are tested against.

Nothing here is fast. Each function follows its equation in the book symbol by symbol and computes in
the precision of its input.
"""

from tsattn_tutorial.reference.content import additive_attention_pooling, self_attention, seq_self_attention
from tsattn_tutorial.reference.position import (
    dimension_attention,
    factorised_attention,
    joint_attention,
    sinusoidal_positions,
    timestep_attention,
)
from tsattn_tutorial.reference.softmax import largest_weight, masked_softmax, normalised_entropy

__all__ = [
    "additive_attention_pooling",
    "dimension_attention",
    "factorised_attention",
    "joint_attention",
    "largest_weight",
    "masked_softmax",
    "normalised_entropy",
    "self_attention",
    "seq_self_attention",
    "sinusoidal_positions",
    "timestep_attention",
]
