"""The NumPy side loads no framework, and the package stands on its own."""

import pkgutil
import subprocess
import sys

import pytest

import tsattn_tutorial

FRAMEWORKS = ("keras", "tensorflow", "torch")
# Subpackages that are named after a framework are its side of the package; all else is the NumPy side.
NUMPY_MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(
        [path for path in tsattn_tutorial.__path__], prefix=f"{tsattn_tutorial.__name__}.", onerror=lambda name: None
    )
    if module.name.split(".")[1] not in FRAMEWORKS
)
REPORT = """
import importlib, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
print(",".join(sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[2].split(",")))))
"""


def loaded_frameworks(modules: list[str]) -> str:
    """Import modules in a fresh Python; return the frameworks that came along, separated by commas."""
    command = [sys.executable, "-c", REPORT, ",".join(modules), ",".join(FRAMEWORKS)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_numpy_side_is_found():
    """An empty list would prove nothing."""
    assert {"tsattn_tutorial.config", "tsattn_tutorial.datasets", "tsattn_tutorial.history"} <= set(NUMPY_MODULES)


@pytest.mark.parametrize("modules", [["tsattn_tutorial"], NUMPY_MODULES], ids=["package", "NumPy side"])
def test_no_framework_is_loaded(modules):
    """Readers of the NumPy chapters, and the generators, need neither PyTorch nor Keras."""
    assert loaded_frameworks(modules) == ""


def test_a_framework_would_be_noticed():
    """The probe itself works: the PyTorch side does load PyTorch."""
    assert loaded_frameworks(["tsattn_tutorial.torch"]) == "torch"
