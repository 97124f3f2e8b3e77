"""The PyTorch side: the attention classifier, its training loop, its checkpoints."""

from tsattn_tutorial.torch.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from tsattn_tutorial.torch.models import AdditiveAttention, AttentionClassifier
from tsattn_tutorial.torch.training import fit, predict

__all__ = [
    "AdditiveAttention",
    "AttentionClassifier",
    "CheckpointError",
    "fit",
    "load_checkpoint",
    "predict",
    "save_checkpoint",
]
