"""For series of your own: a classifier that says where it looks, and whether attention changes anything there."""

from tsattn_tutorial.estimator.classifier import AttentionClassifier
from tsattn_tutorial.estimator.comparison import Comparison, compare
