"""Sine waves, half of them with a flat stretch (Paialunga 2025)."""

from dataclasses import dataclass

import numpy as np

from tsattn_tutorial.arguments import check_number, generators, require
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets.batch import SeriesBatch


@dataclass(frozen=True, eq=False)
class SineParameters:
    """What was drawn for each of N series, before any sample is computed.

    Parameters
    ----------
    flat : ndarray
        ``(N,) bool``, whether the series has a flat stretch. This is the label.
    frequency : ndarray
        ``(N,) float64``, cycles per window.
    amplitude : ndarray
        ``(N,) float64``.
    start : ndarray
        ``(N,) int64``, first index of the flat stretch. Drawn for plain waves too, and unused there.
    length : ndarray
        ``(N,) int64``, length of the stretch in samples, before the cut at the end of the series.
    """

    flat: np.ndarray
    frequency: np.ndarray
    amplitude: np.ndarray
    start: np.ndarray
    length: np.ndarray


def draw_sine_parameters(config: SineConfig, seed: int | None = None) -> SineParameters:
    """Draw the parameters of every series, independently and uniformly from the configured values.

    Parameters
    ----------
    config : SineConfig
        What to draw from.
    seed : int, optional
        Seed; that of the configuration when left out.
    """
    rng = generators(config.seed if seed is None else seed, 2)[0]
    n = config.dataset_size
    return SineParameters(
        flat=rng.random(n) >= config.normal_anomalous_ratio,
        frequency=rng.choice(config.frequencies, n),
        amplitude=rng.choice(config.amplitudes, n),
        start=rng.choice(config.starts, n),
        length=rng.choice(config.lengths, n),
    )


def render_sine_waves(parameters: SineParameters, num_points: int) -> SeriesBatch:
    """Compute the noise-free series that the parameters describe.

    Parameters
    ----------
    parameters : SineParameters
        N draws.
    num_points : int
        T, the samples per series, over [0, 2 pi] rad with both ends.

    Returns
    -------
    SeriesBatch
        ``x (N, T, 1)``, ``y (N,)`` with 1 for a flat stretch, ``truth (N, T)`` true on the stretch.
    """
    angle = np.linspace(0, 2 * np.pi, num_points)  # (T,)
    wave = parameters.amplitude[:, None] * np.sin(parameters.frequency[:, None] * angle)  # (N, T)
    step = np.arange(num_points)
    start = parameters.start[:, None]  # (N, 1)
    truth = parameters.flat[:, None] & (step >= start) & (step < start + parameters.length[:, None])  # (N, T)
    held = np.take_along_axis(wave, start, axis=1)  # (N, 1), the value at the start
    x = np.where(truth, held, wave).astype(np.float32)
    return SeriesBatch(x[:, :, None], parameters.flat.astype(np.int64), truth)


def sine_waves(config: SineConfig, seed: int | None = None) -> SeriesBatch:
    """Draw a set of sine waves, plain (label 0) or with a flat stretch (label 1).

    The noise comes from a stream of its own: with another ``noise_std``, the same seed gives the same
    waves under another noise.

    Parameters
    ----------
    config : SineConfig
        What to draw.
    seed : int, optional
        Seed; that of the configuration when left out.

    Returns
    -------
    SeriesBatch
        ``x (N, T, 1) float32``, ``y (N,) int64``, ``truth (N, T) bool``.
    """
    batch = render_sine_waves(draw_sine_parameters(config, seed), config.num_points)
    if config.noise_std == 0:
        return batch
    noise = generators(config.seed if seed is None else seed, 2)[1].normal(0, config.noise_std, batch.x.shape)
    return SeriesBatch((batch.x + noise).astype(np.float32), batch.y, batch.truth)


def near_peak(x: np.ndarray, share: float = 0.9) -> np.ndarray:
    """Mark the steps near a peak or trough: those beyond a share of the largest absolute value.

    Parameters
    ----------
    x : ndarray
        ``(N, T, 1)``, plain waves without noise.
    share : float
        In (0, 1). For a sine over whole periods, ``2 arccos(share) / pi`` of all steps qualify: 0.287
        for 0.9.

    Returns
    -------
    ndarray
        ``(N, T) bool``.

    Raises
    ------
    ValueError
        When ``x`` is not ``(N, T, 1)``, or the share out of range.
    """
    require(x.ndim == 3 and x.shape[2] == 1, f"x must be (N, T, 1), got {x.shape}")
    size = np.abs(x[:, :, 0])
    return size >= check_number("share", share, 0, 1) * size.max(axis=1, keepdims=True)
