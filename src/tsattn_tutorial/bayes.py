"""The best that any classifier can do in telling noisy sine waves with a flat stretch from plain ones.

The generator is known, and so is the noise. Whoever knows both can compute the probability that a series is
flattened, given its samples, and nobody can do better than to name the likelier label.
"""

import functools
from typing import NamedTuple

import numpy as np
import scipy

from tsattn_tutorial.arguments import require
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.history import progress_bar
from tsattn_tutorial.metrics import Estimate, mean_interval

NEGLIGIBLE = 1e-10  # share of the evidence that may be left out
# At a time: templates that begin together, over all series of a batch, which should stay in the cache;
# and numbers in one table of steps and frequencies. They set speed and memory, not results.
CHUNK = 120_000
TABLE = 2_000_000
BLOCK = 8192  # elements of a sum over amplitudes at a time: what is computed for them stays in the cache
LEAST_ENERGY = 1e-18  # of a template that is zero but for rounding
TERMS = 6  # of the Euler-Maclaurin series
COARSEST = 0.4  # spacing in standard deviations up to which that series serves,
STEEPEST = 1.0  # and decay from one amplitude to the next, as an exponent
NARROWEST = 1e-2  # change of the exponent over the whole grid, up to which two terms of a power series serve
WINDOW = 24  # otherwise: amplitudes on either side of the likeliest; the others add less than exp(-24)


class SinePosterior(NamedTuple):
    """What N noisy series say about whether, and where, they are flattened."""

    #: ``(N,) float64``, the probability that the series is flattened (label 1), given its samples.
    probability: np.ndarray
    #: ``(N,) float64``, its log-odds, which still tell apart what rounds to 0 or 1. They are infinite where the
    #: configuration allows one label only.
    log_odds: np.ndarray
    #: ``(N, T) float64``, the probability that a step lies in the flat stretch, given the samples and that there is
    #: one. It does not depend on the share of flattened series.
    where: np.ndarray

    @property
    def ideal_attention(self) -> np.ndarray:
        """``(N, T)``, `where` scaled so that each row sums to 1: the weights of whoever knows all that can be known."""
        return self.where / self.where.sum(axis=1, keepdims=True)

    @property
    def expected_accuracy(self) -> Estimate:
        """Accuracy that the likelier label has on series like these, with its 95 % interval; N is at least 2."""
        return mean_interval(np.maximum(self.probability, 1 - self.probability))


