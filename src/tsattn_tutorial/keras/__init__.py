"""The Keras side: attention layers, the models around them, and their training.

It runs on the backend that ``KERAS_BACKEND`` names: TensorFlow, which is the default, or PyTorch.
"""

from tsattn_tutorial.keras import base  # first: it loads the backend without its log
from tsattn_tutorial.keras.fit import fit, predict
from tsattn_tutorial.keras.layers import (
    AttentionPooling,
    DimensionAttention,
    FactorisedAttention,
    JointAttention,
    MultiHeadSelfAttention,
    TimestepAttention,
)
from tsattn_tutorial.keras.models import (
    attention_after_encoder,
    attention_before_lstm,
    attention_pooling_classifier,
    convolution_pooling_classifier,
    self_attention_classifier,
    transformer_classifier,
    weighted_sum_classifier,
)
from tsattn_tutorial.keras.self_attention import LINE_UP, SeqSelfAttention, build_variant
