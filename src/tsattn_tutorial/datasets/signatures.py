"""A week of daily cycles, and one of ten signatures in it: where it stands and what it is are known.

The ranges are those of *WebTraffic* (Early et al. 2024, "Inherently interpretable time series classification via
multiple instance learning"); the code is ours.
"""

import numpy as np
import scipy

from tsattn_tutorial.arguments import check_size, generators
from tsattn_tutorial.datasets.batch import SeriesBatch

DAYS, WEEK = 7, 1008  # a week at ten minutes a step
SHORTEST, LONGEST = 36, 288  # steps of a stretch: a quarter of a day to two days
CHANGES = "none", "spikes", "flip", "skew", "noise", "cutoff", "average", "wander", "peak", "trough"


def signature_series(per_class: int = 50, *, seed: int = 0) -> SeriesBatch:
    """Draw weeks with nothing in them or one of nine signatures, as many of each.

    *Spikes* may be anywhere; every other signature changes one stretch of 36 to 288 steps: reversed (*flip*), its
    middle moved (*skew*), noise added, set to almost nothing (*cutoff*), a moving average taken, a drift added
    (*wander*), multiplied by a bell above or below 1 (*peak*, *trough*). Nothing is below 0.

    Parameters
    ----------
    per_class : int
        Series of each class; the ten classes take turns.
    seed : int
        Seed of everything. `plain_weeks` with this seed gives the weeks underneath.

    Returns
    -------
    SeriesBatch
        ``x (N, 1008, 1)``, ``y (N,)``, the names of the classes, and ``truth (N, 1008)``: the stretch, or the steps
        with a spike; nothing for *none*.
    """
    size = check_size("per_class", per_class) * len(CHANGES)
    x, (rng,) = plain_weeks(size, seed=seed), generators(seed, 2)[1:]
    y, truth = np.arange(size) % len(CHANGES), np.zeros(x.shape, bool)
    for week, label, inside in zip(x, y, truth, strict=True):
        steps = rng.integers(SHORTEST, LONGEST + 1)
        begin = rng.integers(WEEK - steps + 1)
        if CHANGES[label] == "spikes":
            inside[:] = rng.random(WEEK) < 0.01
        elif CHANGES[label] != "none":
            inside[begin : begin + steps] = True
        week[inside] = _changed(week[inside], CHANGES[label], rng)
    return SeriesBatch(np.maximum(x, 0).astype(np.float32)[:, :, None], y, truth, classes=CHANGES)


def plain_weeks(size: int, *, seed: int = 0) -> np.ndarray:
    """Draw the weeks underneath, ``(size, 1008)``: seven skewed cycles with noise, times a cycle of the week."""
    rng = generators(seed, 2)[0]

    def drawn(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (check_size("size", size), 1))

    time = np.arange(WEEK) / WEEK
    days = _cycle(DAYS * time - drawn(0.5, 0.6), drawn(2, 4), drawn(2.5, 5), drawn(1, 3))
    days += drawn(0.1, 0.3) * rng.standard_normal(days.shape)
    return days * _cycle(time - 0.6, drawn(0.8, 1.2), 1.0, 2.0)


def _cycle(turns: np.ndarray, amplitude: np.ndarray, intercept: np.ndarray | float, skew: np.ndarray | float):
    angle = 2 * np.pi * turns
    return amplitude / 2 * np.sin(angle - np.sin(angle) / skew) + intercept


def _changed(part: np.ndarray, change: str, rng: np.random.Generator) -> np.ndarray:
    """Return what stands instead of a part ``(L,)`` of a week; of spikes, of the steps that have one."""
    step, last, sign = np.arange(len(part)), len(part) - 1, rng.choice([-1, 1])
    if change == "flip":
        return part[::-1]
    if change == "skew":
        moved = last * (0.5 + sign * rng.uniform(0.25, 0.45))
        return np.interp(np.interp(step, [0, moved, last], [0, last / 2, last]), step, part)
    if change == "cutoff":
        return rng.normal(rng.uniform(0, 0.2), 0.1, len(part))
    if change == "average":
        return scipy.ndimage.uniform_filter1d(part, rng.integers(5, 10), mode="nearest")
    if change in ("peak", "trough"):
        bell = np.exp(-(np.linspace(-5, 5, len(part)) ** 2) / 2) / np.sqrt(2 * np.pi)
        return part * (1 + (1 if change == "peak" else -1) * rng.uniform(1.5, 2.5) * bell)
    if change == "wander":
        return part + sign * rng.uniform(2, 3) * np.linspace(0, 1, len(part))
    if change == "noise":
        return part + rng.normal(0, rng.uniform(0.5, 1), len(part))
    return part + rng.choice([-1, 1], len(part)) * rng.normal(3, 0.2, len(part))  # spikes
