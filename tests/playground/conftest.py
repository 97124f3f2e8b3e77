"""The models of the page "Playground", its buttons, and what its scripts compute in Node."""

import base64
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest

from export_playground import CONFIG, SCRIPT, read_script
from tsattn_tutorial.datasets import SeriesBatch, draw_sine_parameters, sine_waves

RUNNER = Path(__file__).resolve().parents[1] / "data" / "run_attention.cjs"


@pytest.fixture(scope="session")
def ask_scripts():
    """A function that lets the scripts of the page compute in Node: parts of a question -> the answer."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node found: the scripts of the page cannot run outside a browser")
    nothing = {"parameters": [], "samples": "", "settings": [], "states": [], "trainings": []}
    command = [node, RUNNER, SCRIPT.parent]

    def ask(**question) -> dict:
        question = json.dumps(nothing | question)
        return json.loads(subprocess.run(command, input=question, capture_output=True, text=True, check=True).stdout)

    return ask


@pytest.fixture(scope="session")
def text() -> str:
    """The page as it is written."""
    return (SCRIPT.parents[2] / "playground.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def exported():
    """The models as they stand in the script of the page."""
    return read_script(SCRIPT)[1]


@pytest.fixture(scope="session")
def waves() -> SeriesBatch:
    """Waves without noise, and with it."""
    parts = [sine_waves(CONFIG.replace(dataset_size=120, noise_std=noise), 2026) for noise in (0.0, 0.3)]
    return SeriesBatch(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "truth")))


@pytest.fixture(scope="session")
def parameters():
    """Parameters of further waves, to hold the page's generator against ours."""
    return draw_sine_parameters(CONFIG.replace(dataset_size=300), 3)


@pytest.fixture(scope="session")
def buttons(text):
    """What the buttons of the page set up: their text, or the name of the experiment, and the settings."""
    found = re.findall(r'<button[^>]*data-set="([^"]+)">([^<]+)<', text)
    return [(name, dict(parse_qsl(unescape(query), strict_parsing=True))) for query, name in found]


@pytest.fixture(scope="session")
def noisy():
    """One plain wave under many draws of noise."""
    wave = {"frequency": 2, "amplitude": 5, "flat": False, "start": 0, "length": 50, "noise": 0.3}
    return [wave | {"draw": draw} for draw in range(1, 101)]


@pytest.fixture(scope="session")
def page(ask_scripts, waves, parameters, noisy):
    """What the scripts of the page make of the same float32 samples."""
    names = ("frequency", "amplitude", "start", "length", "flat")
    columns = (getattr(parameters, name).tolist() for name in names)
    drawn = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    samples = base64.b64encode(waves.x.astype("<f4").tobytes()).decode("ascii")
    return ask_scripts(parameters=drawn, samples=samples, settings=noisy)
