"""The sum over all amplitudes, in closed form where there is one."""

import numpy as np
from scipy.special import bernoulli, erfcx, factorial

__all__ = ["log_sum_over_amplitudes"]

BLOCK = 8192  # elements at a time: what is computed for them stays in the cache
LEAST_ENERGY = 1e-18  # of a template that is zero but for rounding
TERMS = 6  # of the Euler-Maclaurin series
COEFFICIENTS = [bernoulli(2 * j)[-1] / factorial(2 * j) for j in range(1, TERMS + 1)]
COARSEST = 0.4  # spacing in standard deviations up to which that series serves,
STEEPEST = 1.0  # and decay from one amplitude to the next, as an exponent
NARROWEST = 1e-2  # change of the exponent over the whole grid, up to which two terms of a power series serve
WINDOW = 24  # otherwise: amplitudes on either side of the likeliest; the others add less than exp(-24)


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
    away = np.abs(b / c - middle)  # a mode as far on the other side of the middle would give the same sum
    near, far = (away - half) * root, (away + half) * root  # from the mode to the ends; near < 0: it lies between
    even = count * spacing * (1 + away * root) <= NARROWEST
    fine = ~even & (spacing <= COARSEST) & (near * spacing <= STEEPEST)
    result = np.empty(b.shape)
    for chosen, compute in (
        (fine, lambda w: _peak(b[w], c[w], first, step, count) + np.log(_between(near[w], far[w], spacing[w]))),
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


def _peak(b: np.ndarray, c: np.ndarray, first: float, step: float, count: int) -> np.ndarray:
    """Exponent at the likeliest amplitude between the ends, whether on the grid or not."""
    a = np.clip(b / c, first, first + (count - 1) * step)
    return a * (b - a * c / 2)


def _between(near: np.ndarray, far: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Sum over the grid in units of its peak: what is beyond the near end, less what is beyond the far one."""
    beyond = _tail(np.abs(near), spacing)
    total = np.where(near < 0, np.sqrt(2 * np.pi) / spacing - np.exp(-(near**2) / 2) * (beyond - 1), beyond)
    after = far + spacing
    drop = (after**2 - np.maximum(near, 0) ** 2) / 2
    if drop.min() < 40:  # else less than the rounding
        total -= _tail(after, spacing) * np.exp(-drop)
    return total


def _tail(z: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """``sum(exp((z² - (z + k spacing)²) / 2))`` over k = 0, 1, ... for z >= 0, by Euler-Maclaurin."""
    total = np.sqrt(np.pi / 2) / spacing * erfcx(z / np.sqrt(2)) + 0.5
    # The derivatives at the end are Hermite polynomials, scaled here by powers of the spacing.
    step, square = z * spacing, spacing**2
    before, hermite = 1.0, step
    decay = max(step.max(), 2 * spacing.max()) / (2 * np.pi)  # from one term to the next but one
    for order in range(1, 2 * TERMS):
        if decay**order < 1e-13:
            break
        if order % 2:
            total += COEFFICIENTS[order // 2] * hermite
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
