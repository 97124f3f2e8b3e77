"""The configuration of the sine-wave data: one JSON file, checked before anything is drawn."""

import json
import math
import os
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tsattn_tutorial.arguments import require

MOST_VALUES = 1_000_000  # of a frequency or an amplitude; more would only fill the memory

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class SineConfig(BaseModel):
    """Everything that decides what a set of sine waves looks like.

    The keys and defaults are those of the JSON file that drives the source (Paialunga 2025), so its files load
    unchanged; ``noise_std`` and ``seed`` are ours. NumPy's numbers are welcome. Every range is half-open: the maximum
    itself is never drawn. Locations and lengths are fractions of ``num_points`` and become whole samples, their steps
    at least one sample.

    Parameters
    ----------
    num_points : int
        Samples per series, evenly spaced over [0, 2 pi] rad, both ends included.
    dataset_size : int
        Number of series.
    normal_anomalous_ratio : float
        Probability that a series is a plain wave, in [0, 1].
    min_loc, max_loc, step_loc : float
        Start of the flat stretch, as a fraction of the series: least value, bound, step.
    min_length, max_length, step_length : float
        Length of the flat stretch, as a fraction of the series: least value, bound, step. A stretch that
        runs past the end is cut off there.
    min_freq, max_freq, step_freq : float
        Cycles over the whole window: least value, bound, step.
    min_amp, max_amp, step_amp : float
        Amplitude, in the unit of the series: least value, bound, step.
    noise_std : float
        Standard deviation of the Gaussian noise added to every sample, in the unit of the series.
    seed : int
        Seed of everything random in the data.
    output_folder, picture_folder : str
        Where the source writes its results. Kept so that its files load; nothing here writes there.

    Raises
    ------
    ValueError
        On an unknown key, a wrong type, or ranges that contradict each other; it names the key, what it should be, and
        what came.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    num_points: int = Field(default=500, ge=8)
    dataset_size: int = Field(default=10_000, ge=1)
    normal_anomalous_ratio: Fraction = 0.5
    min_loc: Fraction = 0.0
    max_loc: Fraction = 0.9
    step_loc: Positive = 0.01
    min_length: Fraction = 0.1
    max_length: Fraction = 0.5
    step_length: Positive = 0.01
    min_freq: Positive = 1.0
    max_freq: Positive = 4.0
    step_freq: Positive = 0.01
    min_amp: Positive = 1.0
    max_amp: Positive = 10.0
    step_amp: Positive = 0.01
    noise_std: float = Field(default=0.0, ge=0)
    seed: int = Field(default=0, ge=0)
    output_folder: str = "output"
    picture_folder: str = "pictures"

    def __init__(self, /, **values: Any) -> None:
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in values.items()}
        try:
            super().__init__(**plain)
        except ValidationError as error:
            raise ValueError("; ".join(map(_describe, error.errors()))) from None

    @model_validator(mode="after")
    def _ranges_agree(self) -> Self:
        points, most = self.num_points, MOST_VALUES
        for name in ("loc", "length", "freq", "amp"):
            low, high, step = self._range(name)
            require(low < high, f"min_{name}: expected a value below max_{name} ({high}), got {low}")
            fine = name in ("loc", "length") or (high - low) / step <= most
            require(fine, f"step_{name}: expected at most {most:,} steps from {low} to {high}, got {step}")
            wanted = f"expected at least one sample more than min_{name} ({low})"
            require(name in ("freq", "amp") or self._samples(name).size > 0, f"max_{name}: {wanted}, got {high}")
        wanted = f"expected at most (num_points - 1) / 2 = {(points - 1) / 2} cycles (more cannot be sampled)"
        require(self.max_freq <= (points - 1) / 2, f"max_freq: {wanted}, got {self.max_freq}")
        wanted = "expected at least 2 samples, min_length * num_points >= 2 (a single sample held is no change)"
        require(self.lengths[0] >= 2, f"min_length: {wanted}, got {self.min_length} * {points}")
        wanted = f"expected every start, the last is {self.starts[-1]}, to leave at least 2 samples of {points}"
        require(self.starts[-1] <= points - 2, f"max_loc: {wanted}, got {self.max_loc}")
        return self

    @property
    def starts(self) -> np.ndarray:
        """Possible first indices of the flat stretch, ``(S,) int64``."""
        return self._samples("loc")

    @property
    def lengths(self) -> np.ndarray:
        """Possible lengths of the flat stretch in samples, before the cut at the end, ``(L,) int64``."""
        return self._samples("length")

    @property
    def frequencies(self) -> np.ndarray:
        """Possible frequencies in cycles per window, ``(F,) float64``."""
        return _half_open(*self._range("freq"))

    @property
    def amplitudes(self) -> np.ndarray:
        """Possible amplitudes, ``(A,) float64``."""
        return _half_open(*self._range("amp"))

    def _range(self, name: str) -> tuple[float, ...]:
        """Return least value, bound and step."""
        return tuple(getattr(self, f"{part}_{name}") for part in ("min", "max", "step"))

    def _samples(self, name: str) -> np.ndarray:
        low, high, step = (_floor(fraction * self.num_points) for fraction in self._range(name))
        return np.arange(low, high, max(1, step))

    def replace(self, **changes: Any) -> "SineConfig":
        """Return a copy with some keys changed, checked like any other."""
        return SineConfig(**(self.model_dump() | changes))

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> "SineConfig":
        """Read a configuration; keys that the file leaves out keep their defaults.

        Parameters
        ----------
        path : str or path
            A JSON file with one object.

        Raises
        ------
        ValueError
            When the file is missing, is not JSON, is not one JSON object, repeats a key, or fails a check.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
            require(isinstance(values, dict), f"expected one JSON object with keys, got {type(values).__name__}")
            return cls(**values)
        except (OSError, ValueError) as error:  # what is not there, no JSON, not UTF-8, or no configuration
            raise ValueError(f"{path}: expected the JSON of a configuration, got: {error}") from None


def _floor(value: float) -> int:
    """Floor that forgives the last bits: 0.29 * 100 is 28.999999999999996, and means 29."""
    return math.floor(value + 1e-9)


def _half_open(low: float, high: float, step: float) -> np.ndarray:
    """``low, low + step, ...`` below ``high``; `numpy.arange` may include ``high`` by rounding."""
    return low + step * np.arange(max(1, math.ceil((high - low) / step - 1e-9)))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    repeated = next((name for name in names if names.count(name) > 1), None)
    require(repeated is None, f"the key {repeated} twice")
    return dict(pairs)


def _describe(problem: dict[str, Any]) -> str:
    """Name the key, what it should be, and what it was."""
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: expected one of {', '.join(SineConfig.model_fields)}; got an unknown key"
    if problem["type"] == "value_error":  # our own checks, which name the key themselves
        return str(problem["ctx"]["error"])
    return f"{key}: expected {problem['msg'].removeprefix('Input should be ')}, got {problem['input']!r}"
