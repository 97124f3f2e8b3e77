"""The PyTorch side: the attention classifier, what it is held against, its training loop, its checkpoints."""

from tsattn_tutorial.torch.baselines import ConvolutionClassifier, FeedForwardClassifier
from tsattn_tutorial.torch.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from tsattn_tutorial.torch.gradients import input_gradients, integrated_gradients
from tsattn_tutorial.torch.models import AttentionClassifier
from tsattn_tutorial.torch.patches import Patches
from tsattn_tutorial.torch.pooling import AdditiveAttention, LastState, MaxPooling, MeanPooling
from tsattn_tutorial.torch.recipes import PATCHES, PUBLISHED, SHARP, Recipe
from tsattn_tutorial.torch.training import fit, predict

__all__ = [
    "PATCHES",
    "PUBLISHED",
    "SHARP",
    "AdditiveAttention",
    "AttentionClassifier",
    "CheckpointError",
    "ConvolutionClassifier",
    "FeedForwardClassifier",
    "LastState",
    "MaxPooling",
    "MeanPooling",
    "Patches",
    "Recipe",
    "fit",
    "input_gradients",
    "integrated_gradients",
    "load_checkpoint",
    "predict",
    "save_checkpoint",
]
