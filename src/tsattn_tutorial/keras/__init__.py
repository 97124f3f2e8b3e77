"""The Keras side: attention layers, the models around them, and their training.

It runs on the backend that ``KERAS_BACKEND`` names: TensorFlow, which is the default, or PyTorch.
"""

from tsattn_tutorial.keras import backend  # noqa: F401 - first: it loads the backend without its log
from tsattn_tutorial.keras.layers import (
    AttentionPooling,
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    MultiHeadSelfAttention,
    RandomOffset,
    SeqSelfAttention,
    TimestepAttention,
)
from tsattn_tutorial.keras.models import (
    attention_after_encoder,
    attention_before_lstm,
    attention_pooling_classifier,
    convolution_attention_classifier,
    weighted_logistic_regression,
    weighted_sum_classifier,
)
from tsattn_tutorial.keras.pooling_models import convolution_pooling_classifier
from tsattn_tutorial.keras.self_attention_models import self_attention_classifier, transformer_classifier
from tsattn_tutorial.keras.training import fit, predict

__all__ = [
    "AttentionPooling",
    "DimensionAttention",
    "FactorisedAttention",
    "JointAttention",
    "MultiHeadSelfAttention",
    "RandomOffset",
    "SeqSelfAttention",
    "TimestepAttention",
    "attention_after_encoder",
    "attention_before_lstm",
    "attention_pooling_classifier",
    "convolution_attention_classifier",
    "convolution_pooling_classifier",
    "fit",
    "predict",
    "self_attention_classifier",
    "transformer_classifier",
    "weighted_logistic_regression",
    "weighted_sum_classifier",
]
