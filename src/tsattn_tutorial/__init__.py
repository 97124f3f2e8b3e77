"""Attention for time series: the code that the chapters of the book share.

Importing this package, or any of its NumPy modules, loads no deep-learning framework. The PyTorch
side lives in :mod:`tsattn_tutorial.torch`.
"""

__version__ = "0.1.0"
