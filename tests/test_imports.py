"""The NumPy side loads no framework, nor anything else that takes long, until it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

import tsattn_tutorial

ROOT = Path(tsattn_tutorial.__file__).parent
# Folders that need a framework; all else is the NumPy side.
OTHERS = {"estimator", "keras", "torch"}
PATHS = [path.relative_to(ROOT.parent).with_suffix("") for path in ROOT.rglob("*.py")]
NUMPY_MODULES = [".".join(path.parts).removesuffix(".__init__") for path in PATHS if path.parts[1] not in OTHERS]
SLOW = ("aeon", "keras", "pandas", "scipy.ndimage", "scipy.special", "scipy.stats", "sklearn", "tensorflow", "torch")
REPORT = """
import importlib, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
print(",".join(name for name in sys.argv[2].split(",") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("modules", "loaded"),
    [(["tsattn_tutorial"], ""), (NUMPY_MODULES, ""), ([*NUMPY_MODULES, "scipy.special"], "scipy.special")],
    ids=["package", "NumPy side", "the probe itself"],
)
def test_nothing_slow_is_loaded(modules, loaded):
    assert {"tsattn_tutorial.bayes", "tsattn_tutorial.datasets.batch", "tsattn_tutorial.plotting"} <= set(NUMPY_MODULES)
    command = [sys.executable, "-c", REPORT, ",".join(modules), ",".join(SLOW)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == loaded
