"""What several test files share.

Tests of the built site, and those that drive a browser, are skipped where there is no site or no Chromium, unless
``TSATTN_REQUIRE_BROWSER`` is 1: then they fail.
"""

import os
import sys
from pathlib import Path

import pytest

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, sine_waves

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
REQUIRED = os.environ.get("TSATTN_REQUIRE_BROWSER") == "1"


def skip_or_fail(reason: str) -> None:
    """Skip, or fail where the tests must run."""
    if REQUIRED:
        pytest.fail(f"{reason} (TSATTN_REQUIRE_BROWSER=1)")
    pytest.skip(reason)


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
    if "torch" in sys.modules:  # none of the tests of the NumPy side needs it
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture
def eager(request):
    """Let TensorFlow run a training update by update: of a few, it takes longer to trace the graph."""
    import keras  # which not every test has to load

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
        request.addfinalizer(lambda: tf.config.run_functions_eagerly(False))


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site."""
    if not (SITE / "index.html").is_file():
        skip_or_fail("no built site in _build/html: run `make book`")
    return SITE


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the system, one for all pages."""
    import chromium  # which asks for Playwright

    if chromium.find() is None:
        skip_or_fail(f"no Chromium found: none of {', '.join(chromium.NAMES)} is on the path")
    with chromium.launched() as browser:
        yield browser
