"""What several test files share."""

from pathlib import Path

import pytest
import torch

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def book() -> Path:
    """Folder of the chapters."""
    return ROOT / "book"


@pytest.fixture(scope="session")
def small_waves() -> SeriesBatch:
    """Sixty short waves, enough to run everything on."""
    return sine_waves(SineConfig(num_points=40, dataset_size=60), seed=1)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small models gain nothing from threads, and lose much where something else wants the cores."""
    torch.set_num_threads(1)