def sine_posterior(x: np.ndarray, config: SineConfig, *, progress: bool = True) -> SinePosterior:
    """Compute the posterior of every series under the generator and the noise of a configuration.

    Every frequency, start, length and amplitude that `tsattn_tutorial.datasets.sine_waves` can draw is summed over,
    with its probability. Templates that cannot matter are recognised by an upper bound and left out; they hold at
    most 1e-10 of the evidence. The samples are taken as they are: below a noise of about 1e-6 of the amplitude,
    the rounding of float32 is the larger error, and is not accounted for.

    Parameters
    ----------
    x : ndarray
        ``(N, T, 1)``, the series, with the T of the configuration.
    config : SineConfig
        How they were drawn. ``noise_std`` is the standard deviation of their noise, and must be positive;
        ``dataset_size`` and ``seed`` are not looked at.
    progress : bool
        Whether to show a bar to whoever is watching.

    Returns
    -------
    SinePosterior
        One row a series.

    Raises
    ------
    ValueError
        When ``x`` has another shape, is not real, or holds NaN, infinity or what float32 cannot hold; or when
        the configuration has no noise.
    """
    x = _checked(x, config)
    stretches = _Stretches(config)
    n, steps = x.shape
    log_odds, where = np.empty(n), np.empty((n, steps))
    with np.errstate(divide="ignore"):
        prior = np.log(1 - config.normal_anomalous_ratio) - np.log(config.normal_anomalous_ratio)
    frequencies = config.frequencies.size
    batch = max(1, min(CHUNK // (config.lengths.size * frequencies), TABLE // (steps * frequencies)))
    with progress_bar(n, "series", show=progress) as bar:
        for begin in range(0, n, batch):
            rows = slice(begin, begin + batch)
            plain, flat = _evidence(x[rows] / config.noise_std, stretches, config)
            log_odds[rows] = prior + scipy.special.logsumexp(flat, axis=1) - plain
            where[rows] = stretches.coverage(scipy.special.softmax(flat, axis=1))
            bar.update(len(plain))
    return SinePosterior(scipy.special.expit(log_odds), log_odds, where)


class _Stretches:
    """Every stretch that can be drawn, and how likely it is. Those cut at the end fall together."""

    def __init__(self, config: SineConfig) -> None:
        self.steps = config.num_points
        starts, lengths = config.starts, config.lengths
        stops = np.minimum(np.add.outer(starts, lengths).ravel(), self.steps)
        drawn = np.stack([np.repeat(starts, lengths.size), stops], axis=1)
        #: ``(P, 2) int64``, first step and the step after the last.
        self.bounds, count = np.unique(drawn, axis=0, return_counts=True)
        #: ``(P,)``, the share of each among the draws.
        self.log_share = np.log(count / len(drawn))
        #: ``(E,) int64``, the steps between which sums are taken.
        self.edges = np.unique([0, self.steps, *self.bounds.ravel()])
        #: Those that begin together. The first ones are far apart, so that good ones are soon found.
        ends = [*np.searchsorted(self.bounds[:, 0], starts), len(self.bounds)]
        self.groups = [slice(ends[i], ends[i + 1]) for i in sorted(range(starts.size), key=lambda i: -(i & -i))]

    def coverage(self, share: np.ndarray) -> np.ndarray:
        """Turn probabilities of stretches, ``(n, P)``, into those of steps to lie in one, ``(n, T)``."""
        first, after = self.bounds.T
        opened = np.array([np.bincount(first, row, self.steps + 1) for row in share])
        closed = np.array([np.bincount(after, row, self.steps + 1) for row in share])
        return np.clip(np.cumsum(opened - closed, axis=1)[:, :-1], 0, 1)


def _evidence(x: np.ndarray, stretches: _Stretches, config: SineConfig) -> tuple[np.ndarray, np.ndarray]:
    """Log-evidence of the plain wave ``(n,)`` and of each stretch ``(n, P)``, against mere noise.

    ``x (n, T)`` is in units of the noise. A template g is a wave of amplitude 1, plain or flattened. With amplitude
    a it has the likelihood ratio ``exp(a b - a² c / 2)``: b, the overlap, is the sum of ``x g`` over time, and c, the
    energy, that of ``g²``.
    """
    amplitudes = config.amplitudes / config.noise_std
    grid = amplitudes[0], config.step_amp / config.noise_std, amplitudes.size
    waves_drawn = config.frequencies.size * amplitudes.size
    slack = np.log(waves_drawn * config.starts.size * config.lengths.size / NEGLIGIBLE)
    flat = np.empty((len(x), len(stretches.bounds)))
    best = np.full(len(x), -np.inf)  # the largest evidence so far of one template with a stretch
    edges = stretches.edges
    waves = np.sin(np.linspace(0, 2 * np.pi, stretches.steps)[:, None] * config.frequencies)  # (T, F)
    sum_x, sum_xw = (_sums_before(x[:, :, None] * factor, edges) for factor in (1, waves))  # (n, E, 1), (n, E, F)
    sum_ww = _sums_before(waves**2, edges)  # (E, F)
    overlap, energy = sum_xw[:, -1], np.tile(sum_ww[-1], (len(x), 1))  # (n, F)
    evidence = log_sum_over_amplitudes(overlap.ravel(), energy.ravel(), *grid).reshape(energy.shape)
    plain = scipy.special.logsumexp(evidence, axis=1)
    for group in stretches.groups:
        first, after = stretches.bounds[group].T  # (L,), the first is the same for all
        start, stop = np.searchsorted(edges, first[0]), np.searchsorted(edges, after)
        held = waves[first[0]]  # (F,), the value throughout the stretch
        energy = sum_ww[-1] + sum_ww[start] - sum_ww[stop] + (after - first)[:, None] * held**2  # (L, F)
        overlap = sum_x.take(stop, axis=1) * held  # (n, L, F)
        overlap -= sum_xw.take(stop, axis=1)
        overlap += (sum_xw[:, -1] + sum_xw[:, start] - sum_x[:, start] * held)[:, None]
        flat[:, group] = _over_frequencies(overlap, energy, best, grid, slack)
    return plain - np.log(waves_drawn), flat - np.log(waves_drawn) + stretches.log_share


def _over_frequencies(
    overlap: np.ndarray, energy: np.ndarray, best: np.ndarray, grid: tuple[float, float, int], slack: float
) -> np.ndarray:
    """Sum over amplitudes and frequencies: ``(n, L, F)`` and ``(L, F)`` -> log ``(n, L)``. Raises ``best (n,)``.

    No amplitude has a larger exponent than ``b² / (2 c)``. Templates whose bound lies by the slack below the
    best evidence are left out: all of them together do not add the negligible share to that one alone.
    """
    n, lengths, frequencies = overlap.shape
    bound = overlap**2
    bound *= 0.5 / np.maximum(energy, LEAST_ENERGY)
    bounds, overlap, energy = bound.ravel(), overlap.ravel(), energy.ravel()
    leader = bound.reshape(n, -1).argmax(axis=1) + np.arange(n) * energy.size
    if (bounds[leader] <= best - slack).all():
        return np.full((n, lengths), -np.inf)
    leading = log_sum_over_amplitudes(overlap[leader], energy[leader % energy.size], *grid)
    np.maximum(best, leading, out=best)
    kept = np.flatnonzero(bound > (best - slack)[:, None, None])
    series, template = np.divmod(kept, energy.size)
    evidence = log_sum_over_amplitudes(overlap[kept], energy[template], *grid)
    bounds.fill(-np.inf)
    bounds[kept] = evidence  # the same memory, reused
    peak = bound.max(axis=(1, 2))
    np.maximum(best, peak, out=best)
    peak[np.isneginf(peak)] = 0  # nothing kept
    total = np.bincount(kept // frequencies, np.exp(evidence - peak[series]), n * lengths).reshape(n, lengths)
    with np.errstate(divide="ignore"):
        return np.log(total) + peak[:, None]


def _sums_before(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Sum over the steps before each edge: ``(..., T, F)`` -> ``(..., E, F)``; the last is the sum over all steps."""
    between = np.add.reduceat(values, edges[:-1], axis=-2)
    return np.concatenate([np.zeros_like(values[..., :1, :]), np.cumsum(between, axis=-2)], axis=-2)


def _checked(x: np.ndarray, config: SineConfig) -> np.ndarray:
    """Return the series as ``(N, T) float64``."""
    x = np.asarray(x)
    fine = x.ndim == 3 and x.shape[1:] == (config.num_points, 1)
    require(fine, f"x must be (N, {config.num_points}, 1) with the steps of the configuration, got {x.shape}")
    require(x.dtype.kind in "fiu", f"x must hold real numbers, got {x.dtype}")
    fine = (np.abs(x) <= np.finfo(np.float32).max).all()  # false for NaN, too
    require(fine, "x must be finite, got NaN, infinity or a number beyond float32")
    wanted = "noise_std of the configuration must be positive; config.replace(noise_std=...) sets it"
    require(config.noise_std > 0, f"{wanted}; got {config.noise_std}")
    return x[:, :, 0].astype(float)


def log_sum_over_amplitudes(
    overlap: np.ndarray, energy: np.ndarray, first: float, step: float, count: int
) -> np.ndarray:
    """Compute ``log(sum(exp(a b - a² c / 2)))`` over the amplitudes ``a = first, first + step, ...``.

    In ``a`` the summand is a Gaussian with mean ``b / c`` and standard deviation ``1 / sqrt(c)``. Its sum over a fine
    grid is an integral, plus the Euler-Maclaurin terms of the two ends (Digital Library of Mathematical
    Functions, 2.10.1). Over a coarse grid the few amplitudes that matter are added up one by one. Either way the
    relative error of the sum stays below 1e-9, rounding of the exponents aside.

    Parameters
    ----------
    overlap : ndarray
        ``(M,)``, b: the product of series and template, summed over time, in units of the noise.
    energy : ndarray
        ``(M,)``, c >= 0: the squared template, summed over time.
    first, step : float
        Least amplitude and spacing, positive, in units of the noise.
    count : int
        How many amplitudes there are.

    Returns
    -------
    ndarray
        ``(M,)``.
    """
    result = np.empty(overlap.shape)
    for begin in range(0, overlap.size, BLOCK):
        part = slice(begin, begin + BLOCK)
        result[part] = _log_sum(overlap[part], np.maximum(energy[part], LEAST_ENERGY), first, step, count)
    return result


def _log_sum(b: np.ndarray, c: np.ndarray, first: float, step: float, count: int) -> np.ndarray:
    """The sum as `log_sum_over_amplitudes` has it, in the way that suits each element."""
    root = np.sqrt(c)
    spacing = step * root  # in standard deviations of the Gaussian, as are near and far
    half = (count - 1) / 2 * step
    middle = first + half
    peak = np.clip(b / c, first, first + (count - 1) * step)  # the likeliest amplitude, whether on the grid or not
    away = np.abs(b / c - middle)  # a mode as far on the other side of the middle would give the same sum
    near, far = (away - half) * root, (away + half) * root  # from the mode to the ends; near < 0: it lies between
    even = count * spacing * (1 + away * root) <= NARROWEST
    fine = ~even & (spacing <= COARSEST) & (near * spacing <= STEEPEST)
    result = np.empty(b.shape)
    for chosen, compute in (
        (fine, lambda w: peak[w] * (b[w] - peak[w] * c[w] / 2) + np.log(_between(near[w], far[w], spacing[w]))),
        (even, lambda w: _nearly_even(b[w], c[w], middle, step, count)),
        (~(even | fine), lambda w: _one_by_one(b[w], c[w], first, step, count)),
    ):
        if chosen.all():
            return compute(slice(None))  # without copies
        if chosen.any():
            result[chosen] = compute(chosen)
    return result


def _nearly_even(b: np.ndarray, c: np.ndarray, middle: float, step: float, count: int) -> np.ndarray:
    """Expand around the middle to second order, where these data hardly tell one amplitude from another."""
    curvature = (b - middle * c) ** 2 - c
    return middle * (b - middle * c / 2) + np.log(count) + np.log1p(step**2 * (count**2 - 1) / 24 * curvature)


def _between(near: np.ndarray, far: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Sum over the grid in units of its peak: what is beyond the near end, less what is beyond the far one."""
    beyond = _tail(np.abs(near), spacing)
    total = np.where(near < 0, np.sqrt(2 * np.pi) / spacing - np.exp(-(near**2) / 2) * (beyond - 1), beyond)
    after = far + spacing
    drop = (after**2 - np.maximum(near, 0) ** 2) / 2
    if drop.min() < 40:  # else less than the rounding
        total -= _tail(after, spacing) * np.exp(-drop)
    return total


@functools.cache
def _coefficients() -> list[float]:
    """Return those of the Euler-Maclaurin series: Bernoulli numbers over factorials."""
    return [scipy.special.bernoulli(2 * j)[-1] / scipy.special.factorial(2 * j) for j in range(1, TERMS + 1)]


def _tail(z: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """``sum(exp((z² - (z + k spacing)²) / 2))`` over k = 0, 1, ... for z >= 0, by Euler-Maclaurin."""
    total = np.sqrt(np.pi / 2) / spacing * scipy.special.erfcx(z / np.sqrt(2)) + 0.5
    # The derivatives at the end are Hermite polynomials, scaled here by powers of the spacing.
    step, square = z * spacing, spacing**2
    before, hermite = 1.0, step
    decay = max(step.max(), 2 * spacing.max()) / (2 * np.pi)  # from one term to the next but one
    for order in range(1, 2 * TERMS):
        if decay**order < 1e-13:
            break
        if order % 2:
            total += _coefficients()[order // 2] * hermite
        before, hermite = hermite, step * hermite - order * square * before
    return total


def _one_by_one(b: np.ndarray, c: np.ndarray, first: float, step: float, count: int) -> np.ndarray:
    """Add up the amplitudes around the likeliest one."""
    likeliest = np.clip(np.rint((b / c - first) / step), 0, count - 1)
    offset = np.arange(-WINDOW, WINDOW + 1)[:, None]
    inside = (likeliest + offset >= 0) & (likeliest + offset < count)
    a = first + likeliest * step
    exponent = offset * step * (b - (a + offset * step / 2) * c)  # less that of the likeliest
    return a * (b - a * c / 2) + np.log(np.exp(np.where(inside, exponent, -np.inf)).sum(axis=0))
