"""Contrast of colours, for tests of what can be read."""

import re

import numpy as np
from matplotlib.colors import to_rgb


def contrast(one, other) -> float:
    """Contrast as WCAG 2 defines it, 1 to 21; of colours as matplotlib takes them."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def from_browser(colour: str) -> list[float]:
    """Red, green, blue between 0 and 1 of what a browser computed."""
    return [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]


def _luminance(colour) -> float:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
