"""The PyTorch side: the network of source A, what it is held against, its training, its gradients."""

from tsattn_tutorial.torch.explanations import explain, input_gradients, integrated_gradients, say
from tsattn_tutorial.torch.fit import fit, predict
from tsattn_tutorial.torch.networks import (
    AttentionPooling,
    BiLSTMAttention,
    ConvolutionClassifier,
    FeedForwardClassifier,
    LastState,
    MaxPooling,
    MeanPooling,
    Patches,
)
from tsattn_tutorial.torch.recipes import PATCHES, PUBLISHED, SHARP, SINE_CHANGES, Recipe
