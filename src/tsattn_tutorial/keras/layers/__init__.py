"""Attention layers for Keras 3, on any of its backends. Each returns its output and its weights."""

from tsattn_tutorial.keras.layers.augmentation import RandomOffset
from tsattn_tutorial.keras.layers.content import AttentionPooling
from tsattn_tutorial.keras.layers.multi_head import MultiHeadSelfAttention
from tsattn_tutorial.keras.layers.position import (
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    TimestepAttention,
)
from tsattn_tutorial.keras.layers.self_attention import SeqSelfAttention

__all__ = [
    "AttentionPooling",
    "DimensionAttention",
    "FactorisedAttention",
    "JointAttention",
    "MultiHeadSelfAttention",
    "RandomOffset",
    "SeqSelfAttention",
    "TimestepAttention",
]
